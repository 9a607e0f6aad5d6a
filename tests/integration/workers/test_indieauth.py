"""Signing in by one's own domain, against a website that may lie, hang, or send us elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from mentions.signin.faults import Fault
from mentions.streams.errands import Errands
from mentions.streams.link import RedisLink
from tests.integration.workers.test_errands import running
from tests.peers import Hostile, IndieAuthSite
from workers.jobs import indieauth
from workers.jobs.errands import HANDLERS
from workers.kit import Kit

CLIENT = {"client_id": "http://mentions.example/", "redirect_uri": "http://mentions.example/signin/back?site=1"}


@pytest_asyncio.fixture(loop_scope="session")
async def gwen() -> AsyncIterator[IndieAuthSite]:
    async with IndieAuthSite() as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def other() -> AsyncIterator[IndieAuthSite]:
    async with IndieAuthSite("127.0.0.3") as site:
        yield site


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at the sign-in page."""

    kit: Kit

    async def begin(self, me: str) -> dict[str, Any]:
        return await indieauth.begin(self.kit, {"me": me, "state": "state-1", **CLIENT})

    async def finish(self, keep: dict[str, Any], params: dict[str, str], **other: str) -> dict[str, Any]:
        return await indieauth.finish(self.kit, {"keep": keep, "params": params, **CLIENT, **other})

    async def __call__(self, me: str) -> dict[str, Any]:
        """All the way there and back; the identity, or what `error` says."""
        begun = await self.begin(me)
        if "error" in begun:
            return begun
        return await self.finish(begun["keep"], await go_there(begun["location"]))


async def go_there(location: str) -> dict[str, str]:
    """What a browser would bring back."""
    async with aiohttp.ClientSession() as browser, browser.get(location, allow_redirects=False) as response:
        assert response.status == 302, await response.text()
        back = response.headers["Location"]
    assert back.startswith(CLIENT["redirect_uri"] + "&")
    return dict(parse_qsl(urlsplit(back).query))


@pytest.fixture
def visit(kit: Kit) -> Visit:
    return Visit(kit)


# --- when all is well ------------------------------------------------------------------------------------------------


async def test_somebody_is_who_their_website_says_they_are(visit: Visit, gwen: IndieAuthSite):
    assert await visit(gwen.origin) == {
        "identity": {"way": "domain", "subject": gwen.me, "name": "Gwen Prosser", "url": gwen.me}
    }
    [question] = gwen.questions
    assert (question["response_type"], question["code_challenge_method"]) == ("code", "S256")
    assert (question["scope"], question["me"], question["state"]) == ("profile", gwen.me, "state-1")
    [redemption] = gwen.redemptions
    assert redemption["code_verifier"] not in str(question)
    assert gwen.codes == {}


async def test_the_profile_that_the_server_tells_goes_before_the_h_card(visit: Visit, gwen: IndieAuthSite):
    gwen.profile = {"name": "Gwen P.", "photo": "/me.jpg", "email": "g@example.com", "url": "https://evil.example/"}
    told = (await visit(gwen.me))["identity"]
    assert (told["name"], told["photo"], told["url"]) == ("Gwen P.", gwen.url("/me.jpg"), gwen.me)
    assert "email" not in told


@pytest.mark.parametrize("in_header", [True, False])
@pytest.mark.parametrize("has_metadata", [True, False])
async def test_every_kind_of_discovery_leads_there(
    visit: Visit, gwen: IndieAuthSite, in_header: bool, has_metadata: bool
):
    gwen.in_header, gwen.has_metadata = in_header, has_metadata
    assert (await visit(gwen.me))["identity"]["subject"] == gwen.me


async def test_a_page_without_a_card_leaves_the_domain_alone(visit: Visit, gwen: IndieAuthSite):
    gwen.card = None
    assert await visit(gwen.me) == {"identity": {"way": "domain", "subject": gwen.me, "url": gwen.me}}


async def test_the_token_endpoint_redeems_where_the_other_does_not(visit: Visit, gwen: IndieAuthSite):
    gwen.redeems_at = "/token"
    assert (await visit(gwen.me))["identity"]["subject"] == gwen.me


async def test_a_redirect_within_the_site_is_followed(visit: Visit, gwen: IndieAuthSite):
    moved = gwen.serve("/old", status=301, headers={"Location": "/"})
    assert (await visit(moved))["identity"]["subject"] == gwen.me


async def test_a_server_may_name_another_page_of_whom_it_speaks_for(visit: Visit, gwen: IndieAuthSite):
    """A family's server: one types the domain, and is one of the pages that name the same server."""
    mine = gwen.serve(
        "/~mair",
        '<link rel="indieauth-metadata" href="/.well-known/oauth-authorization-server">'
        '<p class="h-card"><a class="u-url u-uid p-name" href="/~mair">Mair</a></p>',
    )
    gwen.says_me = mine
    assert (await visit(gwen.me))["identity"] == {"way": "domain", "subject": mine, "name": "Mair", "url": mine}


# --- typing ----------------------------------------------------------------------------------------------------------


async def test_a_bare_domain_without_tls_is_asked_in_the_clear(visit: Visit, gwen: IndieAuthSite):
    assert (await visit(gwen.authority))["identity"]["subject"] == gwen.me


@pytest.mark.parametrize(
    "typed", ["", "gwen", "https://user@gwen.example/", "http://192.0.2.1/", "ftp://gwen.example/"]
)
async def test_what_is_no_profile_is_refused_before_anything_is_asked(visit: Visit, typed: str):
    assert (await visit.begin(typed))["error"] == Fault.INVALID_PROFILE


async def test_a_page_that_names_nobody_is_told(visit: Visit, gwen: IndieAuthSite):
    plain = gwen.serve("/plain", "<p>hello")
    assert (await visit.begin(plain))["error"] == Fault.NO_ENDPOINT


# --- servers that are away, slow, large or elsewhere -----------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410, 500, 403])
async def test_a_profile_that_is_not_there_is_told(visit: Visit, gwen: IndieAuthSite, status: int):
    assert (await visit.begin(gwen.serve("/gone", status=status)))["error"] == Fault.PROFILE_UNREACHABLE


@pytest.mark.parametrize("behaviour", ["hang_up", "redirect_loop", "redirect_nowhere", "endless_headers", "not_http"])
async def test_hostile_profiles_cost_one_errand(visit: Visit, behaviour: str):
    async with Hostile() as hostile:
        assert (await visit.begin(hostile.url(behaviour)))["error"] == Fault.PROFILE_UNREACHABLE


async def test_a_huge_profile_is_read_no_further_than_its_beginning(visit: Visit):
    async with Hostile() as hostile:
        assert (await visit.begin(hostile.url("endless_body")))["error"] == Fault.NO_ENDPOINT
        assert hostile.sent["endless_body"] < 64 << 20


PRIVATE = ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]:80/"]


@pytest.mark.parametrize("private", PRIVATE)
async def test_no_step_leads_into_a_network_of_ours(visit: Visit, gwen: IndieAuthSite, private: str):
    moved = gwen.serve("/moved", status=302, headers={"Location": private})
    assert (await visit.begin(moved))["error"] == Fault.PROFILE_UNREACHABLE
    elsewhere = gwen.serve("/elsewhere", f'<link rel="indieauth-metadata" href="{private}">')
    assert (await visit.begin(elsewhere))["error"] == Fault.PROVIDER_UNREACHABLE
    gwen.metadata_says = {"authorization_endpoint": private}
    begun = await visit.begin(gwen.me)
    back = {"state": "state-1", "iss": gwen.issuer, "code": "x"}
    refused = await visit.finish(begun["keep"], back)
    assert refused["error"] == Fault.PROVIDER_UNREACHABLE
    assert "must not be connected to" in refused["summary"]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (lambda: web.Response(text="<p>fine"), Fault.BAD_ANSWER),
        (lambda: web.Response(text="me=https://gwen.example/"), Fault.BAD_ANSWER),
        (lambda: web.json_response({"profile": {}}), Fault.BAD_ANSWER),
        (lambda: web.json_response({"me": "https://user@gwen.example/"}), Fault.BAD_ANSWER),
        (lambda: web.json_response({"me": "x" * 200_000}), Fault.BAD_ANSWER),
        (lambda: web.json_response({"error": "invalid_grant"}, status=400), Fault.CODE_REFUSED),
        (lambda: web.Response(status=503), Fault.PROVIDER_UNREACHABLE),
        (lambda: web.Response(status=307, headers={"Location": "/token"}), Fault.PROVIDER_UNREACHABLE),
        (lambda: web.Response(status=302, headers={"Location": "/token"}), Fault.CODE_REFUSED),
    ],
)
async def test_an_answer_that_is_none_makes_nobody(
    visit: Visit, gwen: IndieAuthSite, answer: Callable[[], web.Response], fault: Fault
):
    gwen.answer = answer()
    assert (await visit(gwen.me))["error"] == fault
    assert len(gwen.redemptions) == 1, "a code goes nowhere but to the endpoint"


@pytest.mark.parametrize("body", ["<p>no", "[]", "{}", '{"issuer":"https://x.example/"}', "x" * 100_000])
async def test_metadata_that_is_none_is_told(visit: Visit, gwen: IndieAuthSite, body: str):
    gwen.serve("/.well-known/oauth-authorization-server", body, content_type="application/json")
    assert (await visit.begin(gwen.me))["error"] in {Fault.BAD_METADATA, Fault.PROVIDER_UNREACHABLE}


# --- servers that lie ------------------------------------------------------------------------------------------------


async def test_a_server_may_not_speak_for_a_page_that_names_another(
    visit: Visit, gwen: IndieAuthSite, other: IndieAuthSite
):
    other.says_me = gwen.me
    assert (await visit(other.me))["error"] == Fault.OTHER_PROFILE
    assert [seen.path for seen in gwen.seen("/")] == ["/"], "the page was asked"


async def test_a_token_endpoint_may_not_speak_for_a_page_that_names_another(
    visit: Visit, gwen: IndieAuthSite, other: IndieAuthSite
):
    """The page names an honest authorization endpoint, which redeems nothing, and a token endpoint that lies."""
    gwen.has_metadata, gwen.redeems_at = False, "/token"
    other.answer, other.redeems_at = web.json_response({"me": gwen.me}), "/token"
    rels = f'<link rel="authorization_endpoint" href="{gwen.url("/auth")}"><link rel="token_endpoint" href="/token">'
    begun = await visit.begin(other.serve("/liar", rels))
    told = await visit.finish(begun["keep"], {"state": "state-1", "code": "made-up"})
    assert told.get("error") == Fault.OTHER_PROFILE
    assert len(other.redemptions) == 1


async def test_nor_for_one_that_names_nobody_or_is_not_there(visit: Visit, gwen: IndieAuthSite):
    for path in (gwen.serve("/nobody", "<p>hello"), gwen.url("/nowhere")):
        gwen.says_me = path
        assert (await visit(gwen.me))["error"] == Fault.OTHER_PROFILE


async def test_an_open_redirect_makes_nobody_its_sites_owner(visit: Visit, gwen: IndieAuthSite, other: IndieAuthSite):
    """`/out?u=…` of an honest site leads to the liar, whose server vouches for the honest URL."""
    door = gwen.serve("/out?u=liar", status=302, headers={"Location": other.me})
    other.says_me = door
    assert (await visit(door))["error"] == Fault.OTHER_PROFILE
    other.says_me = None
    assert (await visit(door))["identity"]["subject"] == other.me


async def test_a_redirect_of_the_metadata_does_not_lend_another_name(
    visit: Visit, gwen: IndieAuthSite, other: IndieAuthSite
):
    """An open redirect of an honest issuer leads to metadata that calls itself by that issuer's name (mix-up)."""
    door = gwen.serve("/out?u=meta", status=302, headers={"Location": other.url("/meta")})
    said = f'{{"issuer": "{gwen.issuer}", "authorization_endpoint": "{other.url("/auth")}"}}'
    other.serve("/meta", said, content_type="application/json")
    page = other.serve("/page", f'<link rel="indieauth-metadata" href="{door}">')
    assert (await visit.begin(page))["error"] == Fault.BAD_METADATA


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ({"iss": None}, Fault.ISSUER_MISMATCH),
        ({"iss": "https://honest.example/"}, Fault.ISSUER_MISMATCH),
        ({"state": "another"}, Fault.STATE_MISMATCH),
        ({"state": None}, Fault.STATE_MISMATCH),
        ({"code": None}, Fault.PROVIDER_ERROR),
        ({"code": None, "error": "access_denied"}, Fault.DENIED),
        ({"code": None, "error": "server_error"}, Fault.PROVIDER_ERROR),
        ({"code": "made-up"}, Fault.CODE_REFUSED),
    ],
)
async def test_who_comes_back_wrongly_is_nobody(
    visit: Visit, gwen: IndieAuthSite, says: dict[str, str | None], fault: Fault
):
    gwen.says = says
    assert (await visit(gwen.me))["error"] == fault
    if fault is not Fault.CODE_REFUSED:
        assert gwen.redemptions == [], "nothing is redeemed for them"


async def test_a_stolen_code_is_worth_nothing_without_its_verifier(visit: Visit, gwen: IndieAuthSite):
    """The code of one visit, brought into another (RFC 7636)."""
    first, second = await visit.begin(gwen.me), await visit.begin(gwen.me)
    stolen = await go_there(first["location"])
    assert (await visit.finish(second["keep"], stolen))["error"] == Fault.CODE_REFUSED
    again = await visit.finish(first["keep"], stolen)
    assert again["error"] == Fault.CODE_REFUSED, "and it was used up by the attempt"


# --- through the workers ---------------------------------------------------------------------------------------------


async def test_the_service_sends_a_worker(kit: Kit, link: RedisLink, gwen: IndieAuthSite):
    errands = Errands(link.client)
    async with running(kit, errands, HANDLERS):
        begun = await errands.ask("indieauth.begin", {"me": gwen.me, "state": "s", **CLIENT}, timeout_s=20)
        params = await go_there(begun["location"])
        done = await errands.ask("indieauth.finish", {"keep": begun["keep"], "params": params, **CLIENT}, timeout_s=20)
    assert done["identity"]["subject"] == gwen.me

"""The pop-up of a sign-in, through a running service with a worker, a mail server and a website that vouches."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from bs4 import BeautifulSoup

from mentions import metrics
from mentions.signin.oidc import Client
from mentions.storage import providers, sites
from service import keys
from service.signing import codes, email, popup
from tests.integration.service.conftest import NOW, POST, Answer, Service, running
from tests.peers import IndieAuthSite, Mailbox, OidcProvider
from tests.peers.oidc import SECRET as OIDC_SECRET
from tests.support.errands import running_errands

ORIGIN = "https://blog.example"
ADDRESS = "ann@mail.example"
LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass
class World:
    """A service with everything that a sign-in needs, and one that has begun."""

    service: Service
    mailbox: Mailbox
    verifier: str

    @property
    def asked(self) -> dict[str, str]:
        return {"target": POST, "origin": ORIGIN, "challenge": codes.challenge_of(self.verifier), "lang": "en"}

    async def get(self, path: str, **query: str) -> Answer:
        return await self.service.get(f"{path}?{urlencode(query)}", headers={"Accept": "text/html"})

    async def post(self, path: str, *, headers: dict[str, str] | None = None, **form: str) -> Answer:
        own = {"Origin": self.service.base, "Accept": "text/html", **(headers or {})}
        return await self.service.post(path, data=form, headers=own)

    async def begin_by_mail(self, address: str = ADDRESS, **more: str) -> tuple[str, str, str]:
        """The flow of the pop-up, its number, and the key in the mail."""
        before = len(self.mailbox.mails)
        answer = await self.post("/sign-in/email", email=address, **(self.asked | more))
        assert answer.status == 303, answer
        flow = parse_qs(urlsplit(answer.headers["Location"]).query)["flow"][0]
        waiting = await self.get("/sign-in/wait", flow=flow)
        mail = self.mailbox.mails[before]
        return flow, soup_of(waiting).select_one(".number").get_text(strip=True), key_in(mail.get_content())

    async def look(self, flow: str, **more: Any) -> dict[str, str]:
        answer = await self.post("/sign-in/wait", flow=flow, **more)
        assert answer.status == 200, answer
        return answer.json()

    async def redeem(self, code: str, verifier: str | None = None) -> Answer:
        body = {"code": code, "verifier": verifier or self.verifier}
        return await self.service.post("/api/session", json=body, headers={"Origin": ORIGIN})


def soup_of(answer: Answer) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "lxml")


def key_in(text: str) -> str:
    return re.search(r"/sign-in/mail\?key=([\w-]+)", text)[1]


def wrong_number(number: str) -> str:
    return str(1000 + (int(number) - 999) % 9000)


def is_over(answer: Answer) -> bool:
    return answer.status == 410 and "This sign-in is over." in answer.text


@asynccontextmanager
async def signing(tmp_path, redis_url, **options) -> AsyncIterator[World]:
    async with Mailbox() as mailbox:
        given = {"mail_url": mailbox.url, "fetch_allow_networks": LOOPBACK, **options}
        async with running(tmp_path, redis_url, **given) as service, running_errands(service.app[keys.SETTINGS]):
            yield World(service, mailbox, secrets.token_urlsafe(32))


@pytest.fixture
async def world(tmp_path, redis_url) -> AsyncIterator[World]:
    async with signing(tmp_path, redis_url) as it:
        yield it


# --- the first page -----------------------------------------------------------------------------------------------


async def test_the_first_page_offers_the_ways_that_are_open(world: World, tmp_path, redis_url):
    page = await world.get("/sign-in", **world.asked)
    assert page.status == 200
    assert [form["action"] for form in soup_of(page).select("form")] == ["/sign-in/domain", "/sign-in/email"]
    assert "blog.example" in soup_of(page).h1.get_text()
    welsh = await world.get("/sign-in", **world.asked | {"lang": "cy"})
    assert (soup_of(welsh).html["lang"], soup_of(welsh).h1.get_text()) == ("cy", "Mewngofnodi ar blog.example")


async def test_without_a_mail_server_nobody_is_offered_mail(tmp_path, redis_url):
    async with signing(tmp_path, redis_url, mail_url=None) as world:
        page = await world.get("/sign-in", **world.asked)
        assert [form["action"] for form in soup_of(page).select("form")] == ["/sign-in/domain"]
        refused = await world.post("/sign-in/email", email=ADDRESS, **world.asked)
        assert (refused.status, world.mailbox.mails) == (400, [])


async def test_no_page_of_it_is_framed_kept_or_told_to_others(world: World):
    flow, _, key = await world.begin_by_mail()
    for path, query in (
        ("/sign-in", world.asked),
        ("/sign-in/wait", {"flow": flow}),
        ("/sign-in/mail", {"key": key}),
        ("/sign-in/callback", {"state": "none"}),
    ):
        headers = (await world.get(path, **query)).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "'unsafe-inline'" not in headers["Content-Security-Policy"]
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "same-origin")
        assert headers["Access-Control-Allow-Origin"] == world.service.base
        assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "https://blog.example.evil.example"}, 403),
        ({"origin": "https://blog.example/"}, 403),
        ({"origin": "https://user@blog.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "javascript:alert(1)"}, 403),
        ({"target": "https://elsewhere.example/"}, 400),
        ({"target": "nonsense"}, 400),
        ({"challenge": ""}, 400),
        ({"challenge": "x" * 42}, 400),
        ({"challenge": "x" * 42 + "="}, 400),
    ],
)
async def test_only_a_page_of_the_targets_site_may_ask(world: World, change: dict[str, str], status: int):
    for answer in (
        await world.get("/sign-in", **world.asked | change),
        await world.post("/sign-in/email", email=ADDRESS, **world.asked | change),
        await world.post("/sign-in/domain", me="ann.example", **world.asked | change),
    ):
        assert answer.status == status, change
    assert world.mailbox.mails == []


async def test_a_page_of_another_site_may_not_ask_but_our_own_may(world: World):
    await world.service.add_site("other.example")
    world.service.app[keys.SITES].forget()
    assert (await world.get("/sign-in", **world.asked | {"origin": "https://other.example"})).status == 403
    assert (await world.get("/sign-in", **world.asked | {"origin": "https://www.blog.example"})).status == 200
    assert (await world.get("/sign-in", **world.asked | {"origin": world.service.base})).status == 200


async def choose(world: World, ways: list[str]) -> None:
    async with world.service.db.write() as c:
        await sites.set_option(c, world.service.site.id, "sign_in", ways)
    world.service.app[keys.SITES].forget()


@pytest.mark.parametrize("left", ["domain", "email"])
async def test_ways_that_the_owner_has_closed_are_neither_shown_nor_taken(world: World, left: str):
    await choose(world, [left])
    actions = [form["action"] for form in soup_of(await world.get("/sign-in", **world.asked)).select("form")]
    assert actions == [f"/sign-in/{left}"]
    closed = {"email": {"email": ADDRESS}, "domain": {"me": "ann.example"}, "provider": {"provider": "1"}}
    del closed[left]
    for way, form in closed.items():
        answer = await world.post(f"/sign-in/{way}", **world.asked, **form)
        assert answer.status == 400, way
        assert soup_of(answer).select_one("[role=alert]").get_text() == "This way to sign in is not there any more."
    assert world.mailbox.mails == []


async def test_where_nobody_signs_in_there_is_no_pop_up(world: World):
    await choose(world, [])
    answer = await world.get("/sign-in", **world.asked)
    assert answer.status == 403
    assert "Nobody signs in on blog.example." in answer.text
    assert (await world.post("/sign-in/email", email=ADDRESS, **world.asked)).status == 403


async def test_without_a_way_that_works_the_pop_up_says_so(world: World):
    await choose(world, ["provider"])
    page = soup_of(await world.get("/sign-in", **world.asked))
    assert page.select("form") == []
    assert page.select_one("[role=alert]").get_text() == "This way to sign in is not there any more."


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        (f"{ORIGIN}/drafts/7?x=1#top", f"{ORIGIN}/drafts/7?x=1"),
        ("", ""),
        ("https://evil.example/", ""),
        (f"{ORIGIN}.evil.example/", ""),
        (f"{ORIGIN}@evil.example/", ""),
        ("https://www.blog.example/", ""),
        ("javascript:alert(1)", ""),
        (f"{ORIGIN}/{'x' * 2048}", ""),
    ],
)
async def test_a_pop_up_comes_back_to_a_page_of_the_named_origin_only(world: World, page: str, kept: str):
    fields = soup_of(await world.get("/sign-in", **world.asked, page=page)).select("form:first-of-type [name=page]")
    assert [field["value"] for field in fields] == ([kept] if kept else [])
    flow, number, key = await world.begin_by_mail(page=page)
    await world.post("/sign-in/mail", key=key, number=number)
    assert (await world.look(flow))["page"] == kept


@pytest.mark.parametrize(
    "path", ["/sign-in/email", "/sign-in/domain", "/sign-in/provider", "/sign-in/wait", "/sign-in/mail"]
)
async def test_no_other_page_may_post_here(world: World, path: str):
    flow, number, key = await world.begin_by_mail()
    form = {**world.asked, "email": "bob@mail.example", "me": "ann.example", "flow": flow, "key": key, "number": number}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": ORIGIN},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert (await world.post(path, headers=headers, **form)).status == 403, headers
    assert len(world.mailbox.mails) == 1
    assert await world.look(flow) == {"state": "waiting"}


# --- by e-mail ----------------------------------------------------------------------------------------------------


async def test_the_link_and_the_number_sign_in(world: World):
    flow, number, key = await world.begin_by_mail()
    assert await world.look(flow) == {"state": "waiting"}
    page = await world.get("/sign-in/mail", key=key)
    assert ADDRESS in page.text
    assert number not in soup_of(page).get_text()
    assert (
        "That is the number." in (await world.post("/sign-in/mail", key=key, number=f" {number[:2]} {number[2:]}")).text
    )
    told = await world.look(flow)
    assert (told["state"], told["origin"]) == ("done", ORIGIN)
    session = await world.redeem(told["code"])
    assert session.status == 201
    assert session.json()["person"] == {"name": "", "way": "email", "email": ADDRESS}
    assert await world.look(flow) == {"state": "over"}
    assert is_over(await world.get("/sign-in/wait", flow=flow))
    assert is_over(await world.get("/sign-in/mail", key=key))
    assert is_over(await world.post("/sign-in/mail", key=key, number=number))


async def test_the_mail_says_what_it_is_for_in_the_language_of_who_asked(world: World):
    await world.begin_by_mail(lang="cy")
    await world.begin_by_mail("bob@mail.example")
    welsh, english = world.mailbox.mails
    assert (welsh["Subject"], welsh["Content-Language"]) == ("Mewngofnodi ar blog.example", "cy")
    assert "Os nad chi oedd yno" in welsh.get_content()
    assert (english["Subject"], english["To"]) == ("Sign in on blog.example", "bob@mail.example")
    link = re.search(r"^\S+/sign-in/mail\?\S+\r?$", english.get_content(), re.MULTILINE)[0]
    assert link.startswith(world.service.base)
    assert english.get_content_type() == "text/plain"


async def test_opening_the_link_changes_nothing_however_often(world: World):
    flow, number, key = await world.begin_by_mail()
    for _ in range(20):
        assert (await world.get("/sign-in/mail", key=key)).status == 200
        assert (await world.service.request("HEAD", f"/sign-in/mail?key={key}")).status == 200
    assert await world.look(flow) == {"state": "waiting"}
    assert (await world.post("/sign-in/mail", key=key, number=number)).status == 200


async def test_a_number_is_guessed_at_three_times_and_then_it_is_over(world: World):
    flow, number, key = await world.begin_by_mail()
    wrong = wrong_number(number)
    for left in ("2 more tries", "1 more try"):
        answer = await world.post("/sign-in/mail", key=key, number=wrong)
        assert answer.status == 400
        assert left in answer.text
    assert is_over(await world.post("/sign-in/mail", key=key, number=wrong))
    assert is_over(await world.post("/sign-in/mail", key=key, number=number))
    assert await world.look(flow) == {"state": "over"}


async def test_the_third_number_may_still_be_the_right_one(world: World):
    flow, number, key = await world.begin_by_mail()
    for typed in (wrong_number(number), ""):
        assert (await world.post("/sign-in/mail", key=key, number=typed)).status == 400
    assert (await world.post("/sign-in/mail", key=key, number=number)).status == 200
    assert (await world.look(flow))["state"] == "done"


async def test_a_link_that_somebody_else_asked_for_does_not_fit_my_number(world: World):
    theirs, _, their_key = await world.begin_by_mail()
    mine, my_number, _ = await world.begin_by_mail()
    while (await world.post("/sign-in/mail", key=their_key, number=my_number)).status == 200:
        theirs, _, their_key = await world.begin_by_mail()  # once in 9,000 times
    assert await world.look(theirs) == {"state": "waiting"}
    assert await world.look(mine) == {"state": "waiting"}


async def test_nobody_is_told_whether_an_address_is_known(world: World):
    def shape(answer: Answer) -> tuple[int, str, str]:
        return answer.status, re.sub(r"flow=[\w-]+", "", answer.headers.get("Location", "")), answer.text

    flow, number, key = await world.begin_by_mail()
    await world.post("/sign-in/mail", key=key, number=number)
    await world.redeem((await world.look(flow))["code"])
    known = await world.post("/sign-in/email", email=ADDRESS, **world.asked)
    unknown = await world.post("/sign-in/email", email="nobody@mail.example", **world.asked)
    assert shape(known) == shape(unknown)


async def test_what_is_no_address_comes_back_at_its_field(world: World):
    for typed in ("nobody", "ann@mail.example\r\nBcc: all@mail.example", "a@b.example, c@d.example", '"><script>'):
        answer = await world.post("/sign-in/email", email=typed, **world.asked)
        [field] = soup_of(answer).select("[aria-invalid]")
        assert (answer.status, field["id"]) == (400, "email")
        assert field["value"].split() == typed.split()
        assert soup_of(answer).find(id=field["aria-describedby"]).get_text() == "This is not an e-mail address."
    assert world.mailbox.mails == []


async def test_a_mail_server_that_refuses_is_told_of(world: World):
    world.mailbox.refuses_recipient = "550 no such user"
    answer = await world.post("/sign-in/email", email=ADDRESS, **world.asked)
    assert (answer.status, "We cannot send mail to this address." in answer.text) == (400, True)
    world.mailbox.refuses_recipient = "450 later"
    answer = await world.post("/sign-in/email", email=ADDRESS, **world.asked)
    assert "The mail could not be sent." in answer.text


async def test_mails_are_rationed_by_address_and_by_visitor(tmp_path, redis_url):
    async with signing(tmp_path, redis_url, rate_limits=True) as world:
        for _ in range(email.ADDRESS_BURST):
            assert (await world.post("/sign-in/email", email=ADDRESS, **world.asked)).status == 303
        for same in (ADDRESS.upper(), ADDRESS.replace("@", "+1@")):
            refused = await world.post("/sign-in/email", email=same, **world.asked)
            assert (refused.status, refused.headers["Retry-After"] > "0") == (429, True)
        statuses = [
            (await world.post("/sign-in/email", email=f"{n}@mail.example", **world.asked)).status for n in range(12)
        ]
        assert statuses[0] == 303
        assert statuses[-1] == 429


# --- by one's own domain ------------------------------------------------------------------------------------------


async def go(world: World, site: IndieAuthSite, **change: str) -> str:
    """The address that somebody comes back to, from whoever vouches for the site."""
    answer = await world.post("/sign-in/domain", me=site.me, **(world.asked | change))
    assert answer.status == 200, answer.text
    async with world.service.http.get(soup_of(answer).select_one("[data-go]")["href"], allow_redirects=False) as there:
        assert there.status == 302
        return there.headers["Location"]


@pytest.fixture
async def gwen() -> AsyncIterator[IndieAuthSite]:
    async with IndieAuthSite() as site:
        yield site


async def test_a_website_vouches_for_its_owner(world: World, gwen: IndieAuthSite):
    back = await go(world, gwen)
    assert back.startswith(f"{world.service.base}/sign-in/callback?")
    done = soup_of(await world.service.get(back, headers={"Accept": "text/html"})).main
    assert done["data-origin"] == ORIGIN
    session = (await world.redeem(done["data-code"])).json()
    authority = urlsplit(gwen.me).netloc
    assert session["person"] == {"name": "Gwen Prosser", "way": "domain", "url": gwen.me, "by": authority}
    entry = await world.service.post(
        "/api/comments", json={"target": POST, "content": "Me"}, token=session["token"], headers={"Origin": ORIGIN}
    )
    assert (entry.json()["author"]["url"], entry.json()["wm-authorship"]) == (gwen.me, "signed-in")


async def test_we_say_who_we_are(world: World, gwen: IndieAuthSite):
    await go(world, gwen)
    [question] = gwen.questions
    client = f"{world.service.base}/sign-in/client"
    assert (question["client_id"], question["redirect_uri"]) == (client, f"{world.service.base}/sign-in/callback")
    document = (await world.service.get(client)).json()
    assert (document["client_id"], document["redirect_uris"]) == (client, [question["redirect_uri"]])
    page = soup_of(await world.service.get(client, headers={"Accept": "text/html"}))
    assert page.select_one("link[rel=redirect_uri]")["href"] == question["redirect_uri"]
    assert page.select_one(".h-app .p-name").get_text() == "Ymateb"


async def test_a_state_is_good_once_and_only_with_all_that_came_with_it(world: World, gwen: IndieAuthSite):
    back = await go(world, gwen)
    assert (await world.service.get(back)).status == 200
    assert is_over(await world.service.get(back, headers={"Accept": "text/html"}))
    forged = re.sub(r"state=[^&]+", f"state={secrets.token_urlsafe(32)}", await go(world, gwen))
    assert is_over(await world.service.get(forged, headers={"Accept": "text/html"}))
    stolen = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example%2F", await go(world, gwen))
    refused = await world.service.get(stolen, headers={"Accept": "text/html"})
    assert (refused.status, "could not be trusted" in refused.text) == (400, True)
    assert is_over(await world.service.get(stolen, headers={"Accept": "text/html"}))


async def test_who_says_no_there_is_not_signed_in(world: World, gwen: IndieAuthSite):
    gwen.says = {"code": None, "error": "access_denied"}
    answer = await world.service.get(await go(world, gwen), headers={"Accept": "text/html"})
    assert (answer.status, "You did not agree there" in answer.text) == (400, True)
    assert soup_of(answer).select_one("[name=target]")["value"] == POST, "the ways are open again"


async def test_what_cannot_vouch_comes_back_at_its_field(world: World, gwen: IndieAuthSite):
    for typed, said in (
        ("not a site", "This is not the address of a website"),
        ("javascript:alert(1)", "This is not the address of a website"),
        (gwen.url("/token"), "We could not read that website."),
    ):
        answer = await world.post("/sign-in/domain", me=typed, **world.asked)
        assert answer.status == 400, typed
        assert said in answer.text, answer.text
        [field] = soup_of(answer).select("[aria-invalid]")
        assert (field["id"], field["value"]) == ("me", typed)


async def test_names_of_strangers_are_text(world: World, gwen: IndieAuthSite):
    gwen.profile = {"name": "<img src=x onerror=alert(1)>", "url": gwen.me, "photo": "javascript:alert(1)"}
    done = soup_of(await world.service.get(await go(world, gwen), headers={"Accept": "text/html"})).main
    session = (await world.redeem(done["data-code"])).json()
    assert "photo" not in session["person"]
    said = {"target": POST, "content": "Me"}
    await world.service.post("/api/comments", json=said, token=session["token"], headers={"Origin": ORIGIN})
    thread = soup_of(await world.service.get(f"/thread.html?target={POST}"))
    assert thread.select_one(".p-name bdi, bdi").get_text() == "<img src=x onerror=alert(1)>"
    assert not thread.select("img[onerror]")


async def test_a_code_of_anothers_flow_fits_no_verifier_of_mine(world: World, gwen: IndieAuthSite):
    """Login CSRF: an attacker lets a victim end the attacker's own flow; the victim's page has another verifier."""
    attacker = World(world.service, world.mailbox, secrets.token_urlsafe(32))
    done = soup_of(await world.service.get(await go(attacker, gwen), headers={"Accept": "text/html"})).main
    assert (await world.redeem(done["data-code"])).error == (401, "forbidden")


async def test_without_a_worker_it_is_said_at_once(tmp_path, redis_url):
    tempo = keys.Tempo(errand_s=0.5)
    async with running(tmp_path, redis_url, tempo, mail_url="smtp://127.0.0.1:1") as service:
        async with Mailbox() as mailbox:
            world = World(service, mailbox, secrets.token_urlsafe(32))
            answer = await world.post("/sign-in/email", email=ADDRESS, **world.asked)
        assert (answer.status, "We cannot do this right now." in answer.text) == (503, True)


async def test_how_far_sign_ins_come_is_counted(world: World):
    def counted(step: str) -> float:
        return metrics.SERVICE.get_sample_value("ymateb_sign_ins_total", {"way": "email", "step": step}) or 0

    before = {step: counted(step) for step in ("begun", "done", "failed")}
    flow, number, key = await world.begin_by_mail()
    await world.post("/sign-in/mail", key=key, number=number)
    await world.look(flow)
    await world.post("/sign-in/email", email="nobody", **world.asked)
    assert {step: counted(step) - before[step] for step in before} == {"begun": 1, "done": 1, "failed": 1}
    assert popup.LASTS_S == 600


# --- at a provider ------------------------------------------------------------------------------------------------


async def provider_of(
    world: World, issuer: str, label: str = "Our <school>", *, authority: str = "blog.example"
) -> int:
    """Adds a provider to a site, as its owner would; its number."""
    async with world.service.db.write() as c:
        site = await sites.by_authority(c, authority)
        client = Client(issuer, "ymateb", OIDC_SECRET)
        return (await providers.add(c, site.id, client, label="Our <school>", actor="owner", now=NOW)).id


async def go_to_provider(world: World, number: int) -> str:
    """The address that somebody comes back to from a provider."""
    answer = await world.post("/sign-in/provider", provider=str(number), **world.asked)
    assert answer.status == 200, answer.text
    async with world.service.http.get(soup_of(answer).select_one("[data-go]")["href"], allow_redirects=False) as there:
        return there.headers["Location"]


@pytest.fixture
async def school() -> AsyncIterator[OidcProvider]:
    async with OidcProvider() as provider:
        yield provider


async def test_a_provider_of_the_site_vouches(world: World, school: OidcProvider):
    number = await provider_of(world, school.issuer)
    page = soup_of(await world.get("/sign-in", **world.asked))
    assert page.select_one('[action="/sign-in/provider"] button').get_text() == "Go on with Our <school>"
    back = await go_to_provider(world, number)
    done = soup_of(await world.service.get(back, headers={"Accept": "text/html"})).main
    session = (await world.redeem(done["data-code"])).json()
    assert session["person"] == {
        "name": "Gwen Prosser",
        "way": "provider",
        "email": "gwen@example.com",
        "by": "Our <school>",
    }
    said = {"target": POST, "content": "Me"}
    entry = await world.service.post("/api/comments", json=said, token=session["token"], headers={"Origin": ORIGIN})
    assert entry.json()["wm-signed-in"] == {"way": "provider", "by": "Our <school>"}
    assert (entry.json()["author"]["name"], entry.json()["wm-authorship"]) == ("Gwen Prosser", "claimed")
    thread = soup_of(await world.service.get(f"/thread.html?target={POST}"))
    assert thread.select_one(".ym-proof")["aria-label"] == "signed in through Our <school>"
    assert is_over(await world.service.get(back, headers={"Accept": "text/html"})), "a state is good once"


async def test_a_provider_of_another_site_is_none(world: World, school: OidcProvider):
    await world.service.add_site("other.example")
    number = await provider_of(world, school.issuer, authority="other.example")
    assert "/sign-in/provider" not in (await world.get("/sign-in", **world.asked)).text
    for guess in (str(number), "0", "x", ""):
        answer = await world.post("/sign-in/provider", provider=guess, **world.asked)
        assert (answer.status, "This way to sign in is not there any more." in answer.text) == (400, True)
    assert school.questions == []


async def test_a_provider_that_is_removed_meanwhile_signs_nobody_in(world: World, school: OidcProvider):
    number = await provider_of(world, school.issuer)
    back = await go_to_provider(world, number)
    async with world.service.db.write() as c:
        await providers.remove(c, world.service.site.id, number, actor="owner", now=NOW)
    answer = await world.service.get(back, headers={"Accept": "text/html"})
    assert (answer.status, "data-code" in answer.text) == (400, False)


async def test_a_token_for_somebody_else_signs_nobody_in(world: World, school: OidcProvider):
    number = await provider_of(world, school.issuer)
    school.claims = {"aud": "another-client"}
    answer = await world.service.get(await go_to_provider(world, number), headers={"Accept": "text/html"})
    assert (answer.status, "could not be trusted" in answer.text) == (400, True)
    assert soup_of(answer).select_one("#said-provider")

"""Signing in at a provider, against one that is wrong in one thing at a time: each check has a test that needs it."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import orjson
import pytest
import pytest_asyncio
from joserfc.jwk import RSAKey

from mentions.signin.faults import Fault
from mentions.signin.oidc import Client
from mentions.storage import providers, sites
from mentions.storage.providers import Provider
from mentions.streams.errands import Errands
from mentions.streams.link import RedisLink
from tests.integration.workers.test_errands import running
from tests.peers import OidcProvider
from tests.peers.oidc import SECRET, make_key
from workers.jobs import oidc
from workers.jobs.errands import HANDLERS
from workers.kit import Kit

BACK = "http://mentions.example/signin/back"


@pytest_asyncio.fixture(loop_scope="session")
async def peer() -> AsyncIterator[OidcProvider]:
    async with OidcProvider() as provider:
        yield provider


async def register(kit: Kit, peer: OidcProvider, *, secret: str | None = SECRET, issuer: str | None = None) -> Provider:
    async with kit.db.write() as c:
        site = await sites.by_authority(c, "mine.example") or await sites.add(c, "mine.example", (), now=kit.now())
        client = Client(issuer or peer.issuer, "ymateb", secret)
        return await providers.add(c, site.id, client, label="Test", actor="owner", now=kit.now())


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at the sign-in page."""

    kit: Kit
    provider: Provider

    async def begin(self) -> dict[str, Any]:
        facts = {"provider_id": self.provider.id, "redirect_uri": BACK, "state": "state-1"}
        return await oidc.begin(self.kit, facts)

    async def finish(self, keep: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        facts = {"keep": keep, "params": params, "redirect_uri": BACK, "provider_id": self.provider.id}
        return await oidc.finish(self.kit, facts)

    async def __call__(self) -> dict[str, Any]:
        """All the way there and back: the identity, or what `error` says."""
        begun = await self.begin()
        if "error" in begun:
            return begun
        return await self.finish(begun["keep"], await go_there(begun["location"]))


async def go_there(location: str) -> dict[str, str]:
    """What a browser would bring back."""
    async with aiohttp.ClientSession() as browser, browser.get(location, allow_redirects=False) as response:
        assert response.status == 302, await response.text()
        return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


@pytest_asyncio.fixture(loop_scope="session")
async def visit(kit: Kit, peer: OidcProvider) -> Visit:
    return Visit(kit, await register(kit, peer))


# --- when all is well ------------------------------------------------------------------------------------------------


async def test_somebody_is_who_the_provider_says(visit: Visit, peer: OidcProvider):
    peer.person = {
        "sub": "gwen",
        "name": "Gwen",
        "picture": "https://cdn.example/g.jpg",
        "website": "https://g.example",
    }
    assert await visit() == {
        "identity": {
            "way": "provider",
            "subject": f"{peer.issuer}#gwen",
            "name": "Gwen",
            "url": "https://g.example/",
            "photo": "https://cdn.example/g.jpg",
            "email": "gwen@example.com",
        }
    }
    [question] = peer.questions
    assert question["tenant"] == "1", "the endpoint's own query stays"
    assert (question["response_type"], question["scope"]) == ("code", "openid profile email")
    assert (question["code_challenge_method"], question["state"]) == ("S256", "state-1")
    assert len(question["nonce"]) >= 32


@pytest.mark.parametrize("methods", [["client_secret_basic"], None, ["client_secret_post"]])
async def test_the_secret_goes_where_the_provider_wants_it(visit: Visit, peer: OidcProvider, methods: list[str] | None):
    peer.auth_methods = methods
    assert "identity" in await visit()
    [login] = peer.logins
    if methods == ["client_secret_post"]:
        assert (login["client_id"], login["client_secret"], login["header"]) == ("ymateb", SECRET, "")
    else:
        assert "client_secret" not in login
        assert base64.b64decode(login["header"].removeprefix("Basic ")) == b"ymateb:s3cret%2F+%2B%C3%BC"


async def test_a_public_client_has_pkce_alone(kit: Kit, peer: OidcProvider):
    assert "identity" in await Visit(kit, await register(kit, peer, secret=None))()
    [login] = peer.logins
    assert (login["client_id"], login["header"]) == ("ymateb", "")
    assert "client_secret" not in login


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "ES256", "ES384", "EdDSA"])
async def test_every_algorithm_of_the_list_holds(visit: Visit, peer: OidcProvider, algorithm: str):
    peer.algorithm, peer.keys = algorithm, {"key-1": make_key(algorithm, "key-1")}
    assert "identity" in await visit()


async def test_keys_may_be_rotated_at_any_moment(visit: Visit, peer: OidcProvider):
    assert "identity" in await visit()
    begun = await visit.begin()
    peer.keys = {"key-2": make_key("RS256", "key-2"), **peer.keys}
    peer.signs_with = "key-2"
    assert "identity" in await visit.finish(begun["keep"], await go_there(begun["location"]))
    del peer.keys["key-1"]
    assert "identity" in await visit()


async def test_a_key_is_found_among_odd_ones(visit: Visit, peer: OidcProvider):
    good = peer.keys["key-1"].as_dict(private=False)
    odd = [
        {"kty": "RSA"},
        {"kty": "XYZ", "kid": "key-1"},
        {"kty": "RSA", "kid": "key-1", "n": "!", "e": "AQAB"},
        7,
        None,
    ]
    peer.published = [*odd, {**good, "use": "enc"}, good]
    assert "identity" in await visit()


async def test_a_token_without_a_key_id_is_tried_with_every_key(visit: Visit, peer: OidcProvider):
    peer.header = {"kid": None}
    peer.keys = {"key-1": peer.keys["key-1"], "key-0": make_key("RS256", "key-0")}
    assert "identity" in await visit()


# --- discovery -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": None},
        {"issuer": "https://other.example"},
        {"issuer": "<issuer>/"},
        {"token_endpoint": None},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "http://provider.example/token"},
        {"jwks_uri": "https://user:pw@provider.example/keys"},
    ],
)
async def test_a_configuration_that_is_not_the_issuers_own_is_refused(
    visit: Visit, peer: OidcProvider, said: dict[str, Any]
):
    peer.configuration = {name: at_last(value, peer) for name, value in said.items()}
    assert (await visit.begin())["error"] == Fault.BAD_METADATA


@pytest.mark.parametrize("body", ["<p>", "[]", "x" * 300_000])
async def test_a_configuration_that_is_none_is_refused(visit: Visit, peer: OidcProvider, body: str):
    peer.serve("/.well-known/openid-configuration", body, content_type="application/json")
    assert (await visit.begin())["error"] in {Fault.BAD_METADATA, Fault.PROVIDER_UNREACHABLE}


async def test_a_provider_that_is_away_is_told(visit: Visit, peer: OidcProvider):
    peer.serve("/.well-known/openid-configuration", status=503)
    assert (await visit.begin())["error"] == Fault.PROVIDER_UNREACHABLE
    peer.serve("/.well-known/openid-configuration", status=302, headers={"Location": "/elsewhere"})
    assert (await visit.begin())["error"] == Fault.PROVIDER_UNREACHABLE


async def test_a_provider_that_was_removed_signs_in_nobody(kit: Kit, visit: Visit, peer: OidcProvider):
    begun = await visit.begin()
    params = await go_there(begun["location"])
    async with kit.db.write() as c:
        assert await providers.remove(c, visit.provider.site_id, visit.provider.id, actor="owner", now=kit.now())
    assert (await visit.finish(begun["keep"], params))["error"] == Fault.UNKNOWN_PROVIDER
    assert (await visit.begin())["error"] == Fault.UNKNOWN_PROVIDER
    assert peer.logins == [], "no code is sent for it"


async def test_what_was_begun_at_one_provider_is_not_finished_at_another(kit: Kit, visit: Visit, peer: OidcProvider):
    async with OidcProvider("127.0.0.4") as other:
        elsewhere = Visit(kit, await register(kit, other))
        begun = await visit.begin()
        done = await elsewhere.finish(begun["keep"], await go_there(begun["location"]))
        assert done["error"] == Fault.UNKNOWN_PROVIDER
        assert (peer.logins, other.logins) == ([], [])


# --- the way back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ({"state": "another"}, Fault.STATE_MISMATCH),
        ({"iss": None}, Fault.ISSUER_MISMATCH),
        ({"iss": "https://honest.example"}, Fault.ISSUER_MISMATCH),
        ({"code": None}, Fault.PROVIDER_ERROR),
        ({"error": "access_denied"}, Fault.DENIED),
        ({"error": "login_required"}, Fault.PROVIDER_ERROR),
    ],
)
async def test_who_comes_back_wrongly_is_nobody(visit: Visit, peer: OidcProvider, says: dict[str, Any], fault: Fault):
    peer.says = says
    assert (await visit())["error"] == fault
    assert peer.logins == []


async def test_a_provider_that_does_not_name_itself_in_answers_need_not(visit: Visit, peer: OidcProvider):
    peer.configuration = {"authorization_response_iss_parameter_supported": None}
    peer.says = {"iss": None}
    assert "identity" in await visit()
    peer.says = {"iss": "https://honest.example"}
    assert (await visit())["error"] == Fault.ISSUER_MISMATCH


async def test_a_code_of_another_visit_is_worth_nothing(visit: Visit, peer: OidcProvider):
    first, second = await visit.begin(), await visit.begin()
    assert (await visit.finish(second["keep"], await go_there(first["location"])))["error"] == Fault.CODE_REFUSED


async def test_secrets_follow_no_redirect(visit: Visit, peer: OidcProvider):
    begun = await visit.begin()
    params = await go_there(begun["location"])
    peer.serve("/token", status=307, headers={"Location": "/elsewhere"})
    assert (await visit.finish(begun["keep"], params))["error"] == Fault.PROVIDER_UNREACHABLE
    assert peer.seen("/elsewhere") == []


# --- the ID token: signature -----------------------------------------------------------------------------------------


async def assert_refused(visit: Visit, why: str) -> None:
    answer = await visit()
    assert answer.get("error") == Fault.BAD_ANSWER, answer
    assert why in answer["summary"]


async def test_an_unsigned_token_is_refused(visit: Visit, peer: OidcProvider):
    peer.header = {"alg": "none"}
    await assert_refused(visit, "algorithm")


@pytest.mark.parametrize("secret", ["client secret", "public key"])
async def test_a_token_signed_with_a_shared_secret_is_refused(visit: Visit, peer: OidcProvider, secret: str):
    """Also with the public key as the secret: the classic confusion of algorithms (RFC 8725 2.1)."""
    raw = SECRET.encode() if secret == "client secret" else peer.keys["key-1"].as_pem(private=False)
    begun = await visit.begin()
    params = await go_there(begun["location"])
    claims = peer.sign(peer.questions[-1]["nonce"]).split(".")[1]
    head = _base64(b'{"alg":"HS256","kid":"key-1"}')
    signed = f"{head}.{claims}"
    peer.token = f"{signed}.{_base64(hmac.digest(raw, signed.encode(), 'sha256'))}"
    peer.published = [{"kty": "oct", "kid": "key-1", "k": _base64(raw)}, peer.keys["key-1"].as_dict(private=False)]
    done = await visit.finish(begun["keep"], params)
    assert (done["error"], "algorithm" in done["summary"]) == (Fault.BAD_ANSWER, True)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_a_token_signed_by_another_key_is_refused(visit: Visit, peer: OidcProvider):
    peer.published = [make_key("RS256", "key-1").as_dict(private=False)]
    await assert_refused(visit, "no key of the provider has signed it")


async def test_a_token_that_brings_its_own_key_is_refused(visit: Visit, peer: OidcProvider):
    own = make_key("RS256", "key-1")
    peer.published = [peer.keys["key-1"].as_dict(private=False)]
    peer.keys = {"key-1": own}
    peer.header = {"jwk": own.as_dict(private=False)}
    await assert_refused(visit, "no key of the provider has signed it")


async def test_a_key_for_encryption_or_of_another_name_or_algorithm_signs_nothing(visit: Visit, peer: OidcProvider):
    good = peer.keys["key-1"].as_dict(private=False)
    for other in ({"use": "enc"}, {"kid": "key-9"}, {"alg": "RS384"}):
        peer.published = [{**good, **other}]
        await assert_refused(visit, "no key of the provider has signed it")


async def test_a_short_key_signs_nothing(visit: Visit, peer: OidcProvider):
    with pytest.warns():
        peer.keys = {"key-1": RSAKey.generate_key(1024, {"kid": "key-1"}, auto_kid=False)}
    await assert_refused(visit, "no key of the provider has signed it")


@pytest.mark.parametrize("change", ["claims", "signature", "cut", "nothing", "words", "extra", "types"])
async def test_a_token_that_was_touched_is_refused(visit: Visit, peer: OidcProvider, change: str):
    begun = await visit.begin()
    params = await go_there(begun["location"])
    head, claims, signature = peer.sign(peer.questions[-1]["nonce"]).split(".")
    other = _base64(orjson.dumps({**_claims_of(f".{claims}."), "sub": "mair"}))
    peer.token = {
        "claims": f"{head}.{other}.{signature}",
        "signature": f"{head}.{claims}.{'A' * len(signature)}",
        "cut": f"{head}.{claims}",
        "nothing": "..",
        "words": "not a token",
        "extra": f"{head}.{claims}.{signature}.{signature}",
        "types": ".".join((_base64(b'{"alg":"RS256","kid":"key-1","crit":5}'), claims, signature)),
    }[change]
    assert (await visit.finish(begun["keep"], params))["error"] == Fault.BAD_ANSWER


@pytest.mark.parametrize("published", [[], [{}], "keys", None])
async def test_a_provider_without_keys_has_signed_nothing(visit: Visit, peer: OidcProvider, published: Any):
    peer.serve("/keys", orjson.dumps({"keys": published}), content_type="application/json")
    await assert_refused(visit, "no key of the provider has signed it")


# --- the ID token: claims --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ago:
    """A moment, as seen when the test runs."""

    seconds: float


def at_last(value: Any, peer: OidcProvider) -> Any:
    """A claim as it is to stand in the token."""
    if isinstance(value, Ago):
        return int(time.time() - value.seconds)
    return value.replace("<issuer>", peer.issuer) if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://honest.example"}, "another issuer"),
        ({"iss": "<issuer>/"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"sub": None}, "names nobody"),
        ({"sub": ""}, "names nobody"),
        ({"sub": 7}, "names nobody"),
        ({"sub": "x" * 256}, "names nobody"),
        ({"aud": "another"}, "somebody else"),
        ({"aud": None}, "somebody else"),
        ({"aud": []}, "somebody else"),
        ({"aud": {"ymateb": 1}}, "somebody else"),
        ({"aud": ["ymateb", "another"]}, "another client"),
        ({"aud": ["ymateb", "another"], "azp": "another"}, "another client"),
        ({"azp": "another"}, "another client"),
        ({"exp": None}, "when it holds"),
        ({"exp": "tomorrow"}, "when it holds"),
        ({"exp": True}, "when it holds"),
        ({"exp": Ago(90)}, "time is over"),
        ({"iat": None}, "when it holds"),
        ({"iat": Ago(-90)}, "not come"),
        ({"nbf": Ago(-90)}, "not come"),
        ({"nbf": "soon"}, "when it holds"),
        ({"iat": Ago(700)}, "too long ago"),
        ({"nonce": None}, "this visit"),
        ({"nonce": "another"}, "this visit"),
        ({"nonce": 7}, "this visit"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "another access token"),
    ],
)
async def test_a_claim_that_is_wrong_makes_nobody(visit: Visit, peer: OidcProvider, claims: dict[str, Any], why: str):
    peer.claims = {name: at_last(value, peer) for name, value in claims.items()}
    await assert_refused(visit, why)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["ymateb"]},
        {"aud": ["another", "ymateb"], "azp": "ymateb"},
        {"exp": Ago(20)},
        {"iat": Ago(-20)},
        {"nbf": Ago(10)},
        {"at_hash": None},
    ],
)
async def test_what_is_allowed_passes(visit: Visit, peer: OidcProvider, claims: dict[str, Any]):
    peer.claims = {name: at_last(value, peer) for name, value in claims.items()}
    assert "identity" in await visit()


async def test_a_token_of_an_earlier_visit_is_worth_nothing(visit: Visit, peer: OidcProvider):
    assert "identity" in await visit()
    peer.token = peer.last_token
    await assert_refused(visit, "this visit")


# --- tokens and userinfo ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("says", [{"id_token": None}, {"id_token": 7}, {"id_token": ""}])
async def test_no_id_token_no_identity(visit: Visit, peer: OidcProvider, says: dict[str, Any]):
    peer.token_says = says
    assert (await visit())["error"] == Fault.BAD_ANSWER


async def test_the_userinfo_of_somebody_else_ends_it(visit: Visit, peer: OidcProvider):
    peer.userinfo = {"sub": "mair", "email": "mair@example.com", "email_verified": True}
    await assert_refused(visit, "somebody else")
    peer.userinfo = {"email": "mair@example.com", "email_verified": True}
    await assert_refused(visit, "somebody else")


async def email_of(visit: Visit) -> str | None:
    return (await visit())["identity"].get("email")


@pytest.mark.parametrize("verified", [False, None, "true", 1, "false"])
async def test_an_address_that_nobody_verified_is_none(visit: Visit, peer: OidcProvider, verified: Any):
    peer.userinfo = {"sub": "gwen", "email": "gwen@example.com", "email_verified": verified}
    assert await email_of(visit) is None
    peer.person = {**peer.person, "email": "gwen@example.com", "email_verified": verified}
    peer.userinfo = None
    assert await email_of(visit) is None


async def test_an_address_and_its_verification_come_from_one_place(visit: Visit, peer: OidcProvider):
    peer.person = {"sub": "gwen", "email": "boss@example.com"}
    peer.userinfo = {"sub": "gwen", "name": "G", "email": "gwen@example.com", "email_verified": True}
    assert await email_of(visit) is None
    peer.person = {"sub": "gwen", "name": "G", "email_verified": True}
    peer.userinfo = {"sub": "gwen", "email": "boss@example.com"}
    assert await email_of(visit) is None


async def test_nobody_is_asked_for_what_is_known(visit: Visit, peer: OidcProvider):
    peer.person = {"sub": "gwen", "name": "Gwen", "email": "gwen@example.com", "email_verified": True}
    assert await email_of(visit) == "gwen@example.com"
    assert peer.seen("/userinfo") == []


@pytest.mark.parametrize("says", [{"access_token": None}, {"token_type": "DPoP"}, {"access_token": "a b"}])
async def test_an_access_token_that_we_cannot_use_is_not_used(visit: Visit, peer: OidcProvider, says: dict[str, Any]):
    peer.token_says, peer.claims = says, {"at_hash": None}
    assert await email_of(visit) is None
    assert peer.seen("/userinfo") == []


async def test_a_userinfo_endpoint_that_is_away_keeps_nobody_out(visit: Visit, peer: OidcProvider):
    peer.userinfo = None
    assert (await visit())["identity"]["name"] == "Gwen Prosser"


async def test_odd_claims_are_left_out(visit: Visit, peer: OidcProvider):
    peer.userinfo = None
    peer.person = {"sub": "gwen", "name": 7, "nickname": "", "preferred_username": "g\u202ewen", "picture": "data:x"}
    assert await visit() == {"identity": {"way": "provider", "subject": f"{peer.issuer}#gwen", "name": "gwen"}}


# --- through the workers ---------------------------------------------------------------------------------------------


async def test_the_service_sends_a_worker_and_no_secret_with_it(
    kit: Kit, link: RedisLink, visit: Visit, peer: OidcProvider
):
    errands = Errands(link.client)
    where = {"provider_id": visit.provider.id, "redirect_uri": BACK}
    async with running(kit, errands, HANDLERS):
        begun = await errands.ask("oidc.begin", {**where, "state": "s"}, timeout_s=20)
        assert SECRET not in str(begun)
        assert "secret" not in str(begun)
        params = await go_there(begun["location"])
        done = await errands.ask("oidc.finish", {**where, "keep": begun["keep"], "params": params}, timeout_s=20)
    assert done["identity"]["subject"] == f"{peer.issuer}#gwen"

"""Signing in at npm's `oidc-provider`, unchanged: a certified provider, with each way of naming the client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from mentions.signin.faults import Fault
from mentions.signin.oidc import Client
from mentions.storage import providers, sites
from tests.integration.workers.test_oidc import BACK, Visit
from tests.peers.real_oidc import CLIENTS, RealOidcProvider
from workers.kit import Kit


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def real() -> AsyncIterator[RealOidcProvider]:
    async with RealOidcProvider(BACK) as provider:
        yield provider


async def visit_of(kit: Kit, real: RealOidcProvider, client_id: str, secret: str | None) -> Visit:
    async with kit.db.write() as c:
        site = await sites.add(c, "mine.example", (), now=kit.now())
        client = Client(real.issuer, client_id, secret)
        return Visit(kit, await providers.add(c, site.id, client, label="Real", actor="owner", now=kit.now()))


@pytest.mark.parametrize("client_id", CLIENTS)
async def test_somebody_signs_in(kit: Kit, real: RealOidcProvider, client_id: str):
    visit = await visit_of(kit, real, client_id, CLIENTS[client_id])
    begun = await visit.begin()
    done = await visit.finish(begun["keep"], await real.sign_in(begun["location"], "gwen"))
    assert done == {
        "identity": {
            "way": "provider",
            "subject": f"{real.issuer}#gwen",
            "name": "gwen Prosser",
            "url": "https://gwen.example/",
            "email": "gwen@example.com",
        }
    }


async def test_an_address_that_it_has_not_verified_is_left_out(kit: Kit, real: RealOidcProvider):
    visit = await visit_of(kit, real, "ymateb", CLIENTS["ymateb"])
    begun = await visit.begin()
    done = await visit.finish(begun["keep"], await real.sign_in(begun["location"], "unverified"))
    assert "email" not in done["identity"]


async def test_a_code_is_good_once(kit: Kit, real: RealOidcProvider):
    visit = await visit_of(kit, real, "ymateb", CLIENTS["ymateb"])
    begun = await visit.begin()
    params = await real.sign_in(begun["location"], "gwen")
    assert "identity" in await visit.finish(begun["keep"], params)
    assert (await visit.finish(begun["keep"], params))["error"] == Fault.CODE_REFUSED


async def test_a_wrong_secret_opens_nothing(kit: Kit, real: RealOidcProvider):
    visit = await visit_of(kit, real, "ymateb", "wrong")
    begun = await visit.begin()
    params = await real.sign_in(begun["location"], "gwen")
    assert (await visit.finish(begun["keep"], params))["error"] == Fault.CODE_REFUSED

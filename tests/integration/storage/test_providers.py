"""Providers at which a site's people may sign in."""

from __future__ import annotations

import pytest

from mentions.errors import Conflict, InvalidRequest
from mentions.signin.oidc import Client
from mentions.storage import audit, providers, sites
from tests.integration.storage.conftest import NOW

CLIENT = Client("https://accounts.example", "ymateb", "s3cret")


async def add(c, site, client=CLIENT, label="Example"):
    return await providers.add(c, site.id, client, label=label, actor="owner", now=NOW)


async def test_a_provider_is_kept_and_removed_with_a_trail(db, site):
    async with db.write() as c:
        made = await add(c, site)
        assert await providers.for_site(c, site.id) == [made]
        assert await providers.get(c, made.id) == made
        assert made.client == CLIENT
        assert "s3cret" not in repr(made)
    async with db.write() as c:
        assert await providers.remove(c, site.id, made.id, actor="owner", now=NOW)
        assert not await providers.remove(c, site.id, made.id, actor="owner", now=NOW)
        assert await providers.get(c, made.id) is None
        trail = await audit.for_site(c, site.id)
    assert [(each.act, each.what) for each in trail] == [
        ("provider_removed", "https://accounts.example"),
        ("provider_added", "https://accounts.example"),
    ]


async def test_nobody_removes_another_sites_provider(db, site):
    async with db.write() as c:
        made = await add(c, site)
        other = await sites.add(c, "other.example", (), now=NOW)
        assert not await providers.remove(c, other.id, made.id, actor="owner", now=NOW)
        assert await add(c, other)


async def test_one_issuer_is_there_once_and_not_too_many(db, site):
    async with db.write() as c:
        await add(c, site)
        with pytest.raises(Conflict, match="already"):
            await add(c, site)
        for number in range(providers.MOST_PER_SITE - 1):
            await add(c, site, Client(f"https://{number}.example", "ymateb"))
        with pytest.raises(Conflict, match="20"):
            await add(c, site, Client("https://one.more.example", "ymateb"))


@pytest.mark.parametrize(("client_id", "label"), [("", "x"), ("c" * 2000, "x"), ("ymateb", " \u202e ")])
async def test_what_cannot_be_shown_or_sent_is_refused(db, site, client_id, label):
    async with db.write() as c:
        with pytest.raises(InvalidRequest):
            await add(c, site, Client("https://accounts.example", client_id), label)


async def test_a_removed_site_takes_its_providers_along(db, site):
    async with db.write() as c:
        made = await add(c, site)
        await sites.remove(c, site.authority)
        assert await providers.get(c, made.id) is None

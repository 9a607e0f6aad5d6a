"""Sites, their options and tokens, and what they block."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import text

from mentions.errors import Conflict, InvalidRequest, NotFound
from mentions.model import Change
from mentions.storage import audit, blocks, changes, claims, entries, pages, sites, tokens
from tests.integration.storage.making import MINUTE, NOW, outcome, respond


async def test_a_site_comes_back_as_it_was_registered(db):
    async with db.write() as c:
        added = await sites.add(
            c, "WWW.Example.com", ["blog.example.com", "example.com"], options={"demo": True}, now=NOW
        )
    assert (added.authority, added.aliases, added.options) == ("example.com", ("blog.example.com",), {"demo": True})
    async with db.read() as c:
        assert await sites.all(c) == [added]
        assert await sites.by_authority(c, "www.blog.example.com") == added
        assert await sites.by_id(c, added.id) == added
        assert await sites.by_authority(c, "example.org") is None


@pytest.mark.parametrize("authority", ["example.com", "www.example.com", "blog.example.com"])
async def test_an_authority_belongs_to_one_site_only(db, site, authority):
    with pytest.raises(Conflict, match="registered already"):
        async with db.write() as c:
            await sites.add(c, "other.example", [authority], now=NOW)
    with pytest.raises(Conflict, match="registered already"):
        async with db.write() as c:
            await sites.add(c, authority, now=NOW)
    async with db.read() as c:
        assert await sites.all(c) == [site]


@pytest.mark.parametrize("authority", ["", "ftp://example.com/", "a b", "example.com/path"])
async def test_what_is_no_authority_is_not_registered(db, authority):
    with pytest.raises(InvalidRequest):
        async with db.write() as c:
            await sites.add(c, authority, now=NOW)


async def test_two_registrations_of_one_authority_at_once_make_one_site(db):
    async def register() -> bool:
        try:
            async with db.write() as c:
                await sites.add(c, "example.com", now=NOW)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(*(register() for _ in range(6)))) == [False] * 5 + [True]


async def test_options_are_set_and_taken_away_one_by_one(db, site):
    async with db.write() as c:
        await sites.set_option(c, site.id, "hold", "all")
        changed = await sites.set_option(c, site.id, "trusted", ["ann.example", "Tŷ 🏠"])
        assert changed.options == {"hold": "all", "trusted": ["ann.example", "Tŷ 🏠"]}
        assert (await sites.set_option(c, site.id, "hold", None)).options == {"trusted": ["ann.example", "Tŷ 🏠"]}
        with pytest.raises(NotFound):
            await sites.set_option(c, 999, "hold", "all")


async def test_removing_a_site_takes_all_that_is_its_own_and_nothing_else(db, site, page):
    async with db.write() as c:
        other = await sites.add(c, "other.example", now=NOW)
        kept = await respond(
            c, await pages.ensure(c, other.id, "https://other.example/", now=NOW), "https://a.example/1"
        )
        entry = await respond(c, page, "https://a.example/1", mf2={"items": []})
        await tokens.create(c, site.id, ["read"], now=NOW)
        await blocks.add(c, site.id, "authority", "spam.example", now=NOW)
        await claims.save(c, outcome())
        for one in (kept, entry):
            await changes.append(
                c, site_id=one.site_id, page_id=one.page_id, entry_id=one.id, change=Change.CREATED, now=NOW
            )
    async with db.write() as c:
        assert await sites.remove(c, "www.example.com") is True
        assert await sites.remove(c, "example.com") is False
    async with db.read() as c:
        assert [found.id for found in await sites.all(c)] == [other.id]
        assert await entries.get(c, entry.id) is None
        assert await entries.get(c, kept.id) == kept
        assert [change.entry_id for change in await changes.since(c, 0)] == [kept.id]
        for table in ("tokens", "blocks", "claims", "entry_sources"):
            assert (await c.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0, table


# --- tokens --------------------------------------------------------------------------------------------------------


async def test_a_token_is_shown_once_and_kept_as_a_hash(db, site):
    async with db.write() as c:
        token = await tokens.create(c, site.id, ["moderate", "read"], label="my site", now=NOW)
        stored = (await c.execute(text("SELECT hash, scopes FROM tokens"))).one()
    assert len(token) >= 43
    assert bytes(stored.hash) == hashlib.sha256(token.encode()).digest()
    async with db.read() as c:
        found = await tokens.check(c, token, now=NOW)
        assert (found.site_id, found.scopes, found.label) == (site.id, {"read", "moderate"}, "my site")
        assert await tokens.check(c, token + "x", now=NOW) is None
        assert await tokens.check(c, "", now=NOW) is None
        assert await tokens.check(c, "\ud800\x00", now=NOW) is None


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "write"]])
async def test_a_token_needs_scopes_that_exist(db, site, scopes):
    with pytest.raises(InvalidRequest):
        async with db.write() as c:
            await tokens.create(c, site.id, scopes, now=NOW)


async def test_a_token_ends_when_it_expires(db, site):
    async with db.write() as c:
        token = await tokens.create(c, site.id, ["read"], now=NOW, expires_at=NOW + MINUTE)
    async with db.read() as c:
        assert await tokens.check(c, token, now=NOW + MINUTE - timedelta(seconds=1))
        assert await tokens.check(c, token, now=NOW + MINUTE) is None


async def test_a_revoked_token_is_worth_nothing_and_only_its_site_can_revoke_it(db, site):
    async with db.write() as c:
        token = await tokens.create(c, site.id, ["read"], now=NOW)
        other = await sites.add(c, "other.example", now=NOW)
        (listed,) = await tokens.list(c, site.id)
        assert await tokens.revoke(c, other.id, listed.id, now=NOW) is False
        assert await tokens.check(c, token, now=NOW)
        assert await tokens.revoke(c, site.id, listed.id, now=NOW) is True
        assert await tokens.revoke(c, site.id, listed.id, now=NOW) is False
        assert await tokens.check(c, token, now=NOW) is None
        assert [one.revoked_at for one in await tokens.list(c, site.id)] == [NOW]


async def test_the_last_use_of_a_token_is_noted_at_most_once_a_minute(db, site):
    async def last_use_after_a_check_at(moment) -> object:
        async with db.write() as c:
            await tokens.check(c, token, now=moment)
            return (await tokens.list(c, site.id))[0].last_used_at

    async with db.write() as c:
        token = await tokens.create(c, site.id, ["read"], now=NOW)
    assert await last_use_after_a_check_at(NOW) == NOW
    assert await last_use_after_a_check_at(NOW + timedelta(seconds=59)) == NOW
    assert await last_use_after_a_check_at(NOW + MINUTE) == NOW + MINUTE
    async with db.read() as c:  # a reader cannot write, and need not
        assert await tokens.check(c, token, now=NOW + 10 * MINUTE)


# --- blocks --------------------------------------------------------------------------------------------------------


async def test_a_block_is_kept_once_as_it_is_compared(db, site):
    async with db.write() as c:
        first = await blocks.add(c, site.id, "authority", "WWW.Spam.example", note="links only", now=NOW)
        again = await blocks.add(c, site.id, "authority", "spam.example", note="again", now=NOW + MINUTE)
        prefix = await blocks.add(c, site.id, "url_prefix", "https://x.example/~troll", now=NOW)
        author = await blocks.add(c, site.id, "author", "https://x.example/@troll", now=NOW)
        assert (first.value, first.note, first.created_at) == ("spam.example", "links only", NOW)
        assert again == first
        assert await blocks.for_site(c, site.id) == await blocks.list(c, site.id) == [first, prefix, author]


async def test_many_blocks_are_added_at_once_each_of_them_once(db, site):
    async with db.write() as c:
        await blocks.add(c, site.id, "authority", "known.example", now=NOW)
        rules = [(blocks.checked("authority", f"spam{n}.example"), f"note {n}") for n in range(300)]
        again = [(blocks.checked("authority", "www.spam0.example"), "later"), (rules[7][0], "x")]
        known = (blocks.checked("authority", "known.example"), "new note")
        assert await blocks.add_many(c, site.id, [*rules, *again, known], now=NOW, actor="token:1") == 300
        assert await blocks.add_many(c, site.id, rules, now=NOW) == 0
        assert await blocks.add_many(c, site.id, [], now=NOW) == 0
        listed = await blocks.list(c, site.id)
        trail = await audit.for_site(c, site.id, limit=1000)
    assert [(each.value, each.note) for each in listed][1:3] == [
        ("spam0.example", "note 0"),
        ("spam1.example", "note 1"),
    ]
    assert len(listed) == 301
    assert {(each.what, each.block_id) for each in trail} == {(f"authority {each.value}", each.id) for each in listed}


async def test_a_block_is_lifted_by_what_it_names(db, site):
    async with db.write() as c:
        await blocks.add(c, site.id, "authority", "spam.example", now=NOW)
        assert await blocks.remove(c, site.id, "authority", "www.spam.example", now=NOW) is True
        assert await blocks.remove(c, site.id, "authority", "spam.example", now=NOW) is False
        assert await blocks.list(c, site.id) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [("authority", ""), ("authority", "a/b"), ("url_prefix", "spam.example"), ("author", "  "), ("colour", "red")],
)
async def test_a_block_that_could_never_be_hit_is_refused(db, site, kind, value):
    with pytest.raises(InvalidRequest):
        async with db.write() as c:
            await blocks.add(c, site.id, kind, value, now=NOW)


async def test_the_blocks_of_one_site_are_not_those_of_another(db, site):
    async with db.write() as c:
        other = await sites.add(c, "other.example", now=NOW)
        await blocks.add(c, site.id, "authority", "spam.example", now=NOW)
        assert await blocks.list(c, other.id) == []
        assert await blocks.remove(c, other.id, "authority", "spam.example", now=NOW) is False

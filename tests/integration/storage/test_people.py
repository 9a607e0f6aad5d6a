"""People who have signed in, and their sessions, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mentions import identity
from mentions.model import Author, Authority, EntryState, PlainText, Protocol, Reaction, Url
from mentions.policy import Person
from mentions.storage import comments, entries, people, sessions, sites
from mentions.storage.entries import has_shown
from tests.integration.storage.making import NOW, reply, respond

ANN = identity.of_answer(
    {"way": "domain", "subject": "https://ann.example/", "name": "Ann", "photo": "https://a.example/1"}
)
MAIL = identity.of_email("bob@mail.example")
TYPED = Author(PlainText("Ann"), Url("https://ann.example/"))


async def typed(c, page, number: int, account: int | None = None, **facts) -> int:
    """A comment by whoever that is; its id."""
    said: Reaction = reply(f"Comment {number}", author=TYPED, authority=facts.pop("authority", Authority.CLAIMED))
    entry = await respond(
        c, page, f"https://responses.example/entries/{number}", said, protocol=Protocol.COMMENT, **facts
    )
    await comments.keep(c, entry.id, markdown=f"*{number}*", person_id=account)
    return entry.id


async def test_a_person_is_known_again_with_what_is_said_of_them_now(db, site):
    async with db.write() as c:
        first = await people.welcome(c, site.id, ANN, now=NOW)
        renamed = await people.welcome(c, site.id, replace(ANN, name=PlainText("Ann G."), photo=None), now=NOW)
        nameless = await people.welcome(c, site.id, MAIL, now=NOW)
        await people.remember(c, nameless.id, {"name": "Bob"})
        again = await people.welcome(c, site.id, MAIL, now=NOW + timedelta(days=1))
    assert (renamed.id, renamed.name, renamed.photo) == (first.id, "Ann G.", "https://a.example/1")
    assert (again.id, again.name, again.created_at, again.seen_at) == (
        nameless.id,
        "Bob",
        NOW,
        NOW + timedelta(days=1),
    )


async def test_a_person_is_of_one_site_and_goes_with_it(db, site):
    async with db.write() as c:
        other = await sites.add(c, "other.example", now=NOW)
        here, there = [await people.welcome(c, each.id, ANN, now=NOW) for each in (site, other)]
        token, _ = await sessions.begin(c, there.id, now=NOW)
        assert here.id != there.id
        await sites.remove(c, "other.example")
        assert await people.by_id(c, there.id) is None
        assert await sessions.check(c, token, now=NOW) is None
        assert await people.by_id(c, here.id) == here


async def test_a_session_holds_for_its_token_until_its_time_is_over(db, site):
    async with db.write() as c:
        ann = await people.welcome(c, site.id, ANN, now=NOW)
        token, expires_at = await sessions.begin(c, ann.id, now=NOW)
        session = await sessions.check(c, token, now=expires_at - timedelta(seconds=1))
        assert session.person == ann
        assert not session.is_to_be_prolonged(NOW + timedelta(hours=23))
        assert session.is_to_be_prolonged(NOW + timedelta(hours=25))
        assert await sessions.check(c, token, now=expires_at) is None
        assert await sessions.check(c, "\ud800", now=NOW) is None
        assert await sessions.prolong(c, session, now=expires_at) > expires_at
        assert await sessions.check(c, token, now=expires_at) is not None
        await sessions.end(c, session.id)
        assert await sessions.check(c, token, now=NOW) is None


async def test_what_somebody_has_written_is_theirs_until_it_is_withdrawn(db, site, page):
    async with db.write() as c:
        ann, bob = [await people.welcome(c, site.id, who, now=NOW) for who in (ANN, MAIL)]
        first, second, gone = [await typed(c, page, number, ann.id) for number in (1, 2, 3)]
        await typed(c, page, 4, bob.id)
        await typed(c, page, 5)
        await entries.withdraw(c, gone, now=NOW, actor="author")
        assert [each.entry.id for each in await people.written_by(c, ann.id)] == [first, second]
        assert [each.markdown for each in await people.written_by(c, ann.id, after=first)] == ["*2*"]
        assert await people.written_by(c, ann.id, page_id=page.id + 1) == []


async def test_trust_is_built_on_what_was_shown_of_an_account(db, site, page):
    async with db.write() as c:
        bob = await people.welcome(c, site.id, MAIL, now=NOW)
        held = await typed(c, page, 1, bob.id, state=EntryState.HELD)
        assert not await has_shown(c, site.id, {}, Person(account=bob.id))
        await entries.set_state(c, held, EntryState.SHOWN, now=NOW)
        assert await has_shown(c, site.id, {}, Person(account=bob.id))
        assert not await has_shown(c, site.id, {}, Person(account=bob.id + 1))
        assert not await has_shown(c, site.id, {}, Person(author=TYPED.url)), "the URL was only typed"


async def test_trust_in_a_domain_is_built_on_who_signed_in_by_it_and_not_on_who_typed_it(db, site, page):
    async with db.write() as c:
        ann = await people.welcome(c, site.id, ANN, now=NOW)
        for number in range(3):
            await typed(c, page, number)
        await typed(c, page, 8, authority=Authority.SIGNED_IN)  # came with an import: nobody has signed in here
        assert not await has_shown(c, site.id, {}, Person(author=TYPED.url))
        await typed(c, page, 9, ann.id, authority=Authority.SIGNED_IN)
        assert await has_shown(c, site.id, {}, Person(author=TYPED.url))
        assert not await has_shown(c, site.id, {}, Person(host="responses.example"))

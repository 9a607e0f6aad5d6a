"""What happens on a site goes out: signed, retried, logged, once for each id; on both databases."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from mentions.model import (
    Author,
    Change,
    Content,
    Entry,
    EntryState,
    Kind,
    PlainText,
    Protocol,
    Reaction,
    SafeHtml,
    Site,
    Url,
)
from mentions.moving import Moved
from mentions.storage import changes, comments, deliveries, entries, hooks, moving, pages, schema, sites
from mentions.storage.deliveries import FOLLOWER, DeliveryStatus, Message
from mentions.storage.hooks import Hook
from tests.peers import Peer, Pingable
from tests.peers.peer import Seen
from tests.support.waiting import eventually
from workers.jobs.deliver import OF_EACH, PUT_BACK_FOR, TICK_S, Deliverer
from workers.jobs.follow import follow_changes
from workers.kit import Kit

POST = "https://blog.example/post"


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, migrated_file: Path, tmp_path: Path) -> str:
    if request.param == "sqlite":
        path = tmp_path / "ymateb.sqlite3"
        path.write_bytes(migrated_file.read_bytes())
        return f"sqlite:///{path}"
    url = str(request.getfixturevalue("postgres_url"))
    schema.migrate(url)
    return url


class Inbox(Peer):
    """A consumer of webhooks; `status` is what it answers, one after the other and then the last for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses = [204]
        self.headers: dict[str, str] = {}
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.address_of_hook = self.url("/hook")
        self.handle("/hook", self._take)

    @property
    def letters(self) -> list[Seen]:
        return self.seen("/hook", method="POST")

    @property
    def told(self) -> list[str]:
        """The types of what came."""
        return [json.loads(letter.body)["type"] for letter in self.letters]

    @property
    def ids(self) -> list[str]:
        return [letter.headers["webhook-id"] for letter in self.letters]

    async def _take(self, _request: web.Request) -> web.Response:
        await self.is_open.wait()
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, text="so it is\n" if status != 204 else None, headers=self.headers)


class World:
    """A site with hooks, whose worker delivers when told to."""

    def __init__(self, kit: Kit, limits, site: Site) -> None:
        self.kit, self.limits, self.site = kit, limits, site
        self.deliverer = Deliverer(kit, limits)
        self.number = 0

    async def hook(self, url: str, **wishes) -> Hook:
        async with self.kit.db.write() as c:
            return await hooks.add(c, self.site.id, url, **wishes, now=self.kit.now())

    async def respond(self, text: str = "Well said", *, state: EntryState = EntryState.SHOWN, **facts) -> Entry:
        self.number += 1
        now = self.kit.now()
        reaction = Reaction(
            Kind.REPLY,
            author=Author(PlainText("Ann"), Url("https://ann.example/")),
            content=Content(SafeHtml(f"<p>{text}</p>"), PlainText(text)),
        )
        given = {"source": f"https://ann.example/{self.number}", "protocol": Protocol.WEBMENTION, "policy_version": 1}
        async with self.kit.db.write() as c:
            page = await pages.ensure(c, self.site.id, POST, now=now)
            entry = await entries.insert(
                c,
                site_id=self.site.id,
                page_id=page.id,
                target=POST,
                reaction=reaction,
                state=state,
                now=now,
                **(given | facts),
            )
            await self.tell(c, entry, Change.CREATED)
        return entry

    async def comment(self, html: str, *, parent: Entry | None = None, edit_token: str | None = "token") -> Entry:
        entry = await self.respond(
            html,
            protocol=Protocol.COMMENT,
            source=lambda entry_id: f"{self.kit.public_url}/entries/{entry_id}",
            parent_id=parent.id if parent else None,
        )
        async with self.kit.db.write() as c:
            await comments.keep(c, entry.id, markdown=html, edit_token=edit_token)
        return entry

    async def tell(self, c, entry: Entry, change: Change) -> int:
        return await changes.append(
            c,
            site_id=entry.site_id,
            page_id=entry.page_id,
            entry_id=entry.id,
            change=change,
            now=self.kit.now(),
        )

    async def become(self, entry: Entry, state: EntryState, change: Change) -> None:
        async with self.kit.db.write() as c:
            if state is EntryState.DELETED:
                await entries.withdraw(c, entry.id, now=self.kit.now())
            else:
                await entries.set_state(c, entry.id, state, now=self.kit.now(), actor="owner")
            await self.tell(c, entry, change)

    async def deliver(self) -> int:
        """Follows the changes, and sends what is due."""
        while await follow_changes(self.kit):
            pass
        return await self.deliverer.send_due()

    async def log(self) -> list[deliveries.Delivery]:
        """Oldest first."""
        async with self.kit.db.read() as c:
            return (await deliveries.list(c, self.site.id, limit=200))[::-1]

    async def statuses(self) -> list[str]:
        return [delivery.status.value for delivery in await self.log()]


@pytest_asyncio.fixture(loop_scope="session")
async def world(kit: Kit, limits):
    async with kit.db.write() as c:
        site = await sites.add(c, "blog.example", (), now=kit.now())
    return World(kit, limits, site)


@pytest_asyncio.fixture(loop_scope="session")
async def inbox():
    async with Inbox() as it:
        it.address_of_hook = it.url("/hook")
        yield it


def signatures(letter: Seen, secret: str) -> str:
    """What Standard Webhooks says that the signature has to be, written down once more."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{letter.headers['webhook-id']}.{letter.headers['webhook-timestamp']}.".encode() + letter.body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


# --- what is told ------------------------------------------------------------------------------------------------


async def test_a_response_is_told_signed_with_the_entry_and_its_cursor(world: World, inbox: Inbox, clock):
    hook = await world.hook(inbox.address_of_hook)
    entry = await world.respond()
    assert await world.deliver() == 1
    [letter] = inbox.letters
    assert letter.headers["Content-Type"] == "application/json"
    assert letter.headers["webhook-timestamp"] == str(int(clock().timestamp()))
    assert letter.headers["webhook-signature"] == signatures(letter, hook.secrets[0].text)
    told = json.loads(letter.body)
    assert (told["type"], told["data"]["change"], told["data"]["wm-id"]) == ("entry.created", "created", entry.id)
    assert told["data"]["wm-status"] == "shown"
    assert told["data"]["entry"]["content"]["text"] == "Well said"
    assert told["data"]["page"] == {"url": POST, "name": None}
    assert told["data"]["cursor"] > 0
    [kept] = await world.log()
    assert (kept.status, kept.attempts, kept.answer_status, kept.next_try_at) == ("delivered", 1, 204, None)
    assert await world.deliver() == 0


async def test_all_that_happens_is_told_and_what_is_gone_without_its_words(world: World, inbox: Inbox):
    await world.hook(inbox.address_of_hook)
    entry = await world.respond("secret words")
    await world.deliver()
    for state, change in (
        (EntryState.HIDDEN, Change.HIDDEN),
        (EntryState.SHOWN, Change.APPROVED),
        (EntryState.DELETED, Change.DELETED),
    ):
        await world.become(entry, state, change)
        await world.deliver()
    assert inbox.told == ["entry.created", "entry.hidden", "entry.approved", "entry.deleted"]
    gone = json.loads(inbox.letters[-1].body)["data"]
    assert (gone["wm-source"], gone["wm-target"]) == (entry.source, POST)
    assert "entry" not in gone
    assert b"secret words" not in inbox.letters[1].body + inbox.letters[-1].body


async def test_what_waits_for_moderation_is_told_only_to_who_asks_for_it(world: World, inbox: Inbox):
    async with Inbox() as other:
        await world.hook(inbox.address_of_hook)
        await world.hook(other.url("/hook"), events=["held"])
        entry = await world.respond(state=EntryState.HELD)
        await world.deliver()
        assert (inbox.told, other.told) == ([], ["entry.held"])
        await world.become(entry, EntryState.SHOWN, Change.APPROVED)
        await world.deliver()
        assert (inbox.told, other.told) == (["entry.approved"], ["entry.held"])


async def test_what_was_taken_back_before_it_was_sent_is_not_told(world: World, inbox: Inbox):
    await world.hook(inbox.address_of_hook, events=["created", "deleted"])
    entry = await world.respond()
    await world.become(entry, EntryState.DELETED, Change.DELETED)
    await world.deliver()
    assert inbox.told == ["entry.deleted"]
    assert sorted(await world.statuses()) == ["delivered", "skipped"]


async def test_a_hook_hears_of_its_own_site_and_nothing_from_before_it_was_there(world: World, inbox: Inbox):
    await world.respond()
    await world.hook(inbox.address_of_hook)
    async with world.kit.db.write() as c:
        other = await sites.add(c, "other.example", (), now=world.kit.now())
        page = await pages.ensure(c, other.id, "https://other.example/", now=world.kit.now())
        await changes.append(
            c, site_id=other.id, page_id=page.id, entry_id=1, change=Change.DELETED, now=world.kit.now()
        )
    await world.deliver()
    assert inbox.letters == []


async def test_a_new_secret_signs_beside_the_old_one_until_that_expires(world: World, inbox: Inbox, clock):
    hook = await world.hook(inbox.address_of_hook)
    async with world.kit.db.write() as c:
        newer = await hooks.rotate(c, hook, keep=timedelta(hours=1), now=clock())
    await world.respond()
    await world.deliver()
    clock.move_on(hours=1)
    await world.respond()
    await world.deliver()
    both, later = inbox.letters
    old, new = hook.secrets[0].text, newer.secrets[0].text
    assert old != new
    assert both.headers["webhook-signature"].split() == [signatures(both, new), signatures(both, old)]
    assert later.headers["webhook-signature"] == signatures(later, new)


async def test_the_older_form_is_webmention_ios_byte_for_byte(world: World, inbox: Inbox):
    await world.hook(inbox.address_of_hook, kind="webmention.io", secret="tomato")
    entry = await world.respond("Well said / “ŵ”")
    await world.deliver()
    await world.become(entry, EntryState.DELETED, Change.DELETED)
    await world.deliver()
    shown, gone = inbox.letters
    start = f'{{"secret":"tomato","source":"{entry.source}","target":"{POST}","private":false,"post":'
    post = json.loads(shown.body)["post"]
    assert shown.body.decode() == start + json.dumps(post, ensure_ascii=False, separators=(",", ":")) + "}"
    theirs = ["type", "author", "url", "published", "published_ts", "wm-received", "wm-id", "wm-source", "wm-target",
              "wm-protocol", "content", "in-reply-to", "wm-property", "wm-private"]  # fmt: skip
    assert list(post)[: len(theirs)] == theirs
    assert gone.body.decode() == (
        f'{{"secret":"tomato","source":"{entry.source}","target":"{POST}","private":false,"deleted":true}}'
    )
    for letter in inbox.letters:
        digest = hmac.digest(b"tomato", letter.body, hashlib.sha256).hex()
        assert letter.headers["X-Webmention-Signature"] == f"sha256={digest}"


# --- when it does not arrive -------------------------------------------------------------------------------------


async def test_what_fails_is_tried_again_later_and_later_under_the_same_id_and_given_up_in_the_end(
    world: World, inbox: Inbox, clock
):
    inbox.statuses = [500]
    await world.hook(inbox.address_of_hook)
    await world.respond()
    assert await world.deliver() == 1
    for tries, pause_s in enumerate((60, 300, 1800, 7200, 43200), 1):
        [kept] = await world.log()
        assert (kept.status, kept.attempts, kept.answer_status) == ("waiting", tries, 500)
        clock.move_on(seconds=pause_s - 1)
        assert await world.deliver() == 0
        clock.move_on(seconds=pause_s * 0.1 + 2)
        assert await world.deliver() == 1
    clock.move_on(days=2)
    assert await world.deliver() == 0
    [kept] = await world.log()
    assert (kept.status, kept.attempts, kept.error) == ("given_up", 6, "so it is\n")
    inbox.statuses = [200]
    async with world.kit.db.write() as c:
        await deliveries.send_again(c, kept.id, now=clock())
    assert await world.deliver() == 1
    assert (await world.statuses(), len(inbox.ids), len(set(inbox.ids))) == (["delivered"], 7, 1)


async def test_a_receiver_that_asks_for_more_time_gets_it(world: World, inbox: Inbox, clock):
    inbox.statuses, inbox.headers = [503, 200], {"Retry-After": "1000"}
    await world.hook(inbox.address_of_hook)
    await world.respond()
    await world.deliver()
    clock.move_on(seconds=999)
    assert await world.deliver() == 0
    clock.move_on(seconds=2)
    assert await world.deliver() == 1
    assert await world.statuses() == ["delivered"]


@pytest.mark.parametrize("status", [400, 404, 301])
async def test_a_refusal_is_final_for_that_message_and_for_no_other(world: World, inbox: Inbox, clock, status: int):
    inbox.statuses = [status, 200]
    await world.hook(inbox.address_of_hook)
    await world.respond()
    await world.deliver()
    await world.respond()
    clock.move_on(days=2)
    assert await world.deliver() == 1
    assert await world.statuses() == ["failed", "delivered"]


async def test_a_410_silences_the_hook_until_it_is_enabled_again(world: World, inbox: Inbox, clock):
    inbox.statuses = [500, 410, 200]
    hook = await world.hook(inbox.address_of_hook)
    await world.respond()
    await world.deliver()
    await world.respond()
    await world.deliver()
    await world.respond()
    clock.move_on(days=1)
    assert await world.deliver() == 0
    assert await world.statuses() == ["given_up", "failed"]
    async with world.kit.db.write() as c:
        silenced = await hooks.get(c, hook.id)
        assert silenced is not None
        assert (silenced.disabled_at is not None, silenced.disabled_why) == (True, "it answered 410: Gone")
        await hooks.enable(c, silenced, now=clock())
    await world.respond()
    await world.deliver()
    assert len(inbox.letters) == 3


async def test_a_hook_that_is_enabled_twice_misses_nothing_in_between(world: World, inbox: Inbox, clock):
    hook = await world.hook(inbox.address_of_hook)
    async with world.kit.db.write() as c:
        assert await hooks.disable(c, hook.id, "it answered 410: Gone", now=clock())
        silenced = await hooks.get(c, hook.id)
    assert silenced is not None
    async with world.kit.db.write() as c:
        enabled = await hooks.enable(c, silenced, now=clock())
    await world.respond()
    async with world.kit.db.write() as c:
        assert await hooks.enable(c, silenced, now=clock()) == enabled
    await world.deliver()
    assert len(inbox.letters) == 1


@asynccontextmanager
async def a_late_410(world: World, inbox: Inbox) -> AsyncIterator[Hook]:
    """While it lasts a message is under way to a hook, whose 410 comes at the end and must leave the hook as it is."""
    inbox.statuses = [410]
    hook = await world.hook(inbox.address_of_hook)
    await world.respond()
    await follow_changes(world.kit)
    inbox.is_open.clear()
    sending = asyncio.create_task(world.deliverer.send_due())
    await eventually(lambda: len(inbox.letters) == 1)
    yield hook
    inbox.is_open.set()
    await sending
    async with world.kit.db.read() as c:
        now = await hooks.get(c, hook.id)
    assert now is not None
    assert now.disabled_at is None


async def test_a_late_410_says_nothing_of_a_hook_that_was_enabled_meanwhile(world: World, inbox: Inbox, clock):
    async with a_late_410(world, inbox) as hook, world.kit.db.write() as c:
        assert await hooks.disable(c, hook.id, "it answered 410: Gone", now=clock())
        await hooks.enable(c, hook, now=clock())
    assert await world.statuses() == ["given_up"]


async def test_a_late_410_of_a_message_that_was_put_anew_silences_nobody(world: World, inbox: Inbox, clock):
    async with a_late_410(world, inbox), world.kit.db.write() as c:  # as another worker does that takes over
        await deliveries.let_go(c, now=clock())
        await deliveries.take_due(c, now=clock() + timedelta(seconds=1), of_each=1, room=1)


@pytest.mark.parametrize("hanging", [1, 20])
async def test_hooks_that_hang_keep_nobody_waiting_but_themselves(world: World, inbox: Inbox, hanging: int):
    async with AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(Inbox()) for _ in range(hanging)]
        for each in silent:
            each.is_open.clear()
            await world.hook(each.url("/hook"))
        for _ in range(6):
            await world.respond()
        await follow_changes(world.kit)
        sending = asyncio.create_task(world.deliverer.send_due())
        await eventually(lambda: [len(each.letters) for each in silent] == [OF_EACH] * hanging)
        await world.hook(inbox.address_of_hook)
        await world.respond()
        await follow_changes(world.kit)
        assert await world.deliverer.send_due() == 1
        assert inbox.told == ["entry.created"]
        for each in silent:
            each.is_open.set()
        assert await sending == OF_EACH * hanging
        while await world.deliver():
            pass
    assert await world.statuses() == ["delivered"] * (7 * hanging + 1)


async def test_a_host_whose_places_a_dead_worker_holds_costs_no_try(world: World, inbox: Inbox, clock):
    await world.hook(inbox.address_of_hook)
    await world.respond()
    held = [await world.limits.acquire(inbox.authority, 4, 45.0) for _ in range(4)]
    impatient = Deliverer(world.kit, world.limits, budget_s=0.2)
    await follow_changes(world.kit)
    assert await impatient.send_due() == 1
    [waiting] = await world.log()
    assert (waiting.status, waiting.attempts, waiting.error) == ("waiting", 0, "no turn at this host in time")
    assert waiting.next_try_at == clock() + PUT_BACK_FOR
    for token in held:
        await world.limits.release(inbox.authority, token)
    clock.move_on(seconds=PUT_BACK_FOR.total_seconds())
    assert await world.deliverer.send_due() == 1
    assert await world.statuses() == ["delivered"]


async def test_where_places_are_few_those_come_first_who_have_none(world: World, inbox: Inbox):
    first, second = await world.hook(inbox.address_of_hook), await world.hook(inbox.address_of_hook)
    for _ in range(6):
        await world.respond()
    await follow_changes(world.kit)
    async with world.kit.db.write() as c:
        taken = await deliveries.take_due(c, now=world.kit.now(), of_each=4, room=5, busy=[(first.id, 2)])
    assert [each.hook_id for each in taken] == [second.id] * 4 + [first.id]


async def test_a_forbidden_address_is_not_asked_at_all(world: World):
    await world.hook("http://10.0.0.1/hook")
    await world.respond()
    await world.deliver()
    [kept] = await world.log()
    assert (kept.status, kept.answer_status) == ("failed", None)
    assert kept.error


async def test_a_swarm_goes_out_as_fast_as_the_consumer_takes_it(world: World, inbox: Inbox):
    await world.hook(inbox.address_of_hook)
    for _ in range(60):
        await world.respond()
    running = asyncio.create_task(world.deliverer.run())
    try:
        await eventually(
            lambda: len(set(inbox.ids)) == 60, within_s=60 * TICK_S / 2, what="it goes faster than by the tick"
        )
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(inbox.ids) == 60
    assert await Deliverer(world.kit, world.limits).lead(), "who stops in order lets the next one begin at once"


# --- restarts ----------------------------------------------------------------------------------------------------


async def test_whoever_looks_at_the_changes_twice_makes_each_message_once(world: World, inbox: Inbox):
    await world.hook(inbox.address_of_hook)
    for _ in range(10):
        await world.respond()
    await asyncio.gather(*(follow_changes(world.kit, batch=3) for _ in range(8)))
    async with world.kit.db.write() as c:  # as if the position had not been kept
        happened = await changes.since(c, 0)
        [hook] = await hooks.active(c)
        await deliveries.add(c, [deliveries.message_of(hook.id, each) for each in happened], now=world.kit.now())
    while await world.deliver():
        pass
    assert len(inbox.ids) == len(set(inbox.ids)) == 10
    async with world.kit.db.read() as c:
        assert await changes.position(c, FOLLOWER) == happened[-1].cursor


async def test_what_a_worker_had_begun_when_it_died_is_sent_by_the_next_under_the_same_id(
    world: World, inbox: Inbox, clock
):
    await world.hook(inbox.address_of_hook)
    await world.respond()
    inbox.is_open.clear()
    assert await world.deliverer.lead()
    await follow_changes(world.kit)
    [task] = await world.deliverer._begin_due()
    while not inbox.letters:
        await asyncio.sleep(0.01)
    task.cancel()  # as dead as can be: nothing was kept of what came of it
    await asyncio.gather(task, return_exceptions=True)
    inbox.is_open.set()
    next_one = Deliverer(world.kit, world.limits)
    assert not await next_one.lead()
    assert await next_one.send_due() == 0
    assert world.deliverer._token is not None
    await world.limits.release("deliveries", world.deliverer._token)  # as it ends by itself
    assert await next_one.lead()
    assert await next_one.send_due() == 1
    assert (len(inbox.ids), len(set(inbox.ids)), await world.statuses()) == (2, 1, ["delivered"])


async def test_an_answer_that_comes_too_late_changes_nothing(world: World, inbox: Inbox, clock):
    await world.hook(inbox.address_of_hook)
    await world.respond()
    await follow_changes(world.kit)
    async with world.kit.db.write() as c:
        [first] = await deliveries.take_due(c, now=clock(), of_each=4, room=9)
        clock.move_on(minutes=3)
        [second] = await deliveries.take_due(c, now=clock(), of_each=4, room=9)
        assert not await deliveries.settle(c, first, DeliveryStatus.FAILED, deliveries.Answer(400))
        assert await deliveries.settle(c, second, DeliveryStatus.DELIVERED, deliveries.Answer(200))
    assert await world.statuses() == ["delivered"]


async def test_a_replay_sends_again_what_happened_after_a_cursor(world: World, inbox: Inbox):
    hook = await world.hook(inbox.address_of_hook)
    for _ in range(3):
        await world.respond()
    await world.deliver()
    async with world.kit.db.write() as c:
        happened = await changes.since(c, 0)
        again = [deliveries.message_of(hook.id, each) for each in happened[1:]]
        assert await deliveries.add(c, again, now=world.kit.now(), again=True) == 2
    assert await world.deliver() == 2
    assert sorted(inbox.ids) == sorted([*set(inbox.ids), *(message.message_id for message in again)])


async def test_the_log_is_kept_for_a_month_and_where_comments_were_sent_as_long_as_they(
    world: World, inbox: Inbox, clock
):
    await world.hook(inbox.address_of_hook)
    async with Pingable() as peer:
        entry = await world.comment(f'<a href="{peer.page()}">this</a>')
        clock.move_on(minutes=1)
        await world.deliver()
        assert peer.webmentions
    clock.move_on(days=31)
    async with world.kit.db.write() as c:
        assert await deliveries.prune(c, clock() - deliveries.KEPT) == 1
    assert [each.event for each in await world.log()] == ["webmention"]
    await world.become(entry, EntryState.DELETED, Change.DELETED)
    async with world.kit.db.write() as c:
        assert await deliveries.prune(c, clock() - deliveries.KEPT) == 1


# --- rebuilding --------------------------------------------------------------------------------------------------


async def bring_in(world: World, count: int) -> None:
    """An import of so many responses."""
    records = [
        Moved(
            ref=str(number),
            source=f"https://old.example/{number}",
            target=POST,
            protocol=Protocol.WEBMENTION,
            reaction=Reaction(Kind.LIKE),
            received_at=world.kit.now(),
        )
        for number in range(count)
    ]
    digest = hashlib.sha256(str(count).encode()).digest()
    await moving.bring_in(world.kit.db, world.site, records, form="wxr", digest=digest, clock=world.kit.now)


async def follow_all(world: World) -> None:
    while await follow_changes(world.kit):
        pass


@pytest.mark.parametrize("kind", ["standard", "webmention.io"])
async def test_an_import_floods_no_hook(world: World, inbox: Inbox, kind: str):
    await world.hook(inbox.address_of_hook, kind=kind)
    await bring_in(world, 450)
    await follow_all(world)
    assert await world.deliverer.send_due() == 0
    await world.respond()
    await follow_all(world)
    assert await world.deliverer.send_due() == 1, "what happens afterwards is told"


async def test_what_was_brought_in_is_told_of_when_something_happens_to_it(world: World, inbox: Inbox):
    await world.hook(inbox.address_of_hook)
    await bring_in(world, 3)
    async with world.kit.db.write() as c:
        last = (await changes.since(c, 0, 10))[-1]
        await changes.append(
            c, site_id=last.site_id, page_id=last.page_id, entry_id=last.entry_id, change=Change.UPDATED, now=last.at
        )
    await follow_all(world)
    await world.deliverer.send_due()
    assert inbox.told == ["entry.updated"]


async def test_an_import_builds_the_site_once(world: World, inbox: Inbox, clock):
    await world.hook(inbox.address_of_hook, kind="rebuild", quiet_s=60, every_s=300)
    await bring_in(world, 450)
    await follow_all(world)
    clock.move_on(seconds=61)
    await follow_all(world)
    await world.deliverer.send_due()
    clock.move_on(hours=1)
    await world.deliverer.send_due()
    assert inbox.told == ["rebuild"]


async def test_a_site_is_built_again_once_it_has_been_quiet(world: World, inbox: Inbox, clock):
    await world.hook(inbox.address_of_hook, kind="rebuild", quiet_s=60, every_s=600)
    for _ in range(5):
        await world.respond()
        assert await world.deliver() == 0
        clock.move_on(seconds=50)
    assert await world.deliver() == 0
    clock.move_on(seconds=11)
    assert await world.deliver() == 1
    await world.respond()
    clock.move_on(seconds=61)
    assert await world.deliver() == 0  # quiet, but too soon after the last time
    clock.move_on(seconds=540)
    assert await world.deliver() == 1
    assert inbox.told == ["rebuild", "rebuild"]
    assert await world.deliver() == 0


async def test_a_site_that_is_never_quiet_is_built_again_all_the_same(world: World, inbox: Inbox, clock):
    await world.hook(inbox.address_of_hook, kind="rebuild", quiet_s=60, every_s=300)
    for _ in range(30):
        await world.respond()
        await world.deliver()
        clock.move_on(seconds=30)
    assert 2 <= len(inbox.letters) <= 3


# --- webmentions -------------------------------------------------------------------------------------------------


async def test_a_comment_is_sent_to_what_it_answers_and_links_to(world: World, clock):
    async with Pingable() as answered, Pingable() as linked:
        parent = await world.respond(source=answered.page("/reply"))
        words = f'<a href="{linked.page("/a")}">a</a> <a href="{linked.url("/none")}">none</a> <a href="{POST}">up</a>'
        comment = await world.comment(words, parent=parent)
        assert await world.deliver() == 0  # it may be corrected at once
        clock.move_on(minutes=1)
        await world.deliver()
        permalink = f"{world.kit.public_url}/entries/{comment.id}"
        assert answered.webmentions == [(permalink, answered.url("/reply"))]
        assert linked.webmentions == [(permalink, linked.url("/a"))]
        assert sorted(await world.statuses()) == ["delivered", "delivered", "skipped"]


async def test_whoever_was_told_of_a_comment_is_told_of_its_changes_and_of_its_end(world: World, clock):
    async with Pingable() as peer:
        parent = await world.respond(source=peer.page("/reply"))
        comment = await world.comment("first", parent=parent)
        for change, state in ((None, None), (Change.UPDATED, EntryState.SHOWN), (Change.DELETED, EntryState.DELETED)):
            if change is not None and state is not None:
                await world.become(comment, state, change)
            await world.deliver()
            clock.move_on(minutes=1)
            await world.deliver()
        assert len(peer.webmentions) == 3
        assert await world.statuses() == ["delivered"]


async def test_a_comment_that_went_before_it_was_told_is_not_told(world: World, clock):
    async with Pingable() as peer:
        comment = await world.comment(f'<a href="{peer.page()}">a</a>')
        await world.deliver()
        await world.become(comment, EntryState.DELETED, Change.DELETED)
        await world.deliver()
        clock.move_on(minutes=1)
        await world.deliver()
        assert (peer.webmentions, await world.log()) == ([], [])


async def test_a_comment_that_was_brought_in_from_elsewhere_speaks_to_nobody(world: World, clock):
    async with Pingable() as peer:
        await world.comment(f'<a href="{peer.page()}">a</a>', edit_token=None)
        await world.deliver()
        clock.move_on(minutes=1)
        assert await world.deliver() == 0
        assert peer.webmentions == []


async def test_a_comment_full_of_links_is_sent_to_ten_of_them(world: World, clock):
    async with Pingable() as peer:
        await world.comment(" ".join(f'<a href="{peer.page(f"/{n}")}">{n}</a>' for n in range(15)))
        await world.deliver()
        clock.move_on(minutes=1)
        while await world.deliver():
            pass
        assert len(peer.webmentions) == 10


async def told(world: World, clock) -> None:
    """All that has happened is told to whom it concerns."""
    await world.deliver()
    clock.move_on(minutes=2)
    await world.deliver()


async def test_a_comments_upstream_hears_of_each_change_of_the_responses_below_it_and_of_nothing_else(
    world: World, clock
):
    async with Pingable() as upstream:
        answered = await world.respond(source=upstream.page("/reply"))
        comment = await world.comment("first", parent=answered)
        permalink = f"{world.kit.public_url}/entries/{comment.id}"
        await told(world, clock)
        assert upstream.webmentions == [(permalink, answered.source)]
        answer = await world.respond("Hear, hear", parent_id=comment.id)
        await told(world, clock)
        assert upstream.webmentions == [(permalink, answered.source)] * 2
        async with world.kit.db.write() as c:
            await world.tell(c, answer, Change.UPDATED)  # nothing that one sees
        await world.respond("Elsewhere", parent_id=answered.id)
        await world.respond("What that says of others is for them to tell", parent_id=answer.id)
        await told(world, clock)
        assert len(upstream.webmentions) == 2
        await world.become(answer, EntryState.HIDDEN, Change.HIDDEN)
        await told(world, clock)
        assert upstream.webmentions == [(permalink, answered.source)] * 3


async def test_what_is_typed_below_a_comment_is_told_upstream_as_deep_as_it_hangs(world: World, clock):
    async with Pingable() as upstream:
        comment = await world.comment("first", parent=await world.respond(source=upstream.page("/reply")))
        await told(world, clock)
        second = await world.comment("second", parent=comment)
        third = await world.comment("third", parent=second)
        await told(world, clock)
        assert len(upstream.webmentions) == 2
        await world.respond("From elsewhere", parent_id=third.id)
        await told(world, clock)
        assert upstream.webmentions == [upstream.webmentions[0]] * 3


async def test_a_swarm_below_a_comment_is_told_upstream_in_one_go_and_six_times_an_hour(world: World, clock):
    async with Pingable() as upstream:
        comment = await world.comment("first", parent=await world.respond(source=upstream.page("/reply")))
        await told(world, clock)
        for _ in range(5):
            await world.respond(parent_id=comment.id)
            await world.deliver()
            clock.move_on(seconds=5)
        await told(world, clock)
        assert len(upstream.webmentions) == 2
        for _ in range(10):
            await world.respond(parent_id=comment.id)
            await told(world, clock)
        assert len(upstream.webmentions) == 1 + 6
        clock.move_on(hours=1)
        await world.deliver()
        assert len(upstream.webmentions) == 1 + 6 + 1  # the rest of them, together


async def test_answers_that_came_before_a_comment_was_told_are_told_with_it(world: World, clock):
    async with Pingable() as upstream:
        comment = await world.comment("first", parent=await world.respond(source=upstream.page("/reply")))
        answer = await world.respond(parent_id=comment.id)
        await told(world, clock)
        assert len(upstream.webmentions) == 1
        await world.become(answer, EntryState.DELETED, Change.DELETED)
        await told(world, clock)
        assert len(upstream.webmentions) == 2


async def test_whoever_takes_no_webmentions_is_not_asked_again_for_every_answer(world: World, clock):
    async with Pingable() as deaf, Pingable() as refusing:
        refusing.webmention_status = 400
        words = f'<a href="{deaf.page("/a", webmention=None)}">a</a> <a href="{refusing.page("/b")}">b</a>'
        comment = await world.comment(words)
        await told(world, clock)
        asked = len(deaf.requests), len(refusing.requests)
        await world.respond(parent_id=comment.id)
        await told(world, clock)
        assert (len(deaf.requests), len(refusing.requests)) == asked


@pytest.mark.parametrize(("status", "expected"), [(503, "waiting"), (400, "failed")])
async def test_a_webmention_that_fails_is_tried_again_or_turned_down_for_good(world: World, clock, status, expected):
    async with Pingable() as peer:
        peer.webmention_status = status
        await world.comment(f'<a href="{peer.page()}">a</a>')
        await world.deliver()
        clock.move_on(minutes=1)
        await world.deliver()
        assert await world.statuses() == [expected]


async def test_a_page_that_takes_only_pingbacks_gets_one(world: World, clock):
    async with Pingable() as peer:
        page = peer.page("/old", webmention=None, pingback="link")
        comment = await world.comment(f'<a href="{page}">a</a>')
        await world.deliver()
        clock.move_on(minutes=1)
        await world.deliver()
        assert peer.pingbacks == [(f"{world.kit.public_url}/entries/{comment.id}", page)]
        assert await world.statuses() == ["delivered"]


@pytest.mark.parametrize("fault", [429, 50])
async def test_a_pingback_that_is_put_off_is_sent_again(world: World, clock, fault: int):
    """WordPress takes one comment of a sender in fifteen seconds and answers the next with fault 429."""
    async with Pingable() as peer:
        page = peer.page("/old", webmention=None, pingback="link")
        await world.comment(f'<a href="{page}">a</a>')
        await world.deliver()
        peer.pingback_fault = fault
        clock.move_on(minutes=1)
        await world.deliver()
        assert await world.statuses() == ["waiting"]
        peer.pingback_fault = None
        clock.move_on(minutes=2)
        await world.deliver()
        assert (len(peer.pingbacks), await world.statuses()) == (2, ["delivered"])


async def test_a_test_message_tells_of_nothing(world: World, inbox: Inbox, clock):
    async with Inbox() as older:
        for url, kind in ((inbox.address_of_hook, "standard"), (older.url("/hook"), "webmention.io")):
            hook = await world.hook(url, kind=kind)
            async with world.kit.db.write() as c:
                await deliveries.add(
                    c, [Message(hook.id, hook.site_id, f"test_{hook.id}", "test", clock())], now=clock()
                )
        await world.deliver()
        assert json.loads(inbox.letters[0].body)["data"] == {"site": "blog.example"}
        assert json.loads(older.letters[0].body)["deleted"] is True


async def test_whoever_is_stopped_in_the_moment_of_an_answer_stops(world: World):
    """On Python 3.11 `asyncio.wait_for` misses a cancellation that comes together with what is waited for."""
    running = asyncio.create_task(world.deliverer.run())
    has_room = world.deliverer._has_room
    await eventually(lambda: bool(has_room._waiters))
    has_room.set()
    running.cancel()
    await asyncio.wait([running], timeout=5)
    assert running.cancelled()

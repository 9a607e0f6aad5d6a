"""The authors' pictures: from a mention to `wm-avatar`, and never more requests than are needed."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from mentions.jf2 import entry_to_jf2
from mentions.model import Entry, EntryState
from mentions.storage import changes, entries
from mentions.storage.avatars import PREFIX, Avatars
from mentions.streams.limits import Limits
from tests.integration.workers.conftest import PUBLIC, Clock, Journeys
from tests.peers import Blog
from workers.jobs.portraits import REFRESH_AFTER, ROUND, Portraits
from workers.kit import Kit

SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
def avatars(tmp_path: Path) -> Avatars:
    return Avatars(tmp_path)


@pytest.fixture
def portraits(kit: Kit, limits: Limits, avatars: Avatars) -> Portraits:
    return Portraits(kit, limits, avatars)


def picture(colour: str = "red", kind: str = "PNG") -> bytes:
    out = BytesIO()
    Image.new("RGB", (400, 300), colour).save(out, kind)
    return out.getvalue()


async def mention(receive: Journeys, blog: Blog, post: str, photo: str | None, path: str = "/reply") -> Entry:
    """A reply by somebody who has a photo, or none."""
    face = "" if photo is None else f'<img class="u-photo" src="{photo}" alt="">'
    source = blog.serve(
        path,
        f'<article class="h-entry"><div class="p-author h-card"><a class="u-url p-name" href="/">Ann</a>'
        f'{face}</div><a class="u-in-reply-to" href="{post}">re</a></article>',
    )
    entry = await receive.entry(await receive(source, post))
    assert entry.reaction.author.photo == photo
    return entry


async def now_of(kit: Kit, entry: Entry) -> Entry:
    async with kit.db.read() as c:
        found = await entries.get(c, entry.id)
    assert found is not None
    return found


async def test_a_mention_gets_its_authors_picture_from_our_cache(
    kit: Kit, receive: Journeys, avatars: Avatars, portraits: Portraits, mine: Blog, blog: Blog
):
    post = mine.page()
    photo = blog.serve("/ann.png", picture(), content_type="image/png")
    entry = await mention(receive, blog, post, photo)
    async with kit.db.read() as c:
        version = await entries.version(c, [entry.page_id])
        told = await changes.latest(c)
    kit.now.move_on(seconds=1)  # type: ignore[attr-defined]
    assert await portraits.look() == 1
    new = await now_of(kit, entry)
    page = await receive.page_of(post)
    assert page is not None
    assert new.avatar is not None
    assert entry_to_jf2(new, page, PUBLIC)["wm-avatar"] == PUBLIC + new.avatar
    webp = avatars.read(new.avatar.removeprefix(PREFIX))
    assert webp is not None
    assert Image.open(BytesIO(webp)).size == (256, 192)
    assert new.revision == entry.revision
    async with kit.db.read() as c:
        assert await entries.version(c, [entry.page_id]) != version, "made fragments are made anew"
        assert await changes.latest(c) == told, "a picture is no news"


async def test_one_request_serves_all_entries_of_an_author(
    kit: Kit, receive: Journeys, portraits: Portraits, mine: Blog, blog: Blog
):
    post = mine.page()
    photo = blog.serve("/ann.jpg", picture(kind="JPEG"), content_type="image/jpeg")
    for number in range(3):
        await mention(receive, blog, post, photo, f"/reply/{number}")
    assert await portraits.look() == 3
    assert await portraits.look() == 0
    assert len(blog.seen("/ann.jpg")) == 1


async def test_entries_that_are_not_shown_ask_for_nothing(
    kit: Kit, receive: Journeys, portraits: Portraits, mine: Blog, blog: Blog
):
    photo = blog.serve("/ann.png", picture(), content_type="image/png")
    entry = await mention(receive, blog, mine.page(), photo)
    async with kit.db.write() as c:
        await entries.set_state(c, entry.id, EntryState.HELD, now=kit.now())
    assert await portraits.look() == 0
    assert blog.seen("/ann.png") == []


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (404, b"", "text/html"),
        (200, SVG, "image/svg+xml"),
        (200, SVG, "image/png"),
        (200, picture()[:100], "image/png"),
        (200, picture(), "text/html"),
        (200, b"\0" * (1 << 20) + b"\0", "image/png"),
    ],
    ids=["gone", "svg", "svg in disguise", "half a picture", "not called a picture", "too large"],
)
async def test_a_photo_that_cannot_be_had_is_not_asked_for_again_the_same_day(
    status: int, body: str | bytes, content_type: str, kit: Kit, receive: Journeys, limits: Limits, avatars: Avatars,
    portraits: Portraits, mine: Blog, blog: Blog, clock: Clock,
):  # fmt: skip
    photo = blog.serve("/ann", body, status=status, content_type=content_type)
    entry = await mention(receive, blog, mine.page(), photo)
    for _ in range(3):
        assert await portraits.look() == 0
        clock.move_on(seconds=ROUND.total_seconds() + 1)
    assert await Portraits(kit, limits, avatars).look() == 0, "another worker, the same day"
    assert (await now_of(kit, entry)).avatar is None
    assert len(blog.seen("/ann")) == 1


async def test_a_photo_that_can_be_had_later_is_shown_later(
    kit: Kit, receive: Journeys, limits: Limits, avatars: Avatars, mine: Blog, blog: Blog, clock: Clock
):
    photo = blog.serve("/ann.png", b"", status=503)
    await mention(receive, blog, mine.page(), photo)
    patient = Portraits(kit, limits, avatars, try_again_after=timedelta(milliseconds=1))
    assert await patient.look() == 0
    blog.serve("/ann.png", picture(), content_type="image/png")
    assert await patient.look() == 0, "the end of the walk"
    clock.move_on(seconds=ROUND.total_seconds())
    assert [await patient.look() for _ in range(2)] == [0, 1]


async def test_a_picture_is_refreshed_after_a_week_or_when_its_file_is_lost(
    kit: Kit, receive: Journeys, portraits: Portraits, mine: Blog, blog: Blog, clock: Clock, tmp_path: Path
):
    photo = blog.serve("/ann.png", picture("red"), content_type="image/png")
    entry = await mention(receive, blog, mine.page(), photo)

    async def looks(*, after: timedelta) -> Entry:
        clock.move_on(seconds=after.total_seconds())
        for _ in range(3):
            await portraits.look()
        return await now_of(kit, entry)

    first = (await looks(after=timedelta())).avatar
    assert first is not None
    blog.serve("/ann.png", picture("blue"), content_type="image/png")
    assert (await looks(after=ROUND)).avatar == first
    assert len(blog.seen("/ann.png")) == 1
    second = (await looks(after=REFRESH_AFTER)).avatar
    assert second not in {None, first}
    assert len(blog.seen("/ann.png")) == 2
    for file in (tmp_path / "avatars").iterdir():
        file.unlink()
    assert (await looks(after=ROUND)).avatar == second
    assert [file.name for file in (tmp_path / "avatars").iterdir()] == [str(second).removeprefix(PREFIX)]


@pytest.mark.parametrize("other", ["/other.png", None])
async def test_another_photo_or_none_takes_the_place_of_the_picture(
    other: str | None, kit: Kit, receive: Journeys, portraits: Portraits, mine: Blog, blog: Blog, clock: Clock
):
    post = mine.page()
    entry = await mention(receive, blog, post, blog.serve("/ann.png", picture("red"), content_type="image/png"))
    assert await portraits.look() == 1
    first = (await now_of(kit, entry)).avatar
    photo = blog.serve(other, picture("blue"), content_type="image/png") if other else None
    assert (await mention(receive, blog, post, photo)).avatar is None
    await portraits.look()
    clock.move_on(seconds=ROUND.total_seconds())
    assert sum([await portraits.look() for _ in range(2)]) == (photo is not None)
    second = (await now_of(kit, entry)).avatar
    assert second != first
    assert (second is None) == (photo is None)


async def test_the_picture_of_an_erased_entry_is_erased_and_one_that_is_shown_stays(
    kit: Kit, receive: Journeys, portraits: Portraits, mine: Blog, blog: Blog, clock: Clock, tmp_path: Path
):
    post = mine.page()
    gone, kept = [
        await mention(
            receive,
            blog,
            post,
            blog.serve(f"/{colour}.png", picture(colour), content_type="image/png"),
            f"/by/{colour}",
        )
        for colour in ("red", "blue")
    ]
    assert await portraits.look() == 2
    async with kit.db.write() as c:
        await entries.withdraw(c, gone.id, now=kit.now())
    assert await portraits.prune() == 0, "a picture that was fetched just now may be about to be named"
    clock.move_on(hours=2)
    assert await portraits.prune() == 1
    shown = (await now_of(kit, kept)).avatar
    assert [PREFIX + file.name for file in (tmp_path / "avatars").iterdir()] == [shown]
    assert await portraits.prune() == 0

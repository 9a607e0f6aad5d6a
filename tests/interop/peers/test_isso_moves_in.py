"""A site leaves Isso: what a running Isso has in its database comes in, with threads, Markdown, likes and states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.interop.peers.doors import exported
from tests.interop.peers.isso import Isso
from tests.support.product import Product

pytestmark = [pytest.mark.real_peers, pytest.mark.timeout(120)]

SITE = "site.example"
PAGE = f"https://{SITE}/2019/tŷ/"
TITLE = "Y tŷ & “ni”"


async def discuss(isso: Isso) -> None:
    """Answers, an edit, likes, a removed comment that still has an answer."""
    who = {"title": TITLE, "author": "Gŵyneth 👩🏽‍💻", "email": "g@g.example", "website": "https://g.example/"}
    first = await isso.write("/2019/tŷ/", "Diolch **yn fawr** 🎉\n\n> am `hyn`", **who)
    answer = await isso.write("/2019/tŷ/", "Ateb i chi", title=TITLE, author="Siân", parent=first)
    await isso.write("/2019/tŷ/", "Heb enw, <b>heb ddim</b>", title=TITLE, parent=first)
    await isso.edit(answer, "Ateb *gwell* i chi")
    for number in range(3):
        await isso.like(first, address=f"192.0.{number}.1")
    gone = await isso.write("/2019/tŷ/", "Wedi mynd", title=TITLE, author="Rhywun")
    await isso.write("/2019/tŷ/", "Ateb i un sydd wedi mynd", title=TITLE, author="Nia", parent=gone)
    await isso.delete(gone)
    await isso.write("/arall", "Tudalen arall", title="Arall", author="Nia")


def shown(entry: dict[str, Any]) -> tuple[Any, ...]:
    """What Isso shows of a comment, as far as we show it too."""
    return entry["author"], entry["likes"], int(entry["created"]), [shown(below) for below in entry.get("replies", [])]


def ours(entry: dict[str, Any], likes: dict[int, int]) -> tuple[Any, ...]:
    name = entry["author"]["name"] or None
    below = [ours(each, likes) for each in entry.get("comment", [])]
    return name, likes[entry["wm-id"]], entry["published_ts"], below


async def test_what_a_real_isso_keeps_comes_in_whole_and_once(tmp_path: Path):
    async with Isso(tmp_path, site=f"https://{SITE}") as isso:
        await discuss(isso)
        theirs = await isso.fetch("/2019/tŷ/")
        async with Product(sites=[SITE], workers=0) as product:
            bring_in = ("service", "import", "--site", SITE, "isso", str(isso.database))
            # Isso runs meanwhile, as it does where somebody moves.
            assert (await product.command(*bring_in)).splitlines() == ["6 moved, 0 there already, 0 skipped."]
            entries = await exported(product, SITE)
            thread = await product.get("/api/thread", target=PAGE)
            likes = {entry["wm-id"]: entry.get("wm-likes", 0) for entry in entries}
            tombstone, *_ = (entry for entry in thread["children"] if entry.get("wm-deleted"))
            kept = [entry for entry in thread["children"] if entry is not tombstone]
            assert (thread["name"], thread["count"]) == (TITLE, 4)
            assert [ours(entry, likes) for entry in kept] == [shown(each) for each in theirs["replies"][:1]]
            assert [entry["author"]["name"] for entry in tombstone["comment"]] == ["Nia"]
            by_words = {entry["wm-markdown"]: entry for entry in entries}
            first = by_words["Diolch **yn fawr** 🎉\n\n> am `hyn`"]
            assert first["content"]["html"].startswith("<p>Diolch <strong>yn fawr</strong> 🎉</p>")
            assert (first["wm-email"], first["author"]["url"]) == ("g@g.example", "https://g.example/")
            assert by_words["Ateb *gwell* i chi"]["wm-updated"]
            assert "<b>" not in by_words["Heb enw, <b>heb ddim</b>"]["content"]["html"]
            assert (await product.command(*bring_in)).startswith("0 moved, 6 there already")
            assert await exported(product, SITE) == entries


async def test_what_waits_in_a_real_isso_waits_here(tmp_path: Path):
    async with Isso(tmp_path, site=f"https://{SITE}", is_moderated=True) as isso:
        await isso.write("/", "Yn aros", title="Hafan", author="Nia")
        async with Product(sites=[SITE], workers=0) as product:
            await product.command("service", "import", "--site", SITE, "isso", str(isso.database))
            [entry] = await exported(product, SITE)
            assert (entry["wm-status"], entry["wm-target"]) == ("held", f"https://{SITE}/")

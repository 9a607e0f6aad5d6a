"""`@chrisburnell/eleventy-cache-webmentions`, as its README sets it up, misses nothing of 2,500 mentions."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mentions.model import Author, Content, EntryState, Kind, PlainText, Protocol, Reaction, SafeHtml, Url
from mentions.sanitize import POLICY_VERSION
from mentions.storage import entries, pages
from tests.integration.service.conftest import NOW, SITE, Service
from tests.interop.conftest import HERE, node

MANY = 2_500


async def respond(service: Service, numbers: range) -> None:
    """Responses to ten posts, in one transaction, some in the same second as others."""
    kinds = (Kind.REPLY, Kind.LIKE, Kind.REPOST, Kind.MENTION)
    async with service.db.write() as c:
        posts = [await pages.ensure(c, service.site.id, f"https://{SITE}/post/{n}", now=NOW) for n in range(10)]
        for n in numbers:
            text = f"Response {n}"
            await entries.insert(
                c,
                site_id=service.site.id,
                page_id=posts[n % 10].id,
                source=f"https://ann.example/{n}",
                target=posts[n % 10].url,
                protocol=Protocol.WEBMENTION,
                reaction=Reaction(
                    kinds[n % 4],
                    content=Content(SafeHtml(f"<p>{text}</p>"), PlainText(text)),
                    author=Author(PlainText("Ann"), Url("https://ann.example/")),
                ),
                state=EntryState.SHOWN,
                now=NOW + timedelta(seconds=n // 3),
                policy_version=POLICY_VERSION,
            )


async def read(service: Service, folder: Path, query: str, **options: Any) -> list[dict[str, Any]]:
    """The mentions that the plugin has in its cache after a build."""
    key = options.pop("key", "children")
    form = "jf2" if key == "children" else "json"
    feed = f"{service.base}/api/mentions.{form}?domain={SITE}&token={service.token}{query}"
    folder.mkdir(exist_ok=True)
    given = {"domain": f"https://{SITE}", "feed": feed, "key": key, "duration": "0s", **options}
    return json.loads(await node(HERE / "read_feed.cjs", json.dumps(given), folder=folder))


def sources(mentions: list[dict[str, Any]]) -> set[str]:
    return {mention.get("wm-source") or mention["source"] for mention in mentions}


@pytest.mark.slow
async def test_every_mention_arrives_in_each_way_that_its_readme_knows(service: Service, tmp_path: Path):
    await respond(service, range(MANY))
    everything = {f"https://ann.example/{n}" for n in range(MANY)}
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "as recommended": ("&per-page=9001", {}),
        "the older form": ("&per-page=9001", {"key": "links"}),
        "self-hosted, page by page": ("", {"paginate": True}),
        "page by page, ends on a full page": ("&per-page=1250", {"paginate": True}),
    }
    for name, (query, options) in ways.items():
        mentions = await read(service, tmp_path / name, query, **options)
        assert (len(mentions), sources(mentions)) == (MANY, everything), name


async def test_a_later_build_asks_for_what_is_new_and_gets_it(service: Service, tmp_path: Path):
    for key in ("children", "links"):
        start = service.stored
        await service.respond(f"https://ann.example/{key}/old")
        before = await read(service, tmp_path / key, "&per-page=9001", key=key)
        await service.respond(f"https://ann.example/{key}/new")
        after = await read(service, tmp_path / key, "&per-page=9001", key=key)
        assert sources(after) - sources(before) == {f"https://ann.example/{key}/new"}
        assert len(after) == service.stored == start + 2

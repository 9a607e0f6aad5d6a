"""`import` and `export`: a site's responses, brought in from elsewhere and taken away; `site map`: pages that moved."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import click

from config.settings import Settings
from mentions import jf2
from mentions.moving.url_map import UrlMap
from mentions.storage import audit, layout, moving, placing, pulling, relocating
from mentions.storage.imports import Report
from mentions.storage.relocating import Relocation, Row
from service.api import exports
from service.commands import common, sites
from service.commands.pulling import ApiSource
from service.commands.pulling import bring_in as bring_in_api
from service.commands.sources import FORMATS, Source
from service.commands.telling import Teller


def setup(cli: click.Group) -> None:
    """Adds the commands."""
    cli.add_command(export)
    cli.add_command(bring_in)
    sites.site.add_command(map_pages)


class _FileOrApi(click.ParamType[Path | str]):
    """A file that is there, or the URL of an API."""

    name = "file"
    _file = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
            return value
        return Path(self._file.convert(value, param, ctx))


@click.command("import")
@common.of_site
@click.argument("form", metavar="FORMAT", type=click.Choice(list(FORMATS)))
@click.argument("file", metavar="FILE", type=_FileOrApi())
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="An API: where its token stands, if not in the URL.",
)  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="An API: ask for what is older than the last run, too.")
@click.option(
    "--map", "url_map", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE.csv",
    help="Old and new addresses of pages, for a site that moved.",
)  # fmt: skip
@click.option("--base", metavar="URL", help="What paths in the file hang from; https://AUTHORITY/ if not said.")
@click.option(
    "--report", "report_file", type=click.Path(dir_okay=False, writable=True, path_type=Path), metavar="FILE",
    help="Write what became of every record there, as JSON lines.",
)  # fmt: skip
@common.as_json
def bring_in(
    authority: str, form: str, file: Path | str, token_file: Path | None, url_map: Path | None, base: str | None,
    report_file: Path | None, *, everything: bool, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Bring in FILE, which FORMAT (webmention.io, wxr, disqus, isso) was exported to.

    For webmention.io FILE may be the URL of its API, or of another Ymateb's, with the token in it:
    https://webmention.io/api/mentions.jf2?domain=example.com&token=…  A worker has to run, which fetches it.

    A run that was cut off goes on where it was when the same is said again; the same file twice changes nothing, the
    same API brings what is new.  FORMAT webmention.io is also what `export` writes."""
    settings = common.settings()
    if isinstance(file, str):
        if form != pulling.FORM:
            raise click.UsageError(f"an API can be brought in as {pulling.FORM} only; {form} is a file")
        api = ApiSource(file, token_file=token_file, url_map=url_map)
        teller = Teller(api, report_file, is_quiet=as_json)
        work = bring_in_api(settings, authority, api, teller, dry_run=dry_run, everything=everything)
    elif token_file is not None or everything:
        raise click.UsageError("--token-file and --all are for APIs; this is a file")
    else:
        source = Source(form, file, authority=authority, base=base, url_map=url_map)
        teller = Teller(source, report_file, is_quiet=as_json)
        work = _bring_in(settings, authority, source, teller, dry_run=dry_run)
    with teller:
        report = common.run(work if dry_run else _and_lay_out(work, settings))
    common.tell(report.to_json() | {"dry_run": dry_run}, teller.words(report, dry_run=dry_run), as_json=as_json)


async def _bring_in(settings: Settings, authority: str, source: Source, teller: Teller, *, dry_run: bool) -> Report:
    moved_pages = UrlMap.from_file(source.url_map) if source.url_map else placing.NO_MAP
    async with common.open_database(settings) as db:
        async with db.read() as c:
            site = await common.find_site(c, authority)
        if dry_run:
            teller.begin(0)
            return await moving.preview(db, site, source.records(), moved_pages=moved_pages, on_batch=teller.hear)
        return await moving.bring_in(
            db,
            site,
            source.records(),
            form=source.form,
            digest=source.digest(),
            clock=common.now,
            moved_pages=moved_pages,
            on_begin=lambda importing: teller.begin(importing.position),
            on_batch=teller.hear,
        )


async def _and_lay_out(work: Coroutine[Any, Any, Report], settings: Settings) -> Report:
    """Puts all that was brought in in its place, so that no first reader of a long thread waits for that."""
    report = await work
    async with common.open_database(settings) as db:
        await layout.bring_long_ones_up_to_date(db, jf2.permalink_base(settings.public_url))
    return report


@click.command()
@common.of_site
@click.option(
    "--format", "form", type=click.Choice(["jf2", "wxr"]), default="jf2", show_default=True, help="What is written."
)
@click.option("--shown", is_flag=True, help="jf2: only what the site shows.")
def export(authority: str, form: str, *, shown: bool) -> None:
    """Write a site's responses to standard output: everything that is not deleted, with e-mail addresses.

    jf2 is what webmention.io exports, and nothing is lost when it is brought in again; WXR is what WordPress reads."""
    if shown and form != "jf2":
        raise click.UsageError("--shown is for jf2 only: WXR says of each response whether it is approved")
    common.run(_export(common.settings(), authority, form, shown=shown))


async def _export(settings: Settings, authority: str, form: str, *, shown: bool) -> None:
    async with common.open_database(settings) as db:
        async with db.read() as c:
            site = await common.find_site(c, authority)
        parts: AsyncIterator[bytes]
        if form == "wxr":
            parts = exports.wxr(db, site, now=common.now())
        else:
            parts = exports.jf2_feed(db, site, settings.public_url, everything=not shown)
        async for part in parts:
            sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


@click.command("map")
@click.argument("authority")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@common.as_json
def map_pages(authority: str, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Tell the site AUTHORITY which addresses of its pages are new: FILE is a CSV file of two columns, old,new.

    The old address stays good for what still comes there; where both have responses, the threads become one."""
    told = common.run(_map_pages(common.settings(), authority, UrlMap.from_file(file), dry_run=dry_run))
    counts = {outcome.name.lower(): sum(one is outcome for _, one in told) for outcome in Relocation}
    skipped = [old for (old, _), outcome in told if outcome in (Relocation.FOREIGN_OLD, Relocation.FOREIGN_NEW)]
    lines = [f"{number} {each.value}" for each in Relocation if (number := counts[each.name.lower()])]
    lines += [f"  {old}" for old in skipped[:20]]
    common.tell(
        {**counts, "skipped": skipped, "dry_run": dry_run}, "\n".join(lines) or "No page moves.", as_json=as_json
    )


async def _map_pages(
    settings: Settings, authority: str, moved_pages: UrlMap, *, dry_run: bool
) -> list[tuple[Row, Relocation]]:
    async with common.open_database(settings) as db:
        async with db.read() as c:
            site = await common.find_site(c, authority)
        rows = relocating.relocate(db, site, moved_pages, clock=common.now, dry_run=dry_run)
        told = [row async for row in rows]
        if not dry_run and told:
            async with db.write() as c:
                await audit.note(c, site.id, "owner", "pages_mapped", now=common.now(), what=f"{len(told)} addresses")
        return told

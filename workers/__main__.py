"""`python -m workers …`: run a worker, explain a page, send mentions, look at claims that were given up.

Every command exits 0 on success, 1 with a one-line message on a refused or failed request, 2 on wrong usage."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import click
import orjson
import structlog
import uvloop

from config import logs
from config.settings import Settings, SettingsError, load_settings
from mentions.errors import InvalidRequest, YmatebError
from mentions.model import Url
from mentions.plaintext import calm, for_terminal
from mentions.streams.messages import Buried
from mentions.streams.queue import Queue
from workers import inspect as inspecting
from workers import outfit
from workers import send as sending

T = TypeVar("T")


class _UrlType(click.ParamType[Url]):
    """An absolute http(s) URL."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Url:
        try:
            return inspecting.checked(str(value), (param.name if param and param.name else "url").upper())
        except InvalidRequest as error:
            self.fail(str(error), param, ctx)


URL = _UrlType()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Workers of Ymateb: what goes out into the network."""


@main.command()
def run() -> None:
    """Take claims from the queue and verify them, until SIGTERM or Ctrl-C."""
    from workers.app import run_worker  # noqa: PLC0415 -- SQLAlchemy: half a second that only this command needs

    settings = _settings()
    logs.configure(settings)
    try:
        _within_loop(run_worker(settings))
    except BaseExceptionGroup as errors:
        structlog.get_logger(__name__).exception("worker.crashed", errors=[repr(e)[:300] for e in errors.exceptions])
        sys.exit(1)


@main.command()
@click.argument("source", type=URL)
@click.argument("target", type=URL, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def inspect(source: Url, target: Url | None, *, as_json: bool) -> None:
    """Fetch SOURCE and explain what a mention of TARGET from it would become."""
    settings = _quiet_settings()

    async def look() -> inspecting.Inspection:
        async with outfit.make_fetcher(settings, None) as fetcher, outfit.make_pool(settings, size=1) as pool:
            return await inspecting.inspect(fetcher, pool, source, target)

    seen = _within_loop(look())
    if as_json:
        click.echo(orjson.dumps(inspecting.as_json(seen), option=orjson.OPT_INDENT_2))
    else:
        for line in inspecting.as_lines(seen):
            click.echo(line)
    if not seen.is_fetched:
        _fail(f"{source} could not be fetched")


@main.command()
@click.argument("source", type=URL)
@click.argument("target", type=URL, required=False)
def send(source: Url, target: Url | None) -> None:
    """Send webmentions (or pingbacks) for every link of SOURCE's entry, or for TARGET only."""
    settings = _quiet_settings()
    if target is not None and sending.same_page(source, target):
        raise click.UsageError("SOURCE and TARGET are the same page")

    async def go() -> list[sending.Sent]:
        async with outfit.make_fetcher(settings, None) as fetcher, outfit.make_pool(settings, size=1) as pool:
            return await sending.send(fetcher, pool, source, target)

    try:
        sent = _within_loop(go())
    except sending.NothingToSend as error:
        _fail(str(error))
    for each in sent:
        _say(f"{each.target}: {each.words}")
    if not sent:
        click.echo(f"{source} links to nobody")
    refused = sum(not each.is_accepted for each in sent)
    if refused:
        _fail(f"{refused} of {len(sent)} did not accept")


@main.command()
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def buried(limit: int, *, as_json: bool) -> None:
    """List claims that were given up, newest first."""

    async def look(queue: Queue) -> list[Buried]:
        return await queue.buried(limit)

    for each in _with_queue(look):
        claim = each.claim
        if as_json:
            facts = {"id": claim.id, "source": claim.source, "target": claim.target, "reason": each.reason}
            click.echo(orjson.dumps({**facts, "buried_at": each.buried_at, "deliveries": each.deliveries}))
        else:
            _say(f"{claim.id}  {each.buried_at:%Y-%m-%d %H:%M}  {claim.source} -> {claim.target}: {each.reason}")


@main.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
def requeue(ids: tuple[str, ...]) -> None:
    """Try buried claims again, as if they had just come."""

    async def revive(queue: Queue) -> list[str]:
        return [claim_id for claim_id in ids if not await queue.requeue(claim_id)]

    unknown = _with_queue(revive)
    if unknown:
        _fail(f"not buried: {', '.join(unknown)}")


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        _fail(str(error))


def _quiet_settings() -> Settings:
    """For commands that answer in their own words: only what somebody must act on is logged."""
    settings = _settings()
    logs.configure(settings.model_copy(update={"log_level": "error"}))
    return settings


def _with_queue(act: Any) -> Any:
    """What `act` makes of the queue."""
    settings = _quiet_settings()

    async def go() -> Any:
        async with outfit.open_link(settings) as link:
            return await act(Queue(link.client, bound=settings.queue_bound))

    return _within_loop(go())


def _within_loop(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work`; what is wrong with the request or the set-up becomes one line."""
    try:
        return uvloop.run(work)
    except (YmatebError, SettingsError) as error:
        _fail(str(error))


def _say(line: str) -> None:
    """Prints what strangers had a hand in."""
    click.echo(for_terminal(line))


def _fail(message: str) -> NoReturn:
    raise click.ClickException(" ".join(calm(message).split()))


if __name__ == "__main__":
    main(prog_name="python -m workers")

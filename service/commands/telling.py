"""What `import` tells while it is at it and afterwards: a bar on a terminal, a line for every record, a summary."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Protocol, Self

import click
import orjson

from mentions.storage.imports import Report, Result


class Read(Protocol):
    """What is brought in, a file or an API, as far as it is told of."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int | None: ...
    @property
    def read_so_far(self) -> int: ...


class Teller:
    """Hears of every batch.  A context: the bar and the report file are open inside it."""

    def __init__(self, source: Read, report_file: Path | None, *, is_quiet: bool) -> None:
        self._source = source
        self._path = report_file
        self._is_quiet = is_quiet or not sys.stderr.isatty()
        self._open = ExitStack()
        self._bar: Any = None
        self._is_counting = False
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            self._path.touch()
            self._file = self._open.enter_context(self._path.open("r+b"))
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        if self._is_counting:
            click.echo(err=True)

    def begin(self, position: int) -> None:
        """Keeps the lines about the records before `position`, which an earlier run has dealt with, and those only."""
        if position and not self._is_quiet:
            click.echo(f"Going on after {position} records.", err=True)
        if self._file is None:
            return
        kept = 0
        for line in self._file:
            if not _is_before(line, position):
                break
            kept += len(line)
        self._file.seek(kept)
        self._file.truncate()

    def hear(self, results: list[Result]) -> None:
        """Tells what became of a batch."""
        if self._file is not None:
            for result in results:
                self._file.write(orjson.dumps(_line(result)) + b"\n")
            self._file.flush()
        if not self._is_quiet:
            self._show()

    def _show(self) -> None:
        """The bar, as soon as it is known how long it is; till then a count."""
        label, size, so_far = f"Reading {self._source.name}", self._source.size, self._source.read_so_far
        if size is None:
            self._is_counting = True
            click.echo(f"\r{label}: {so_far}", nl=False, err=True)
            return
        if self._bar is None:
            bar = click.progressbar(length=max(size, 1), label=label, file=sys.stderr)
            self._bar = self._open.enter_context(bar)
        self._bar.length = max(size, so_far, 1)
        self._bar.update(so_far - self._bar.pos)

    def words(self, report: Report, *, dry_run: bool) -> str:
        """The summary for people."""
        moved, present = ("would be moved", "are there already") if dry_run else ("moved", "there already")
        skipped = sum(report.skipped.values())
        lines = [f"{report.moved} {moved}, {report.present} {present}, {skipped} skipped."]
        for reason, number in sorted(report.skipped.items(), key=lambda pair: -pair[1]):
            refs = report.refs.get(reason, [])
            more = f" and {number - len(refs)} more" if number > len(refs) else ""
            lines.append(f"  {number} because {reason}: {', '.join(refs)}{more}")
        return "\n".join(lines)


def _line(result: Result) -> dict[str, Any]:
    told = {"number": result.number, "ref": result.ref, "outcome": result.outcome}
    if result.entry_id is not None:
        told["wm-id"] = result.entry_id
    return told | ({"reason": result.reason} if result.reason else {})


def _is_before(line: bytes, position: int) -> bool:
    """Whether a line is about a record before `position`; a torn or foreign one is not."""
    try:
        number = orjson.loads(line)["number"]
    except (ValueError, KeyError, TypeError):
        return False
    return line.endswith(b"\n") and isinstance(number, int) and number < position

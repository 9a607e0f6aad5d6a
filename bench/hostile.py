"""What hostile pages cost, each read in a process of its own limits: `python -m bench.hostile`.

The pages are those that tests/unit/interpret/hostile.py makes (and a page of noise, and one of nested JSON).  Wall
time, and the most memory that the reading process ever held, through the same pool that workers read with.  Exits 1
when a page costs more than five seconds or 512 MB.  `docs/hostile.md` has a run of it."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass

from mentions.errors import ParserError
from mentions.model import Document, Url
from tests.support.processes import peak_mb
from tests.unit.interpret.hostile import PAGES, TARGET
from workers.reading import ReadingPool

SOURCE = Url("https://source.example/p")
MOST_S = 5.0
MOST_MB = 512
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page cost, and what became of it."""

    name: str
    size: int
    seconds: float
    peak_mb: float
    outcome: str

    @property
    def is_bearable(self) -> bool:
        """Within what a worker may spend on a page."""
        return self.seconds <= MOST_S and self.peak_mb <= MOST_MB

    def __str__(self) -> str:
        mark = "" if self.is_bearable else " **too much**"
        numbers = f"{self.size / 1000:,.0f} | {1000 * self.seconds:,.0f} | {self.peak_mb:,.0f}"
        return f"| {self.name} | {numbers} | {self.outcome}{mark} |"


def documents() -> dict[str, Document]:
    """Every hostile page, as it would come from the network: nothing over a megabyte does."""
    noise = random.Random(1).randbytes(MAX_BYTES)
    pages = {name: (html.encode(), "text/html") for name, html in PAGES.items()}
    pages["a megabyte of noise"] = (noise, "text/html")
    pages["JSON in itself, 500000 deep"] = (b"[" * 500_000 + b"]" * 500_000, "application/json")
    pages["a megabyte of text without the link"] = (b"http://target.exampl " * 49_000, "text/plain")
    return {name: Document(SOURCE, kind, "utf-8", body[:MAX_BYTES]) for name, (body, kind) in pages.items()}


async def measure(name: str, document: Document) -> Cost:
    """Reads one page in a fresh process."""
    async with ReadingPool(size=1, timeout_s=2 * MOST_S) as pool:
        [pid] = pool.process_ids
        began = time.perf_counter()
        try:
            reading = await pool.source(document, source=SOURCE, target=TARGET)
            outcome = f"read: {reading.reaction.kind}" if reading.reaction else "no link"
        except ParserError as refused:
            outcome = "refused" if "cannot be read" in str(refused) else f"refused: {refused}"
        seconds = time.perf_counter() - began
        is_alive = pid in pool.process_ids
        return Cost(name, len(document.body), seconds, peak_mb(pid) if is_alive else float("inf"), outcome)


async def main() -> int:
    """Prints the table; the number of pages that cost too much."""
    print("| hostile page | kB | ms | peak MB | outcome |\n|---|---|---|---|---|", flush=True)
    too_much = 0
    for name, document in documents().items():
        cost = await measure(name, document)
        print(cost, flush=True)
        too_much += not cost.is_bearable
    return too_much


if __name__ == "__main__":
    sys.exit(min(1, asyncio.run(main())))

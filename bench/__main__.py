"""`make bench`: intake, the whole way and threads, beside what the machine can do; threads by their length, and beside
a real Isso; then what reading pages costs.

Markdown tables; what pages that mean harm cost is the last one (docs/hostile.md).

`python -m bench --quick` is a look at whether it runs; its numbers mean little."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import time

from bench import hostile, isso, measures, reading, threads


async def main(rounds: int, claims: int) -> None:
    """Prints each row as soon as it is known."""
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(f"{time.strftime('%Y-%m-%d')}, {machine}")
    print(f"Medians of {rounds} rounds; rates are a second's, on a machine that client, peers and Redis share.\n")
    print("| what | rate | beside | ratio | note |\n|---|---|---|---|---|", flush=True)
    for row in await measures.intake(rounds, claims * 5):
        print(row, flush=True)
    for size, share, workers in (("5k", 1, 1), ("5k", 1, 2), ("100k", 4, 2)):
        print(await measures.whole_way(size, max(20, claims // share), workers), flush=True)
    for row in await measures.reading(rounds, claims // 2):
        print(row, flush=True)
    print("\nOpening threads, by how many responses they have:\n", flush=True)
    await threads.measure(rounds + 2)
    print("\nThe same thread in a browser, beside a real Isso:\n", flush=True)
    await isso.main(rounds + 2)
    print("\nReading one page, beside BeautifulSoup(lxml) and mf2py on the same page:\n", flush=True)
    reading.main()
    print("\nPages that mean harm, each in a fresh reading process:\n", flush=True)
    await hostile.main()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each comparison is repeated")
    parser.add_argument("--claims", type=int, default=2000, help="webmentions of one run of the whole way")
    parser.add_argument("--quick", action="store_true", help="one small round of everything")
    asked = parser.parse_args()
    asyncio.run(main(1, 100) if asked.quick else main(asked.rounds, asked.claims))

"""What the measurements stand on: helper processes, their processor time, and the loads that are run at them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bench.load import Plan
from tests.support.processes import dies_with_its_parent, free_port, running_on, stop
from tests.support.waiting import eventually

_TICKS = os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def helper(module: str, *arguments: str) -> AsyncIterator[str]:
    """`python -m MODULE PORT …`; its origin, once it listens."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", module, str(port), *arguments], preexec_fn=dies_with_its_parent())
    try:
        async with aiohttp.ClientSession() as http:

            async def listens() -> bool:
                async with http.get(f"http://127.0.0.1:{port}/"):
                    return True

            await eventually(listens, what=f"{module} listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


async def load(plan: Plan) -> dict[str, Any]:
    """Runs a load in a process of its own; what it saw."""
    fields = {name: getattr(plan, name) for name in plan.__slots__}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", json.dumps(fields), stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"bench.load exited {process.returncode}")
    return dict(json.loads(out))


def processor_s(folder: Path) -> float:
    """Processor time so far of all processes that run on a data folder, in seconds."""
    total = 0
    for pid in running_on(folder):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS

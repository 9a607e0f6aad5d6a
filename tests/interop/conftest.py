"""Clients and senders that others wrote, unchanged, against the service as it runs.

npm's are in node_modules (`make clients`), Python's come with the development lock."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.integration.service.conftest import service

HERE = Path(__file__).parent
NODE = Path(sys.executable).with_name("node")

__all__ = ["HERE", "node", "service"]


async def node(script: Path, *arguments: str, folder: Path, within_s: float = 60) -> str:
    """Runs a script in `folder`; what it printed.  Fails when it fails."""
    assert (HERE / "node_modules").is_dir(), "the npm packages of the tests are missing: make clients"
    process = await asyncio.create_subprocess_exec(
        NODE, script, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), within_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()[-2000:]
    return out.decode()

"""docs/walkthrough.md is run as it stands: each command in one shell, each answer beside what the page says of it."""

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.product import Product

PAGE = Path(__file__).parents[2] / "docs" / "walkthrough.md"
ADDRESS = "http://localhost:8080"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def steps(page: str) -> list[tuple[str, str]]:
    """(command, expected answer) of every console block, in order."""
    found: list[tuple[str, str]] = []
    for block in BLOCK.findall(page):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], ""))
            else:
                command, answer = found.pop()
                found.append((command, answer + line + "\n"))
    return found


def pattern(answer: str) -> re.Pattern[str]:
    """What an answer has to look like: `…` stands for anything, trailing white space for nothing."""
    return re.compile(r".*?".join(re.escape(part) for part in answer.strip().split("…")) + r"\s*", re.DOTALL)


def run(commands: list[str]) -> list[str]:
    """What each command printed, all of them in one shell; a command that fails ends it."""
    marked = "\n".join(f"{command}\nprintf '\\n@@{n}@@\\n'" for n, command in enumerate(commands))
    script = f"set -eo pipefail\n{marked}\n"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=240, check=False)
    printed = re.split(r"\n@@\d+@@\n", done.stdout)[:-1]
    assert done.returncode == 0, (
        f"{commands[len(printed)]}\nexited {done.returncode}: {done.stdout[-300:]}{done.stderr}"
    )
    return printed


@pytest.mark.acceptance
async def test_every_command_of_the_walk_through_answers_as_the_page_says():
    page = steps(PAGE.read_text())
    assert len(page) > 30
    async with Product(settings={"YMATEB_DEMO": "on", "YMATEB_FETCH_ALLOW_NETWORKS": ""}) as product:
        here = [(c.replace(ADDRESS, product.base), a.replace(ADDRESS, product.base)) for c, a in page]
        printed = await asyncio.to_thread(run, [command for command, _ in here])
        wrong = [
            f"$ {command}\n{got.strip()[:1500]}\n-- the page says --\n{answer}"
            for (command, answer), got in zip(here, printed, strict=True)
            if answer and not pattern(answer).match(got.strip() + "\n")
        ]
    assert not wrong, "\n\n".join(wrong)

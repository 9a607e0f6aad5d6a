"""docs/api.md is run as it stands, like the walk-through; and every address of the document is told somewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from shlex import quote

import pytest

from mentions.storage import changes
from tests.docs.test_walkthrough import pattern, run, steps
from tests.support.product import ROOT, Product

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
AUTHORITY = "localhost:8080"


def test_the_page_says_how_long_changes_are_kept():
    assert f"Every change is kept for {changes.KEPT.days} days" in PAGE.read_text()


@pytest.mark.acceptance
async def test_every_example_of_the_api_page_answers_as_the_page_says():
    page = steps(PAGE.read_text())
    assert len(page) > 25
    async with Product(settings={"YMATEB_DEMO": "on", "YMATEB_FETCH_ALLOW_NETWORKS": ""}) as product:
        here = product.base.removeprefix("http://")
        ours = {name: value for name, value in product.environment.items() if name.startswith("YMATEB_")}
        variables = " ".join(f"{name}={quote(value)}" for name, value in ours.items())
        path = quote(str(Path(product.python).parent))
        started = [(f'cd {quote(str(ROOT))}; export {variables} PATH={path}:"$PATH"', "")]
        told = [(command.replace(AUTHORITY, here), answer.replace(AUTHORITY, here)) for command, answer in page]
        printed = await asyncio.to_thread(run, [command for command, _ in started + told])
        wrong = [
            f"$ {command}\n{got.strip()[:1500]}\n-- the page says --\n{answer}"
            for (command, answer), got in zip(told, printed[1:], strict=True)
            if answer and not pattern(answer).fullmatch(got.strip() + "\n")
        ]
    assert not wrong, "\n\n".join(wrong)

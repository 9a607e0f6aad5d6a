# ruff: noqa: E501 -- markup reads better unbroken
"""Three hundred inputs that Hypothesis makes, up to a megabyte each: none costs a reading process much, or its life."""

from __future__ import annotations

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from mentions.errors import ParserError
from mentions.model import Document, Url
from tests.support.processes import peak_mb
from tests.unit.interpret.hostile import TARGET
from workers.reading import ReadingPool

INPUTS = 300
MOST_CPU_S = 5.0
MOST_MB = 512
MAX_BYTES = 1 << 20
SOURCE = Url("https://source.example/p")
LINK = f'<a class="u-in-reply-to" href="{TARGET}">x</a>'
PIECES = st.sampled_from(
    ["<div>", "<p>", "<b>", "<i>", "<a href=/x>", "<table>", "<tr>", "<td>", "<ul><li>", "<form>", "<select><option>", "<svg>", "<math>", "<template>", "<script>", "<style>", "<!--", "-->", "<![CDATA[",
     "</p>", "</b>", "</div>", "</table>", "<br>", "<", ">", '"', "'", "&amp;", "&#0;", "\x00", "é", "\U0001f468\u200d", "a\u0301\u0301", " ", "\n", "word ", "[", "{", '{"a":', "]", "}", TARGET, LINK,
     '<div class="h-entry">', '<div class="hentry">', '<div class="vcard">', '<p class="e-content">', '<b class="p-name">', '<div class="u-comment h-cite">', '<a class="p-author h-card" href="/">', '<a rel="author" href="/me">',
     '<time class="dt-published" datetime="2026-01-01">', '<img class="u-photo" src="/x" srcset="/x 1x">', '<span class="value">', '<script type="application/ld+json">{"author":[', '<base href="//x.example/">', '<meta property="og:title" content="x">']
)  # fmt: skip
TIMES = st.sampled_from([1, 1, 3, 30, 300, 3_000, 100_000])
BODIES = st.lists(st.tuples(st.lists(PIECES, min_size=1, max_size=4).map("".join), TIMES), min_size=1, max_size=6)
TYPES = st.sampled_from(["text/html"] * 6 + ["application/xhtml+xml", "application/json", "text/plain"])


def made() -> list[tuple[str, bytes]]:
    """What Hypothesis makes of the pieces, each repeated; the same on every run."""
    inputs: list[tuple[str, bytes]] = []

    @seed(20261123)
    @settings(
        max_examples=INPUTS,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(TYPES, BODIES)
    def collect(content_type: str, parts: list[tuple[str, int]]) -> None:
        body = LINK + "".join(piece * min(times, MAX_BYTES // len(parts) // len(piece) + 1) for piece, times in parts)
        inputs.append((content_type, body.encode("utf-8", "surrogatepass")[:MAX_BYTES]))

    collect()
    return inputs


def cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


@pytest.mark.slow
async def test_no_input_that_hypothesis_makes_costs_much():
    inputs = made()
    assert len(inputs) >= INPUTS
    outcomes = {"read": 0, "refused": 0}
    async with ReadingPool(size=1, timeout_s=30.0) as pool:
        [pid] = pool.process_ids
        for content_type, body in inputs:
            spent = cpu_s(pid)
            try:
                await pool.source(Document(SOURCE, content_type, "utf-8", body), source=SOURCE, target=TARGET)
                outcomes["read"] += 1
            except ParserError:
                outcomes["refused"] += 1
            beginning = body[:200]
            assert pool.process_ids == [pid], f"this killed its reader: {beginning!r}"
            assert cpu_s(pid) - spent < MOST_CPU_S, beginning
            assert peak_mb(pid) < MOST_MB, beginning
    assert outcomes["read"] > outcomes["refused"] > 0, outcomes

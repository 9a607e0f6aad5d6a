"""Pages that mean harm, through the real product: none is dear, none kills anything, and nobody else has to wait."""

from __future__ import annotations

import psutil
import pytest

from tests.peers import Blog
from tests.support.processes import peak_mb
from tests.support.product import WAITING, Product
from tests.unit.interpret.hostile import PAGES, TARGET

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

MOST_CPU_S = 5.0
MOST_MB = 512
MAX_BYTES = 1 << 20
DEAR_ONES = 60


@pytest.fixture
async def stranger():
    """Whose pages mean harm."""
    async with Blog("127.0.3.2") as site:
        yield site


def worker_of(product: Product) -> psutil.Process:
    return psutil.Process(product.workers[0].pid)


def readers(worker: psutil.Process) -> dict[int, psutil.Process]:
    """The reading processes of a worker."""
    return {child.pid: child for child in worker.children(recursive=True) if "workers.reader_child" in child.cmdline()}


def cpu_s(worker: psutil.Process) -> float:
    """Processor time so far, of the worker and whoever reads for it."""
    times = [process.cpu_times() for process in (worker, *readers(worker).values())]
    return sum(each.user + each.system for each in times)


def publish(stranger: Blog, target: str) -> dict[str, str]:
    """Every hostile page, linking to `target`; name -> URL."""
    return {
        name: stranger.serve(f"/hostile/{number}", html.replace(TARGET, target).encode()[:MAX_BYTES])
        for number, (name, html) in enumerate(PAGES.items())
    }


async def test_no_hostile_page_costs_much_or_kills_what_reads_it(product: Product, blog: Blog, stranger: Blog):
    target = blog.page()
    await product.mention(stranger.post(links_to=target), target)
    worker = worker_of(product)
    at_work, spent = readers(worker), cpu_s(worker)
    assert at_work
    outcomes: dict[str, str] = {}
    for name, source in publish(stranger, target).items():
        said = await product.settled(await product.claim(source, target))
        outcomes[name] = said["status"]
        before, spent = spent, cpu_s(worker)
        assert spent - before < MOST_CPU_S, name
        assert max(peak_mb(pid) for pid in (worker.pid, *readers(worker))) < MOST_MB, name
    assert set(outcomes.values()) <= {"success", "invalid_content", "no_link_found"}, outcomes
    assert list(outcomes.values()).count("success") > len(outcomes) / 2
    assert set(readers(worker)) == set(at_work), "nobody was killed"
    product.check_workers()


async def test_others_are_served_while_hostile_pages_wait(product: Product, blog: Blog, stranger: Blog):
    target = blog.page()
    await product.mention(stranger.post(links_to=target), target)
    dear = PAGES["10000 entries"].replace(TARGET, target).encode()[:MAX_BYTES]
    sources = [stranger.serve(f"/dear/{number}", dear) for number in range(DEAR_ONES)]
    locations = [await product.claim(source, target) for source in sources]
    async with Blog("127.0.3.3") as friend:
        said = await product.mention(friend.post(links_to=target, text="I was not kept waiting."), target)
    assert said["status"] == "success"
    now = [(await product.status(location))["status"] for location in locations]
    assert any(status in WAITING for status in now), "the friend came last and was served last"
    assert {(await product.settled(location))["status"] for location in locations} == {"success"}
    product.check_workers()

"""Every metric, declared once, in base units, with labels from closed sets.

The service counts in its own memory, and whoever scrapes `/metrics` adds up its processes.  Workers answer nobody: they
add what they counted to one hash in Redis (`streams/tallies.py`), out of which any service process tells the sums of
all workers, living and gone.  Decision 0054."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from mentions.errors import Unavailable

SERVICE: Final = CollectorRegistry()
WORKERS: Final = CollectorRegistry()

_FAST_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SLOW_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)

# --- the service -------------------------------------------------------------------------------------------------

REQUESTS: Final = Counter(
    "ymateb_http_requests",
    "Requests that were answered.",
    ("method", "route", "status"),  # HTTP method; the route's pattern, never a path; status code
    registry=SERVICE,
)
REQUEST_SECONDS: Final = Histogram(
    "ymateb_http_request_seconds",
    "How long answers took; for a stream: how long it lasted.",
    ("route",),  # the route's pattern
    buckets=_FAST_S,
    registry=SERVICE,
)

SIGN_INS: Final = Counter(
    "ymateb_sign_ins",
    "Sign-ins of people who comment, by how far they came.",
    ("way", "step"),  # domain, email or provider; begun, done or failed
    registry=SERVICE,
)

# --- the workers -------------------------------------------------------------------------------------------------

CLAIMS: Final = Counter(
    "ymateb_claims",
    "Looks at a claim, by how they ended.",
    ("status", "protocol"),  # model.Status; model.Protocol
    registry=WORKERS,
)
CLAIM_SECONDS: Final = Histogram(
    "ymateb_claim_seconds",
    "From taking a claim to its outcome being stored.",
    buckets=_SLOW_S,
    registry=WORKERS,
)
WAIT_SECONDS: Final = Histogram(
    "ymateb_claim_wait_seconds",
    "From the acceptance of a claim to its being taken for the first time.",
    buckets=_SLOW_S,
    registry=WORKERS,
)
FETCHES: Final = Counter(
    "ymateb_fetches",
    "Pages that were fetched, by what came of it.",
    ("page", "outcome"),  # source, target or author; fetched, unchanged, gone, refused or unreachable
    registry=WORKERS,
)
READINGS: Final = Counter(
    "ymateb_readings",
    "Pages that were parsed, by what came of it.",
    ("question", "outcome"),  # source, author, target or links; read or failed
    registry=WORKERS,
)
READING_SECONDS: Final = Histogram(
    "ymateb_reading_seconds",
    "How long parsing took, waiting for a free process included.",
    ("question",),  # source, author, target or links
    buckets=_FAST_S,
    registry=WORKERS,
)
PUT_BACK: Final = Counter(
    "ymateb_claims_put_back",
    "Claims that were put back into the queue without a look at their source.",
    ("reason",),  # busy: their host was; outage: a store of ours did not answer; failed: a defect of ours
    registry=WORKERS,
)
DELIVERIES: Final = Counter(
    "ymateb_webhook_deliveries",
    "Webhooks that were sent, by what came of it.",
    ("outcome",),  # accepted, later or given_up
    registry=WORKERS,
)
ERRANDS: Final = Counter(
    "ymateb_errands",
    "What the service had workers do, by how it ended.",
    ("errand", "outcome"),  # a name of workers.jobs.errands.HANDLERS, or unknown; done, refused, failed or late
    registry=WORKERS,
)
ERRAND_SECONDS: Final = Histogram(
    "ymateb_errand_seconds",
    "How long errands took, from being taken to being answered.",
    ("errand",),  # as above
    buckets=_SLOW_S,
    registry=WORKERS,
)


class Depths(Protocol):
    """How much waits, as `Queue.depth` says it."""

    @property
    def waiting(self) -> int: ...
    @property
    def delayed(self) -> int: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def buried(self) -> int: ...


class DepthSource(Protocol):
    """What `exposition` needs of the queue."""

    def depth(self) -> Awaitable[Depths]: ...


class TallySource(Protocol):
    """What `exposition` needs of `streams.tallies.Tallies`."""

    def read(self) -> Awaitable[Mapping[str, float]]: ...


async def exposition(queue: DepthSource, tallies: TallySource | None = None) -> tuple[bytes, str]:
    """The text that Prometheus reads, and its content type: this process, the queue, and all workers.

    What Redis would say is left out while it is away: a scrape never fails."""
    registry = CollectorRegistry()
    registry.register(_Given(SERVICE.collect()))
    with suppress(Unavailable):
        registry.register(_Given(_depth_families(await queue.depth())))
        if tallies is not None:
            registry.register(_Given(_worker_families(await tallies.read())))
    return generate_latest(registry), CONTENT_TYPE_LATEST


def snapshot() -> dict[str, float]:
    """What this worker has counted since it started, by name and labels of each sample."""
    return {
        _key(sample): sample.value
        for family in WORKERS.collect()
        for sample in family.samples
        if not sample.name.endswith("_created") and sample.value
    }


class _Given(Collector):
    """Families that are there already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


def _depth_families(depth: Depths) -> list[Metric]:
    family = GaugeMetricFamily(
        "ymateb_queue_claims", "Claims that have no outcome yet, and buried ones.", labels=["state"]
    )
    for state in ("waiting", "delayed", "in_flight", "buried"):
        family.add_metric([state], getattr(depth, state))
    return [family]


def _worker_families(sums: Mapping[str, float]) -> Iterator[Metric]:
    """The declared families, filled with the sums of all workers.  What nobody declares any more is left out."""
    samples: dict[str, list[Sample]] = {}
    for key, value in sums.items():
        name, labels = json.loads(key)
        samples.setdefault(name, []).append(Sample(name, labels, value))
    for declared in WORKERS.collect():
        family = Metric(declared.name, declared.documentation, declared.type)
        endings = ("_bucket", "_sum", "_count") if declared.type == "histogram" else ("_total",)
        for ending in endings:
            found = samples.get(declared.name + ending, [])
            family.samples.extend(sorted(found, key=_sample_order))
        yield family


def _sample_order(sample: Sample) -> tuple[object, ...]:
    bound = sample.labels.get("le", "0")
    return (sorted((name, value) for name, value in sample.labels.items() if name != "le"), float(bound))


def _key(sample: Sample) -> str:
    return json.dumps([sample.name, sample.labels], sort_keys=True, separators=(",", ":"))

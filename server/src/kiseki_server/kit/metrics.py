"""What the server counts about itself, for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS = Counter(
    "kiseki_requests", "Requests answered.", ["method", "route", "status"], registry=REGISTRY
)
REQUEST_SECONDS = Histogram(
    "kiseki_request_seconds",
    "Time from a request's first byte to the start of its answer.",
    ["route"],
    buckets=_SECONDS,
    registry=REGISTRY,
)


@dataclass(frozen=True, slots=True)
class GroupCommits:
    """Meters of one group commit."""

    stored: Counter
    points: Histogram
    arrivals: Histogram
    seconds: Histogram
    queued: Gauge


def _group_commits(prefix: str, stored: str, points: str, sizes: tuple[float, ...]) -> GroupCommits:
    return GroupCommits(
        stored=Counter(f"kiseki_ingested_{points}", stored, registry=REGISTRY),
        points=Histogram(
            f"kiseki_{prefix}group_commit_{points}",
            f"{points.capitalize()} stored together by one group commit.",
            buckets=sizes,
            registry=REGISTRY,
        ),
        arrivals=Histogram(
            f"kiseki_{prefix}group_commit_arrivals",
            "Requests acknowledged together by one group commit.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
            registry=REGISTRY,
        ),
        seconds=Histogram(
            f"kiseki_{prefix}group_commit_seconds",
            "Time that one group commit takes to make its arrivals durable.",
            buckets=_SECONDS,
            registry=REGISTRY,
        ),
        queued=Gauge(
            f"kiseki_{prefix}queued_arrivals",
            "Requests that wait for a group commit.",
            registry=REGISTRY,
        ),
    )


HISTORY_COMMITS = _group_commits(
    "",
    "Numbers and other values made durable.",
    "points",
    (1, 10, 100, 1_000, 10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000),
)
CALL_COMMITS = _group_commits(
    "call_", "Calls made durable.", "calls", (1, 10, 100, 1_000, 2_500, 5_000, 10_000, 50_000)
)
STORED_TOGETHER = Histogram(
    "kiseki_files_stored_together",
    "Small files made durable with one turn of the disk and of the database.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    registry=REGISTRY,
)
LIVE_STREAMS = Gauge(
    "kiseki_live_streams", "Browsers that listen to live events.", registry=REGISTRY
)

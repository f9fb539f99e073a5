"""What the hub counts of itself, in the words of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from crossdock.journal.sql.connection import Connection

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Label values of one metric; what comes beyond is counted together as "other".
_SYSTEMS_MAX = 200
#: Statuses of requests whose system nobody vouched for: their path may say anything.
_UNKNOWN = frozenset({401, 403, 404, 405})
_COUNTS = "_total"
_FAST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters and histograms of one process, and the gauges that are read when somebody asks."""

    def __init__(self, worker: str = "") -> None:
        """`worker`: which of several processes behind one address this is; none of them speaks for the others."""
        self._worker = worker
        disable_created_metrics()  # they double the page and say what the process' age says
        self.registry = CollectorRegistry(auto_describe=True)
        self._received = Counter(
            "crossdock_intake_requests", "Requests at the door, by system and status.", ("system", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._intake = Histogram(
            "crossdock_intake_seconds",
            "From the request to its durable answer.",
            buckets=_FAST_S,
            registry=self.registry,
        )
        self._commit = Histogram(
            "crossdock_commit_seconds", "From the first statement of a commit to the disk's word.", buckets=_FAST_S,
            registry=self.registry,
        )  # fmt: skip
        self._shared = Counter(
            "crossdock_commit_callers", "Callers whose writes went into commits.", registry=self.registry
        )
        self._now = _Now()
        self.registry.register(self._now)
        self.more: Callable[[Connection], Mapping[str, Gauge]] = lambda _: {}  #: gauges that the process adds
        self._received_by: dict[tuple[str, int], Counter] = {}

    def received(self, system: str, status: int, seconds: float) -> None:
        """One answered request at the door, and how long it took."""
        self._intake.observe(seconds)
        counter = self._received_by.get((system, status))
        if counter is None:
            counter = self._counter(system, status)
        counter.inc()

    def _counter(self, system: str, status: int) -> Counter:
        if status in _UNKNOWN or len(self._received_by) >= _SYSTEMS_MAX * 10:
            return self._received.labels("other", str(status))
        counter = self._received_by[system, status] = self._received.labels(system, str(status))
        return counter

    def committed(self, seconds: float, callers: int) -> None:
        """One commit."""
        self._commit.observe(seconds)
        self._shared.inc(callers)

    def page(self, gauges: Mapping[str, Gauge]) -> bytes:
        """Everything as Prometheus reads it; `gauges` are the figures of this moment."""
        self._now.gauges = gauges
        return generate_latest(_OfWorker(self.registry, self._worker) if self._worker else self.registry)


class _OfWorker(CollectorRegistry):
    """Counts with the worker that made them: whoever asks gets another one's each time, and none may seem to fall."""

    def __init__(self, registry: CollectorRegistry, worker: str) -> None:
        super().__init__()
        self._all, self._worker = registry, worker

    def collect(self) -> Iterator[Metric]:
        for family in self._all.collect():
            if family.type in {"counter", "histogram"}:
                label = {"worker": self._worker}
                family.samples = [one._replace(labels=one.labels | label) for one in family.samples]
            yield family


class Gauge:
    """One figure of this moment: what it means, and its values by label, or by several labels.

    One whose name ends with `_total` only ever rises while the process lives: a counter.
    """

    def __init__(
        self,
        says: str,
        values: Mapping[str, float] | Mapping[tuple[str, ...], float],
        *,
        label: str | tuple[str, ...] = "",
    ) -> None:
        self.says = says
        self.values = values
        self.labels = (label,) if isinstance(label, str) and label else tuple(label)


class _Now:
    """Gives the gauges of the page that is being written."""

    def __init__(self) -> None:
        self.gauges: Mapping[str, Gauge] = {}

    def collect(self) -> Iterator[Metric]:
        for name, gauge in self.gauges.items():
            made = CounterMetricFamily if name.endswith(_COUNTS) else GaugeMetricFamily
            family = made(name.removesuffix(_COUNTS), gauge.says, labels=gauge.labels)
            for label, value in gauge.values.items():
                given = (label,) if isinstance(label, str) else label
                family.add_metric(given if gauge.labels else (), value)
            yield family

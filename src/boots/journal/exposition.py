"""The metrics in the forms that Prometheus reads.

Imported when somebody asks for them: the library takes a while to load.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import inf

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from boots.journal.metrics import METRICS
from boots.journal.numbers import Distribution, Numbers

_Labels = dict[str, str]


def registry_of(numbers: Numbers) -> CollectorRegistry:
    """What collects these numbers, and those of the process."""
    registry = CollectorRegistry()
    registry.register(_Collected(numbers))
    ProcessCollector(registry=registry)
    return registry


def exposition(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """All metrics in the form that an Accept header asks for, and its content type."""
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Collected(Collector):
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Family]:
        families = {
            name: Family(name, metric.meaning, metric.kind) for name, metric in METRICS.items()
        }
        for (name, *labels), value in self._numbers.values.items():
            self._add_value(families[name], _labelled(name, labels), value)
        for (name, *labels), values in self._numbers.distributions.items():
            self._add_buckets(families[name], _labelled(name, labels), values)
        return iter(families.values())

    def _add_value(self, family: Family, labels: _Labels, value: float) -> None:
        if family.type == "gauge":
            family.add_sample(family.name, labels, value)
            return
        family.add_sample(f"{family.name}_total", labels, value)
        family.add_sample(f"{family.name}_created", labels, self._numbers.began)

    def _add_buckets(self, family: Family, labels: _Labels, values: Distribution) -> None:
        so_far = list(accumulate(values.counts))
        for bound, count in zip([*values.bounds, inf], so_far, strict=True):
            upto: str = floatToGoString(bound)  # type: ignore[no-untyped-call]
            family.add_sample(f"{family.name}_bucket", {**labels, "le": upto}, count)
        family.add_sample(f"{family.name}_count", labels, so_far[-1])
        family.add_sample(f"{family.name}_sum", labels, values.sum)
        family.add_sample(f"{family.name}_created", labels, self._numbers.began)


def _labelled(name: str, values: Sequence[str]) -> _Labels:
    return dict(zip(METRICS[name].labels, values, strict=True))

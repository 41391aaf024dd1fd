"""The values of all metrics, in plain numbers: to count is one addition, and needs no library."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import product

from boots.journal.metrics import METRICS

Key = tuple[str, ...]  # the name of a metric, and the values of its labels in their order


class Distribution:
    """How many values fell in each bucket: up to its bound, and past the one before; their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)  # the last holds what is beyond every bound
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Take a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Numbers:
    """Every metric with every combination of its labels that can be, from the start, at 0.

    `began` is when that was, in seconds since 1970.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.values: dict[Key, float] = {}
        self.distributions: dict[Key, Distribution] = {}
        for name, metric in METRICS.items():
            for labels in metric.rows or product(*metric.labels.values()):
                if metric.kind == "histogram":
                    self.distribution(name, *labels)
                else:
                    self.values[name, *labels] = 0

    def distribution(self, name: str, *labels: str) -> Distribution:
        """The values of a histogram with these labels."""
        found = self.distributions.get((name, *labels))
        if found is None:
            found = self.distributions[name, *labels] = Distribution(METRICS[name].buckets)
        return found

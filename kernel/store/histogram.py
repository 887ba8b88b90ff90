"""A mergeable histogram of whole numbers with bounded relative error. Pure.

Eight buckets per power of two (the layout of HdrHistogram): a quantile is at most an eighth
too high, whatever the range. Covers: counting, merging, quantiles. Does not cover: storing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SUB_BITS = 3
_SUB = 1 << SUB_BITS
VALUE_MAX = 1 << 62


def bucket_of(value: int) -> int:
    """The bucket that a value falls into; values below 0 count as 0."""
    bounded = min(max(value, 0), VALUE_MAX)
    if bounded < _SUB:
        return bounded
    shift = bounded.bit_length() - 1 - SUB_BITS
    return (shift << SUB_BITS) + (bounded >> shift)


def upper_edge(bucket: int) -> int:
    """The largest value of a bucket."""
    if bucket < _SUB:
        return bucket
    shift = (bucket >> SUB_BITS) - 1
    return (((bucket & (_SUB - 1)) + _SUB + 1) << shift) - 1


@dataclass(slots=True)
class Histogram:
    """Counts by bucket; ``total`` is the exact sum and ``largest`` the exact maximum."""

    buckets: dict[int, int] = field(default_factory=dict)
    total: int = 0
    largest: int = 0

    @property
    def count(self) -> int:
        """How many values were added."""
        return sum(self.buckets.values())

    @property
    def mean(self) -> float:
        """The exact mean; 0 of nothing."""
        return self.total / self.count if self.buckets else 0.0

    def add(self, value: int) -> None:
        """Count one value."""
        bucket = bucket_of(value)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.total += max(0, value)
        self.largest = max(self.largest, value)

    def merge(self, other: Histogram) -> None:
        """Count all values of the other one too."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.total += other.total
        self.largest = max(self.largest, other.largest)

    def quantile(self, share: float) -> int:
        """The value that this share of the values does not exceed; 0 of nothing."""
        wanted, seen = share * self.count, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return min(upper_edge(bucket), self.largest)
        return self.largest


def histogram_of(values: Iterable[int]) -> Histogram:
    """The histogram of the values."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def from_counts(buckets: Mapping[int, int], *, total: int, largest: int) -> Histogram:
    """A histogram as it was stored."""
    return Histogram(dict(buckets), total, largest)

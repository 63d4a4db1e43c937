"""What the benchmarks share: the figures, the stopwatch, and the way from a list of durations to percentiles."""

import math
from collections.abc import Callable, Sequence
from time import perf_counter

Figures = dict[str, float | int | bool]
"""What a benchmark prints, by the names of its specification."""

Say = Callable[[str], None]
"""Told what is going on."""


class Stopwatch:
    """Runs from its making."""

    def __init__(self) -> None:
        self._started = perf_counter()

    @property
    def seconds(self) -> float:  # measured, never near money
        """Since it was made."""
        return perf_counter() - self._started


def per_second(count: int, seconds: float) -> float:
    """A rate, to a tenth."""
    return round(count / max(seconds, 1e-9), 1)


def ratio(measured: float, ceiling: float) -> float:
    """The part of the ceiling that was reached."""
    return round(measured / max(ceiling, 1e-9), 4)


def percentile_ms(durations_s: Sequence[float], percent: int) -> float:
    """The duration that so many percent of them do not exceed, in milliseconds."""
    assert durations_s, "nothing was measured"
    ordered = sorted(durations_s)
    return round(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] * 1000, 3)

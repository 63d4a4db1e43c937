"""Chance with a seed: the same seed draws the same, on every machine and in every second run."""

import random
from collections.abc import MutableSequence, Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A seeded source of choices. Seeds are texts, so that one can be made of several parts."""

    def __init__(self, *seed: object) -> None:
        self._random = random.Random("/".join(str(part) for part in seed))

    def happens(self, per_mille: int) -> bool:
        """True in so many of a thousand cases."""
        return self._random.randrange(1000) < per_mille

    def number(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(least, most)

    def one_of(self, choices: Sequence[T]) -> T:
        """Any of them."""
        return choices[self._random.randrange(len(choices))]

    def weighted(self, choices: Sequence[tuple[int, T]]) -> T:
        """One of them, each as likely as its weight says."""
        left = self._random.randrange(sum(weight for weight, _ in choices))
        for weight, choice in choices:
            left -= weight
            if left < 0:
                return choice
        raise AssertionError("the weights add up")

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Put them into any order, in place."""
        self._random.shuffle(items)

# SPDX-License-Identifier: MPL-2.0
"""What repetitions say: their median, and an interval that holds the true median with 95 %.

The interval is that of order statistics: of n repetitions, how many lie below the true median is
binomial, whatever their distribution. So nothing is drawn and nothing assumed. Fewer than six
repetitions have no such interval: all of them are shown."""

import math
import statistics

CONFIDENCE = 0.95


def outer(count):
    """How many repetitions may be left out at either end: the most with which the interval between
    still has the confidence."""
    left_out, tail = 0, 0.5 ** count
    while tail + math.comb(count, left_out + 1) * 0.5 ** count <= (1 - CONFIDENCE) / 2:
        left_out += 1
        tail += math.comb(count, left_out) * 0.5 ** count
    return left_out


class Spread:
    """The median of repetitions, and its interval."""

    def __init__(self, repetitions):
        ordered = sorted(repetitions)
        cut = outer(len(ordered))
        self.count = len(ordered)
        self.median = statistics.median(ordered)
        self.low, self.high = ordered[cut], ordered[-1 - cut]

    @classmethod
    def ratio(cls, ours, theirs):
        """Of what was measured side by side: a ratio for each repetition."""
        return cls([one / other for one, other in zip(ours, theirs, strict=True)])


def interleave(sides, repetitions):
    """{name: [result, ...]} of {name: a function that measures once}: A B, B A, A B ..., so that
    whatever else goes on in the machine meets all sides alike."""
    results = {name: [] for name in sides}
    for repetition in range(repetitions):
        names = list(sides) if repetition % 2 == 0 else list(reversed(sides))
        for name in names:
            results[name].append(sides[name]())
    return results

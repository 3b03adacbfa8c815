# SPDX-License-Identifier: MPL-2.0
"""The lines of the table: what was measured, what it should be, and whether it is."""

import dataclasses

from spread import Spread


@dataclasses.dataclass(frozen=True)
class Goal:
    """At least or at most a number; met if the median is."""

    number: float
    at_least: bool

    def met_by(self, spread):
        return spread.median >= self.number if self.at_least else spread.median <= self.number

    def show(self, unit):
        number = self.number
        scaled = f"{number / 1e6:g} M/s" if unit in RATES else f"{number:g} {unit}".rstrip()
        return ("≥ " if self.at_least else "≤ ") + scaled


def at_least(number):
    return Goal(number, True)


def at_most(number):
    return Goal(number, False)


@dataclasses.dataclass(frozen=True)
class Line:
    row: str  # P1 ...
    what: str
    spread: Spread
    unit: str
    goal: Goal = None
    beside: str = ""  # the figures that it comes from

    def met(self):
        return "" if self.goal is None else "yes" if self.goal.met_by(self.spread) else "**no**"

    def measured(self):
        spread, unit = self.spread, self.unit
        if spread.low == spread.high:
            return show(spread.median, unit)
        low = show(spread.low, unit)
        if unit not in RATES:
            low = low.removesuffix(unit).rstrip()
        return f"{show(spread.median, unit)} ({low} to {show(spread.high, unit)})"

    def cells(self):
        return [self.row, self.what, self.goal.show(self.unit) if self.goal else "",
                self.measured(), self.met(), self.beside]


RATES = {"/s"}  # units that go with a prefix of their own to each number

HEAD = ["", "measure", "goal", "median (95 % interval)", "met", "from"]


def digits(number, unit):
    """Three significant ones, but for shares, which are told apart near 100 %."""
    if unit == "%":
        return f"{number:.2f}"
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def show(number, unit):
    """With its unit: /s in thousands or millions."""
    if unit == "/s":
        if abs(number) >= 1e6:
            return f"{digits(number / 1e6, unit)} M/s"
        return f"{digits(number / 1e3, unit)} k/s"
    return f"{digits(number, unit)} {unit}".rstrip()


def figures(unit, **sides):
    """"zcache 2.5 M/s, table 30 M/s" of {side: [figure, ...]}."""
    return ", ".join(f"{name} {show(Spread(numbers).median, unit)}"
                     for name, numbers in sides.items())

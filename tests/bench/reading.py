# SPDX-License-Identifier: MPL-2.0
"""P1 to P3: reads in a process, of zcache, of the bare table and of Caffeine."""

import contextlib
import os

import peers
from lines import Line, at_least, figures
from programs import BUILD, Program, run_quietly
from spread import Spread, interleave

SIZES = {1000: "1 k", 100000: "100 k", 1000000: "1 M"}
ORDER_COUNT = 1 << 21
# Each start is another layout of memory. The programs of one have to be done before their entries
# have idled for a minute.
STARTS = 2
RUN_MS = 250
WARM_UP_MS = 300
WARM_UP_JAVA_MS = 3000


def order(entries):
    """The file with the order in which keys are read."""
    path = os.path.join(BUILD, f"order-{entries}")
    if not os.path.exists(path):
        run_quietly("measure_order", entries, ORDER_COUNT, path)
    return path


def one_start(entries, bench):
    """{(side, threads): [reads per second, ...]}"""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        programs = {
            "table": enter(Program.of("measure_reads", "table", entries, order(entries))),
            "zcache": enter(Program.of("measure_reads", "zcache", entries, order(entries))),
        }
        if "caffeine" not in bench.lacking:
            programs["caffeine"] = enter(peers.caffeine(entries, order(entries)))
        sides = {}
        for name, program in programs.items():
            for threads in (1,) if name == "table" else (1, 2):
                program.ask(threads, WARM_UP_JAVA_MS if name == "caffeine" else WARM_UP_MS)
                sides[name, threads] = (
                    lambda program=program, threads=threads:
                    program.ask(threads, RUN_MS)["per_second"])
        return interleave(sides, bench.repetitions // STARTS)


def measure(bench):
    """P1, P2, P3"""
    for entries, size in SIZES.items():
        rates = {}
        for _ in range(STARTS):
            for side, some in one_start(entries, bench).items():
                rates.setdefault(side, []).extend(some)
        for (side, threads), some in rates.items():
            if threads == 1:
                bench.keep("throughput", side, entries, Spread([one / 1e6 for one in some]))
        yield from lines(rates, size, goals=entries >= 100000)


def lines(rates, size, goals):
    def line(row, what, one, other, goal, names):
        return Line(row, f"{what}, {size} entries", Spread.ratio(rates[one], rates[other]), "×",
                    at_least(goal) if goals else None,
                    figures("/s", **{names[0]: rates[one], names[1]: rates[other]}))

    zcache, both, table = ("zcache", 1), ("zcache", 2), ("table", 1)
    yield line("P1", "get in process to the bare table", zcache, table, 0.8, ("zcache", "table"))
    if ("caffeine", 1) in rates:
        yield line("P2", "get in process to Caffeine, 1 thread", zcache, ("caffeine", 1), 3,
                   ("zcache", "Caffeine"))
        yield line("P2", "get in process to Caffeine, 2 threads", both, ("caffeine", 2), 2,
                   ("zcache", "Caffeine"))
    yield line("P3", "two reader threads to one", both, zcache, 1.8, ("two", "one"))

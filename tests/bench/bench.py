#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""`./dev bench`: zcache beside its peers and its limits on this machine, as a table and pictures.

    ./dev bench [--quick] [--traces DIRECTORY] [P1 P7 churn ...]

Without names it measures everything and writes tests/bench/RESULTS.md; with names, or with --quick,
which repeats less often, it only prints."""

import itertools
import os
import sys
import time

import asking
import growing
import keeping
import peers
import reading
import report
import waiting
import writing
from programs import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import words  # noqa: E402  # pylint: disable=wrong-import-position

# Rows that are measured together, and by what.
MEASURES = [
    (("P1", "P2", "P3"), reading.measure),
    (("P4",), waiting.measure_beside),
    (("P5",), writing.measure_sets),
    (("P6",), asking.measure_single),
    (("P7",), asking.measure_pipelined),
    (("P8",), writing.measure_replicated),
    (("P9",), waiting.measure_visible),
    (("P10",), waiting.measure_join),
    (("P11",), keeping.measure_bytes),
    (("P12",), waiting.measure_growth),
    (("P13",), growing.measure_hits),
    (("P14",), growing.measure_mesh),
    (("churn",), keeping.measure_churn),
]
ROWS = list(itertools.chain.from_iterable(rows for rows, _ in MEASURES))
TRACES = os.path.join(ROOT, "..", "shared", "traces")
REPETITIONS, REPETITIONS_QUICK = 10, 4


class Bench:
    """How to measure, and what is kept for the pictures."""

    def __init__(self, arguments):
        self.quick = arguments.quick
        self.repetitions = REPETITIONS_QUICK if self.quick else REPETITIONS
        self.traces = arguments.traces
        self.lacking = peers.missing()
        self.kept = {}  # picture: {curve: {x: y}}
        self.left_out = []

    def keep(self, picture, curve, place, height):
        self.kept.setdefault(picture, {}).setdefault(curve, {})[place] = height

    def leave_out(self, what, why):
        self.left_out.append(f"{what}: {why}")
        print(f"left out: {what}: {why}", file=sys.stderr, flush=True)


def parse():
    parser = words.Parser("bench", "Measures zcache beside its peers and its limits on this machine.")
    parser.add_argument("rows", nargs="*", metavar="NAME", type=words.one_of("row", ROWS),
                        help=f"only these (all of {', '.join(ROWS)})")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions; writes nothing")
    parser.add_argument("--traces", default=os.environ.get("ZCACHE_TRACES", TRACES),
                        metavar="DIRECTORY",
                        help="where the request sequences of P13 are (ZCACHE_TRACES, or "
                        "../shared/traces)")
    return parser.read()


def measure(bench, wanted):
    """The lines of the wanted rows, each shown when it is there."""
    lines = []
    for rows, measured in MEASURES:
        if not set(rows) & set(wanted):
            continue
        began = time.monotonic()
        for line in measured(bench):
            if line.row in wanted:
                lines.append(line)
                print("  ".join(cell for cell in line.cells() if cell), flush=True)
        print(f"{' '.join(rows)}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return lines


def main():
    arguments = parse()
    bench = Bench(arguments)
    for name, what in bench.lacking.items():
        bench.leave_out(f"no {name}", what)
    began = time.monotonic()
    lines = measure(bench, arguments.rows or ROWS)
    if not arguments.rows and not arguments.quick:
        lines.sort(key=lambda line: ROWS.index(line.row))
        report.write(bench, lines, time.monotonic() - began)


if __name__ == "__main__":
    main()

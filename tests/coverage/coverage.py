#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""How much of the core and of the codec the tests reach: runs the tests of both and a share of the
simulator in a build that counts (ZCACHE_COVERAGE), prints a table of lines and branches, and exits
with 1 if a bound of the two is missed. `./dev coverage` builds and calls it.

Whatever counted before is thrown away first, and a file that no test links counts as never run."""

import collections
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PARTS = {
    "core": ("lib/base", "lib/store", "lib/replica"),
    "codec": ("lib/wire",),
}
LINES_LEAST = 95.0
BRANCHES_LEAST = 90.0
SEEDS = 200


class Count:
    """Lines and branches: how many there are, and how many ran."""

    def __init__(self):
        self.lines = self.lines_run = self.branches = self.branches_run = 0

    def add(self, other):
        self.lines += other.lines
        self.lines_run += other.lines_run
        self.branches += other.branches
        self.branches_run += other.branches_run

    def rates(self):
        """Percent of lines and of branches; what has none has all of them."""
        return (100.0 * self.lines_run / self.lines if self.lines else 100.0,
                100.0 * self.branches_run / self.branches if self.branches else 100.0)

    def row(self, name):
        lines, branches = self.rates()
        return (f"{name:24} {self.lines_run:5} of {self.lines:5} {lines:6.1f} %"
                f" {self.branches_run:6} of {self.branches:5} {branches:6.1f} %")


def run(*command):
    """Runs a tool whose output is of interest only if it fails."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{command[0]} failed")


def lcov(*arguments):
    run("lcov", "--config-file", os.path.join(HERE, "lcovrc"), "--quiet", *arguments)


def measure(build):
    """Runs the tests and returns the path of what was counted."""
    before = os.path.join(build, "before.info")
    after = os.path.join(build, "after.info")
    total = os.path.join(build, "coverage.info")
    capture = ("--capture", "--directory", build, "--base-directory", ROOT, "--no-external")
    lcov("--zerocounters", "--directory", build)
    lcov(*capture, "--initial", "--output-file", before)
    run("ctest", "--test-dir", build, "--output-on-failure", "--parallel", str(os.cpu_count()),
        "-L", "core")
    run(os.path.join(build, "tests", "sim"), "--seeds", str(SEEDS))
    lcov(*capture, "--output-file", after)
    lcov("--add-tracefile", before, "--add-tracefile", after, "--output-file", total)
    return total


def read(path):
    """{file: Count} of a tracefile of lcov; geninfo(1) describes the form."""
    counts = collections.defaultdict(Count)
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, _, value = line.strip().partition(":")
            if name == "SF":
                count = counts[os.path.relpath(value, ROOT)]
            elif name == "DA":
                count.lines += 1
                count.lines_run += value.split(",")[1] != "0"
            elif name == "BRDA":
                count.branches += 1
                count.branches_run += value.split(",")[3] not in ("-", "0")
    return counts


def print_table(counts):
    """Prints it and returns the count of each part."""
    print(f"{'':24} {'lines':>23} {'branches':>25}")
    sums = {}
    for part, layers in PARTS.items():
        sums[part] = Count()
        for layer in layers:
            files = {name: count for name, count in counts.items()
                     if os.path.dirname(name) == layer}
            layer_sum = Count()
            for count in files.values():
                layer_sum.add(count)
            sums[part].add(layer_sum)
            print(layer_sum.row(layer))
            for name in sorted(files):
                print(files[name].row("  " + os.path.basename(name)))
    for part, count in sums.items():
        print(count.row("total " + part))
    return sums


def main():
    build = os.path.join(ROOT, sys.argv[1])
    total = measure(build)
    report = os.path.join(build, "html")
    run("genhtml", "--config-file", os.path.join(HERE, "lcovrc"), "--quiet", "--prefix", ROOT,
        "--output-directory", report, total)
    sums = print_table(read(total))
    print(f"line by line: {os.path.relpath(report, ROOT)}/index.html")
    missed = False
    for part, count in sums.items():
        lines, branches = count.rates()
        if count.lines == 0 or lines < LINES_LEAST or branches < BRANCHES_LEAST:
            print(f"the {part} is below {LINES_LEAST:.0f} % of lines or "
                  f"{BRANCHES_LEAST:.0f} % of branches")
            missed = True
    sys.exit(missed)


main()

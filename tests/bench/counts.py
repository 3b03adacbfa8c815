#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Holds the number of instructions that each operation takes against its budget in counts.txt.

    counts.py PROGRAM COMPILER [--write]

Runs tests/bench/count.c under valgrind's callgrind, prints a table, and fails where an operation
takes over 3 % more than its budget, or less: then the budget is to be lowered. --write makes what
was counted the budget. Counts are those of one compiler: under another one there is nothing to
compare, which is told by the exit status 77."""

import glob
import os
import re
import subprocess
import sys
import tempfile

BUDGETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "counts.txt")
OPERATIONS = 8192  # COUNT of count.c
SLACK = 0.03
OTHER_COMPILER = 77


def measure(program):
    """Instructions for each operation, by its name, in the order of the program."""
    counts = {}
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "out")
        subprocess.run(
            ["valgrind", "-q", "--tool=callgrind", "--collect-atstart=no"]
            + [f"--callgrind-out-file={out}", program],
            check=True,
        )
        dumps = glob.glob(out + ".*")
        for path in sorted(dumps, key=lambda path: int(path.rsplit(".", 1)[1])):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            name = re.search(r"^desc: Trigger: Client Request: (\S+)$", text, re.M)
            total = re.search(r"^(?:summary|totals): (\d+)$", text, re.M)
            if name and total:
                counts[name.group(1)] = round(int(total.group(1)) / OPERATIONS)
    return counts


def read_budgets():
    """(compiler, {name: instructions})"""
    compiler = None
    budgets = {}
    with open(BUDGETS, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words[0] == "compiler":
                compiler = words[1]
            elif words[0] != "#":
                budgets[words[0]] = int(words[1])
    return compiler, budgets


def write_budgets(compiler, counts):
    with open(BUDGETS, "w", encoding="utf-8") as file:
        file.write("# Instructions for each operation: tests/bench/counts.py --write makes this\n")
        file.write(f"compiler {compiler}\n")
        for name, count in counts.items():
            file.write(f"{name} {count}\n")


def verdict(count, budget):
    if count is None:
        return "is in counts.txt and not counted"
    if budget is None:
        return "has no budget"
    if count > budget * (1 + SLACK):
        return "over its budget"
    if count < budget * (1 - SLACK):
        return "below its budget: lower it"
    return None


def main():
    program, compiler = sys.argv[1:3]
    counts = measure(program)
    if not counts:
        sys.exit("nothing was counted")
    if "--write" in sys.argv[3:]:
        write_budgets(compiler, counts)
    budget_compiler, budgets = read_budgets()
    faults = 0
    print(f"{'operation':12} {'counted':>8} {'budget':>8}   instructions, {compiler}")
    for name in dict.fromkeys([*budgets, *counts]):
        count, budget = counts.get(name), budgets.get(name)
        said = verdict(count, budget) if compiler == budget_compiler else None
        faults += said is not None
        print(f"{name:12} {count or '-':>8} {budget or '-':>8}   {said or ''}".rstrip())
    if compiler != budget_compiler:
        print(f"the budgets are those of {budget_compiler}: nothing is compared")
        sys.exit(OTHER_COMPILER)
    if faults:
        sys.exit("tests/bench/counts.py PROGRAM COMPILER --write makes these the budgets")


main()

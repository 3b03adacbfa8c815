#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Every seeded bug of tests/mutants still fits the sources, says which rule it breaks, and every
rule of lib/DESIGN.md is broken by one. Whether they are found, `./dev mutants` tells."""

import os
import re
import sys

import source

sys.path.insert(0, os.path.join(source.ROOT, "tests", "mutants"))
import patch  # noqa: E402 (it is found by the line above)

LEAST = 40  # patches that there must be


def main():
    faults = source.Faults()
    rules = set(re.findall(r"\*\*([A-Z]\d+)\b", "\n".join(source.lines("lib/DESIGN.md"))))
    broken = set()
    names = patch.names()
    for name in names:
        path = f"tests/mutants/{name}.patch"
        try:
            mutant = patch.read(name)
            patch.changed(mutant, source.ROOT)
        except (patch.Unfit, OSError) as error:
            faults.add(path, 1, str(error))
            continue
        if mutant.rule not in rules:
            faults.add(path, 1, f"{mutant.rule} is no rule of lib/DESIGN.md")
        broken.add(mutant.rule)
    for rule in sorted(rules - broken):
        faults.add("tests/mutants", 1, f"no patch breaks {rule}")
    if len(names) < LEAST:
        faults.add("tests/mutants", 1, f"{len(names)} patches, at least {LEAST}")
    faults.exit(f"{len(names)} patches, {len(broken)} rules")


main()

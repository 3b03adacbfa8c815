# SPDX-License-Identifier: MPL-2.0
"""What the checks of form share: which files are ours, and how a fault is told.

A check prints one line for each fault, `path:line: what is wrong`, and exits with 1 if there was
one."""

import os
import sys

ROOT = os.environ.get("ZCACHE_SOURCE") or os.path.realpath(
    os.path.join(os.path.dirname(__file__), "..", "..")
)
BUILD = os.environ.get("ZCACHE_BUILD") or os.path.join(ROOT, "build", "main")
PARTS = ("lib", "node", "cli", "tests")


def files(*endings):
    """Paths relative to the root of all our files with one of these endings, sorted."""
    found = []
    for part in PARTS:
        for directory, below, names in os.walk(os.path.join(ROOT, part)):
            below[:] = [name for name in below if name not in ("__pycache__", "corpus")]
            for name in names:
                if name.endswith(endings):
                    found.append(os.path.relpath(os.path.join(directory, name), ROOT))
    return sorted(found)


def lines(path):
    """The lines of a file without their ends."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read().split("\n")


class Faults:
    """Counts what is wrong and says it."""

    def __init__(self):
        self.count = 0

    def add(self, path, line, text):
        print(f"{path}:{line}: {text}")
        self.count += 1

    def exit(self, good):
        """Ends the program; `good` is what to say where nothing is wrong."""
        if self.count:
            print(f"{self.count} faults")
            sys.exit(1)
        print(good)
        sys.exit(0)

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""What the style asks and no compiler sees: the licence comes first, C files say what they are for,
nothing is left for later, and no test sleeps instead of waiting for what it wants to see."""

import re

import source

SPDX = "SPDX-License-Identifier: MPL-2.0"
SLEEP = re.compile(
    r"\b(sleep|usleep|nanosleep|clock_nanosleep|thrd_sleep|zclock_sleep|zmq_sleep)\s*\(")
LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# The two places where waiting for a condition pauses between two looks.
WAITERS = ("tests/support/wait.c", "tests/integration/mesh.py", "tests/demo/demo.py")


def check(path, text, faults):
    first = text[1] if text[0].startswith("#!") else text[0]
    if SPDX not in first:
        faults.add(path, 1, f"does not begin with {SPDX}")
    if path.endswith((".c", ".h")) and not text[1].startswith("/*"):
        faults.add(path, 2, "does not say in a comment what the file is for")
    for number, line in enumerate(text, 1):
        if LATER.search(line) and path != "tests/lint/lint_style.py":
            faults.add(path, number, "leaves something for later")
        if path.startswith("tests/") and path not in WAITERS and SLEEP.search(line):
            faults.add(path, number, "sleeps; wait for a condition with a deadline")
        if path.endswith((".c", ".h", ".py")) and line != line.rstrip():
            faults.add(path, number, "has blanks at its end")


def main():
    faults = source.Faults()
    paths = source.files(".c", ".h", ".py", ".sh", ".cmake", ".map")
    for path in paths:
        text = source.lines(path)
        check(path, text, faults)
    faults.exit(f"{len(paths)} files")


main()

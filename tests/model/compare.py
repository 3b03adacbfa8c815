# SPDX-License-Identifier: MPL-2.0
"""Runs histories on real replicas (build/main/tests/history) and holds what they print against what
the model prints; shrinks one that differs."""

import os
import pathlib
import subprocess
import tempfile

import world

PROGRAM = pathlib.Path(os.environ.get("ZCACHE_BUILD", "build/main")) / "tests" / "history"


def replicas(text, *options):
    """What the replicas print, a text for each history, and the exit status."""
    with tempfile.NamedTemporaryFile("w", prefix="zcache-history-") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([PROGRAM, file.name, *options], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=500)
    printed = ["history\n" + part for part in done.stdout.split("history\n")[1:]]
    return printed, done.returncode, done.stderr


def differs(text):
    printed, status, _ = replicas(text)
    return status not in (0, 1) or printed != world.run(text)[0]


def shrink(text):
    """As few lines as still differ: halves, quarters ... single lines are left out, and at last the
    nodes that none of them names."""
    lines = text.splitlines()
    part = len(lines)
    while part > 0:
        at = 0
        while at < len(lines):
            rest = [line for i, line in enumerate(lines)
                    if not at <= i < at + part or line.startswith(("mesh", "node"))]
            if len(rest) < len(lines) and differs("\n".join(rest) + "\n"):
                lines = rest
            else:
                at += part
        part //= 2
    named = {word for line in lines if not line.startswith("node") for word in line.split()}
    needed = [line for line in lines if not line.startswith("node") or line.split()[1] in named]
    return "\n".join(needed if differs("\n".join(needed) + "\n") else lines) + "\n"


def describe(text):
    """Both readings of a history after the first line where they part."""
    model = "".join(world.run(text, True)[0]).split("after ")
    printed, status, error = replicas(text, "--each")
    found = "".join(printed).split("after ")
    for ours, theirs in zip(model, found):
        if ours != theirs:
            return f"model, after {ours}\nreplicas, after {theirs}"
    return f"replicas ended with {status} {error}"


def fault(text):
    """What to tell of a history that differs."""
    small = shrink(text)
    return f"the replicas differ from the model in\n\n{small}\n{describe(small)}"


def first_difference(histories):
    """Of (text, what the model prints), the first text that the replicas read otherwise, or None."""
    printed, status, _ = replicas("".join(text for text, _ in histories))
    if status in (0, 1) and len(printed) == len(histories):
        for (text, wanted), found in zip(histories, printed):
            if found != wanted:
                return text
        return None
    return next(text for text, _ in histories if differs(text))

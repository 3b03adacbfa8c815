# SPDX-License-Identifier: MPL-2.0
"""Patches of seeded bugs: a line of text, `RULE: what is wrong`, then a unified diff.

A hunk is put where its old lines stand, and they must stand there exactly once: line numbers are
not looked at, so that a patch holds while the code around it moves."""

import collections
import os
import re

HERE = os.path.dirname(os.path.realpath(__file__))

Hunk = collections.namedtuple("Hunk", "path old new")
Patch = collections.namedtuple("Patch", "name rule text hunks")


class Unfit(Exception):
    """A patch that cannot be read, or does not fit the sources."""


def names():
    """The names of all patches, sorted."""
    return sorted(name[:-len(".patch")] for name in os.listdir(HERE) if name.endswith(".patch"))


def read_hunks(lines):
    hunks = []
    path = None
    for line in lines:
        if line.startswith("--- "):
            continue
        if line.startswith("+++ b/"):
            path = line[len("+++ b/"):]
        elif line.startswith("@@ "):
            hunks.append(Hunk(path, [], []))
        elif hunks and line[:1] in (" ", "-", "+"):
            if line[0] != "+":
                hunks[-1].old.append(line[1:])
            if line[0] != "-":
                hunks[-1].new.append(line[1:])
        elif line:
            raise Unfit(f"not a line of a unified diff: {line}")
    return hunks


def read(name):
    with open(os.path.join(HERE, name + ".patch"), encoding="utf-8") as file:
        first, *lines = file.read().split("\n")
    head = re.fullmatch(r"([A-Z]\d+): (\S.*)", first)
    if head is None:
        raise Unfit("its first line does not say `RULE: what is wrong`")
    hunks = read_hunks(lines)
    if not hunks or any(hunk.path is None or hunk.old == hunk.new for hunk in hunks):
        raise Unfit("it changes nothing")
    if not all(hunk.old for hunk in hunks):
        raise Unfit("a hunk has no line to stand at")
    return Patch(name, head[1], head[2], hunks)


def changed(patch, root):
    """{path: what the file is with the patch}, of the sources below `root`."""
    texts = {}
    for hunk in patch.hunks:
        if hunk.path not in texts:
            with open(os.path.join(root, hunk.path), encoding="utf-8") as file:
                texts[hunk.path] = "\n" + file.read()
        old = "\n" + "\n".join(hunk.old) + "\n"
        new = "\n" + "\n".join(hunk.new) + "\n"
        count = texts[hunk.path].count(old)
        if count != 1:
            raise Unfit(f"its lines stand {count} times in {hunk.path}: {hunk.old[0].strip()}")
        texts[hunk.path] = texts[hunk.path].replace(old, new)
    return {path: text[1:] for path, text in texts.items()}

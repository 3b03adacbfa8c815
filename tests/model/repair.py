#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The executable model of how nodes merge and repair (rules.py), on the command line.

usage: repair.py SEEDS [--small-ring] [--no-PART]   draws so many histories and checks each: in the
                        end equal vectors, nobody holds anything but the newest write to a key, and
                        no node ever served a version older than one before. PART leaves out a part of
                        the rules: ghost floor adopt ghost-in-delta ghost-in-replace horizon
                        late-floor exceptions
       repair.py --draw SEED                        prints the history of a seed
       repair.py --run FILE [--each]                runs a history and prints what the nodes hold, as
                                                    build/main/tests/history does; --each after each line

Exit 0 if all holds.
"""

import collections
import pathlib
import sys

from drawn import Drawn
from rules import PARTS
from world import Failure, run


def check(seeds, off=(), small_ring=False):
    """Returns what failed, and how many repairs of each kind there were."""
    failures, kinds = [], collections.Counter()
    for seed in seeds:
        drawn = Drawn(seed, off, small_ring)
        try:
            drawn.history()
        except Failure as failure:
            failures.append(f"seed {seed}: {failure}")
        kinds.update(word for line in drawn.world.printed for word in line.split()
                     if word in ("delta", "replace"))
    return failures, kinds


def main(arguments):
    if arguments[:1] == ["--draw"]:
        print(Drawn(int(arguments[1])).history(), end="")
        return 0
    if arguments[:1] == ["--run"]:
        printed, failures = run(pathlib.Path(arguments[1]).read_text(), "--each" in arguments)
        print("".join(printed), end="")
        return 1 if failures else 0
    if not arguments or not arguments[0].isdigit():
        sys.exit(__doc__)
    off = {word[5:] for word in arguments[1:] if word.startswith("--no-")}
    if off - set(PARTS) or set(arguments[1:]) - {"--small-ring"} - {f"--no-{part}" for part in off}:
        sys.exit(__doc__)
    failures, kinds = check(range(int(arguments[0])), off, "--small-ring" in arguments)
    print(f"{arguments[0]} seeds, {len(failures)} bad; repairs: {dict(kinds)}", *failures[:4],
          sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

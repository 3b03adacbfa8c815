#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Every C file is as clang-format writes it. `./dev format` mends what this finds."""

import os
import subprocess

import source


def main():
    faults = source.Faults()
    paths = source.files(".c", ".h")
    os.chdir(source.ROOT)
    for path in paths:
        wanted = subprocess.run(
            ["clang-format", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        text = source.lines(path)
        pairs = enumerate(zip(text, wanted.split("\n")), 1)
        differs = next((number for number, (ours, theirs) in pairs if ours != theirs), None)
        if differs is not None:
            faults.add(path, differs, "is the first line that clang-format would write otherwise")
        elif wanted != "\n".join(text):
            faults.add(path, len(text), "ends otherwise than clang-format would end it")
    faults.exit(f"{len(paths)} files are as clang-format writes them")


main()

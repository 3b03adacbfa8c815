#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Files and functions keep to their sizes: no file above 800 lines (above 500 it is told), no
function above 70, most of them below 30."""

import re

import source

FILE_ERROR = 800
FILE_WARNING = 500
FUNCTION_ERROR = 70
FUNCTION_USUAL = 30


def functions(text):
    """(name, first line, number of lines) of each function in C that clang-format has written:
    there a body opens at the end of a line whose text began in the first column, and closes with a
    brace in the first column."""
    start = None  # the line where the present declaration began
    head = ""
    body = None
    for number, line in enumerate(text, 1):
        if body is not None:
            if line.startswith("}"):
                if body:
                    yield body, start, number - start + 1
                body, start, head = None, None, ""
            continue
        if not line or line[0] in "#/" or line.startswith((" *", "    /*")) or line.endswith("\\"):
            if not line:
                start, head = None, ""
            continue
        if line[0] not in " \t":
            start, head = number, line
        else:
            head += " " + line.strip()
        if line.rstrip().endswith("{") and start is not None:
            match = re.match(r"[^={]*?(\w+)\(.*\)\s*\{$", head)
            if head.startswith('extern "C"'):
                start, head = None, ""
            else:
                body = match[1] if match else ""
        elif line.rstrip().endswith((";", "}")):
            start, head = None, ""


def main():
    faults = source.Faults()
    sizes = []
    for path in source.files(".c", ".h", ".py", ".sh"):
        text = source.lines(path)
        if len(text) > FILE_ERROR:
            faults.add(path, 1, f"{len(text)} lines, at most {FILE_ERROR}")
        elif len(text) > FILE_WARNING:
            print(f"{path}:1: warning: {len(text)} lines, better below {FILE_WARNING}")
        if not path.endswith((".c", ".h")):
            continue
        for name, line, count in functions(text):
            sizes.append(count)
            if count > FUNCTION_ERROR:
                faults.add(path, line, f"{name} has {count} lines, at most {FUNCTION_ERROR}")
    usual = sum(1 for size in sizes if size < FUNCTION_USUAL)
    faults.exit(f"{len(sizes)} functions, {usual} of them below {FUNCTION_USUAL} lines")


main()

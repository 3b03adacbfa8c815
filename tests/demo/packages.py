#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Turns dpkg's database (standard input) into JSON lines for `zcache load`: the key is a package's
name, the value an object of its fields."""

import json
import sys


def paragraphs(lines):
    """One dictionary for each package. A line that begins with a blank belongs to the field
    above it."""
    fields = {}
    name = None
    for line in lines:
        line = line.rstrip("\n")
        if not line:
            if fields:
                yield fields
            fields, name = {}, None
        elif line[0] in " \t":
            if name is not None:
                fields[name] += "\n" + line.strip()
        else:
            name, _, text = line.partition(":")
            fields[name] = text.strip()
    if fields:
        yield fields


def main():
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    for fields in paragraphs(sys.stdin):
        if "Package" in fields:
            print(json.dumps({"key": fields["Package"], "value": fields}))


main()

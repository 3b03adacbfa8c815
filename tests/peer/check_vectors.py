#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Reads the test vectors of peers with this implementation: what are messages is taken, what must be
refused is refused."""

import json
import pathlib
import sys

import codec
import hashes


def outcome(data):
    try:
        codec.read(data, hashes.xxh3)
    except codec.Malformed:
        return "MALFORMED"
    except codec.OtherVersion:
        return "INCOMPATIBLE"
    return "OK"


def main():
    path = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "peer.json"
    cases = json.loads(path.read_text(encoding="ascii"))
    wrong = 0
    for case in cases:
        expected = case.get("refused", "OK")
        found = outcome(bytes.fromhex(case["bytes"]))
        if found != expected:
            print(f"{case.get('name', case.get('why'))}: {found}, expected {expected}")
            wrong += 1
    print(f"{len(cases)} vectors, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A node's process gives back what large values that are gone have left between what stays."""

import os
import unittest

from mesh import MeshTest, wait_until

MIB = 1 << 20
# Too small for a mapping of its own, too large for a page of blocks.
LARGE_BYTES = 30000
SMALL_BYTES = 1000


def resident_bytes(node):
    with open(f"/proc/{node.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def rows():
    """Large values, and small ones among them that keep the C library's heap from shrinking."""
    for i in range(1500):
        yield f"large{i}", "x" * LARGE_BYTES
        yield f"small{i}", "x" * SMALL_BYTES


class Memory(MeshTest):
    def test_what_large_values_leave_between_small_ones_goes_back(self):
        node = self.node("--max-size", "10000", "--expire-after", "0")
        before = resident_bytes(node)
        node.load(rows())
        filled = resident_bytes(node)
        self.assertGreater(filled - before, 40 * MIB)
        for first in range(0, 1500, 500):
            keys = [f"large{i}" for i in range(first, first + 500)]
            self.assertEqual(node.run("del", *keys).returncode, 0)
        wait_until("memory is given back",
                   lambda: resident_bytes(node) - before < 16 * MIB, 45)
        self.assertEqual(node.get("small700"), b"x" * SMALL_BYTES)


if __name__ == "__main__":
    unittest.main()

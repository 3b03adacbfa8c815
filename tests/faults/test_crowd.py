#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Many nodes at once: 32 that are started together and know one address."""

import time
import unittest

import namespaces
from faults import FaultsTest, wait_until

NODES = 32
ENTRIES = 900
WITHIN_S = 10


class Crowd(FaultsTest):
    def test_32_nodes_started_at_once_against_one_are_live_and_equal_within_10_seconds(self):
        # As a user starts them: nothing is set.
        seed = self.start()
        seed.client.set_all((b"key%d" % i, b"v" * 100) for i in range(ENTRIES))
        started = time.monotonic()
        nodes = [seed, *(self.start("--join", seed.at) for _ in range(NODES - 1))]
        began = time.monotonic()
        wait_until("all are live and equal", lambda: self.are_equal(nodes), WITHIN_S)
        print(f"{NODES} nodes started within {began - started:.2f} s: live and equal "
              f"{time.monotonic() - began:.2f} s after the last start", flush=True)
        self.assertEqual({node.stats()["entries"] for node in nodes}, {ENTRIES})
        origins = {node.origin() for node in nodes}
        for node in nodes:
            self.assertEqual(set(node.origins()), origins)
        self.check_counters(nodes)


if __name__ == "__main__":
    namespaces.enter()
    unittest.main()

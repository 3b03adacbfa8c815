#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""lib/PROTOCOL.md is enough to write a node from: tests/peer, which shares no code with zcache,
meets real nodes, and all end with the same digest."""

import os
import signal
import subprocess
import sys
import unittest

from mesh import DEADLINE_S, ROOT, run, wait_until
from peers import PeerTest

CHECK = os.path.join(ROOT, "tests", "peer", "check_vectors.py")
# So long that nothing idles out while a slow machine works on a test.
KEEP = ("--expire-after", "600")


class Peer(PeerTest):
    def test_it_takes_the_vectors_and_refuses_what_is_wrong(self):
        done = subprocess.run([sys.executable, "-B", CHECK], stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_it_joins_hears_writes_and_holds_the_same(self):
        nodes = self.mesh(3, *KEEP)
        nodes[1].load((f"before{i}", i) for i in range(200))
        peer = self.peer(nodes[0], "--write", "200", "--entries", "410", "--until-digest-equal")
        peer.expect("live")
        nodes[2].load((f"while{i}", i) for i in range(50))
        peer.expect("written")
        equal = peer.expect("equal")
        self.assertEqual(peer.process.wait(DEADLINE_S), 0)
        self.assertEqual(equal["malformed"], 0)
        self.assertEqual(set(equal["members"].values()), {"live"})
        # A fifth of what it wrote it has deleted, and its goodbye takes nothing away.
        self.assertEqual(self.wait_equal(nodes, 410), equal["digest"])
        for node in nodes:
            wait_until("it has left", lambda node=node: node.stats().get("peers_live") == 2)
            self.assertIsNone(node.get("peer.py:5"))
            self.assertTrue(node.get("peer.py:1").replace(b"first", b"") == b"")
            self.assertEqual(node.stats()["malformed"], 0)

    def test_lost_batches_are_found_and_repaired_on_both_sides(self):
        nodes = self.mesh(2, *KEEP)
        peer = self.peer(nodes[0], "--write", "300", "--entries", "540", "--lose", "0.5",
                         "--until-digest-equal")
        peer.expect("live")
        for part in range(30):
            nodes[part % 2].load((f"node{part}-{i}", i) for i in range(10))
        peer.expect("written")
        equal = peer.expect("equal")
        self.assertGreater(equal["lost"], 0)
        self.assertEqual(self.wait_equal(nodes, 540), equal["digest"])

    def test_a_quiet_mesh_gives_it_all_by_recency(self):
        nodes = self.mesh(2, *KEEP)
        nodes[0].load((f"key{i}", "x" * 100 * (i % 50)) for i in range(900))
        self.wait_equal(nodes, 900)
        peer = self.peer(nodes[1], "--entries", "900", "--until-digest-equal")
        peer.expect("live")
        peer.expect("written")
        self.assertEqual(peer.expect("equal")["replace_syncs"], 1)

    def test_a_clear_and_new_settings_reach_it(self):
        nodes = self.mesh(2, *KEEP)
        nodes[0].load((f"key{i}", i) for i in range(100))
        peer = self.peer(nodes[0])
        peer.expect("live")
        peer.expect("written")
        self.assertEqual(nodes[1].run("clear").returncode, 0)
        nodes[1].set("after", "the clear")
        self.wait_equal([*nodes, peer], 1)
        self.assertEqual(nodes[0].run("config", "max_size", "77").returncode, 0)
        wait_until("the setting has arrived", lambda: peer.stats().get("max_size") == 77)
        peer.leave()

    def test_clients_are_served_by_it(self):
        nodes = self.mesh(1, *KEEP)
        peer = self.peer(nodes[0])
        peer.expect("live")
        peer.expect("written")
        self.assertEqual(run("set", "key", "value", at=peer.at).returncode, 0)
        wait_until("it has arrived", lambda: nodes[0].get("key") == b"value")
        self.assertEqual(run("get", "key", at=peer.at).stdout, b"value")
        self.assertEqual(run("ping", "--ready", at=peer.at).returncode, 0)
        self.assertEqual(run("del", "key", at=peer.at).returncode, 0)
        self.wait_equal([*nodes, peer], 0)

    def test_a_node_that_joins_takes_everything_from_it(self):
        nodes = self.mesh(2, *KEEP)
        nodes[0].load((f"node{i}", i) for i in range(300))
        peer = self.peer(nodes[0], "--write", "100")
        peer.expect("live")
        peer.expect("written")
        digest = self.wait_equal(nodes, 380)
        for node in nodes:
            node.kill()
        joiner = self.node("--join", peer.at, *KEEP)
        wait_until("it is ready", joiner.ready)
        self.assertEqual(self.wait_equal([joiner], 380), digest)
        self.assertEqual(peer.leave()["digest"], digest)

    def test_a_delta_comes_in_parts_both_ways(self):
        nodes = self.mesh(1, "--heartbeat", "100", *KEEP)
        peer = self.peer(nodes[0], "--write", "100", "--lose", "1", "--checkpoint", "300")
        peer.expect("live")
        # More than credit allows at once, and than lies between two checkpoints. It asks when all
        # is there, or else it would have piece after piece as they are written.
        peer.process.send_signal(signal.SIGSTOP)
        nodes[0].load((f"big{i}", "x" * 500000) for i in range(12))
        peer.process.send_signal(signal.SIGCONT)
        peer.expect("written")
        self.wait_equal([*nodes, peer], 92)
        ended = peer.leave()
        self.assertGreater(ended["parts"], 0)
        self.assertGreater(ended["parts_given"], 0)
        self.assertEqual(nodes[0].stats()["malformed"], 0)


if __name__ == "__main__":
    unittest.main()

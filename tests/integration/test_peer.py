#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""lib/PROTOCOL.md is enough to write a node from: tests/peer, which shares no code with zcache,
meets real nodes, and all end with the same digest."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
import unittest

from mesh import DEADLINE_S, ROOT, MeshTest, free_ports, run, wait_until

PEER = os.path.join(ROOT, "tests", "peer", "peer.py")
CHECK = os.path.join(ROOT, "tests", "peer", "check_vectors.py")
# So long that nothing idles out while a slow machine works on a test.
KEEP = ("--expire-after", "600")


class PeerProcess:
    """A running peer.py. Its lines are a word and an object of JSON."""

    def __init__(self, node, *arguments):
        self.port = free_ports()
        self.at = f"127.0.0.1:{self.port}"
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-B", PEER, "--join", node.at, "--port", str(self.port),
             "--seconds", str(DEADLINE_S), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, bufsize=0)

    def log(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def expect(self, word):
        """Waits for the line that begins with a word, and returns its object."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(DEADLINE_S * 2):
                raise AssertionError(f"no line from peer.py, expected {word}: {self.log()}")
        line = self.process.stdout.readline().decode()
        first, _, rest = line.partition(" ")
        if first != word:
            raise AssertionError(f"{line!r}, expected {word}: {self.log()}")
        return json.loads(rest)

    def stats(self):
        """It answers clients as a node does."""
        done = run("stats", "--json", at=self.at)
        return done.json() if done.returncode == 0 else {}

    def leave(self):
        """Ends its input, waits for its end and returns what it says of itself."""
        self.process.stdin.close()
        ended = self.expect("ended")
        self.process.wait(DEADLINE_S)
        return ended

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)
        self.process.stdin.close()
        self.process.stdout.close()
        self.errors.close()


class Peer(MeshTest):
    def peer(self, node, *arguments):
        peer = PeerProcess(node, *arguments)
        self.addCleanup(peer.end)
        return peer

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


if __name__ == "__main__":
    unittest.main()

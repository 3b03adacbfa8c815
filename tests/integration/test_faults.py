#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Nodes that crash, stall or lose the network: the others go on, and in the end all are equal."""

import signal
import unittest

from mesh import MeshTest, wait_until

# Short heartbeats, so that a silent node is gone after 20 x 50 ms.
FAST = ("--heartbeat", "50", "--max-size", "10000", "--expire-after", "0")


class Faults(MeshTest):
    def test_a_killed_node_comes_back_with_everything(self):
        nodes = self.mesh(3, *FAST)
        nodes[0].load((f"key{i}", i) for i in range(500))
        self.wait_equal(nodes, 500)
        dead = nodes.pop()
        dead.kill()
        for node in nodes:
            wait_until("the dead one is gone", lambda: node.peers().get(dead.endpoint) == "gone")
        nodes[1].load((f"more{i}", i) for i in range(500))
        self.assertEqual(nodes[0].run("del", "key7").returncode, 0)
        again = self.node("--join", nodes[0].at, *FAST, port=dead.port)
        nodes.append(again)
        self.wait_met(nodes)
        self.wait_equal(nodes, 999)
        self.assertIsNone(again.get("key7"))
        # The new life replaced the old one: nobody is left in the list twice.
        for node in nodes:
            wait_until("three members", lambda: len(node.peers()) == 2)

    def test_what_only_a_survivor_has_of_a_dead_node_reaches_all(self):
        nodes = self.mesh(3, *FAST)
        # The third is stopped while the first writes, so that it misses the writes of a node that
        # is dead when it wakes: only the second can give them.
        nodes[2].send(signal.SIGSTOP)
        nodes[0].load((f"key{i}", i) for i in range(200))
        self.wait_equal(nodes[:2], 200)
        nodes[0].kill()
        nodes[2].send(signal.SIGCONT)
        self.wait_equal(nodes[1:], 200)

    def test_a_node_that_was_stopped_catches_up(self):
        nodes = self.mesh(3, *FAST)
        stopped = nodes[2]
        stopped.send(signal.SIGSTOP)
        for node in nodes[:2]:
            wait_until("it is gone", lambda: node.peers().get(stopped.endpoint) == "gone")
        nodes[0].load((f"key{i}", "v" * 1000) for i in range(2000))
        self.assertEqual(nodes[1].run("del", "key1").returncode, 0)
        stopped.send(signal.SIGCONT)
        self.wait_equal(nodes, 1999)
        self.wait_met(nodes)

    def test_two_sides_of_a_cut_merge(self):
        left = self.node(*FAST, "--advertise", "127.0.0.2")
        left_network = self.proxy("127.0.0.2", left)
        right = self.node(*FAST, "--advertise", "127.0.0.3", "--join", f"127.0.0.2:{left.port}")
        right_network = self.proxy("127.0.0.3", right)
        self.wait_met([left, right])
        left.load((f"before{i}", i) for i in range(100))
        self.wait_equal([left, right], 100)

        left_network.cut()
        right_network.cut()
        for node in (left, right):
            wait_until("the other is gone", lambda: list(node.peers().values()) == ["gone"])
        left.load((f"left{i}", i) for i in range(100))
        right.load((f"right{i}", i) for i in range(100))
        left.set("both", "from the left")
        right.set("both", "from the right")
        self.assertEqual(right.run("del", "before0").returncode, 0)
        # Each goes on alone.
        self.assertEqual(left.get("left5"), b"5")
        self.assertIsNone(left.get("right5"))

        left_network.heal()
        right_network.heal()
        self.wait_equal([left, right], 300)
        # Which of the two is newer the clocks decide; that both say the same is the rule.
        self.assertEqual(left.get("both"), right.get("both"))
        self.assertIn(left.get("both"), (b"from the left", b"from the right"))
        self.assertIsNone(left.get("before0"))

    def test_two_meshes_that_meet_are_one(self):
        first = self.node(*FAST)
        first.load((f"a{i}", i) for i in range(50))
        second = self.node(*FAST)
        second.load((f"b{i}", i) for i in range(50))
        bridge = self.node("--join", first.at, "--join", second.at, *FAST)
        self.wait_met([first, second, bridge])
        self.wait_equal([first, second, bridge], 100)

    def test_leaving_says_goodbye(self):
        nodes = self.mesh(3, "--heartbeat", "1000")
        leaver = nodes.pop()
        status, seconds = leaver.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2)
        # Long before 20 heartbeats are over.
        for node in nodes:
            wait_until(
                "it has left", lambda: node.peers().get(leaver.endpoint) in (None, "gone"), 5)
            self.assertEqual(node.stats()["peers_live"], 1)

    def test_an_interrupt_ends_a_node_too(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            status, seconds = self.node("--join", "127.0.0.1:1").stop(number)
            self.assertEqual(status, 0)
            self.assertLess(seconds, 2)


if __name__ == "__main__":
    unittest.main()

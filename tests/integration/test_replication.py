#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Three nodes hold the same cache: what one is told, all answer."""

import unittest

from mesh import MeshTest, wait_until


class Replication(MeshTest):
    def test_a_write_reaches_every_node(self):
        nodes = self.mesh(3)
        for number, writer in enumerate(nodes):
            writer.set(f"key{number}", f"value{number}")
        for reader in nodes:
            for number in range(3):
                wait_until(
                    f"{reader.at} has key{number}",
                    lambda: reader.get(f"key{number}") == f"value{number}".encode())
        self.wait_equal(nodes, 3)

    def test_the_newest_of_two_writes_wins_everywhere(self):
        nodes = self.mesh(3)
        nodes[0].set("key", "old")
        wait_until("it has arrived", lambda: nodes[2].get("key") == b"old")
        nodes[2].set("key", "new")
        for node in nodes:
            wait_until("the new value has arrived", lambda: node.get("key") == b"new")
        self.wait_equal(nodes, 1)

    def test_a_delete_reaches_every_node(self):
        nodes = self.mesh(3)
        nodes[0].load((f"key{i}", i) for i in range(10))
        self.wait_equal(nodes, 10)
        self.assertEqual(nodes[1].run("del", "key3", "key4").returncode, 0)
        self.wait_equal(nodes, 8)
        for node in nodes:
            self.assertIsNone(node.get("key3"))
            self.assertIsNotNone(node.get("key5"))

    def test_a_clear_empties_every_node(self):
        nodes = self.mesh(3)
        nodes[0].load((f"key{i}", i) for i in range(100))
        self.wait_equal(nodes, 100)
        self.assertEqual(nodes[2].run("clear").returncode, 0)
        self.wait_equal(nodes, 0)
        nodes[1].set("after", "the clear")
        self.wait_equal(nodes, 1)

    def test_a_ttl_ends_an_entry_on_every_node_though_it_is_read(self):
        nodes = self.mesh(3)
        nodes[0].set("short", "lived", "--ttl", "2")
        nodes[0].set("long", "lived")
        self.wait_equal(nodes, 2)
        for node in nodes:
            wait_until("its ttl is over", lambda: node.get("short") is None)
            self.assertEqual(node.get("long"), b"lived")
        self.wait_equal(nodes, 1)

    def test_an_idle_entry_expires_on_every_node_and_a_read_one_stays(self):
        nodes = self.mesh(3, "--expire-after", "2")
        nodes[0].set("idle", "x")
        nodes[0].set("busy", "y")
        self.wait_equal(nodes, 2)

        def only_busy_is_left():
            # Read at one node only: the others are told by touches (R11).
            self.assertEqual(nodes[1].get("busy"), b"y")
            return all(node.stats()["entries"] == 1 for node in nodes)

        wait_until("the idle entry has expired", only_busy_is_left)
        for node in nodes:
            self.assertEqual(node.get("busy"), b"y")
            self.assertIsNone(node.get("idle"))

    def test_every_node_keeps_to_the_size(self):
        nodes = self.mesh(3, "--max-size", "50")
        nodes[0].load((f"key{i}", i) for i in range(200))
        self.wait_equal(nodes, 50)
        self.assertIsNone(nodes[2].get("key149"))
        self.assertEqual(nodes[2].get("key199"), b"199")

    def test_a_late_joiner_has_everything(self):
        first = self.node("--max-size", "5000")
        first.load((f"key{i}", "v" * 100) for i in range(3000))
        second = self.node("--join", first.at)
        third = self.node("--join", second.at)
        self.wait_met([first, second, third])
        self.wait_equal([first, second, third], 3000)

    def test_any_bytes_are_a_value(self):
        nodes = self.mesh(2)
        value = bytes(range(256)) * 256
        self.assertEqual(nodes[0].run("set", "bytes", "-", stdin=value).returncode, 0)
        wait_until("it has arrived", lambda: nodes[1].get("bytes") is not None)
        self.assertEqual(nodes[1].get("bytes"), value)
        self.assertEqual(nodes[0].run("set", "empty", "").returncode, 0)
        wait_until("it has arrived", lambda: nodes[1].get("empty") is not None)
        self.assertEqual(nodes[1].get("empty"), b"")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Partitions of a network, with writes on both sides: when they end all are equal, the newest write
of each key has won, and nothing that was deleted is back."""

import random
import time
import unittest

import namespaces
from faults import FaultsTest, QUICK, ROOMY, SLACK_S, wait_until

# The longest of a node's own: a donor's patience, a keepalive, TCP_MAXRT, the last redial.
EVERY_TIMEOUT_S = 31
# Writes that leave hardly an entry where it was.
TURNOVER = {"key_count": 400, "deletes": 0.3}


class Partition(FaultsTest):
    def part(self, left, right):
        self.network.part([node.machine for node in left], [node.machine for node in right])
        self.wait_gone(left, right)
        self.wait_gone(right, left)

    def test_two_sides_that_were_apart_for_longer_than_every_timeout_are_one_again(self):
        nodes = self.networked(5, *ROOMY)
        left, right = nodes[:2], nodes[2:]
        for key in ("left last", "right last", "deleted left", "deleted right"):
            nodes[0].set(key, "before")
        self.wait_merged(nodes, "four writes")
        self.load(nodes)
        self.part(left, right)
        parted = time.monotonic()
        left[0].set("right last", "left")
        right[0].set("left last", "right")
        left[0].client.delete_all([b"deleted left"])
        right[0].client.delete_all([b"deleted right"])
        # Well after the others, by any clock.
        self.wait_answered(500)
        right[1].set("right last", "right")
        left[1].set("left last", "left")
        self.wait_longer(EVERY_TIMEOUT_S)
        # Each side goes on, and knows nothing of the other.
        self.assertEqual(left[0].get("deleted right"), b"before")
        self.assertEqual(right[0].get("left last"), b"right")
        self.network.heal()
        self.rest_and_check(nodes, f"a partition of {time.monotonic() - parted:.0f} s")
        for node in nodes:
            self.assertEqual(node.get("left last"), b"left")
            self.assertEqual(node.get("right last"), b"right")
            self.assertIsNone(node.get("deleted left"))
            self.assertIsNone(node.get("deleted right"))

    def test_nothing_comes_back_though_every_node_evicts_and_forgets(self):
        # Room for 60 of 400 keys: ghosts are forgotten all the time, so floors rise (R9).
        nodes = self.networked(4, *QUICK, "--max-size", "60")
        left, right = nodes[:2], nodes[2:]
        # Where only one side writes, the other keeps what is long overwritten, deleted and forgotten.
        for writing in (nodes, left, right):
            self.load(nodes, **TURNOVER)
            self.wait_answered(1000)
            self.part(left, right)
            self.rest()
            self.load(writing, **TURNOVER)
            self.wait_longer(SLACK_S + 1)
            self.rest()
            self.network.heal()
            self.wait_met(nodes)
            # What to evict is each node's own choice (R11), so they may differ in what they hold;
            # what they hold under a key may not.
            wait_until("nodes agree on what they hold", lambda: self.agree(nodes))
            self.check(nodes, whole=False)
        self.assertGreater(sum(node.stats()["replace_syncs"] for node in nodes), 0)

    def wait_longer(self, seconds):
        end = time.monotonic() + seconds
        wait_until(f"{seconds} s are over", lambda: time.monotonic() > end, seconds + 5)

    def agree(self, nodes):
        together = {}
        for node in nodes:
            for key, value in node.client.get_all(self.journal.keys).items():
                if together.setdefault(key, value) != value:
                    return False
        return True

    def test_a_clear_on_one_side_voids_what_the_other_had_before_and_nothing_after(self):
        nodes = self.networked(3, *ROOMY)
        nodes[0].client.set_all((b"old%d" % i, b"0 0 0") for i in range(100))
        self.wait_merged(nodes, "100 writes")
        self.part(nodes[:1], nodes[1:])
        nodes[1].client.set_all((b"apart%d" % i, b"0 0 0") for i in range(100))
        wait_until("they have arrived", lambda: nodes[2].stats().get("entries") == 200)
        self.assertEqual(nodes[0].run("clear").returncode, 0)
        nodes[0].set("after", "the clear")
        nodes[1].set("later", "than the clear")
        self.network.heal()
        self.wait_merged(nodes, "a clear on one side")
        for node in nodes:
            self.assertEqual(node.stats()["entries"], 2)

    def test_links_that_flap(self):
        nodes = self.networked(5, *ROOMY)
        self.load(nodes)
        chance = random.Random(1)
        began = time.monotonic()
        while time.monotonic() < began + 15:
            sender, receiver = chance.sample(nodes, 2)
            if chance.random() < 0.5:
                self.network.drop(sender.machine, receiver.machine)
            else:
                self.network.part([sender.machine], [receiver.machine])
            self.wait_answered(chance.choice((20, 200, 1000)))
            if chance.random() < 0.5:
                self.network.heal()
        self.network.heal()
        self.rest_and_check(nodes, "15 s of flapping links")


if __name__ == "__main__":
    namespaces.enter()
    unittest.main()

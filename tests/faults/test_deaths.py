#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Nodes that crash (SIGKILL) under load, in mid-transfer and again and again: only what no survivor
had is lost, and nobody is left in the list of members who is not there."""

import json
import random
import subprocess
import unittest

import namespaces
from faults import FaultsTest, QUICK, ROOMY, read_value, wait_until

ENTRIES = 150000
BIG = (*QUICK, "--max-size", str(ENTRIES))


class Deaths(FaultsTest):
    def sent_bytes(self, node):
        """What its machine has sent so far, as the switch counts it."""
        rows = json.loads(subprocess.check_output(
            ["ip", "-statistics", "-json", "link", "show", f"cable{node.machine.number}"]))
        return rows[0]["stats64"]["rx"]["bytes"]

    def test_a_joiner_whose_donor_is_killed_in_mid_transfer_completes_from_another(self):
        nodes = self.networked(3, *BIG)
        for first in range(0, ENTRIES, 10000):
            nodes[0].client.set_all((b"key%d" % i, b"v" * 200) for i in range(first, first + 10000))
        self.wait_merged(nodes, f"{ENTRIES} writes")
        sent = {node: self.sent_bytes(node) for node in nodes}
        machine = self.network.machine()
        # A slow network, so that the transfer takes its time.
        self.network.throttle(machine, 5)
        joiner = self.start_on(machine, "--join", nodes[0].at, *BIG)
        held = wait_until("the transfer is under way", lambda: joiner.stats().get("entries"))
        donor = max(nodes, key=lambda node: self.sent_bytes(node) - sent[node])
        donor.kill()
        self.assertLess(held, ENTRIES / 2)
        self.assertEqual(joiner.stats()["state"], "joining")
        self.network.heal()
        nodes.remove(donor)
        nodes.append(joiner)
        wait_until("it has joined all the same", joiner.ready)
        self.wait_merged(nodes, "a donor's death")
        self.assertEqual(joiner.stats()["entries"], ENTRIES)
        self.assertGreater(joiner.stats()["transfers_broken"], 0)
        self.check_counters(nodes)

    def test_a_crash_under_load_loses_only_what_no_survivor_had(self):
        nodes = self.networked(4, *ROOMY)
        victim, witness, *others = nodes
        survivors = nodes[1:]
        self.load(nodes, deletes=0)
        self.wait_answered(3000)
        # In the end only one of the survivors hears the victim.
        self.network.part([victim.machine, witness.machine], [node.machine for node in others])
        self.wait_gone(others, [victim, witness])
        self.wait_answered(1000)
        victim.kill()
        # The union of what they had then, and no less, is what they all have in the end.
        had = [node.client.get_all(self.journal.keys) for node in survivors]
        self.kill(victim)
        self.rest()
        self.network.heal()
        wait_until("all are equal", lambda: len({one.stats()["digest"] for one in survivors}) == 1)
        self.check(survivors)
        # Values only grow newer.
        held = survivors[0].client.get_all(self.journal.keys)
        for values in had:
            for key, value in values.items():
                self.assertIn(key, held)
                self.assertGreaterEqual(read_value(held[key]).began + 1, read_value(value).began)

    def test_a_storm_of_restarts_leaves_the_members_that_are_there_and_no_others(self):
        nodes = self.networked(5, *ROOMY)
        chance = random.Random(2)
        self.load(nodes)
        for _ in range(20):
            # The first goes on living, so that what it took is never lost.
            for place in chance.sample(range(1, 5), chance.choice((1, 1, 2, 3))):
                machine = nodes[place].machine
                self.kill(nodes[place])
                other = chance.choice([node for node in nodes if node is not nodes[place]])
                nodes[place] = self.start_on(machine, "--join", other.at, *ROOMY)
            self.load([node for node in nodes if node.writer is None])
            self.wait_answered(chance.choice((50, 300, 1000)))
        self.rest_and_check(nodes, "a storm of restarts")
        origins = {node.origin() for node in nodes}
        for node in nodes:
            wait_until("members are exact", lambda node=node: set(node.origins()) == origins and
                       sorted(node.origins().values()) == ["live"] * 4 + ["self"])


if __name__ == "__main__":
    namespaces.enter()
    unittest.main()

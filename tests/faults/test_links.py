#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Links that work badly or in one direction: packets lost by nftables, and connections that a proxy
delays, stalls, swallows or resets. What passes keeps the mesh together, what does not is repaired."""

import unittest

import namespaces
from faults import FaultsTest, ROOMY, wait_until
from proxy import IN, OUT


class LossyLinks(FaultsTest):
    def test_writes_arrive_through_a_network_that_loses_a_tenth(self):
        nodes = self.networked(4, *ROOMY)
        self.network.lose(10)
        self.load(nodes)
        self.wait_answered(8000)
        # The loss goes on: TCP is slow, the mesh is whole.
        self.rest_and_check(nodes, "10 % loss, still on")

    def test_a_network_that_loses_almost_a_third_delays_and_loses_no_write(self):
        nodes = self.networked(4, *ROOMY)
        self.load(nodes)
        for percent in (20, 30, 20):
            self.network.lose(percent)
            self.wait_answered(3000)
        self.network.heal()
        self.rest_and_check(nodes, "20 to 30 % loss")

    def test_writes_of_a_node_that_is_heard_by_one_only_reach_all_through_it(self):
        nodes = self.networked(3, *ROOMY)
        sender, receiver, between = nodes
        self.network.drop(sender.machine, receiver.machine)
        wait_until("it is heard no more",
                   lambda: receiver.peers().get(sender.endpoint) in ("suspect", "gone"))
        sender.set("key", "value")
        wait_until("the one between has it", lambda: between.get("key") == b"value")
        wait_until("it came through the one between", lambda: receiver.get("key") == b"value")
        self.assertNotEqual(receiver.peers()[sender.endpoint], "live")

    def test_links_that_carry_one_direction_only(self):
        nodes = self.networked(4, *ROOMY)
        self.load(nodes)
        for sender, receiver in ((0, 1), (1, 2), (3, 0)):
            self.network.drop(nodes[sender].machine, nodes[receiver].machine)
            wait_until("it is heard no more", lambda: nodes[receiver].peers().get(
                nodes[sender].endpoint) in ("suspect", "gone"))
            self.wait_answered(1000)
        self.network.heal()
        self.rest_and_check(nodes, "three links of one direction")


class ProxiedLinks(FaultsTest):
    """The first of three nodes is reached through a proxy, and so reaches nobody but by itself."""

    def setUp(self):
        super().setUp()
        self.pairs = self.proxied(3, *ROOMY)
        self.all = [node for node, _ in self.pairs]
        self.node, self.link = self.pairs[0]
        self.others = self.all[1:]
        self.load(self.all)
        self.wait_answered(300)

    def wait_unheard(self):
        for other in self.others:
            wait_until("it is heard no more", lambda other=other: other.peers().get(
                self.node.endpoint_of_peers) in ("suspect", "gone"))

    def proxied(self, count, *arguments):
        pairs = super().proxied(count, *arguments)
        for node, proxy in pairs:
            node.endpoint_of_peers = f"tcp://{proxy.host}:{node.port}"
        return pairs

    def heal_and_check(self, what):
        self.wait_answered(1000)
        self.link.heal()
        self.rest_and_check(self.all, what)

    def test_a_slow_link_is_a_link(self):
        # Three times the heartbeat, and jitter of one more.
        for _, proxy in self.pairs:
            proxy.delay(0.15, jitter=0.05)
        self.wait_answered(3000)
        self.rest()
        self.wait_merged(self.all, "150 to 200 ms of delay, still on")
        self.check(self.all)

    def test_a_link_that_stalls_in_one_direction(self):
        for direction, name in ((OUT, "away from it"), (IN, "towards it")):
            self.link.stall((direction,))
            if direction == OUT:
                self.wait_unheard()
            self.heal_and_check(f"a link stalled {name}")
            self.load(self.all)

    def test_a_link_that_stalls(self):
        self.link.stall()
        self.wait_unheard()
        self.heal_and_check("a link stalled both ways")

    def test_a_half_open_link(self):
        self.link.swallow()
        self.wait_unheard()
        self.heal_and_check("a half-open link")

    def test_a_link_that_is_reset_again_and_again(self):
        for _ in range(20):
            self.link.cut()
            self.wait_answered(50)
            self.link.heal()
            self.wait_answered(100)
        self.heal_and_check("20 resets")

    def test_a_link_that_is_cut(self):
        self.link.cut()
        self.wait_unheard()
        self.heal_and_check("a cut link")


if __name__ == "__main__":
    namespaces.enter()
    unittest.main()

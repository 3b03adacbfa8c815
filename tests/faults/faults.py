# SPDX-License-Identifier: MPL-2.0
"""What the tests of faults share: nodes on machines of a network that the test has made, or behind
proxies, asked over sockets that stay open, with a journal of all that was written."""

import os
import sys
import time

import namespaces

# The helpers of the other tests with real nodes.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
# pylint: disable=wrong-import-position
from client import Client, Unanswered  # noqa: E402
from mesh import MeshTest, Node, wait_until  # noqa: E402
from load import Journal, SLACK_S, Writer, read_value  # noqa: E402

PORT = 5000
# Short heartbeats: suspect after 3 of 50 ms, gone after 20. Nothing idles out.
QUICK = ("--heartbeat", "50", "--expire-after", "0")
ROOMY = (*QUICK, "--max-size", "10000")
# A peer that is gone is dialled every 30 s at last (M3), and then something remains to be done.
HEALED_S = 45
# Internal faults: in a mesh of correct nodes these stay 0, whatever its network does.
FAULT_COUNTERS = ("faults", "malformed", "requests_malformed", "skewed", "members_refused")


class DirectNode(Node):
    """A node that is asked without a process for each question."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.client = Client(self.endpoint)
        self.writer = None
        self.lives = []  # of its writers, in the journal

    def stats(self):
        try:
            return self.client.stats()
        except Unanswered:
            return {}

    def rows(self):
        try:
            return self.client.peers()
        except Unanswered:
            return []

    def peers(self):
        return {row[1]: row[3] for row in self.rows() if row[3] != "self"}

    def origins(self):
        """{origin: state} of all members, itself among them."""
        return {row[2]: row[3] for row in self.rows()}

    def origin(self):
        return next((row[2] for row in self.rows() if row[3] == "self"), None)

    def get(self, key):
        return self.client.get(key.encode())

    def set(self, key, value):
        self.client.set_all([(key.encode(), value.encode())])

    def ready(self):
        try:
            return self.client.ready()
        except Unanswered:
            return False

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class FaultsTest(MeshTest):
    """A test that breaks a mesh. What its journal says against the nodes is a failure."""

    def setUp(self):
        super().setUp()
        self.journal = Journal()
        self.network = None

    def end_all(self):
        for node in self.nodes:
            if node.writer is not None:
                node.writer.ended.set()
        super().end_all()
        for node in self.nodes:
            node.client.close()
        if self.network is not None:
            self.network.close()

    # -- Nodes ---------------------------------------------------------------

    def start(self, *arguments, port=0, within=()):
        node = DirectNode(*arguments, port=port, within=within)
        self.nodes.append(node)
        return node

    def start_on(self, machine, *arguments):
        node = self.start("--host", machine.address, *arguments, port=PORT, within=machine.within)
        node.machine = machine
        return node

    def networked(self, count, *arguments):
        """`count` nodes that have met, each on a machine of its own."""
        self.network = namespaces.Network()
        nodes = [self.start_on(self.network.machine(), *arguments)]
        for _ in range(count - 1):
            nodes.append(self.start_on(self.network.machine(), "--join", nodes[0].at, *arguments))
        self.wait_met(nodes)
        return nodes

    def proxied(self, count, *arguments):
        """`count` nodes that have met, each behind a proxy: [(node, proxy)]."""
        pairs = []
        for number in range(count):
            host = f"127.0.0.{number + 2}"
            join = ("--join", f"127.0.0.2:{pairs[0][0].port}") if pairs else ()
            node = self.start("--advertise", host, *join, *arguments)
            pairs.append((node, self.proxy(host, node)))
        self.wait_met([node for node, _ in pairs])
        return pairs

    def kill(self, node):
        """As a crash does."""
        node.kill()
        if node.writer is not None:
            node.writer.stop()
        for life in node.lives:
            self.journal.forget(life)

    def wait_gone(self, nodes, others):
        """Until none of the nodes hears any of the others."""
        for node in nodes:
            for other in others:
                wait_until(f"{other.at} is gone at {node.at}",
                           lambda node=node, other=other: other.endpoint in node.peers() and
                           node.peers()[other.endpoint] == "gone")

    # -- Load ----------------------------------------------------------------

    def load(self, nodes, **options):
        """Writes and reads at each of the nodes, until rest()."""
        for node in nodes:
            life = self.journal.life()
            node.lives.append(life)
            node.writer = Writer(self.journal, life, node.endpoint, **options)

    def rest(self):
        for node in self.nodes:
            if node.writer is not None:
                node.writer.stop()

    def wait_answered(self, count, seconds=30):
        """Until so many more writes were answered."""
        before = self.journal.answered
        wait_until(f"{count} writes are answered",
                   lambda: self.journal.answered >= before + count, seconds)

    # -- The end -------------------------------------------------------------

    def wait_merged(self, nodes, what):
        print(f"{what}: equal within {self.merge(nodes):.2f} s", flush=True)

    def merge(self, nodes):
        """Waits until all hold the same and see each other; returns how long it took."""
        began = time.monotonic()
        try:
            wait_until("all are live and equal", lambda: self.are_equal(nodes), HEALED_S)
        except AssertionError as error:
            seen = [(node.stats(), node.peers()) for node in nodes]
            raise AssertionError("\n".join(
                [str(error), *map(repr, seen), *self.differences(nodes)])) from None
        return time.monotonic() - began

    def differences(self, nodes):
        """Some of the keys that are not the same on all of the nodes, and what each holds."""
        all_held = [node.client.get_all(self.journal.keys) for node in nodes]
        for key in sorted(self.journal.keys):
            values = [held.get(key) for held in all_held]
            if len(set(values)) > 1:
                yield f"{key}: {[value and tuple(read_value(value)) for value in values]}"

    def are_equal(self, nodes):
        stats = [node.stats() for node in nodes]
        return len({one.get("digest") for one in stats}) == 1 and \
            all(one.get("peers_live") == len(nodes) - 1 for one in stats)

    def check(self, nodes, whole=True):
        """Nothing is stale, nothing lost, and no node has met what cannot be."""
        self.assertEqual(self.journal.turned_back[:5], [])
        for node in nodes:
            held = node.client.get_all(self.journal.keys)
            self.assertEqual(self.journal.faults(held, whole)[:5], [])
        self.check_counters(nodes)
        self.assertGreater(self.journal.answered, 0)

    def check_counters(self, nodes):
        for node in nodes:
            stats = node.stats()
            self.assertEqual([name for name in FAULT_COUNTERS if stats[name] != 0], [],
                             f"{node.at}: {stats}")

    def rest_and_check(self, nodes, what):
        self.rest()
        self.wait_merged(nodes, what)
        self.check(nodes)

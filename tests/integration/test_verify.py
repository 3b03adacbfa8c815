#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""zcache verify: equal members are called equal, also while they are written to, and whatever is
really different is found, named and, where that can be, repaired."""

import concurrent.futures
import errno
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import unittest

import msgpack
import zmq

from mesh import DEADLINE_S, ZCACHE, run, wait_until
from peers import PeerTest

SET, DELETE = 1, 2
KEEP = ("--expire-after", "600")
FAST = ("--heartbeat", "50", "--max-size", "10000", "--expire-after", "0")


class Writer(threading.Thread):
    """Writes to a node until it is told to end, with a pause between requests: 2,000 keys of its
    own, and between them a few that all write; now and then it deletes one."""

    def __init__(self, node, name, pause_s):
        super().__init__(daemon=True)
        self.node = node
        self.pause_s = pause_s
        self.name = name
        self.ended = threading.Event()
        self.writes = 0

    def operations(self):
        for i in range(self.writes, self.writes + 50):
            key = f"hot{i % 10}" if i % 5 else f"{self.name}{i % 10000}"
            if i % 23 == 0:
                yield [DELETE, key.encode()]
            else:
                yield [SET, key.encode(), f"{self.name} {i}".encode(), 0, 0]

    def run(self):
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.connect(self.node.endpoint)
            while not self.ended.is_set():
                socket.send(msgpack.packb([32, 1, 1 + self.writes, list(self.operations())]))
                if not socket.poll(DEADLINE_S * 1000):
                    return
                socket.recv()
                self.writes += 50
                self.ended.wait(self.pause_s)

    def end(self):
        self.ended.set()
        self.join()


class Traffic:
    """Writers to all of the nodes, while the block runs."""

    def __init__(self, nodes, pause_s=0.0):
        self.writers = [Writer(node, f"writer{number}-", pause_s)
                        for number, node in enumerate(nodes)]

    def writes(self):
        return min(writer.writes for writer in self.writers)

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        wait_until("all are written to", lambda: self.writes() > 1000)
        return self

    def __exit__(self, *_):
        for writer in self.writers:
            writer.end()


def on_terminal(columns, command, at):
    """What the command writes to a terminal of so many columns, without colours."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    with open(leader, "rb", buffering=0) as screen:
        with open(follower, "wb", buffering=0) as terminal:
            subprocess.run([ZCACHE, command, "--at", at], stdout=terminal, check=False,
                           env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"}, timeout=DEADLINE_S)
        said = b""
        try:
            while more := os.read(screen.fileno(), 65536):
                said += more
        except OSError as error:
            if error.errno != errno.EIO:  # which is how a terminal ends
                raise
    return said.decode().replace("\r\n", "\n")


class Verify(PeerTest):
    def verify(self, node, *arguments):
        """(exit status, what it writes as JSON)"""
        done = run("verify", "--json", *arguments, at=node.at)
        self.assertIn(done.returncode, (0, 1), done)
        verdict = done.json()
        self.assertEqual(done.returncode, 0 if verdict["equal"] else 1, verdict)
        self.assertEqual(verdict["equal"], verdict["differences"] == [], verdict)
        return verdict

    def differences(self, verdict):
        return sorted((one["difference"], one["endpoint"], one["key"])
                      for one in verdict["differences"])

    def test_members_that_hold_the_same_are_equal(self):
        nodes = self.mesh(3, *KEEP)
        nodes[0].load((f"key{i}", i) for i in range(500))
        self.assertEqual(nodes[1].run("del", "key7").returncode, 0)
        digest = self.wait_equal(nodes, 499)
        for node in nodes:
            verdict = self.verify(node)
            self.assertTrue(verdict["same"])
            self.assertEqual((verdict["members"], verdict["entries"], verdict["digest"]),
                             (3, 499, digest))
        done = nodes[2].run("verify")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout.decode(), r"\Aequal as of \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z: "
                         rf"3 nodes, 499 entries, digest {digest}\n\Z")

    def test_writes_that_go_on_are_no_difference(self):
        nodes = self.mesh(3, *FAST)
        with Traffic(nodes) as traffic:
            for _ in range(10):
                before = traffic.writes()
                verdict = self.verify(nodes[1])
                self.assertTrue(verdict["equal"], verdict)
                wait_until("it goes on", lambda before=before: traffic.writes() > before)
        self.wait_equal(nodes)
        self.assertTrue(self.verify(nodes[0])["same"])

    def test_nor_are_evictions_whose_ghosts_are_forgotten_at_once(self):
        nodes = self.mesh(3, "--heartbeat", "50", "--max-size", "200", "--expire-after", "0")
        self.assertEqual(nodes[0].run("config", "ghosts_max", "20").returncode, 0)
        with Traffic(nodes):
            wait_until("it evicts", lambda: nodes[2].stats()["evictions"] > 1000)
            # On a busy machine one node may not have heard of everything, now and then.
            wait_until("they are equal ten times in a row",
                       lambda: all(self.verify(nodes[1])["equal"] for _ in range(10)))

    def test_a_lost_write_is_found_while_writes_go_on(self):
        nodes = self.mesh(2, *FAST)
        peer = self.peer(nodes[0], "--withhold", "key7")
        peer.expect("live")
        with Traffic(nodes, 0.05):
            nodes[1].load((f"key{i}", i) for i in range(20))
            wait_until("it has received the write", lambda: run("get", "key19", at=peer.at).stdout)
            verdict = self.verify(nodes[0])
        self.assertEqual(self.differences(verdict), [("lost", peer.endpoint, "key7")])
        self.assertEqual(verdict["keys"], 1)
        self.assertEqual(verdict["differences"][0]["writes"]["name"], nodes[1].endpoint)

    def test_a_stale_value_is_found(self):
        nodes = self.mesh(2, *KEEP)
        nodes[0].load([("old", 1), ("deleted", 1), ("fine", 1)])
        self.wait_equal(nodes, 3)
        peer = self.peer(nodes[0], "--withhold", "old")
        peer.expect("live")
        nodes[1].load([("old", 2), ("fine", 2)])
        wait_until("it has received the writes", lambda: run("get", "fine", at=peer.at).stdout == b"2")
        verdict = self.verify(nodes[0])
        self.assertEqual(self.differences(verdict), [("stale", peer.endpoint, "old")])
        # The key is deleted everywhere but there.
        self.assertEqual(nodes[0].run("del", "old").returncode, 0)
        self.assertTrue(wait_until("the delete is there", lambda: self.verify(nodes[1])["equal"]))

    def test_another_value_under_the_same_stamp_is_found(self):
        nodes = self.mesh(2, *KEEP)
        peer = self.peer(nodes[0], "--alter", "key")
        peer.expect("live")
        nodes[1].load([("key", 1), ("fine", 1)])
        wait_until("it has received the writes", lambda: run("get", "fine", at=peer.at).stdout)
        verdict = self.verify(nodes[0])
        self.assertEqual({(one, key) for one, _, key in self.differences(verdict)},
                         {("value", "key")})
        done = nodes[0].run("verify")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"holds other bytes under the stamp of the newest write\tkey\tof ", done.stdout)
        self.assertIn(b"\nnot equal as of ", done.stdout)
        self.assertIn(b", 1 keys differ", done.stdout)
        # An exchange cannot mend that, and says so.
        verdict = self.verify(nodes[0], "--repair", "--wait", "0.5")
        self.assertFalse(verdict["equal"])

    def test_lacking_writes_are_named_and_repaired(self):
        nodes = self.mesh(2, *KEEP)
        nodes[0].load((f"before{i}", i) for i in range(10))
        self.wait_equal(nodes, 10)
        peer = self.peer(nodes[0], "--deaf", "live")
        peer.expect("live")
        nodes[1].load((f"key{i}", i) for i in range(30))
        nodes[0].set("before3", "new")
        self.wait_equal(nodes, 40)
        verdict = self.verify(nodes[0], "--keys", "5")
        self.assertEqual(verdict["keys"], 31)
        words = [one for one, _, _ in self.differences(verdict)]
        self.assertEqual(words, ["missing"] * 5 + ["writes"] * 2)
        writes = {one["writes"]["name"]: one for one in verdict["differences"]
                  if one["difference"] == "writes"}
        self.assertEqual(set(writes), {node.endpoint for node in nodes})
        for one in writes.values():
            self.assertEqual(one["endpoint"], peer.endpoint)
            self.assertIn(one["from"], [node.endpoint for node in nodes])
            self.assertLess(one["writes"]["after"], one["writes"]["upto"])
        verdict = self.verify(nodes[0], "--repair")
        self.assertTrue(verdict["equal"] and verdict["lacked"] and verdict["repaired"], verdict)
        self.wait_equal([*nodes, peer], 40)

    def test_a_member_that_is_joining_is_not_equal(self):
        nodes = self.mesh(2, *KEEP)
        nodes[0].set("key", "value")
        peer = self.peer(nodes[0], "--deaf", "joining")
        wait_until("it is known", lambda: nodes[0].peers().get(peer.endpoint) == "joining")
        verdict = self.verify(nodes[0])
        self.assertEqual(self.differences(verdict), [("joining", peer.endpoint, None)])
        row = [one for one in nodes[0].run("peers", "--json").json()
               if one["endpoint"] == peer.endpoint]
        self.assertIsNone(row[0]["agrees"])

    def test_a_member_that_does_not_answer_is_not_equal(self):
        nodes = self.mesh(3, *FAST)
        stopped = nodes[2]
        stopped.send(signal.SIGSTOP)
        verdict = self.verify(nodes[0])
        self.assertEqual(self.differences(verdict), [("silent", stopped.endpoint, None)])
        self.assertEqual((verdict["members"], verdict["silent"]), (3, 1))
        self.assertIn(stopped.at, verdict["differences"][0]["detail"])
        self.assertEqual(verdict["differences"][0]["state"], nodes[0].peers()[stopped.endpoint])
        wait_until("it is gone", lambda: nodes[0].peers().get(stopped.endpoint) == "gone")
        self.assertFalse(self.verify(nodes[0])["equal"])
        verdict = self.verify(nodes[0], "--without-gone")
        self.assertTrue(verdict["same"])
        self.assertEqual(verdict["members"], 2)
        stopped.send(signal.SIGCONT)
        self.wait_met(nodes)
        self.assertTrue(self.verify(nodes[0])["same"])

    def test_a_member_that_is_slow_to_answer_is_waited_for(self):
        nodes = self.mesh(2, *KEEP)
        nodes[0].set("key", "value")
        digest = self.wait_equal(nodes, 1)
        nodes[1].send(signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            verdict = pool.submit(self.verify, nodes[0], "--wait", str(DEADLINE_S))
            # Far longer than a connection takes.
            wait_until("it is gone", lambda: nodes[0].peers()[nodes[1].endpoint] == "gone")
            self.assertFalse(verdict.done())
            nodes[1].send(signal.SIGCONT)
            verdict = verdict.result()
        self.assertEqual((verdict["same"], verdict["digest"], verdict["silent"]), (True, digest, 0))

    def test_a_narrow_terminal_shows_who_it_is(self):
        nodes = self.mesh(2, *KEEP)
        nodes[1].send(signal.SIGSTOP)
        for command in ("verify", "peers"):
            said = on_terminal(80, command, nodes[0].at)
            self.assertRegex(said, rf"(?m)^- +{nodes[1].endpoint} ")
            self.assertLessEqual(max(map(len, said.splitlines())), 80, said)
        self.assertIn("SKEW_MS\n", said)
        # What goes on below itself is whole.
        said = re.sub(r"\s+", " ", on_terminal(80, "verify", nodes[0].at))
        self.assertRegex(said, r" \((suspect|gone)\):( -)* no answer in time from ")
        self.assertIn("is stopped, too busy, or no node", said)

    def test_a_member_of_an_older_version_is_named_as_such(self):
        nodes = self.mesh(2, *KEEP)
        peer = self.peer(nodes[0], "--old")
        peer.expect("live")
        verdict = self.verify(nodes[0])
        self.assertEqual(self.differences(verdict), [("older", peer.endpoint, None)])
        self.assertEqual(verdict["silent"], 1)
        done = run("stats", at=peer.at)
        self.assertEqual(done.returncode, 0)
        done = run("verify", at=nodes[1].at)
        self.assertIn(b"is of a version that cannot be verified", done.stdout)

    def test_two_sides_of_a_cut_are_repaired(self):
        left = self.node(*FAST, "--advertise", "127.0.0.2")
        proxies = [self.proxy("127.0.0.2", left)]
        right = self.node(*FAST, "--advertise", "127.0.0.3", "--join", f"127.0.0.2:{left.port}")
        proxies.append(self.proxy("127.0.0.3", right))
        self.wait_met([left, right])
        for proxy in proxies:
            proxy.cut()
        left.load((f"left{i}", i) for i in range(50))
        right.load((f"right{i}", i) for i in range(70))
        self.assertEqual(left.run("clear").returncode, 0)
        self.assertEqual(left.run("config", "max_size", "5000").returncode, 0)
        left.load((f"again{i}", i) for i in range(10))
        self.assertEqual([one for one, _, _ in self.differences(self.verify(left))], ["silent"])
        for proxy in proxies:
            proxy.heal()
        verdict = self.verify(left, "--repair")
        self.assertTrue(verdict["equal"], verdict)
        self.wait_equal([left, right])
        self.assertEqual(right.stats()["max_size"], 5000)

    def test_what_one_has_evicted_is_no_difference(self):
        large = self.node(*KEEP, "--max-size", "2000")
        small = self.node(*KEEP, "--join", large.at, "--max-memory", "100000")
        self.wait_met([large, small])
        large.load((f"key{i}", "v" * 100) for i in range(1500))
        wait_until("both have all writes", lambda: small.get("key1499"))
        held = small.stats()["entries"]
        self.assertLess(held, 1000)
        for node in (large, small):
            verdict = self.verify(node)
            self.assertTrue(verdict["equal"], verdict)
            self.assertFalse(verdict["same"])
            self.assertEqual(verdict["evicted"], 1500 - held)
        self.assertRegex(large.run("verify").stdout.decode(),
                         f"1500 entries, {1500 - held} keys evicted by some\n")
        wait_until("peers says so", lambda: large.run("peers").stdout.endswith(b"\tno\t0\n"))

    def test_peers_shows_whether_they_agree(self):
        nodes = self.mesh(2, *FAST)

        def agrees(node):
            return [one["agrees"] for one in node.run("peers", "--json").json()]

        nodes[0].set("key", "value")
        for node in nodes:
            wait_until("they agree", lambda node=node: agrees(node) == [True, True])
        nodes[1].send(signal.SIGSTOP)
        wait_until("nobody knows", lambda: agrees(nodes[0]) == [True, None])
        nodes[1].send(signal.SIGCONT)
        wait_until("they agree again", lambda: agrees(nodes[0]) == [True, True])
        self.assertTrue(nodes[0].run("peers").stdout.endswith(b"\tyes\t0\n"))

    def test_the_command_line_is_checked(self):
        node = self.node()
        for words in (("word",), ("--wait", "0"), ("--wait", "soon"), ("--keys", "-1"),
                      ("--fix",)):
            done = node.run("verify", *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertEqual(done.stdout, b"")
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        self.assertEqual(run("verify", at="127.0.0.1:1").returncode, 3)
        self.assertIn(b"--repair", node.run("verify", "--help").stdout)
        self.assertEqual(node.run("verify").returncode, 0)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""`zcache watch` shows every change that its node applies, whoever wrote it."""

import json
import os
import signal
import subprocess
import threading
import unittest

import mesh
from mesh import MeshTest, wait_until
from stranger import Stranger, frame, subscription


class Watcher:
    """A `zcache watch --json` process whose events are collected as they come."""

    def __init__(self, node, *arguments):
        self.process = subprocess.Popen(
            [mesh.ZCACHE, "watch", "--json", *arguments], stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL, env={**os.environ, "ZCACHE_AT": node.at},
            preexec_fn=mesh.end_with_parent)
        self.events = []
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    def collect(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def keys(self, change="set"):
        return [event["key"] for event in self.events if event["event"] == change]

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        status = self.process.wait(mesh.DEADLINE_S)
        self.thread.join()
        self.process.stdout.close()
        return status


class Watching(MeshTest):
    def watch(self, node, *arguments):
        """A watcher that is known to be subscribed: a first event of its prefix has come."""
        watcher = Watcher(node, *arguments)
        self.addCleanup(lambda: watcher.process.poll() is None and watcher.stop(signal.SIGKILL))
        prefix = next((word for word in arguments if not word.startswith("-")), "")

        def subscribed():
            node.set(prefix + "first", "x")
            return watcher.events

        wait_until("the watcher has its first event", subscribed)
        return watcher

    def test_changes_of_every_node_are_seen(self):
        nodes = self.mesh(3)
        watcher = self.watch(nodes[2])
        nodes[0].set("key", "value", "--ttl", "600")
        wait_until("the set is seen", lambda: "key" in watcher.keys())
        nodes[1].run("del", "key")
        wait_until("the delete is seen", lambda: "key" in watcher.keys("delete"))
        nodes[0].run("clear")
        wait_until("the clear is seen",
                   lambda: any(event["event"] == "clear" for event in watcher.events))
        event = next(event for event in watcher.events if event.get("key") == "key")
        origin = next(row["origin"] for row in nodes[0].run("peers", "--json").json()
                      if row["state"] == "self")
        self.assertEqual(event["origin"], origin)
        # As of when it was applied, by a clock that is right to the length of a message.
        self.assertAlmostEqual(event["ttl_ms"], 600000, delta=60000)
        self.assertIsNone(event.get("value"))
        self.assertEqual(watcher.stop(), 0)

    def test_a_stranger_who_ends_a_topic_ends_it_for_nobody(self):
        node = self.node()
        watcher = self.watch(node, "k")
        stranger = Stranger(node.port + 2, b"SUB")
        self.addCleanup(stranger.close)
        stranger.send(frame(b"\0kk") + subscription(b"kown"))
        greeted = b""
        while b"kown" not in greeted:
            greeted += stranger.socket.recv(4096)
        for i in range(20):
            node.set(f"k{i}", "x")
        wait_until("the last is seen", lambda: "k19" in watcher.keys())
        wanted = [f"k{i}" for i in range(20)]
        self.assertEqual([key for key in watcher.keys() if key in wanted], wanted)
        self.assertEqual(watcher.events[-1]["lost"], 0)

    def test_values_come_if_asked_for(self):
        node = self.node()
        watcher = self.watch(node, "--values")
        node.set("key", "value")
        wait_until("it is seen", lambda: "key" in watcher.keys())
        self.assertEqual(watcher.events[-1]["value"], "value")

    def test_only_the_prefix_is_seen(self):
        nodes = self.mesh(2)
        # Prefixes longer than the topic of the sender are filtered by the watcher.
        for prefix in ("user:", "p" * 250):
            watcher = self.watch(nodes[0], prefix)
            nodes[1].set("other", "x")
            nodes[1].set(prefix[:-1], "x")
            nodes[1].set(prefix + "1", "x")
            nodes[1].set(prefix + "2", "x")
            wait_until("the last is seen", lambda: prefix + "2" in watcher.keys())
            self.assertTrue(all(key.startswith(prefix) for key in watcher.keys()))
            self.assertIn(prefix + "1", watcher.keys())
            self.assertEqual(watcher.stop(signal.SIGTERM), 0)

    def test_expiry_and_eviction_are_seen(self):
        node = self.node("--max-size", "10")
        watcher = self.watch(node)
        node.set("short", "x", "--ttl", "1")
        wait_until("the expiry is seen", lambda: "short" in watcher.keys("expire"))
        for number in range(15):
            node.set(f"key{number}", "x")
        wait_until("the evictions are seen", lambda: "key0" in watcher.keys("evict"))

    def test_events_are_numbered_without_a_hole(self):
        nodes = self.mesh(2)
        watcher = self.watch(nodes[1])
        nodes[0].load((f"key{i}", i) for i in range(500))
        wait_until("the last is seen", lambda: "key499" in watcher.keys())
        numbers = [event["number"] for event in watcher.events]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        self.assertEqual(sum(event["lost"] for event in watcher.events), 0)
        self.assertEqual([key for key in watcher.keys() if key.startswith("key")],
                         [f"key{i}" for i in range(500)])

    def test_a_node_that_comes_back_is_watched_again(self):
        node = self.node()
        watcher = self.watch(node)
        node.kill()
        again = self.node(port=node.port)

        def seen():
            again.set("again", "x")
            return "again" in watcher.keys()

        wait_until("the new node's events are seen", seen)


if __name__ == "__main__":
    unittest.main()

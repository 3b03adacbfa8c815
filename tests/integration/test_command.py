#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Every subcommand: what it does, its exit status, and the shape of its --json."""

import json
import os
import re
import subprocess
import tempfile
import unittest

import mesh
from mesh import MeshTest, run, wait_until

COMMANDS = ("node", "get", "set", "del", "clear", "spy", "watch", "peers", "stats", "config", "ping",
            "load", "memo", "bench")
STATS = ("state", "entries", "bytes", "max_size", "expire_after", "hits", "misses", "sets", "deletes",
         "evictions", "expirations", "peers_live", "gaps", "deltas", "replace_syncs", "digest")


class Help(unittest.TestCase):
    def test_help_and_version(self):
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for command in COMMANDS:
            self.assertIn(command.encode(), done.stdout)
            one = run(command, "--help")
            self.assertEqual((one.returncode, one.stderr), (0, b""), command)
            self.assertIn(command.encode(), one.stdout)
        with open(os.path.join(mesh.ROOT, "lib/include/zcache/zcache.h"), encoding="utf-8") as file:
            version = re.search(r'ZCACHE_VERSION "(.*)"', file.read())[1]
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertIn(version.encode(), done.stdout)


class Values(MeshTest):
    def test_get_and_set_and_del(self):
        node = self.node()
        self.assertEqual(node.run("get", "key").returncode, 1)
        done = node.run("set", "key", "value")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        done = node.run("get", "key")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"value", b""))
        self.assertEqual(node.run("set", "other", "-", stdin=b"a\0b\n").returncode, 0)
        self.assertEqual(node.get("other"), b"a\0b\n")
        self.assertEqual(node.run("del", "key", "other").returncode, 0)
        self.assertEqual(node.run("get", "key").returncode, 1)
        # One of them was not there.
        node.set("key", "again")
        self.assertEqual(node.run("del", "nothing", "key").returncode, 1)
        self.assertIsNone(node.get("key"))

    def test_the_node_is_named_by_option_or_environment(self):
        first, second = self.node(), self.node()
        self.assertEqual(run("set", "key", "second", "--at", second.at, at=first.at).returncode, 0)
        self.assertIsNone(first.get("key"))
        self.assertEqual(second.get("key"), b"second")

    def test_json_values(self):
        node = self.node()
        text = '{"user": "ada", "tags": [1, 2.5, true, null], "äöü": "€"}'
        self.assertEqual(node.run("set", "key", text, "--json").returncode, 0)
        self.assertEqual(node.run("get", "key", "--json").json(), json.loads(text))
        row = node.run("spy", "--json").json()[0]
        self.assertEqual(row["value"], json.loads(text))
        done = node.run("set", "key", "{broken", "--json")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count(b"\n"), 1)
        self.assertEqual(node.run("get", "key", "--json").json(), json.loads(text))

    def test_ttl(self):
        node = self.node()
        node.set("key", "value", "--ttl", "0.5")
        node.set("long", "value", "--ttl", "100")
        row = next(row for row in node.run("spy", "--json").json() if row["key"] == "long")
        self.assertTrue(90000 < row["ttl_ms"] <= 100000, row)
        wait_until("it is gone", lambda: node.run("get", "key").returncode == 1)

    def test_clear(self):
        node = self.node()
        node.set("key", "value")
        self.assertEqual(node.run("clear").returncode, 0)
        self.assertIsNone(node.get("key"))


class Listings(MeshTest):
    def test_spy_shows_from_head_to_tail_without_touching(self):
        node = self.node()
        for key in "abc":
            node.set(key, f"value of {key}")
        node.get("a")
        for _ in range(2):
            rows = node.run("spy", "--json").json()
            self.assertEqual([row["key"] for row in rows], ["a", "c", "b"])
        row = rows[0]
        self.assertEqual(set(row), {"key", "value", "age_ms", "ttl_ms", "origin"} | set(row))
        self.assertEqual(row["value"], "value of a")
        self.assertIsNone(row["ttl_ms"])
        self.assertGreaterEqual(row["age_ms"], 0)
        self.assertRegex(row["origin"], "^[0-9a-f]{32}$")
        plain = node.run("spy").stdout.decode()
        self.assertNotIn("\x1b", plain)
        self.assertLess(plain.index("value of a"), plain.index("value of b"))

    def test_peers(self):
        nodes = self.mesh(2, "--region", "here")
        rows = nodes[0].run("peers", "--json").json()
        self.assertEqual([row["state"] for row in rows], ["self", "live"])
        for row, node in zip(rows, nodes):
            self.assertEqual(
                {"name", "endpoint", "origin", "state", "region", "rtt_us", "lag_ms", "agrees",
                 "skew_ms"} - set(row),
                set())
            self.assertEqual(row["endpoint"], node.endpoint)
            self.assertEqual(row["region"], "here")
        wait_until("a round trip is measured",
                   lambda: nodes[0].run("peers", "--json").json()[1]["rtt_us"])
        plain = nodes[0].run("peers").stdout.decode()
        self.assertNotIn("\x1b", plain)
        self.assertIn(nodes[1].endpoint, plain)
        nodes[1].kill()
        wait_until("it is gone", lambda: nodes[0].peers()[nodes[1].endpoint] == "gone")
        self.assertIsNone(nodes[0].run("peers", "--json").json()[1]["rtt_us"])
        fields = nodes[0].run("peers").stdout.decode().splitlines()[1].split("\t")
        self.assertEqual((fields[3], fields[5]), ("gone", "-"))

    def test_stats(self):
        node = self.node("--max-size", "5")
        for number in range(8):
            node.set(f"key{number}", "v")
        node.get("key7")
        node.get("nothing")
        node.run("del", "key7")
        stats = node.stats()
        self.assertEqual(set(STATS) - set(stats), set())
        for name, number in (("entries", 4), ("max_size", 5), ("sets", 8), ("hits", 1), ("misses", 1),
                             ("deletes", 1), ("evictions", 3), ("peers_live", 0)):
            self.assertEqual(stats[name], number, name)
        self.assertGreater(stats["bytes"], 0)
        self.assertEqual(float(stats["expire_after"]), 60)
        plain = node.run("stats").stdout.decode()
        self.assertRegex(plain, r"(?m)^entries\s+4$")

    def test_ping(self):
        node = self.node()
        self.assertEqual(node.run("ping").returncode, 0)
        wait_until("it is ready", node.ready)
        # One that still joins answers, but is not ready.
        nobody = f"127.0.0.1:{mesh.free_ports()}"
        joining = self.node("--join", nobody)
        wait_until("it says so", lambda: f"trying to join {nobody}\n" in joining.log())
        self.assertEqual(joining.run("ping").returncode, 0)

    def test_config(self):
        node = self.node()
        self.assertEqual(node.run("config", "max_size", "123").returncode, 0)
        self.assertEqual(node.run("config", "--json").json()["max_size"], 123)
        self.assertRegex(node.run("config").stdout.decode(), r"(?m)^max_size\s+123\b")


class Work(MeshTest):
    def test_load_tells_wrong_lines_and_goes_on(self):
        node = self.node()
        lines = ('{"key": "a", "value": "text"}\n'
                 'nonsense\n'
                 '{"key": "b", "value": {"x": [1]}, "ttl": 100}\n'
                 '{"value": "no key"}\n'
                 '\n'
                 '{"key": "c", "value": 5, "ttl": -1}\n'
                 '{"key": "d", "value": null}')
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write(lines)
            file.flush()
            done = node.run("load", file.name)
        self.assertEqual(done.returncode, 1, done)
        said = done.stderr.decode()
        for number in (2, 4, 6):
            self.assertRegex(said, rf"\b{number}\b")
        self.assertNotIn("\r", said)
        self.assertEqual(node.get("a"), b"text")
        self.assertEqual(node.run("get", "b", "--json").json(), {"x": [1]})
        self.assertIsNone(node.get("c"))
        self.assertEqual(node.run("get", "d", "--json").json(), None)
        ttl = {row["key"]: row["ttl_ms"] for row in node.run("spy", "--json").json()}
        self.assertTrue(90000 < ttl["b"] <= 100000, ttl)
        self.assertIsNone(ttl["a"])

    def test_load_of_good_lines_and_of_no_file(self):
        node = self.node("--max-size", "20000")
        node.load((f"key{i}", "v" * 50) for i in range(10000))
        self.assertEqual(node.stats()["entries"], 10000)
        done = node.run("load", "/no/such/file")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"/no/such/file", done.stderr)
        self.assertEqual(node.run("load", "-", stdin=b"").returncode, 0)

    def test_memo_runs_once_and_returns_output_and_status(self):
        nodes = self.mesh(2)
        with tempfile.TemporaryDirectory() as directory:
            marker = os.path.join(directory, "runs")
            command = ("memo", "--ttl", "60", "--", "sh", "-c", f"echo once >> {marker}; echo out; exit 7")
            for node in (nodes[0], nodes[0]):
                done = node.run(*command)
                self.assertEqual((done.returncode, done.stdout), (7, b"out\n"))
            self.wait_equal(nodes, 1)
            done = nodes[1].run(*command)
            self.assertEqual((done.returncode, done.stdout), (7, b"out\n"))
            with open(marker, encoding="utf-8") as file:
                self.assertEqual(file.read(), "once\n")
            # Another argument is another key.
            nodes[0].run("memo", "--", "sh", "-c", f"echo twice >> {marker}")
            with open(marker, encoding="utf-8") as file:
                self.assertEqual(file.read(), "once\ntwice\n")

    def test_memo_runs_the_command_where_no_node_is(self):
        done = run("memo", "--", "echo", "computed", at=f"127.0.0.1:{mesh.free_ports()}")
        self.assertEqual((done.returncode, done.stdout), (0, b"computed\n"))

    def test_bench_prints_rates_and_latencies(self):
        done = subprocess.run(
            [mesh.ZCACHE, "bench", "--help"], stdout=subprocess.PIPE, check=True)
        self.assertIn(b"bench", done.stdout)


if __name__ == "__main__":
    unittest.main()

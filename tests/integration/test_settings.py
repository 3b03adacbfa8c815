#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Settings belong to the mesh: a joiner takes them over and says so, and they change live."""

import unittest

from mesh import MeshTest, wait_until


class Settings(MeshTest):
    def test_a_joiner_adopts_what_the_mesh_has_and_says_so(self):
        first = self.node("--max-size", "77", "--expire-after", "5", "--heartbeat", "100")
        second = self.node("--join", first.at, "--max-size", "5", "--expire-after", "900")
        self.wait_met([first, second])
        for node in (first, second):
            settings = node.run("config", "--json").json()
            self.assertEqual(settings["max_size"], 77)
            self.assertEqual(settings["expire_after"], 5)
            self.assertEqual(settings["heartbeat"], 100)
        wait_until("it says that its own differed", lambda: "max_size" in second.log())
        self.assertIn("77", second.log())
        self.assertNotIn("max_size", first.log())

    def test_the_defaults_are_those_of_the_manual(self):
        node = self.node()
        settings = node.run("config", "--json").json()
        self.assertEqual(settings["max_size"], 1000)
        self.assertEqual(settings["expire_after"], 60)
        self.assertEqual(settings["heartbeat"], 250)
        self.assertEqual(settings["value_max"], 1048576)

    def test_a_setting_is_changed_live_on_all_nodes(self):
        nodes = self.mesh(3, "--max-size", "500")
        nodes[0].load((f"key{i}", i) for i in range(400))
        self.wait_equal(nodes, 400)
        self.assertEqual(nodes[2].run("config", "max_size", "100").returncode, 0)
        for node in nodes:
            wait_until(
                "the setting has arrived",
                lambda node=node: node.run("config", "--json").json()["max_size"] == 100)
        self.wait_equal(nodes, 100)
        # A later joiner takes over what is set now, not what its donor was started with.
        nodes.append(self.node("--join", nodes[0].at))
        self.wait_met(nodes)
        self.assertEqual(nodes[-1].stats()["max_size"], 100)
        self.wait_equal(nodes, 100)

    def test_a_wrong_setting_is_refused_and_named(self):
        node = self.node()
        for name, value in (("max_size", "0"), ("max_sise", "5"), ("max_size", "many"),
                            ("heartbeat", "1"), ("value_max", "99999999999")):
            done = node.run("config", name, value)
            self.assertEqual(done.returncode, 2, (name, value, done))
            self.assertEqual(done.stderr.count(b"\n"), 1, done)
            self.assertTrue(name.encode() in done.stderr or value.encode() in done.stderr, done)
        self.assertEqual(node.run("config", "--json").json()["max_size"], 1000)

    def test_value_max_rises_live(self):
        nodes = self.mesh(2)
        value = b"v" * 3000000
        for node in nodes:
            refused = node.run("set", "large", "-", stdin=value)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(b"3000000 bytes: value_max of the mesh is 1048576", refused.stderr)
        self.assertEqual(nodes[0].run("config", "value_max", "4194304").returncode, 0)
        for node in nodes:
            wait_until("it takes the value", lambda node=node: node.run(
                "set", "large", "-", stdin=value).returncode == 0)
            self.assertEqual(node.get("large"), value)
        self.wait_equal(nodes, 1)
        # One that joins later, of whatever it was started with, takes it as well.
        nodes.append(self.node("--join", nodes[1].at))
        self.wait_met(nodes)
        wait_until("it takes the value", lambda: nodes[2].run(
            "set", "large", "-", stdin=value).returncode == 0)

    def test_memory_is_each_nodes_own(self):
        first = self.node("--max-size", "10000")
        second = self.node("--join", first.at, "--max-memory", "100000")
        self.wait_met([first, second])
        first.load((f"key{i}", "v" * 1000) for i in range(500))
        wait_until("the small one has its fill", lambda: second.get("key499") is not None)
        wait_until("it keeps to its bytes", lambda: second.stats()["bytes"] <= 100000)
        self.assertEqual(first.stats()["entries"], 500)
        self.assertLess(second.stats()["entries"], 100)
        self.assertGreater(second.stats()["entries"], 20)


if __name__ == "__main__":
    unittest.main()

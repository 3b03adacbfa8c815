#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""What is wrong is answered with one clear line that names it, and nothing is lost."""

import concurrent.futures
import os
import signal
import socket
import subprocess
import threading
import unittest

import mesh
from mesh import MeshTest, run, wait_until


class BadInput(MeshTest):
    def refused(self, done, status, *words):
        """One line on standard error that has each of the words, and the exit status."""
        said = done.stderr.decode()
        self.assertEqual(done.returncode, status, done)
        self.assertEqual(said.count("\n"), 1, said)
        for word in words:
            self.assertIn(word, said)

    def test_a_port_in_use(self):
        node = self.node()
        self.refused(run("node", "--port", str(node.port)), 3, str(node.port))
        self.assertTrue(node.ready())

    def test_a_taken_neighbour_port(self):
        port = mesh.free_ports()
        with socket.create_server(("127.0.0.1", port + 1)):
            self.refused(run("node", "--port", str(port)), 3, str(port + 1))

    def test_an_address_that_does_not_resolve(self):
        for option in ("--host", "--join", "--advertise"):
            self.refused(run("node", "--port", "0", option, "no.such.host.invalid"), 3,
                         "no.such.host.invalid")
        self.refused(run("get", "key", "--at", "no.such.host.invalid:5000"), 3,
                     "no.such.host.invalid")

    def test_a_join_to_nothing_serves_alone_and_says_so(self):
        port = mesh.free_ports()
        node = self.node("--join", f"127.0.0.1:{port}")
        node.set("key", "value")
        self.assertEqual(node.get("key"), b"value")
        wait_until("it says that nobody answers", lambda: str(port) in node.log())
        # It keeps trying: what it wants to join comes up later.
        late = self.node(port=port)
        self.wait_met([node, late])
        self.wait_equal([node, late], 1)

    def test_a_join_to_something_else(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            heard = []
            thread = threading.Thread(target=answer_nonsense, args=(server, heard), daemon=True)
            thread.start()
            port = server.getsockname()[1]
            node = self.node("--join", f"127.0.0.1:{port}")
            wait_until("it has dialled", lambda: heard)
            wait_until("it says so", lambda: str(port) in node.log())
            node.set("key", "value")
            self.assertEqual(node.get("key"), b"value")
            done = run("get", "key", "--at", f"127.0.0.1:{port}", environment={})
            self.refused(done, 3, str(port))

    def test_a_node_that_is_not_there(self):
        port = mesh.free_ports()
        commands = (("get", "k"), ("set", "k", "v"), ("del", "k"), ("clear",), ("spy",), ("peers",),
                    ("stats",), ("config",), ("ping",), ("watch",), ("load", "-"))
        with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
            for done in pool.map(lambda words: run(*words, at=f"127.0.0.1:{port}"), commands):
                self.refused(done, 3, str(port))

    def test_keys_and_values_over_the_limit(self):
        node = self.node()
        # Longer than a word of a command line may be, hence by load.
        line = b'{"key": "' + b"k" * 65536 + b'", "value": 1}\n'
        done = node.run("load", "-", stdin=line)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("65535", done.stderr.decode())
        self.assertEqual(node.run("set", "k" * 65535, "longest").returncode, 0)
        self.refused(node.run("set", "k" * 65536, "v"), 2, "65535")
        self.refused(node.run("set", "", "v"), 2, "key")
        self.assertEqual(node.run("set", "big", "-", stdin=b"v" * 1048576).returncode, 0)
        self.refused(node.run("set", "more", "-", stdin=b"v" * 1048577), 2, "1048576")
        self.assertEqual(node.stats()["entries"], 2)

    def test_a_ttl_that_makes_no_sense(self):
        node = self.node()
        for ttl in ("-1", "nan", "soon", "1e99", "315360001", "", "5x"):
            self.refused(node.run("set", "key", "value", "--ttl", ttl), 2, "ttl")
        self.assertIsNone(node.get("key"))

    def test_options_and_commands_that_do_not_exist(self):
        for arguments, named in (
                (("--nonsense",), "--nonsense"), (("nonsense",), "nonsense"),
                (("get", "--nonsense", "key"), "--nonsense"), (("node", "--nonsense"), "--nonsense"),
                (("get", "key", "--ttl", "5"), "--ttl"), (("set", "k", "v", "--ttl"), "--ttl"),
                (("get",), "KEY"), (("set", "key"), "VALUE"), (("del",), "KEY"),
                (("config", "max_size"), "max_size"), (("get", "one", "two"), "two"),
                ((), "zcache --help")):
            self.refused(run(*arguments), 2, named)

    def test_a_wrong_address_is_told_with_where_it_came_from(self):
        for command in (("get", "k"), ("stats",), ("memo", "--", "echo"), ("set", "k", "v")):
            self.refused(run(*command, at="junk:"), 2, "ZCACHE_AT junk:: must be HOST:PORT")
            self.refused(run(*command, "--at", "5") if command[0] != "memo" else
                         run("memo", "--at", "5", "--", "echo"), 2, "--at 5: must be HOST:PORT")

    def test_node_options_out_of_range(self):
        for option, value in (("--port", "65535"), ("--port", "-1"), ("--port", "x"),
                              ("--max-size", "0"), ("--max-size", "-5"), ("--heartbeat", "0"),
                              ("--expire-after", "-1"), ("--max-memory", "lots"),
                              ("--name", "n" * 256)):
            self.refused(run("node", option, value), 2, value[:10])

    def test_a_full_disk(self):
        node = self.node()
        node.set("key", "v" * 100000)
        kept = ("memo", "--", "echo", "kept")
        self.assertEqual(node.run(*kept).returncode, 0)
        for command in (("get", "key"), ("spy",), ("stats", "--json"), ("peers",), ("config",),
                        ("--help",), ("memo", "--", "echo", "hi"), kept):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [mesh.ZCACHE, *command], stdout=full, stderr=subprocess.PIPE,
                    env={**os.environ, "ZCACHE_AT": node.at}, timeout=mesh.DEADLINE_S, check=False)
            self.refused(done, 1, "No space left on device")

    def test_a_closed_pipe(self):
        node = self.node()
        node.load((f"key{i}", "v" * 1000) for i in range(500))
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "wb") as pipe:
            done = subprocess.run(
                [mesh.ZCACHE, "spy"], stdout=pipe, stderr=subprocess.PIPE,
                env={**os.environ, "ZCACHE_AT": node.at}, timeout=mesh.DEADLINE_S, check=False)
        # Whoever closed the pipe wants no more: as other programs do, it just ends.
        self.assertIn(done.returncode, (0, -signal.SIGPIPE), done)
        self.assertLessEqual(done.stderr.count(b"\n"), 1, done)

    def test_garbage_at_the_ports(self):
        nodes = self.mesh(2)
        nodes[0].set("key", "value")
        for offset in range(3):
            for garbage in (b"GET / HTTP/1.0\r\n\r\n", os.urandom(5000), b"\xff" + b"\0" * 8 + b"\x7f"
                            + b"\x03" + b"\0" * 53 + b"\xff" * 100, b""):
                with socket.create_connection(("127.0.0.1", nodes[0].port + offset)) as peer:
                    peer.sendall(garbage)
        self.assertEqual(nodes[0].get("key"), b"value")
        self.wait_equal(nodes, 1)

    def test_messages_that_are_not_messages_are_counted(self):
        import zmq  # Debian's python3-zmq

        node = self.node()
        node.set("key", "value")
        context = zmq.Context()
        dealer = context.socket(zmq.DEALER)
        dealer.linger = 0
        dealer.connect(node.endpoint)
        frames = (b"", b"\xc1", b"\x00", os.urandom(300), b"\xdd\xff\xff\xff\xff", b"\x94\x20\x01",
                  b"\x94\x20\x01\x05\xdc\xff\xff", b"\x91" * 1000, b"\x80", b"\x92\x10\x01")
        for frame in frames:
            dealer.send(frame)
        dealer.send_multipart([b"one", b"two", b"three"])

        def counted():
            stats = node.stats()
            return stats["malformed"] + stats["requests_malformed"] >= len(frames)

        wait_until("all are counted", counted)
        self.assertEqual(node.get("key"), b"value")
        dealer.close()
        context.term()


def answer_nonsense(server, heard):
    """A server of some other protocol."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"220 mail.example ESMTP ready\r\n")
            heard.append(connection.recv(100))


if __name__ == "__main__":
    unittest.main()

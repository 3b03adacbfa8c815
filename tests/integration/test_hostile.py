#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Strangers who know the protocol and mean no good: a node goes on answering its clients, whatever
they say, and ends when it is told to."""

import os
import subprocess
import sys
import time
import unittest

import msgpack
import zmq

import mesh
from mesh import DEADLINE_S, MeshTest, ZCACHE, wait_until

sys.path.insert(0, os.path.join(mesh.ROOT, "tests", "peer"))
import codec  # noqa: E402  # pylint: disable=wrong-import-position

DESCRIPTORS = 128
GET = 0
BUSY = -10


def now_ms():
    return time.time_ns() // 1000000


class Hostile(MeshTest):
    def setUp(self):
        super().setUp()
        self.context = zmq.Context()
        self.sockets = []
        self.addCleanup(self.close_all)

    def close_all(self):
        for socket in self.sockets:
            socket.close(0)
        self.context.term()

    def socket(self, kind):
        self.sockets.append(self.context.socket(kind))
        return self.sockets[-1]

    def dealer(self, port):
        socket = self.socket(zmq.DEALER)
        socket.connect(f"tcp://127.0.0.1:{port}")
        return socket

    def say_hello(self, socket, host, count):
        """HELLO of `count` nodes; `host` makes the host of each from its number."""
        for number in range(count):
            endpoints = [f"tcp://{host(number)}:{port}" for port in (6000, 6001, 6002)]
            identity = [os.urandom(16), "stranger", "", *endpoints]
            socket.send(codec.write(codec.HELLO, identity, now_ms(), False))

    def test_hellos_of_many_strangers_leave_descriptors_for_clients(self):
        node = self.few_descriptors(DESCRIPTORS)
        self.say_hello(self.dealer(node.port), lambda n: f"127.1.{n // 250}.{n % 250 + 1}", 300)
        wait_until("hellos are refused", lambda: node.stats().get("dials_failed", 0) > 100)
        self.assertIsNone(node.process.poll(), node.log())
        node.set("key", "value")
        self.assertEqual(node.get("key"), b"value")
        self.assertEqual(node.stop()[0], 0)

    def test_a_name_that_a_stranger_chose_is_not_looked_up(self):
        node = self.node()
        self.say_hello(self.dealer(node.port), lambda n: f"h{n}.nowhere.example", 3)
        wait_until("names are refused", lambda: node.stats().get("dials_failed", 0) >= 3)
        node.set("key", "value")
        status, seconds = node.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2)

    def donor_that_never_answers(self):
        """The ROUTER of a member that welcomes and then says nothing."""
        router = self.socket(zmq.ROUTER)
        port = router.bind_to_random_port("tcp://127.0.0.1")
        endpoints = [f"tcp://127.0.0.1:{port + offset}" for offset in range(3)]
        identity = [os.urandom(16), "silent", "", *endpoints]
        return router, port, identity

    def welcome(self, router, identity):
        self.assertTrue(router.poll(DEADLINE_S * 1000))
        route, _ = router.recv_multipart()
        settings = [row[2] if len(row) > 2 else row[1] for row in codec.SETTINGS]
        registers = [None, settings, None]
        router.send_multipart([route, codec.write(
            codec.WELCOME, identity, now_ms(), False, 1000, registers,
            [[identity[0], identity[3]]])])

    def ask(self, socket, number, operations):
        socket.send(msgpack.packb([32, 1, number, operations], use_bin_type=True))

    def answer(self, socket):
        self.assertTrue(socket.poll(DEADLINE_S * 1000))
        return msgpack.unpackb(socket.recv(), raw=False)

    def joining_at_a_silent_donor(self):
        router, port, identity = self.donor_that_never_answers()
        node = self.node("--join", f"127.0.0.1:{port}", "--heartbeat", "1000")
        self.welcome(router, identity)
        wait_until("it has met the donor", lambda: node.stats().get("state") == "joining")
        return node

    def test_a_donor_that_never_answers_makes_no_miss(self):
        node = self.joining_at_a_silent_donor()
        client = self.dealer(node.port)
        began = time.monotonic()
        self.ask(client, 1, [[GET, b"key"]])
        code, _, number, results = self.answer(client)
        self.assertEqual((code, number), (33, 1))
        self.assertGreater(time.monotonic() - began, 2)
        self.assertEqual(results, [[BUSY]], node.log())

    def test_reads_that_wait_are_bounded(self):
        node = self.joining_at_a_silent_donor()
        client = self.dealer(node.port)
        for number in range(1, 11):
            self.ask(client, number, [[GET, b"key"]] * 4096)
        # One request fills what may wait; the others are answered at once.
        began = time.monotonic()
        for _ in range(9):
            _, _, number, results = self.answer(client)
            self.assertNotEqual(number, 1)
            self.assertEqual(results, [[BUSY]] * 4096)
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(self.answer(client)[2], 1)

    def test_standard_error_that_nobody_reads_stops_no_node(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(writer, True)
        # The first line of its log comes at once: nobody is at the address that it is to join.
        # A sanitizer would report the thread that waits for this pipe, to this pipe.
        options = os.environ.get("TSAN_OPTIONS", "") + " report_thread_leaks=0"
        process = subprocess.Popen(
            [ZCACHE, "node", "--port", "0", "--heartbeat", "10", "--join",
             f"127.0.0.1:{mesh.free_ports()}"], stdout=subprocess.PIPE, stderr=writer,
            env=dict(os.environ, TSAN_OPTIONS=options))
        os.close(writer)
        try:
            at = process.stdout.readline().split()[1].decode().removeprefix("tcp://")
            wait_until("it serves alone",
                       lambda: mesh.run("ping", "--ready", at=at).returncode == 0)
            self.assertEqual(mesh.run("set", "key", "value", at=at).returncode, 0)
            began = time.monotonic()
            process.terminate()
            self.assertEqual(process.wait(DEADLINE_S), 0)
            self.assertLess(time.monotonic() - began, 2)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


if __name__ == "__main__":
    unittest.main()

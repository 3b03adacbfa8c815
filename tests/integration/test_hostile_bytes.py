#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Bytes that mean harm, to all three ports of a node: it stays up, goes on answering others, takes at
most 1 MiB for each connection that misbehaves, and gives that back when they are gone."""

import os
import random
import resource
import signal
import struct
import sys
import threading
import time
import unittest

import msgpack
import zmq

import mesh
from mesh import MeshTest, wait_until
from stranger import (COMMAND, GREETING, MORE, Stranger, frame, head, is_sanitized, processor_s,
                      ready, resident_kib, subscription)

sys.path.insert(0, os.path.join(mesh.ROOT, "tests", "peer"))
import codec  # noqa: E402  # pylint: disable=wrong-import-position

KIB = 1024
CONNECTION_KIB = KIB  # that one connection may cost
# What the first strangers of all cost, whatever they do: libzmq's tables, heaps of its threads.
FIRST_KIB = 6 * KIB
KINDS = (b"DEALER", b"SUB", b"SUB")
ENDLESS_MAX_KIB = 190 * KIB  # of a message without an end, before its connection is cut
LANE_KIB = 64 * KIB  # LANE_WAITING_MAX
PEERS_KIB = 40 * KIB  # of a thousand peers that are dialled because somebody named them


class Witness(threading.Thread):
    """A client like any other, asking for a key all the time."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.port = node.port
        self.ended = threading.Event()
        self.asked = 0
        self.answers = 0
        self.slowest_s = 0

    def run(self):
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.connect(f"tcp://127.0.0.1:{self.port}")
            while not self.ended.is_set():
                self.asked += 1
                began = time.monotonic()
                socket.send(msgpack.packb([32, 1, self.asked, [[0, b"key"]]]))
                answered = socket.poll(mesh.DEADLINE_S * 1000)
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                if answered:
                    # A stranger may have deleted the key, as anybody may.
                    _, _, found, results = msgpack.unpackb(socket.recv())
                    self.answers += found == self.asked and results in ([[0, b"value", 0]], [[-1]])
                self.ended.wait(0.01)


class HostileBytes(MeshTest):
    def setUp(self):
        super().setUp()
        self.sanitized = is_sanitized()
        self.strangers = []
        self.addCleanup(self.close_all)

    def close_all(self):
        for stranger in self.strangers:
            stranger.close()
        self.strangers.clear()

    def attacked(self):
        return self.watched(self.node())

    def watched(self, node):
        """The node, with a witness."""
        node.set("key", "value", "--ttl", "3600")
        self.witness = Witness(node)
        self.witness.start()
        self.addCleanup(self.witness.ended.set)
        wait_until("the witness is answered", lambda: self.witness.answers > 3)
        self.before_kib = resident_kib(node)
        return node

    def stranger(self, node, place=0, kind=None):
        self.strangers.append(Stranger(node.port + place, kind or KINDS[place]))
        return self.strangers[-1]

    def grown_kib(self, node):
        return resident_kib(node) - self.before_kib

    def check(self, node, connections, left_kib=0):
        """All that is promised, now and after the strangers have gone. What a connection took
        before it was noticed and cut is given back too."""
        answers = self.witness.answers
        wait_until("the witness goes on", lambda: self.witness.answers > answers + 3)
        grown = self.grown_kib(node)
        self.close_all()
        if not self.sanitized:
            most_kib = FIRST_KIB + connections * CONNECTION_KIB
            wait_until("no more is held", lambda: self.grown_kib(node) < most_kib)
            wait_until("the memory is given back",
                       lambda: self.grown_kib(node) < FIRST_KIB + left_kib)
        print(f"{self.id().rsplit('.', 1)[1]}: {connections} connections, grown by {grown} KiB, "
              f"then {self.grown_kib(node)} KiB, slowest answer {self.witness.slowest_s:.3f} s",
              flush=True)
        self.witness.ended.set()
        self.witness.join()
        self.assertEqual(self.witness.answers, self.witness.asked)
        self.assertIsNone(node.process.poll(), node.log())
        self.assertEqual(node.stats()["faults"], 0)
        self.assertEqual(node.stop()[0], 0)

    # -- Frames ---------------------------------------------------------------------------------

    def real_frames(self):
        """Of every family that a stranger may send."""
        origin = os.urandom(16)
        now_ms = time.time_ns() // 1000000
        identity = [origin, "stranger", "", *(f"tcp://127.0.0.1:{port}" for port in (1, 2, 3))]
        settings = [row[1] for row in codec.SETTINGS]
        registers = [None, settings, None]
        hlc = now_ms << 16
        yield codec.write(codec.HELLO, identity, now_ms, False)
        yield codec.write(codec.PING, 7)
        yield codec.write(codec.MEMBERS_ASK)
        yield codec.write(codec.SYNC_ASK, 5, True, 1 << 20, registers, [[origin, 0, hlc]])
        yield codec.write(codec.SYNC_CREDIT, 5, 1 << 20)
        yield codec.write(codec.READ, 1, b"key")
        yield codec.write(codec.BATCH, origin, 0, hlc, None, [[hlc, b"a", b"b"]])
        yield codec.write(codec.SYNC_CHUNK, 5, 0, True, [origin], [[0, hlc, b"a", b"b"]])
        for operation in ([0, b"key"], [1, b"other", b"value", 0, 0], [2, b"other"], [4], [5, 0],
                          [6], [7], [8], [9, "heartbeat_ms", 250]):
            yield msgpack.packb([32, 1, 1, [operation]])

    def mutated(self, chosen, body):
        body = bytearray(body)
        for _ in range(chosen.randint(0, 3)):
            body[chosen.randrange(len(body))] = chosen.randrange(256)
        if chosen.random() < 0.2:
            del body[chosen.randrange(len(body)):]
        return bytes(body)

    def test_random_and_mutated_frames(self):
        chosen = random.Random(1)
        node = self.attacked()
        frames = list(self.real_frames())
        for _ in range(60):
            place = chosen.randrange(3)
            stranger = self.stranger(node, place)
            for _ in range(300):
                if chosen.random() < 0.3:
                    body = chosen.randbytes(chosen.randrange(1, 300))
                else:
                    body = self.mutated(chosen, chosen.choice(frames))
                flags = chosen.choice((0, 0, 0, 0, 0, 0, MORE, COMMAND))
                if not stranger.send(frame(body, flags)):
                    break
            if chosen.random() < 0.5:
                stranger.send(frame(b""))
        self.check(node, 60)

    def test_oversized_counts(self):
        node = self.attacked()
        stranger = self.stranger(node)
        for count in (b"\xdd\xff\xff\xff\xff", b"\xdd\x7f\xff\xff\xff", b"\xdc\xff\xff"):
            for code in range(1, 34):
                for body in (bytes([0x95, code, 1]) + count, bytes([0x93, code, 1]) + count * 50,
                             bytes([0x95, code, 1, 1]) + b"\xc6\xff\xff\xff\xff" + b"x" * 100):
                    self.assertTrue(stranger.send(frame(body)))
        wait_until("they were counted", lambda: node.stats()["malformed"] > 250)
        self.check(node, 1)

    def test_wrong_versions(self):
        node = self.attacked()
        for place in range(3):
            for greeting in (
                    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 20, bytes(1000), b"\xff" * 1000,
                    b"\x01\x00", GREETING[:10] + b"\x01" + GREETING[11:],
                    GREETING[:10] + b"\x09\x09" + GREETING[12:],
                    GREETING.replace(b"NULL", b"CURV"), GREETING + ready(b"PAIR"),
                    GREETING + ready(b"NONE") * 100, GREETING + b"\xff" * 1000):
                self.strangers.append(Stranger(node.port + place, None))
                self.strangers[-1].send(greeting)
        stranger = self.stranger(node)
        hello = next(self.real_frames())
        for version in (b"\x00", b"\x02", b"\xcf" + b"\xff" * 8, b"\xff"):
            stranger.send(frame(hello[:1] + hello[1:2] + version + hello[3:]))
            stranger.send(frame(b"\x94\x20" + version + b"\x07\x90"))
        self.check(node, len(self.strangers))

    def test_half_messages(self):
        node = self.attacked()
        for place in range(3):
            for size in (1 << 62, 1 << 40, 1 << 31, 2 << 20):
                stranger = self.stranger(node, place)
                stranger.send(head(size) + bytes(100000))
                wait_until(f"{size} bytes are refused", stranger.is_cut)
            self.strangers.append(Stranger(node.port + place, None))
            self.strangers[-1].send(GREETING[:30])
            self.stranger(node, place).send(b"\x02\x00\x00")
        # As large as a node takes them, and only half of it ever comes.
        for _ in range(30):
            self.stranger(node).send(head(KIB * KIB + 65000) + bytes(KIB * KIB // 2))
        self.check(node, len(self.strangers))

    # -- Subscriptions --------------------------------------------------------------------------

    def flood(self, node, place, topics):
        """Sends all of them, or as many as are taken."""
        self.stranger(node, place).send(b"".join(subscription(topic) for topic in topics))

    def test_a_million_subscriptions(self):
        node = self.attacked()
        chosen = random.Random(2)
        million = 1000000
        for place in (1, 2):
            short = (struct.pack(">Bi", 0x6b, chosen.randrange(1 << 31)) for _ in range(million))
            self.flood(node, place, short)
            self.flood(node, place, (b"k" + chosen.randbytes(199) for _ in range(20000)))
            self.flood(node, place, [b"k"] * 100000)
            self.flood(node, place, [b""] * 100000)
        wait_until("each was cut", lambda: all(one.is_cut() for one in self.strangers))
        wait_until("and counted",
                   lambda: node.stats()["connections_cut"] >= len(self.strangers) - 1)
        self.check(node, len(self.strangers))

    def test_a_watcher_may_ask_for_greetings_for_ever(self):
        node = self.attacked()
        stranger = self.stranger(node, 2)
        for number in range(100):
            stranger.send(subscription(b"k" + b"p" * 150))
            greeting = b""
            while greeting.count(b"p" * 150) == 0:
                more = stranger.socket.recv(65536)
                self.assertTrue(more, f"the watcher was cut after {number} subscriptions")
                greeting += more
        self.assertEqual(node.stats()["connections_cut"], 0)
        self.check(node, 1)

    def test_a_watcher_may_change_its_mind_for_ever(self):
        node = self.attacked()
        stranger = self.stranger(node, 2)
        for number in range(200):
            topic = b"k%0150d" % number
            stranger.send(subscription(topic))
            self.read_until(stranger, topic)
            stranger.send(frame(b"\0" + topic))
        self.assertEqual(node.stats()["connections_cut"], 0)
        self.check(node, 1)

    def read_until(self, stranger, wanted):
        got = b""
        while wanted not in got:
            more = stranger.socket.recv(65536)
            self.assertTrue(more, "the connection was cut")
            got += more

    def test_pings_use_nothing_up(self):
        """One each second, of a watcher whose allowance has room for six more of them."""
        node = self.attacked()
        watcher = self.stranger(node, 2)
        client = self.stranger(node)
        for number in range(23):
            watcher.send(subscription(b"k%0150d" % number))
        self.read_until(watcher, b"k%0150d" % 22)
        ping = frame(b"\4PING\0\0" + b"c" * 16, COMMAND)
        pong = b"\4PONG" + b"c" * 16
        began = time.monotonic()
        for sent in range(1, 13):
            wait_until("another second", lambda due=began + sent: time.monotonic() > due)
            for stranger in (watcher, client):
                self.assertTrue(stranger.send(ping))
                self.read_until(stranger, pong)
        self.assertEqual(node.stats()["connections_cut"], 0)
        self.check(node, 2)

    # -- Messages without an end ------------------------------------------------------------------

    def endless(self, node, body, connections=1):
        """Each sends frames until it is cut."""
        piece = frame(body, MORE) * (KIB * KIB // (len(body) + 2) + 1)
        senders = [self.stranger(node) for _ in range(connections)]
        sent_kib = 0
        while senders and sent_kib < ENDLESS_MAX_KIB * connections:
            sent_kib += len(piece) * len(senders) // KIB
            senders = [stranger for stranger in senders if stranger.send(piece)]
        self.assertEqual(senders, [], f"not cut after {sent_kib} KiB")

    def test_a_message_without_an_end(self):
        node = self.attacked()
        for body in (b"x" * 1000, b"x" * 60000):
            self.endless(node, body)
        wait_until("each was counted", lambda: node.stats()["connections_cut"] == 2)
        self.check(node, 2)

    def test_many_messages_without_an_end(self):
        node = self.attacked()
        self.endless(node, b"x" * 4000, 20)
        wait_until("each was counted", lambda: node.stats()["connections_cut"] == 20)
        self.check(node, 20)

    def test_memory_is_given_back_while_others_come_and_go(self):
        node = self.attacked()
        ended = threading.Event()

        def come_and_go():
            while not ended.wait(0.1):
                Stranger(node.port, None).close()

        visitor = threading.Thread(target=come_and_go)
        visitor.start()
        self.addCleanup(visitor.join)
        self.addCleanup(ended.set)
        self.endless(node, b"x" * 4000, 20)
        self.check(node, 20)

    def test_a_message_of_very_many_empty_frames(self):
        node = self.attacked()
        self.endless(node, b"")
        wait_until("it was counted", lambda: node.stats()["connections_cut"] == 1)
        self.check(node, 1)

    def test_a_message_without_an_end_while_others_send(self):
        """The node never finds ROUTER empty."""
        node = self.attacked()
        ended = threading.Event()
        request = frame(msgpack.packb([32, 1, 1, [[0, b"key"]]])) * 500

        def flood(other):
            while not ended.is_set() and other.send(request):
                other.is_cut()  # takes the answers
                other.socket.settimeout(mesh.DEADLINE_S)

        floods = [threading.Thread(target=flood, args=(self.stranger(node),), daemon=True)
                  for _ in range(3)]
        for thread in floods:
            thread.start()
        self.endless(node, b"x" * 1000)
        wait_until("it was counted", lambda: node.stats()["connections_cut"] == 1)
        ended.set()
        for thread in floods:
            thread.join()
        self.check(node, 4)

    def test_requests_that_wait_are_no_reason(self):
        """The node stops while a client sends it more than a message may have, in many."""
        node = self.attacked()
        stranger = self.stranger(node)
        request = frame(msgpack.packb([32, 1, 1, [[1, b"k%d", bytes(500000), 0, 0]]]))
        node.process.send_signal(signal.SIGSTOP)
        sender = threading.Thread(target=stranger.send, args=(request * 200,), daemon=True)
        sender.start()
        node.process.send_signal(signal.SIGCONT)
        sender.join()
        wait_until("all are done", lambda: node.stats()["sets"] >= 200)
        self.assertEqual(node.stats()["connections_cut"], 0)

    def test_answers_that_nobody_reads(self):
        """They wait up to a limit, which others do not feel, and end with their connection."""
        node = self.attacked()
        stranger = self.stranger(node)
        stranger.send(frame(msgpack.packb([32, 1, 1, [[1, b"large", bytes(1000000), 0, 0]]])))
        wait_until("it is there", lambda: node.stats()["sets"] == 2)
        stranger.send(frame(msgpack.packb([32, 1, 1, [[0, b"large"]]])) * 500)
        wait_until("they wait", lambda: self.grown_kib(node) > 16 * KIB)
        self.assertLess(self.grown_kib(node), LANE_KIB + FIRST_KIB)
        if not self.sanitized:
            wait_until("they are let go", lambda: self.grown_kib(node) < FIRST_KIB)
        self.check(node, 1)

    # -- Connections ----------------------------------------------------------------------------

    def hello(self, number):
        host = f"127.{1 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
        identity = [os.urandom(16), "stranger", "", *(f"tcp://{host}:{port}" for port in (1, 2, 3))]
        return frame(codec.write(codec.HELLO, identity, time.time_ns() // 1000000, False))

    def test_ten_thousand_connections_with_hellos(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        count = min(10000, hard - 500, (hard - hard // 16) - 500)
        if self.sanitized:
            count = min(count, 1200)  # more than a mesh has members
        print(f"{count} connections of 10000, as {hard} descriptors are allowed", flush=True)
        if os.environ.get("CI") and not self.sanitized:
            self.assertEqual(count, 10000, f"only {hard} descriptors are allowed")
        node = self.attacked()
        for number in range(count):
            self.stranger(node).send(self.hello(number))
        wait_until("they are heard", lambda: node.stats().get("members_refused", 0) > 0)
        self.check(node, count, PEERS_KIB)

    def knock(self, port):
        """False: the node had ended the connection before it was known to be there."""
        try:
            self.strangers.append(Stranger(port, None))
            return True
        except ConnectionError:
            return False

    def test_more_connections_than_descriptors(self):
        node = self.watched(self.few_descriptors(256))
        refused = sum(not self.knock(node.port + number % 3) for number in range(400))
        wait_until("some are cut",
                   lambda: refused + sum(one.is_cut() for one in self.strangers) > 100)
        began, used = time.monotonic(), processor_s(node)
        wait_until("a second is over", lambda: time.monotonic() > began + 1)
        self.assertLess(processor_s(node) - used, 0.5, "it tries to accept without a pause")
        self.check(node, 400)


if __name__ == "__main__":
    unittest.main()

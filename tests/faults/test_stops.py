#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Who does not read holds nobody up: a node that is stopped for a minute, subscribers that never read
a byte. Writers go on, in bounded memory, and who wakes catches up."""

import os
import signal
import time
import unittest

import zmq

import namespaces
from faults import FaultsTest, QUICK, ROOMY, wait_until

MIB = 1 << 20
STOP_S = 60
# lib/include/zcache/limits.h, and what sockets and the allocator add.
BROADCAST_WAITING_MAX = 256 * MIB
SPARE = 128 * MIB
KEYS = 100


class Stops(FaultsTest):
    def test_a_node_that_is_stopped_for_a_minute_under_load_catches_up(self):
        nodes = self.networked(4, *ROOMY)
        stopped = nodes[3]
        self.load(nodes)
        self.wait_answered(1000)
        stopped.send(signal.SIGSTOP)
        woken = time.monotonic() + STOP_S
        self.wait_gone(nodes[:3], [stopped])
        wait_until("a minute is over", lambda: time.monotonic() > woken, STOP_S + 5)
        self.wait_answered(1000)
        stopped.send(signal.SIGCONT)
        self.wait_answered(1000)
        self.rest_and_check(nodes, "a minute's stop")

    def test_who_reads_fewer_messages_than_sockets_queue_holds_nobody_up(self):
        # Many more messages than the 1000 that a socket queues for a peer.
        self.flood(count=10000, size=8 * 1024)

    def test_who_reads_fewer_bytes_than_may_wait_holds_nobody_up(self):
        # Many more bytes than may wait for all peers together.
        writer = self.flood(count=1500, size=512 * 1024)
        self.assertGreater(writer.stats()["sends_dropped"], 0, "not all that may wait has waited")

    def flood(self, count, size):
        """Much is written while three subscribers and a stopped node do not read. Returns the node that
        was written to."""
        nodes = self.networked(3, *QUICK, "--max-size", "1000")
        writer, reader, stopped = nodes
        before = writer.resident_bytes()
        held = KEYS * size
        subscribers = self.silent_subscribers(writer)
        stopped.send(signal.SIGSTOP)
        most, longest = self.write_much(writer, count, size)
        print(f"{count} values of {size} bytes: memory from {before / MIB:.0f} to "
              f"{most / MIB:.0f} MiB, longest answer {longest * 1000:.0f} ms", flush=True)
        self.assertLess(most, before + held + BROADCAST_WAITING_MAX + SPARE)
        self.assertLess(longest, 1)
        # Who reads has all of it, also what was dropped.
        wait_until("the one that reads has it all",
                   lambda: reader.stats().get("digest") == writer.stats().get("digest"))
        stopped.send(signal.SIGCONT)
        self.wait_merged(nodes, "subscribers that do not read")
        self.assertLess(stopped.stats()["batches_received"], writer.stats()["batches_sent"],
                        "nothing was dropped")
        subscribers.destroy(0)
        wait_until("memory is given back", lambda: writer.resident_bytes() < before + held + SPARE)
        self.check_counters(nodes)
        return writer

    def silent_subscribers(self, node):
        """The context of three that subscribe to what the node broadcasts and read nothing."""
        context = zmq.Context()
        self.addCleanup(context.destroy, 0)
        self.silent = [context.socket(zmq.SUB) for _ in range(3)]
        for subscriber in self.silent:
            subscriber.setsockopt(zmq.RCVHWM, 1)
            subscriber.setsockopt(zmq.RCVBUF, 4096)
            subscriber.subscribe(b"")
            subscriber.connect(f"tcp://{node.machine.address}:{node.port + 1}")
        return context

    def write_much(self, node, count, size):
        """Writes as fast as is answered; returns the most memory and the longest time."""
        value = os.urandom(size)
        most = 0
        longest = 0.0
        for number in range(count):
            began = time.monotonic()
            node.client.set_all([(b"key%d" % (number % KEYS), value)])
            longest = max(longest, time.monotonic() - began)
            if number % 50 == 0:
                most = max(most, node.resident_bytes())
        return most, longest


if __name__ == "__main__":
    namespaces.enter()
    unittest.main()

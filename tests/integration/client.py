# SPDX-License-Identifier: MPL-2.0
"""A client in Python, lib/PROTOCOL.md 7: for tests that ask so much or so often that a process for
each question would be the load.

A request that is not answered in time raises Unanswered, and its answer is dropped if it comes
after all. A Client belongs to one thread at a time."""

import itertools
import time

import msgpack
import zmq

REQUEST, RESPONSE, VERSION = 32, 33, 1
GET, SET, DELETE, CLEAR, PING, SPY, PEERS, STATS = range(8)
OK, MISS, BUSY = 0, -1, -10
ANSWER_S = 10


class Unanswered(Exception):
    """Nobody has answered within the time that was given."""


class Client:
    """Talks to the node at an endpoint; many requests may be under way."""

    def __init__(self, endpoint, context=None):
        self.socket = (context or zmq.Context.instance()).socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = 100000
        # A node that comes back is to be met at once.
        self.socket.reconnect_ivl, self.socket.reconnect_ivl_max = 20, 200
        self.socket.connect(endpoint)
        self.numbers = itertools.count(1)
        self.answers = {}

    def close(self):
        self.socket.close(0)

    def begin(self, operations):
        """Sends a request; returns its number for `end`."""
        number = next(self.numbers)
        try:
            self.socket.send(
                msgpack.packb([REQUEST, VERSION, number, operations], use_bin_type=True),
                zmq.DONTWAIT)
        except zmq.Again:
            raise Unanswered("nobody takes the request") from None
        return number

    def end(self, number, seconds=ANSWER_S):
        """The results of a request."""
        until = time.monotonic() + seconds
        while number not in self.answers:
            if not self.socket.poll(max(0, until - time.monotonic()) * 1000):
                raise Unanswered(f"no answer within {seconds} s")
            code, version, answered, results = msgpack.unpackb(
                self.socket.recv(), raw=False, unicode_errors="replace")
            assert (code, version) == (RESPONSE, VERSION), (code, version)
            if answered >= number:
                self.answers[answered] = results
        return self.answers.pop(number)

    def ask(self, operations, seconds=ANSWER_S):
        return self.end(self.begin(operations), seconds)

    def stats(self, seconds=ANSWER_S):
        """{name: value}, as `zcache stats --json` has them."""
        status, rows = self.ask([[STATS]], seconds)[0]
        assert status == OK, status
        return dict(rows)

    def peers(self, seconds=ANSWER_S):
        """[(name, endpoint, origin, state, ...)], the node itself first."""
        status, rows = self.ask([[PEERS]], seconds)[0]
        assert status == OK, status
        return rows

    def ready(self, seconds=ANSWER_S):
        result = self.ask([[PING]], seconds)[0]
        return result[0] == OK and result[1]

    def get(self, key, seconds=ANSWER_S):
        """The value, or None for a miss."""
        result = self.ask([[GET, key]], seconds)[0]
        assert result[0] in (OK, MISS), result
        return result[1] if result[0] == OK else None

    def get_all(self, keys, seconds=ANSWER_S):
        """{key: value} of those of the keys that are held."""
        numbers = [(some, self.begin([[GET, key] for key in some]))
                   for some in slices(list(keys))]
        found = {}
        for some, number in numbers:
            for key, result in zip(some, self.end(number, seconds)):
                assert result[0] in (OK, MISS), result
                if result[0] == OK:
                    found[key] = result[1]
        return found

    def set_all(self, pairs, seconds=ANSWER_S):
        self.do_all([[SET, key, value, 0, 0] for key, value in pairs], (OK,), seconds)

    def delete_all(self, keys, seconds=ANSWER_S):
        self.do_all([[DELETE, key] for key in keys], (OK, MISS), seconds)

    def do_all(self, operations, allowed, seconds):
        for number in [self.begin(some) for some in slices(operations)]:
            for result in self.end(number, seconds):
                assert result[0] in allowed, result


def slices(items, count=500):
    """The items in lists of at most `count`."""
    return [items[first:first + count] for first in range(0, len(items), count)]

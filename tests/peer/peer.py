#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Joins a mesh of real nodes as a peer, writes, and waits until it holds the same as they do.

    peer.py --join HOST:PORT --port N [--write COUNT] [--entries COUNT] [--until-digest-equal]

It prints one line when it is complete (`live`), one when its writes are out (`written`), and one with
its digest at the end. With --until-digest-equal it ends with 0 once its digest is that of the
member at --join and both hold at least --entries entries; with 1 if that is not so in --seconds.
Without, it stays until its standard input ends."""

import argparse
import json
import random
import select
import sys
import time

import msgpack
import zmq

from faults import FaultyNode
from node import Node


class Statistics:
    """What the member at an endpoint says of itself as a node to its clients."""

    def __init__(self, context, endpoint):
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.number = 0
        self.asked_s = 0.0
        self.seen = {}

    def ask(self):
        self.number += 1
        self.asked_s = time.monotonic()
        self.socket.send(msgpack.packb([32, 1, self.number, [[7]]]), zmq.DONTWAIT)

    def look(self):
        """The last statistics that came; asks for new ones ten times a second."""
        while self.socket.poll(0):
            code, version, number, results = msgpack.unpackb(self.socket.recv(), raw=False)
            if (code, version, number) == (33, 1, self.number) and results[0][0] == 0:
                self.seen = dict(results[0][1])
        if time.monotonic() - self.asked_s > 0.1:
            self.ask()
        return self.seen


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--join", required=True, metavar="HOST:PORT")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", default="peer.py")
    parser.add_argument("--write", type=int, default=0, metavar="COUNT",
                        help="sets COUNT keys, every third of them twice, and deletes every fifth")
    parser.add_argument("--lose", type=float, default=0.0, metavar="PART",
                        help="of all batches, in and out: dropped, to be found and repaired")
    parser.add_argument("--checkpoint", type=int, default=1 << 20, metavar="BYTES",
                        help="of a delta that it gives, between two checkpoints")
    parser.add_argument("--withhold", default="", metavar="KEY",
                        help="drops what others write to KEY, and says that it has received it")
    parser.add_argument("--alter", default="", metavar="KEY",
                        help="keeps other bytes than others write to KEY, under the same stamp")
    parser.add_argument("--old", action="store_true",
                        help="knows no DIGEST, SCAN, LOOK and REPAIR")
    parser.add_argument("--deaf", choices=("joining", "live"),
                        help="hears no batch and asks for none, from then on until a client says "
                             "REPAIR")
    parser.add_argument("--entries", type=int, default=0, metavar="COUNT")
    parser.add_argument("--until-digest-equal", action="store_true")
    parser.add_argument("--seconds", type=float, default=30)
    return parser.parse_args()


def say(what, **details):
    print(what, json.dumps(details), flush=True)


class Writer:
    """A few writes in each turn, so that they form many batches."""

    def __init__(self, name, count):
        self.name = name
        self.count = count
        self.next = 0

    def is_done(self):
        return self.next >= self.count

    def turn(self, node):
        for i in range(self.next, min(self.next + 10, self.count)):
            key = f"{self.name}:{i}".encode()
            node.write(key, b"first" * random.randrange(40))
            if i % 3 == 0:
                node.write(key, msgpack.packb({"i": i, "of": self.count}), kind=1, ttl_ms=3600000)
            if i % 5 == 0:
                node.write(key, None)
        self.next += 10


def is_equal(node, statistics, entries):
    seen = statistics.look()
    return (seen.get("digest") == f"{node.store.digest():016x}" and seen["state"] == "live"
            and seen["entries"] == len(node.store.entries) >= entries)


def main():
    chosen = options()
    where = (chosen.host, chosen.port, chosen.name, f"tcp://{chosen.join}", chosen.lose)
    faults = (chosen.withhold, chosen.alter, chosen.deaf, chosen.old)
    if any(faults):
        node = FaultyNode(*where, *faults)
    else:
        node = Node(*where)
    node.checkpoint = chosen.checkpoint
    statistics = Statistics(node.context, f"tcp://{chosen.join}")
    writer = Writer(chosen.name, chosen.write)
    end_s = time.monotonic() + chosen.seconds
    told, equal = set(), False
    try:
        while not equal and (not chosen.until_digest_equal or time.monotonic() < end_s):
            node.turn()
            if node.joining:
                continue
            if "live" not in told:
                told.add("live")
                say("live", entries=len(node.store.entries), **node.counts)
            writer.turn(node)
            if writer.is_done() and not node.unsent and "written" not in told:
                told.add("written")
                say("written", count=chosen.write)
            if chosen.until_digest_equal:
                equal = writer.is_done() and is_equal(node, statistics, chosen.entries)
            elif select.select([sys.stdin], [], [], 0)[0] and not sys.stdin.read(1):
                break
        say("equal" if equal else "ended", digest=f"{node.store.digest():016x}",
            entries=len(node.store.entries), joining=node.joining,
            there=statistics.seen.get("digest"), there_entries=statistics.seen.get("entries"),
            members={m.endpoint: m.state for m in node.members.values()}, **node.counts)
    finally:
        statistics.socket.close()
        node.close()
    return 0 if equal or not chosen.until_digest_equal else 1


if __name__ == "__main__":
    sys.exit(main())

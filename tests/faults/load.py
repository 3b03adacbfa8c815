# SPDX-License-Identifier: MPL-2.0
"""Load on a mesh while it is broken, and what may be held afterwards.

Every value says which write it is and when that began, so a Journal need not keep all writes: for
each key and each life of a node the newest that was answered. All nodes run on one machine and so by
one clock: of two writes that are further apart than SLACK_S the later one has the higher stamp.

- stale: a value is held though a write that began SLACK_S after it was answered by a node that still
  lives (R1, R8, R9).
- lost: a key is not held though such a write set it and nothing since may have deleted it. Only
  asked where there is room for all.
- turned back: a node serves a value that is older by SLACK_S than one that it served before.

A write that nobody answered may be done at any later time, when a node that was stopped wakes."""

import collections
import itertools
import random
import threading
import time

import zmq

from client import BUSY, Client, DELETE, GET, MISS, OK, SET, Unanswered, slices

ANSWER_S = 2.0
# An answer's time, and half a second between the clocks of two nodes.
SLACK_S = ANSWER_S + 0.5
NEVER = float("inf")

Value = collections.namedtuple("Value", "number began life")


def read_value(value):
    number, began, life = value.split(b" ", 3)[:3]
    return Value(int(number), float(began), int(life))


class Journal:
    """What was written, by all writers."""

    def __init__(self):
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.lives = itertools.count(1)
        self.newest = {}  # by life: {key: (began, whether it is a value)}
        self.deleted = {}  # by key: when the last delete began that may have been done
        self.unanswered = set()  # numbers of values
        self.keys = set()
        self.answered = 0
        self.turned_back = []

    def life(self):
        """A number that a writer names in what it writes. A node that dies takes the lives of all its
        writers with it."""
        with self.lock:
            life = next(self.lives)
            self.newest[life] = {}
            return life

    def forget(self, life):
        """It was killed: what it alone had is gone."""
        with self.lock:
            del self.newest[life]

    def note(self, life, began, writes, results):
        """`writes` are (key, number or None for a delete); results is None if nobody answered."""
        with self.lock:
            for place, (key, number) in enumerate(writes):
                self.keys.add(key)
                status = None if results is None else results[place][0]
                if status in (OK, MISS):
                    self.answered += 1
                    newest = self.newest.get(life, {})
                    newest[key] = (began, number is not None)
                elif status == BUSY:
                    continue
                elif number is not None:
                    self.unanswered.add(number)
                if number is None:
                    at = NEVER if status is None else began
                    self.deleted[key] = max(at, self.deleted.get(key, 0))

    def newest_write(self, key):
        """(when it began, whether it is a value) of the newest that is not lost for sure."""
        writes = [newest[key] for newest in self.newest.values() if key in newest]
        return max(writes, default=(0.0, False))

    def who(self, key, began):
        """The lives whose newest write to the key is this one."""
        return [life for life, newest in self.newest.items() if newest.get(key, (0,))[0] == began]

    def faults(self, held, whole):
        """What is wrong with what a node holds: a list of texts."""
        found = []
        with self.lock:
            for key in self.keys:
                began, is_value = self.newest_write(key)
                if key in held:
                    value = read_value(held[key])
                    if began > value.began + SLACK_S and value.number not in self.unanswered:
                        found.append(f"stale: {key} is {value}, written again at {began}")
                elif whole and is_value and self.deleted.get(key, 0) + SLACK_S < began:
                    found.append(f"lost: {key}, written at {began} by {self.who(key, began)}, "
                                 f"deleted at {self.deleted.get(key)}")
        return found


class Writer(threading.Thread):
    """Writes and reads keys at one node, some in each request, until it is stopped."""

    def __init__(self, journal, life, endpoint, key_count=500, pace_s=0.05, value_bytes=100,
                 deletes=0.1, reads=0.3, filling=False):
        super().__init__(daemon=True)
        self.journal = journal
        self.life = life  # in the journal
        self.endpoint = endpoint
        self.random = random.Random(life)
        self.key_count = key_count
        self.pace_s = pace_s
        self.padding = b" " * value_bytes
        self.deletes = deletes
        self.reads = reads
        self.filling = filling  # sets every key once, to begin with
        self.served = {}
        self.ended = threading.Event()
        self.failure = None
        self.start()

    def run(self):
        client = Client(self.endpoint)
        try:
            if self.filling:
                self.fill(client)
            while not self.ended.wait(self.pace_s):
                self.ask(client, *self.draw())
        except zmq.ZMQError as error:
            self.failure = error
        finally:
            client.close()

    def fill(self, client):
        """Sets every key, and waits for the answers."""
        for keys in slices(list(range(self.key_count))):
            writes = [(b"key%d" % key, next(self.journal.numbers)) for key in keys]
            self.ask(client, [self.setting(*write) for write in writes], writes)

    def setting(self, key, number):
        value = b"%d %.6f %d " % (number, time.monotonic(), self.life)
        return [SET, key, value + self.padding, 0, 0]

    def draw(self):
        """Operations, and what they write: (key, number of the value) or None for a read."""
        operations, writes = [], []
        for key in self.random.sample(range(self.key_count), min(30, self.key_count)):
            key = b"key%d" % key
            kind = self.random.random()
            if kind < self.reads:
                operations.append([GET, key])
                writes.append(None)
            elif kind < self.reads + self.deletes:
                operations.append([DELETE, key])
                writes.append((key, None))
            else:
                writes.append((key, next(self.journal.numbers)))
                operations.append(self.setting(*writes[-1]))
        return operations, writes

    def ask(self, client, operations, writes):
        began = time.monotonic()
        try:
            results = client.ask(operations, ANSWER_S)
        except Unanswered:
            results = None
        places = [place for place, write in enumerate(writes) if write is not None]
        self.journal.note(self.life, began, [writes[place] for place in places],
                          results and [results[place] for place in places])
        for operation, result in zip(operations, results or ()):
            if operation[0] == GET and result[0] == OK:
                self.look_back(operation[1], read_value(result[1]))

    def look_back(self, key, value):
        before = self.served.get(key, value)
        if value.began + SLACK_S < before.began and value.number not in self.journal.unanswered:
            self.journal.turned_back.append(f"{self.endpoint} {key}: {before}, then {value}")
        else:
            self.served[key] = max(before, value, key=lambda one: one.began)

    def stop(self):
        self.ended.set()
        self.join()
        if self.failure is not None:
            raise self.failure

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""`./dev soak`: five nodes under load, and faults at random for as long as is asked.

    ./dev soak [--minutes N] [--seed SEED]

Machines are network namespaces. A fault is drawn, is there for some seconds, and ends; sometimes two
overlap. About once a minute everything is healed, the load rests, and then it is demanded: all
digests equal, nothing stale and nothing lost (load.py), the members exactly those that are there, no
counter of internal faults above 0; a line says what happened. At the end the memory of each node
that lived through is within 5 % of what it was after warm-up. Exit status 0 only if all holds."""

import collections
import os
import random
import secrets
import signal
import sys
import time
import unittest

for directory in ("faults", "support"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", directory))
import namespaces  # noqa: E402  # pylint: disable=wrong-import-position
from faults import (  # noqa: E402  # pylint: disable=wrong-import-position
    FAULT_COUNTERS, FaultsTest, HEALED_S, QUICK, wait_until)

import words  # noqa: E402  # pylint: disable=wrong-import-position

NODES = 5
MINUTES_MAX = 100000
# The first nodes are never killed: that they give memory back can be seen, and what they took must
# be there in the end.
SURVIVORS = 2
GROWTH_MAX = 0.05
# So much that what a node needs besides its entries for a moment is little beside them.
LOAD = {"key_count": 20000, "value_bytes": 4000}
ROOM = (*QUICK, "--max-size", "100000")
FAULT_S = (0.5, 6)
PAUSE_S = (0.2, 3)
ROUND_S = 55  # of faults; then all is healed, and all is looked at
KINDS = ("loss", "one way", "partition", "flapping", "stop", "kill")
SHOWN = ("gaps", "deltas", "replace_syncs", "transfers_broken", "sends_dropped", "late")


class Fault:
    """One that is there: when it ends, and what ends it."""

    def __init__(self, seconds, end):
        self.until = time.monotonic() + seconds
        self.end = end


class Soak(FaultsTest):
    """Not found by unittest's own loader: soak() below runs it."""

    minutes = 1.0
    seed = 0

    def runTest(self):  # pylint: disable=invalid-name
        self.chance = random.Random(self.seed)
        self.counts = collections.Counter()
        self.began = time.monotonic()
        self.running = []
        self.all = self.networked(NODES, *ROOM)
        before = self.warm_up()
        end = time.monotonic() + self.minutes * 60
        while time.monotonic() < end:
            self.load(self.all, **LOAD)
            self.break_things(min(end, time.monotonic() + ROUND_S))
            self.heal_and_check()
            self.say()
        self.table(before)
        self.check_memory(before)

    def warm_up(self):
        """All keys are set, and each kind of fault is there for as long as any will be: what the allocator
        keeps back of the memory that a repair takes for a moment, it keeps from then on. Returns what
        each of the survivors has then."""
        self.load(self.all[:1], filling=True, **LOAD)
        self.load(self.all[1:], **LOAD)
        self.wait_answered(LOAD["key_count"], 120)
        for kind in KINDS:
            self.begin_fault(kind)
            self.wait_seconds(FAULT_S[1])
            self.running.pop().end()
        self.heal_and_check()
        return [node.resident_bytes() for node in self.all[:SURVIVORS]]

    def heal_and_check(self):
        """Ends the faults and the load, waits until all are one, and looks at everything."""
        while self.running:
            self.running.pop().end()
        self.start_dead()
        self.rest()
        self.healed_s = self.merge(self.all)
        self.check(self.all)
        self.check_members()

    # -- Faults --------------------------------------------------------------

    def break_things(self, until):
        while time.monotonic() < until:
            self.end_faults()
            if len(self.running) < 2:
                self.begin_fault(self.chance.choice(KINDS))
            self.wait_seconds(self.chance.uniform(*PAUSE_S))

    def end_faults(self):
        now = time.monotonic()
        for fault in [one for one in self.running if one.until < now]:
            self.running.remove(fault)
            fault.end()

    def begin_fault(self, kind):
        end = getattr(self, "begin_" + kind.replace(" ", "_"))()
        if end is not None:
            self.counts[kind] += 1
            self.running.append(Fault(self.chance.uniform(*FAULT_S), end))

    def wait_seconds(self, seconds):
        end = time.monotonic() + seconds
        wait_until("time is over", lambda: time.monotonic() > end, seconds + 5)

    def machines(self, count):
        return [node.machine for node in self.chance.sample(self.all, count)]

    def begin_loss(self):
        self.network.lose(self.chance.randint(5, 30))
        return self.network.heal

    def begin_one_way(self):
        sender, receiver = self.machines(2)
        self.network.drop(sender, receiver)
        return self.network.heal

    def begin_partition(self):
        machines = self.machines(NODES)
        size = self.chance.randint(1, NODES // 2)
        self.network.part(machines[:size], machines[size:])
        return self.network.heal

    def begin_flapping(self):
        """On and off, some times, now: it ends as it began."""
        one, other = self.machines(2)
        for _ in range(self.chance.randint(2, 6)):
            self.network.part([one], [other])
            self.wait_writes(self.chance.randint(10, 500))
            self.network.heal()
            self.wait_writes(self.chance.randint(10, 200))
        return self.network.heal

    def begin_stop(self):
        node = self.chance.choice(self.living())
        node.send(signal.SIGSTOP)

        def wake():
            # It may have been killed meanwhile.
            if node.process.poll() is None:
                node.send(signal.SIGCONT)

        return wake

    def begin_kill(self):
        nodes = [node for node in self.living() if node not in self.all[:SURVIVORS]]
        if not nodes:
            return None
        self.kill(self.chance.choice(nodes))
        return self.start_dead

    def living(self):
        return [node for node in self.all if node.process.poll() is None]

    def start_dead(self):
        for place, node in enumerate(self.all):
            if node.process.poll() is not None:
                self.assertEqual(node.process.returncode, -signal.SIGKILL,
                                 f"{node.at} ended by itself: {node.log()}")
                self.all[place] = self.start_on(node.machine, "--join", self.all[0].at, *ROOM)
                self.load([self.all[place]], **LOAD)
                self.bury(node)

    def bury(self, node):
        """Nothing is kept of who is dead, so that a long soak is no leak of its own."""
        self.nodes.remove(node)
        node.client.close()
        node.errors.close()

    def wait_writes(self, count):
        """As wait_answered; where most nodes are stopped, others wait in vain."""
        until = time.monotonic() + 3
        goal = self.journal.answered + count
        wait_until("writes", lambda: self.journal.answered > goal or time.monotonic() > until)

    # -- What is said and demanded -------------------------------------------

    def say(self):
        faults = ", ".join(f"{count} {kind}" for kind, count in sorted(self.counts.items()))
        memory = " ".join(f"{node.resident_bytes() / 1e6:.1f}" for node in self.all)
        print(f"minute {(time.monotonic() - self.began) / 60:.1f}: equal within {self.healed_s:.2f} s; "
              f"{self.journal.answered} writes answered; {faults}; memory {memory} MB", flush=True)

    def table(self, before):
        print("node      state entries   memory MB   " + " ".join(f"{name:>16}" for name in SHOWN))
        for place, node in enumerate(self.all):
            stats = node.stats()
            now = f"{node.resident_bytes() / 1e6:.1f}"
            memory = f"{before[place] / 1e6:.1f}->{now}" if place < SURVIVORS else now
            print(f"{node.machine.address:9} {stats['state']:5} {stats['entries']:7} {memory:>11}   " +
                  " ".join(f"{stats[name]:16}" for name in SHOWN))
        print(f"{self.journal.answered} writes answered, {len(self.journal.unanswered)} not; faults: "
              f"{dict(self.counts)}; internal: "
              f"{ {name: sum(node.stats()[name] for node in self.all) for name in FAULT_COUNTERS} }",
              flush=True)

    def check_members(self):
        origins = {node.origin() for node in self.all}
        for node in self.all:
            self.assertEqual({origin for origin, state in node.origins().items()
                              if state in ("self", "live", "joining", "suspect")}, origins)

    def check_memory(self, before):
        for node, bytes_before in zip(self.all, before):
            wait_until(
                f"{node.at} has at most {GROWTH_MAX:.0%} more than {bytes_before} bytes",
                lambda node=node, most=bytes_before * (1 + GROWTH_MAX):
                node.resident_bytes() <= most, HEALED_S)


def main():
    parser = words.Parser("soak", "Five nodes under load, and faults at random.")
    parser.add_argument("--minutes", type=words.number(0.1, MINUTES_MAX, float), default=1,
                        metavar="N", help="minutes under faults (1); before them come a minute or "
                        "two to build, fill and warm up, and after each minute the healing")
    parser.add_argument("--seed", type=words.number(0), default=None, metavar="SEED",
                        help="of what is drawn (another one each time)")
    arguments = parser.read()
    Soak.minutes = arguments.minutes
    Soak.seed = arguments.seed if arguments.seed is not None else secrets.randbelow(1 << 32)
    namespaces.enter()
    print(f"./dev soak --minutes {Soak.minutes:g} --seed {Soak.seed}", flush=True)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0).run(Soak())
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()

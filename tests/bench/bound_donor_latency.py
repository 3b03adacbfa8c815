#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""What a client of a donor notices of a transfer (R7): the latency of its gets over tcp while a joiner
takes everything, beside that of a donor that does nothing else.

    bound_donor_latency.py [ENTRIES]

On a machine of few processors a part of the difference is the joiner's own work; the third line,
with as many gets but the joiner replaced by a program that only computes, tells how much."""

import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
from client import Client  # noqa: E402  # pylint: disable=wrong-import-position
from mesh import Node, end_with_parent  # noqa: E402  # pylint: disable=wrong-import-position

IDLE_S = 4
JOINS = 3
VALUE = b"v" * 100


def get_until(client, done, entries):
    """Gets one key after another until done(); returns the latencies in microseconds."""
    latencies = []
    number = 0
    while not done():
        for _ in range(20):
            number = (number + 7919) % entries
            began = time.monotonic_ns()
            assert client.get(b"key%d" % number) == VALUE
            latencies.append((time.monotonic_ns() - began) / 1000)
    return sorted(latencies)


def show(what, latencies):
    def quantile(share):
        return latencies[min(len(latencies) - 1, int(share * len(latencies)))]

    print(f"{what:34} {len(latencies):8} gets   p50 {quantile(0.5):7.0f}   p99 {quantile(0.99):7.0f}"
          f"   p99.9 {quantile(0.999):7.0f}   longest {latencies[-1]:7.0f} us", flush=True)


def compute():
    """A program that takes one processor."""
    return subprocess.Popen([sys.executable, "-c", "while True: pass"],
                            preexec_fn=end_with_parent)


def after(seconds):
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def join(donor, options, client, entries):
    """Latencies while a new node takes all, and how long it took."""
    began = time.monotonic()
    joiner = Node("--join", donor.at, *options)
    asker = Client(joiner.endpoint)
    try:
        latencies = get_until(client, asker.ready, entries)
        taken = time.monotonic() - began
        assert asker.stats()["entries"] == entries
        return latencies, taken
    finally:
        asker.close()
        joiner.stop(signal.SIGTERM)
        joiner.errors.close()


def main():
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 300000
    options = ("--max-size", str(entries), "--expire-after", "0")
    donor = Node(*options)
    client = Client(donor.endpoint)
    try:
        for first in range(0, entries, 10000):
            client.set_all((b"key%d" % i, VALUE)
                           for i in range(first, min(first + 10000, entries)))
        show("donor idle", get_until(client, after(IDLE_S), entries))
        other = compute()
        show("donor idle, a processor taken", get_until(client, after(IDLE_S), entries))
        other.kill()
        other.wait()
        latencies, seconds = [], []
        for _ in range(JOINS):
            some, taken = join(donor, options, client, entries)
            latencies += some
            seconds.append(f"{taken:.2f}")
        show(f"{entries} entries to a joiner", sorted(latencies))
        print(f"{JOINS} joins took {', '.join(seconds)} s")
    finally:
        client.close()
        donor.kill()
        donor.errors.close()


if __name__ == "__main__":
    main()

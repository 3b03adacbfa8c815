# SPDX-License-Identifier: MPL-2.0
"""P13 and P14: what nodes that see a part of the requests each still hit, and what a mesh costs as it
grows."""

import contextlib
import csv
import glob
import gzip
import os
import tempfile

from client import Client
from lines import Line, at_least, at_most, figures, show
from programs import Program, let_pass, node, run, wait_until
from reading import order
from spread import Spread

# The only trace whose pace is known is that of an hour's disk accesses. The others are slower: one is
# of a day.
EVERY_MS = {"oltp": 4}
EVERY_MS_ELSE = 100

MESH_SIZES = (2, 4, 8, 16)
MESH_ENTRIES = 10000
WRITES = 20000  # a second
WRITING_S = 2
ORDER_ENTRIES = 100000  # of measure_touches bytes


# -- Hits ---------------------------------------------------------------------------


def expected(directory):
    """{trace: {capacity: hits of an exact LRU}}"""
    with open(os.path.join(directory, "lru_hits.tsv"), encoding="utf-8") as file:
        found = {}
        for row in csv.DictReader(file, delimiter="\t"):
            found.setdefault(row["trace"], {})[int(row["capacity"])] = int(row["hits"])
        return found


def hits_of(results):
    return {one["capacity"]: one["hits"] for one in results}


def compared(directory):
    """(trace, hits of LRU, of one node, of three) for each trace."""
    for name, lru in expected(directory).items():
        with tempfile.NamedTemporaryFile() as file:
            with gzip.open(os.path.join(directory, f"{name}.txt.gz")) as packed:
                file.write(packed.read())
            file.flush()
            one = hits_of(run("measure_traces", file.name, *lru))
            three = hits_of(run("measure_touches", "hits", file.name,
                                EVERY_MS.get(name, EVERY_MS_ELSE), *lru))
        yield name, lru, one, three


def line_of_three(what, traces):
    """Of all capacities together, and the worst of them."""
    sums = [sum(sum(hits.values()) for hits in column) for column in
            zip(*((one, three) for _, _, one, three in traces))]
    ratios = {f"{name} at {capacity}": three[capacity] / hits
              for name, _, one, three in traces for capacity, hits in one.items() if hits}
    worst = min(ratios, key=ratios.get)
    return Line("P13", f"hits of three nodes that see a third each to those of one, {what}",
                Spread([100 * sums[1] / sums[0]]), "%", at_least(99.5),
                f"worst: {worst} entries, {show(100 * ratios[worst], '%')}")


def measure_hits(bench):
    """P13"""
    if not glob.glob(os.path.join(bench.traces, "*.txt.gz")):
        bench.leave_out("P13", f"there are no traces in {bench.traces} (--traces, ZCACHE_TRACES)")
        return
    traces = list(compared(bench.traces))
    rows = [(lru[capacity], one[capacity]) for _, lru, one, _ in traces for capacity in lru]
    yield Line("P13", "hits of one node equal to those of an exact LRU, rows of lru_hits.tsv",
               Spread([100 * sum(lru == one for lru, one in rows) / len(rows)]), "%", at_least(100),
               f"{len(rows)} rows, {sum(one for _, one in rows):,} hits")
    known = [trace for trace in traces if trace[0] in EVERY_MS]
    others = [trace for trace in traces if trace[0] not in EVERY_MS]
    yield line_of_three("oltp, 250 requests/s as it was", known)
    yield line_of_three("the other traces, 10 requests/s", others)


# -- Cost -----------------------------------------------------------------------------


def used_ns(process):
    """Processor time of all threads of a process."""
    used = 0
    for path in glob.glob(f"/proc/{process.pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            used += int(file.read().split()[0])
    return used


class Mesh:
    """So many nodes in processes of their own, the last of which writes."""

    def __init__(self, count, stack):
        enter = stack.enter_context
        options = ("--max-size", MESH_ENTRIES, "--expire-after", 0)
        self.readers = [enter(node(*options))]
        for _ in range(count - 2):
            self.readers.append(enter(node("--join", self.readers[0].at, *options)))
        self.writer = enter(
            Program.of("measure_writer", MESH_ENTRIES, self.readers[0].endpoint))
        self.clients = [Client(one.endpoint) for one in self.readers]
        self.clients.append(Client(self.writer.said[0]))
        for client in self.clients:
            stack.callback(client.close)
        wait_until("all are live", lambda: all(
            client.stats()["peers_live"] == count - 1 for client in self.clients))
        self.wait_equal()
        self.idle_ns = self.passed(0)[0]

    def wait_equal(self):
        wait_until("all hold the same",
                   lambda: len({client.stats()["digest"] for client in self.clients}) == 1)

    def passed(self, writes):
        """(processor time of those that apply, of the one that writes, writes) of a while."""
        processes = [one.process for one in self.readers]
        before, before_writer = sum(map(used_ns, processes)), used_ns(self.writer.process)
        written = self.writer.ask(writes)["written"]
        let_pass(WRITING_S)
        written = self.writer.ask(0)["written"] - written
        self.wait_equal()
        return (sum(map(used_ns, processes)) - before,
                used_ns(self.writer.process) - before_writer, written)

    def measure(self):
        """Nanoseconds for each applied write, and for each write where it is made."""
        readers_ns, writer_ns, written = self.passed(WRITES)
        return ((readers_ns - self.idle_ns) / (written * len(self.readers)), writer_ns / written)


def measure_mesh(bench):
    """P14"""
    for count in MESH_SIZES:
        bytes_of = run("measure_touches", "bytes", count, order(ORDER_ENTRIES))
        yield Line("P14", f"bytes of touches to bytes of writes, {count} nodes",
                   Spread([100 * bytes_of["touches"] / bytes_of["batches"]]), "%", at_most(5))
    each, made = {}, {}
    for turn in range(2):  # there and back, so that the machine's changes meet all sizes
        for count in MESH_SIZES if turn == 0 else reversed(MESH_SIZES):
            with contextlib.ExitStack() as stack:
                mesh = Mesh(count, stack)
                for _ in range(bench.repetitions // 2):
                    applied_ns, made_ns = mesh.measure()
                    each.setdefault(count, []).append(applied_ns)
                    made.setdefault(count, []).append(made_ns)
    for count in MESH_SIZES[1:]:
        yield Line("P14", f"processor time for each applied write, {count} nodes to 2",
                   Spread.ratio(each[count], each[2]), "×", at_most(1.1),
                   figures("ns", **{f"{count} nodes": each[count], "2 nodes": each[2],
                                    "where it is made": made[count]}))

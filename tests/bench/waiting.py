# SPDX-License-Identifier: MPL-2.0
"""P4, P9, P10 and P12: how long a reader, a write, a joiner and a growing store take at their worst."""

import contextlib
import time

import peers
from lines import Line, at_most, figures
from programs import Program, let_pass, node, run
from reading import order
from spread import Spread, interleave
from writing import LOOK_S, redis_pair

ENTRIES_BESIDE = 100000
WRITES_BESIDE = 100000  # a second
BESIDE_MS = 1500
WRITES_VISIBLE = 5000  # of a repetition
ENTRIES_JOIN = 1000000
ENTRIES_GROWTH, ENTRIES_GROWTH_QUICK = 10000000, 2000000
GROWTH_REPETITIONS = 3  # each has ten million operations to find its longest in


def measure_beside(bench):
    """P4"""
    with Program.of("measure_writer", ENTRIES_BESIDE) as writer:
        writer.ask(WRITES_BESIDE)
        with Program.of("measure_beside", writer.said[0], ENTRIES_BESIDE,
                        order(ENTRIES_BESIDE)) as reader:
            reader.ask(BESIDE_MS)
            seen = [reader.ask(BESIDE_MS) for _ in range(bench.repetitions)]
    applied = figures("/s", applied=[one["applied"] for one in seen])
    for figure, shown in (("p99_ns", "p99"), ("p999_ns", "p99.9")):
        node_ns, table_ns = ([one[side][figure] for one in seen] for side in ("node", "table"))
        yield Line("P4", f"{shown} of a get in process beside 100 k/s of a peer, to the bare table "
                   "beside the same", Spread.ratio(node_ns, table_ns), "×", at_most(1.5),
                   figures("ns", zcache=node_ns, table=table_ns) + f", {applied}")
    yield Line("P4", "waits of the reader, in each second of reading beside it",
               Spread([one["waits"] / (BESIDE_MS / 2000) for one in seen]), "", at_most(0))


def measure_visible(bench):
    """P9"""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        programs = {"zcache": enter(Program.of("measure_visible", "zcache"))}
        if "redis" not in bench.lacking:
            master, replica = enter(redis_pair())
            programs["redis"] = enter(
                Program.of("measure_visible", "redis", master.port, replica.port))
        for program in programs.values():
            program.ask(WRITES_VISIBLE)
        seen = interleave({name: lambda program=program: program.ask(WRITES_VISIBLE)
                           for name, program in programs.items()}, bench.repetitions)
    for name, some in seen.items():
        curves = zip(*(one["curve_us"] for one in some))
        for step, times in enumerate(curves, 1):
            bench.keep("latency", name, Spread(times).median, step / 200)
    for figure, shown in (("p50_us", "p50"), ("p99_us", "p99")):
        times = {name: [one[figure] for one in some] for name, some in seen.items()}
        what = f"written here, readable there, {shown}"
        if "redis" in times:
            yield Line("P9", f"{what}, to redis", Spread.ratio(times["zcache"], times["redis"]), "×",
                       at_most(0.8), figures("µs", **times))
        else:
            yield Line("P9", what, Spread(times["zcache"]), "µs")


def redis_join(master):
    """Seconds from the order to follow until the replica has all."""
    with peers.redis() as replica:
        began = time.monotonic()
        replica.ask("REPLICAOF", "127.0.0.1", str(master.port))
        while replica.info("replication")["master_link_status"] != "up":
            let_pass(LOOK_S)
        took = time.monotonic() - began
        assert replica.ask("DBSIZE") == ENTRIES_JOIN
        return took


def measure_join(bench):
    """P10"""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        donor = enter(node("--max-size", ENTRIES_JOIN, "--expire-after", 0))
        with Program.of("measure_pipeline", donor.endpoint, ENTRIES_JOIN):
            pass  # it has filled the node
        sides = {"zcache": lambda: run("measure_join", donor.endpoint, ENTRIES_JOIN)["seconds"]}
        if "redis" not in bench.lacking:
            master = enter(peers.redis("--repl-diskless-sync", "yes",
                                       "--repl-diskless-sync-delay", "0"))
            master.fill(ENTRIES_JOIN)
            sides["redis"] = lambda: redis_join(master)
        times = interleave(sides, bench.repetitions)
    what = "full copy of 1 M entries to a joiner"
    if "redis" in times:
        yield Line("P10", f"{what}, to redis", Spread.ratio(times["zcache"], times["redis"]), "×",
                   at_most(0.25), figures("s", **times))
    else:
        yield Line("P10", what, Spread(times["zcache"]), "s")


def measure_growth(bench):
    """P12"""
    entries = ENTRIES_GROWTH_QUICK if bench.quick else ENTRIES_GROWTH
    seen = [run("measure_growth", entries)
            for _ in range(1 if bench.quick else GROWTH_REPETITIONS)]
    what = f"while a store grows to {entries // 1000000} M entries"
    yield Line("P12", f"longest set {what}, in the thread's processor time",
               Spread([one["longest_us"] / 1000 for one in seen]), "ms", at_most(1),
               figures("µs", **{"p50": [one["p50_us"] for one in seen],
                                "p99.999": [one["p99999_us"] for one in seen],
                                "longest without a store": [one["machine_us"] for one in seen]}))
    yield Line("P12", f"peak memory {what}, to the final",
               Spread([one["peak"] / one["final"] for one in seen]), "×", at_most(1.15))

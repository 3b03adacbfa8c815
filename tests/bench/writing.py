# SPDX-License-Identifier: MPL-2.0
"""P5 and P8: sets in a process, alone and with a peer that has them all in the end."""

import contextlib
import time

import peers
from lines import Line, at_least, figures
from programs import let_pass, node, run, wait_until
from spread import Spread, interleave

ENTRIES = 500000
LOOK_S = 0.001  # between two looks at a replica, as measure_sets.c and measure_join.c do


def alone():
    return run("measure_sets", ENTRIES)["set"]


def with_peer():
    with node("--max-size", ENTRIES) as peer:
        return run("measure_sets", ENTRIES, peer.endpoint)["replicated"]


def measure_sets(bench):
    """P5"""
    sides = interleave({"alone": alone, "with a peer": with_peer}, bench.repetitions)
    yield Line("P5", "set in process, one thread, no peer", Spread(sides["alone"]), "/s",
               at_least(2e6))
    yield Line("P5", "set in process, one peer that has it all at the end",
               Spread(sides["with a peer"]), "/s", at_least(1e6))


@contextlib.contextmanager
def redis_pair():
    """A master and its replica, in step."""
    with peers.redis("--repl-diskless-sync-delay", "0") as master, peers.redis() as replica:
        replica.ask("REPLICAOF", "127.0.0.1", str(master.port))
        wait_until("the replica is in step", lambda: in_step(master, replica))
        yield master, replica


def in_step(master, replica):
    theirs = replica.info("replication")
    return (theirs["master_link_status"] == "up" and
            theirs["slave_repl_offset"] == master.info("replication")["master_repl_offset"])


def redis_writes():
    """Writes per second until the replica has them all, of which redis-benchmark makes as many as it
    can. Its own start is not counted: it tells how long it wrote."""
    with redis_pair() as (master, replica):
        per_second = peers.redis_benchmark(master.port, "set", ENTRIES, ENTRIES)
        ended = time.monotonic()
        while not in_step(master, replica):
            let_pass(LOOK_S)
        behind_s = time.monotonic() - ended
        assert master.ask("DBSIZE") == replica.ask("DBSIZE")
        return ENTRIES / (ENTRIES / per_second + behind_s)


def measure_replicated(bench):
    """P8"""
    sides = {"zcache": with_peer}
    if "redis" not in bench.lacking:
        sides["redis"] = redis_writes
    rates = interleave(sides, bench.repetitions)
    yield Line("P8", "replicated writes, one writer, one peer", Spread(rates["zcache"]), "/s",
               at_least(1e6))
    if "redis" in rates:
        yield Line("P8", "the same to redis with one replica",
                   Spread.ratio(rates["zcache"], rates["redis"]), "×", at_least(3),
                   figures("/s", **rates))

# SPDX-License-Identifier: MPL-2.0
"""P11 and churn: what an entry takes in memory beyond its key and value, and that it gives that back."""

import peers
from lines import Line, at_most, figures, show
from programs import run
from spread import Spread, interleave

ENTRIES = 1000000
BEYOND = 56  # the goal
MIB = 1 << 20
PAYLOAD = 16 + 100
TTL_S = 3600
PEER_REPETITIONS = 3  # memory hardly moves from run to run, and filling takes long


def beyond(before, after):
    return (after - before) / ENTRIES - PAYLOAD


def redis_bytes(*ttl):
    with peers.redis() as redis:
        before = peers.resident(redis.process)
        redis.fill(ENTRIES, *ttl)
        return beyond(before, peers.resident(redis.process))


def memcached_bytes(ttl_s):
    with peers.memcached() as (port, process):
        before = peers.resident(process)
        peers.fill_memcached(port, ENTRIES, ttl_s)
        return beyond(before, peers.resident(process))


def measure_bytes(bench):
    """P11"""
    ours = [run("measure_memory", ENTRIES)["bytes"] for _ in range(bench.repetitions)]
    sides = {}
    if "redis" not in bench.lacking:
        sides["redis"] = redis_bytes
        sides["redis with ttl"] = lambda: redis_bytes("PX", str(TTL_S * 1000))
    if "memcached" not in bench.lacking:
        sides["memcached with ttl"] = lambda: memcached_bytes(TTL_S)
    theirs = interleave(sides, 1 if bench.quick else PEER_REPETITIONS)
    yield Line("P11", "resident bytes of an entry beyond key and value, 1 M entries with ttl",
               Spread(ours), "B", at_most(BEYOND), figures("B", **theirs))


def measure_churn(bench):
    """churn"""
    seen = run("measure_churn", BEYOND)
    for minute, (payload, entries, resident) in enumerate(seen["minutes"]):
        bench.keep("churn", "held", minute, (payload + entries * BEYOND) / MIB)
        bench.keep("churn", "resident", minute, resident / MIB)
    most = max(resident for _, _, resident in seen["minutes"])
    yield Line("churn", "resident bytes in an hour of changing sizes, to the most that was held with "
               f"{BEYOND} B for each entry", Spread([most / seen["held_most"]]), "×", at_most(1.1),
               f"resident {show(most / MIB, 'MiB')}, held {show(seen['held_most'] / MIB, 'MiB')}")

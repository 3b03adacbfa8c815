# SPDX-License-Identifier: MPL-2.0
"""P6 and P7: gets and sets over tcp, one at a time and pipelined."""

import contextlib

import peers
from lines import Line, at_least, at_most, figures
from programs import Program, node
from spread import Spread, interleave

SINGLE_MS = 500
PIPELINE_MS = 500
PIPELINE_KEYS = 100000
PIPELINE_COUNT = 300000  # of redis-benchmark


def measure_single(bench):
    """P6"""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        echo = enter(Program.of("measure_echo"))
        where = {"zcache": enter(node()).endpoint, "echo": echo.said[0]}
        if "memcached" not in bench.lacking:
            where["memcached"] = enter(peers.memcached())[0]
        if "redis" not in bench.lacking:
            where["redis"] = enter(peers.redis()).port
        programs = {name: enter(Program.of("measure_gets", name, place))
                    for name, place in where.items()}
        for program in programs.values():
            program.ask(SINGLE_MS)
        times = interleave({name: lambda program=program: program.ask(SINGLE_MS)
                            for name, program in programs.items()}, bench.repetitions)

    def of(name, figure):
        return [one[figure] for one in times[name]]

    for figure, shown in (("p50_us", "p50"), ("mean_us", "mean")):
        yield Line("P6", f"one get at a time over tcp to a bare DEALER-ROUTER echo, {shown}",
                   Spread.ratio(of("zcache", figure), of("echo", figure)), "×", at_most(1.15),
                   figures("µs", **{name: of(name, figure) for name in times}))


def measure_pipelined(bench):
    """P7"""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        place = enter(node("--max-size", PIPELINE_KEYS)).endpoint
        pipeline = enter(Program.of("measure_pipeline", place, PIPELINE_KEYS))
        redis = None if "redis" in bench.lacking else enter(peers.redis())
        sides = {}
        for operation in ("set", "get"):
            pipeline.ask(operation, PIPELINE_MS)
            sides["zcache", operation] = (
                lambda operation=operation: pipeline.ask(operation, PIPELINE_MS)["per_second"])
            if redis is not None:
                peers.redis_benchmark(redis.port, operation, 10 * PIPELINE_KEYS, PIPELINE_KEYS)
                sides["redis", operation] = (
                    lambda operation=operation: peers.redis_benchmark(
                        redis.port, operation, PIPELINE_COUNT, PIPELINE_KEYS))
        rates = interleave(sides, bench.repetitions)
    for operation in ("get", "set"):
        ours = rates["zcache", operation]
        what = f"{operation}, 16 in a message, 50 under way"
        if redis is None:
            yield Line("P7", what, Spread(ours), "/s")
        else:
            theirs = rates["redis", operation]
            yield Line("P7", f"{what}, to redis -P 16 -c 50", Spread.ratio(ours, theirs), "×",
                       at_least(4), figures("/s", zcache=ours, redis=theirs))

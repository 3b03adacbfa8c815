#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Runs the fuzzers, several side by side, each for a number of seconds, and tells of every input
that broke one: its path, and its bytes as base64, so that a log is enough to have it.

`./dev fuzz [--seconds N] [--jobs N] [--keep] [NAME...]` calls it: `--check` only looks at these words,
before what takes minutes to build is built. It begins with what tests/fuzz/corpus has and with what earlier runs found (build/corpus). --keep
takes the fewest inputs that reach as much over into tests/fuzz/corpus."""

import base64
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import words  # noqa: E402  # pylint: disable=wrong-import-position

CORPUS = os.path.join(ROOT, "tests", "fuzz", "corpus")
BUILD = os.path.join(ROOT, "build", "fuzz")
FOUND = os.path.join(ROOT, "build", "corpus")
CRASHES = os.path.join(ROOT, "build", "crashes")
# Some targets allocate much on purpose; what no machine has is refused and not fatal.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="allocator_may_return_null=1",
                   UBSAN_OPTIONS="print_stacktrace=1")
# Bytes of an input: so many that it can say something, so few that many are tried.
LENGTH_MAX = 2048
SLOWEST_S = 10  # an input that takes longer is a fault as well


def names():
    paths = glob.glob(os.path.join(ROOT, "tests", "fuzz", "fuzz_*.c"))
    return sorted(os.path.basename(path)[len("fuzz_"):-len(".c")] for path in paths)


def show_crash(path):
    with open(path, "rb") as file:
        text = base64.b64encode(file.read()).decode()
    print(f"crash: {os.path.relpath(path, ROOT)}\nbase64: {text}")


def dictionary(name):
    path = os.path.join(ROOT, "tests", "fuzz", name + ".dict")
    return [f"-dict={path}"] if os.path.exists(path) else []


def fuzz(program, name, seconds):
    """(name, whether all went well, libFuzzer's output)."""
    found, crashes = os.path.join(FOUND, name), os.path.join(CRASHES, name)
    os.makedirs(found, exist_ok=True)
    os.makedirs(crashes, exist_ok=True)
    done = subprocess.run(
        [program, f"-max_total_time={seconds}", f"-max_len={LENGTH_MAX}", f"-timeout={SLOWEST_S}",
         "-rss_limit_mb=4096", "-print_final_stats=1", f"-artifact_prefix={crashes}/",
         *dictionary(name), found,
         os.path.join(CORPUS, name)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT, check=False)
    return name, done.returncode == 0, done.stdout.decode(errors="replace")


def report(name, well, output):
    figures = dict(re.findall(r"stat::(\w+):\s+(\d+)", output))
    reached = re.findall(r"cov: (\d+)", output)
    print(f"{name:16} {figures.get('number_of_executed_units', '?'):>9} inputs, "
          f"{reached[-1] if reached else '?':>5} places, {'holds' if well else 'BROKEN'}",
          flush=True)
    if not well:
        print(output[-6000:])
        for path in re.findall(r"Test unit written to (\S+)", output):
            show_crash(path)


def keep(program, name):
    """The fewest of all inputs that reach as many places as all of them, into the repository."""
    kept = os.path.join(CORPUS, name)
    os.makedirs(kept, exist_ok=True)
    subprocess.run([program, "-merge=1", "-use_counters=0", kept, os.path.join(FOUND, name)],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT, check=True)
    print(f"{name:16} {len(os.listdir(kept)):>9} inputs kept")


def main():
    parser = words.Parser("fuzz", "Runs the fuzzers tests/fuzz/fuzz_NAME.c, each for some seconds.",
                          f"The names are: {', '.join(names())}.")
    parser.add_argument("--seconds", type=words.number(1), default=60, metavar="N",
                        help="for each of them (60)")
    parser.add_argument("--jobs", type=words.number(1), default=os.cpu_count(), metavar="N",
                        help="fuzzers that run side by side (as many as there are processors)")
    parser.add_argument("--keep", action="store_true",
                        help="add what they found to tests/fuzz/corpus")
    parser.add_argument("name", nargs="*", metavar="NAME", type=words.one_of("fuzzer", names()),
                        help="a fuzzer (all of them)")
    arguments = parser.read()
    broken = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        program = os.path.join(BUILD, "tests", "fuzz_{}").format
        runs = [pool.submit(fuzz, program(name), name, arguments.seconds)
                for name in arguments.name or names()]
        for run in concurrent.futures.as_completed(runs):
            name, well, output = run.result()
            report(name, well, output)
            broken += not well
            if arguments.keep and well:
                keep(program(name), name)
    print(f"{len(runs)} {'fuzzer' if len(runs) == 1 else 'fuzzers'}, {broken} broken")
    sys.exit(broken > 0)


main()

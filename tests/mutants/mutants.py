#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Hunts seeded bugs: each patch beside this file is applied to a copy of the sources, built, and
must be found, by the simulator or by a test. `./dev mutants [NAME...]` calls it.

The hunters come in order of what they cost, and the first that fails ends the hunt: some seeds of
the simulator, the histories of the model, the unit tests of the files that were changed, those of
their layer, then all tests of the core and the codec, and the whole model. Of the node and the
client only the unit tests of the changed files are asked. One that hangs has found it too.
Prints a table; exits with 1 if a mutant lives on, does not apply or does not build."""

import collections
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import patch

ROOT = os.path.dirname(os.path.dirname(patch.HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import words  # noqa: E402  # pylint: disable=wrong-import-position

WORK = os.path.join(ROOT, "build", "mutants")
PARTS = ("CMakeLists.txt", "dev", "lib", "node", "cli", "tests")
CORE = ("base", "store", "replica", "wire")
# Most mutants die of the first few. The last are those that failed once, and some more.
SEEDS = (("--seeds", "10"),
         ("--list", "tests/sim/failed_seeds.txt", "--seed", "11", "--seeds", "190"))
STEP_SECONDS = 240  # a hunter that takes longer hangs
SIMULATOR = "simulator"
MODEL = "model"
# What a hunter says of its find, and what the table says: seeds of the simulator, histories of the
# model (unittest), tests (Criterion), whole programs (ctest).
CLUES = (
    (r"^seed (\d+) FAILED", SIMULATOR + ": seed {}"),
    (r"^(?:FAIL|ERROR): .*\[(.+)\]$", MODEL + ": {}"),
    (r"\[FAIL\]\S* (\w+)::(\w+)", "{}: {}"),
    (r"\d+ - test_model \(\w+\)", MODEL),
    (r"\d+ - (\w+) \(\w+\)", "{}"),
)

Result = collections.namedtuple("Result", "patch verdict killer seconds")


class Failed(Exception):
    """A step failed, or took too long; its text says what of it."""


class NotBuilt(Exception):
    """The compiler does not take the sources."""


def end_group(leader):
    """Ends a program that this one has started, with all that it has started."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def find_clue(output):
    for pattern, text in CLUES:
        found = re.search(pattern, output, flags=re.MULTILINE)
        if found is not None:
            return text.format(*found.groups())
    return None


class Copy:
    """A copy of the sources with a build of its own, for one mutant at a time."""

    def __init__(self, number):
        self.place = os.path.join(WORK, str(number))
        self.source = os.path.join(self.place, "source")
        self.build = os.path.join(self.place, "build")
        self.environment = {**os.environ, "ZCACHE_SOURCE": self.source, "ZCACHE_BUILD": self.build}
        self.log = None

    def run(self, what, *command, stop_at=None):
        """Raises Failed if the command does not end well; `stop_at` is a pattern in its output
        that is proof enough not to wait for the end."""
        self.log.write(f"== {' '.join(command)}\n")
        with subprocess.Popen(command, cwd=self.source, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              start_new_session=True, env=self.environment) as process:
            timer = threading.Timer(STEP_SECONDS, end_group, (process.pid,))
            timer.start()
            output = ""
            for line in process.stdout:
                output += line
                self.log.write(line)
                if stop_at is not None and re.search(stop_at, line):
                    end_group(process.pid)
            status = process.wait()
            timed_out = not timer.is_alive()
            timer.cancel()
        if status != 0:
            raise Failed(f"{what} hangs" if timed_out else find_clue(output) or what)

    def synchronise(self):
        """Only what differs is written, so that only that is built again; what a hunt that was
        broken off has left differs."""
        wanted = {}
        for part in PARTS:
            path = os.path.join(ROOT, part)
            if os.path.isfile(path):
                wanted[part] = path
            for directory, below, names in os.walk(path):
                below[:] = [name for name in below if name != "__pycache__"]
                for name in names:
                    path = os.path.join(directory, name)
                    wanted[os.path.relpath(path, ROOT)] = path
        for directory, _, names in os.walk(self.source):
            for name in names:
                path = os.path.join(directory, name)
                if os.path.relpath(path, self.source) not in wanted:
                    os.remove(path)
        for name, path in wanted.items():
            with open(path, "rb") as file:
                self.write(name, file.read())
            shutil.copymode(path, os.path.join(self.source, name))

    def write(self, name, data):
        path = os.path.join(self.source, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path):
            with open(path, "rb") as file:
                if file.read() == data:
                    return
        with open(path, "wb") as file:
            file.write(data)

    def prepare(self):
        """Configured and built without a mutant, and known to pass. No warnings: a mutant may
        leave something unused."""
        os.makedirs(self.place, exist_ok=True)
        with open(os.path.join(self.place, "base.log"), "w", encoding="utf-8") as self.log:
            self.synchronise()
            self.run("configuring", "cmake", "-S", self.source, "-B", self.build, "-G", "Ninja",
                     "-DZCACHE_TESTS=ON", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O1 -w")
            self.make("sim", "history", "core-tests")

    def make(self, *targets):
        try:
            self.run("building", "cmake", "--build", self.build, "--target", *targets)
        except Failed as failed:
            raise NotBuilt("it does not build") from failed

    def simulate(self):
        for options in SEEDS:
            self.run(SIMULATOR, os.path.join(self.build, "tests", "sim"), "--jobs", "1", *options,
                     stop_at=r"^seed \d+ FAILED")

    def test(self, *selection):
        self.run("ctest", "ctest", "--test-dir", self.build, "--output-on-failure",
                 "--stop-on-failure", "--no-tests=error", *selection)

    def replay(self):
        """The histories that are kept of the model."""
        self.run(MODEL, sys.executable, "-B", "tests/model/test_model.py",
                 "Replicas.test_histories_that_are_kept")

    def nearest(self, mutant):
        """The unit tests of the files that it changes."""
        return {name for hunk in mutant.hunks for name in tests_of(self.source, hunk.path)}

    def pass_all(self, mutants):
        """All that any of these mutants has to face, without one."""
        with open(os.path.join(self.place, "base.log"), "a", encoding="utf-8") as self.log:
            self.simulate()
            self.replay()
            self.test("-L", "core", "--parallel", str(os.cpu_count()))
            names = {name for mutant in mutants for name in self.nearest(mutant)}
            if names:
                self.make(*names)
                self.test("-R", exactly(names))

    def hunt(self, mutant):
        """Raises Failed with what has found the mutant."""
        layers = {hunk.path.split("/")[-2] for hunk in mutant.hunks}
        nearest = self.nearest(mutant)
        beside = {name for layer in layers & set(CORE)
                  for name in unit_tests(self.source, layer)} - nearest
        is_core = bool(layers & set(CORE))
        if is_core:
            self.make("sim", "history")
            self.simulate()
            self.replay()
        for names in (nearest, beside):
            if names:
                self.make(*names)
                self.test("-R", exactly(names))
        if is_core:
            self.make("core-tests")
            self.test("-L", "core", "-E", exactly(nearest | beside))
            self.test("-R", exactly({"test_model"}))

    def judge(self, mutant):
        began = time.monotonic()
        verdict, killer = "LIVES", ""
        with open(os.path.join(self.place, mutant.name + ".log"), "w",
                  encoding="utf-8") as self.log:
            before = {hunk.path: None for hunk in mutant.hunks}
            for path in before:
                with open(os.path.join(self.source, path), "rb") as file:
                    before[path] = file.read()
            try:
                for path, text in patch.changed(mutant, self.source).items():
                    self.write(path, text.encode())
                self.hunt(mutant)
            except patch.Unfit as unfit:
                verdict, killer = "DOES NOT APPLY", str(unfit)
            except NotBuilt:
                verdict = "DOES NOT BUILD"
            except Failed as failed:
                verdict, killer = "killed", str(failed)
            finally:
                for path, data in before.items():
                    self.write(path, data)
        return Result(mutant, verdict, killer, time.monotonic() - began)


def unit_tests(source, layer):
    """The unit tests of a layer."""
    return [name[:-2] for name in os.listdir(os.path.join(source, "tests", "unit"))
            if name.startswith(f"test_{layer}_") and name.endswith(".c")]


def tests_of(source, path):
    """The unit test of a source file, if it has one: a header of a whole layer has none."""
    layer, name = path.split("/")[-2:]
    test = f"test_{layer}_{name.rsplit('.', 1)[0]}"
    return [test] if test in unit_tests(source, layer) else []


def exactly(names):
    """The pattern for ctest that these names fit and no others."""
    return f"^({'|'.join(sorted(names))})$"


def in_parallel(copies, work):
    """Calls work(copy) for each copy in a thread of its own."""
    threads = [threading.Thread(target=work, args=(copy,)) for copy in copies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def prepare(copies, mutants):
    """Exits unless the sources as they are build, and pass what these mutants have to face:
    else all would seem to be found."""
    failures = []

    def work(copy):
        try:
            copy.prepare()
        except (Failed, NotBuilt) as failure:
            failures.append(failure)

    in_parallel(copies, work)
    if not failures:
        try:
            copies[0].pass_all(mutants)
        except (Failed, NotBuilt) as failure:
            failures.append(failure)
    if failures:
        print(f"without a mutant: {failures[0]}; see {WORK}/*/base.log")
        sys.exit(2)


def row(*cells):
    return "{:34} {:4} {:45} {:>7}".format(*cells)


def hunt_all(copies, mutants):
    todo = queue.SimpleQueue()
    results = []
    for mutant in mutants:
        todo.put(mutant)

    def work(copy):
        while True:
            try:
                mutant = todo.get_nowait()
            except queue.Empty:
                return
            result = copy.judge(mutant)
            results.append(result)
            found = result.killer if result.verdict == "killed" else \
                f"{result.verdict} {result.killer}"
            print(row(mutant.name, mutant.rule, found, f"{result.seconds:.1f}"), flush=True)

    in_parallel(copies, work)
    return results


def main():
    parser = words.Parser("mutants", "Seeds bugs into copies of the sources, one at a time, and shows "
                          "which test finds each.", "The names are those of tests/mutants/NAME.patch.")
    parser.add_argument("name", nargs="*", type=words.one_of("mutant", patch.names()),
                        metavar="NAME", help="a patch of tests/mutants (all of them)")
    parser.add_argument("--jobs", type=words.number(1), default=os.cpu_count(), metavar="N",
                        help="copies of the sources that are hunted side by side (as many as there "
                        "are processors)")
    arguments = parser.read()
    mutants = [patch.read(name) for name in arguments.name or patch.names()]
    began = time.monotonic()
    copies = [Copy(number) for number in range(min(arguments.jobs, len(mutants)))]
    print(f"{len(mutants)} {'mutant' if len(mutants) == 1 else 'mutants'}; first the sources as they "
          f"are, built and tested in {len(copies)} "
          f"{'copy' if len(copies) == 1 else 'copies'}: some minutes", flush=True)
    prepare(copies, mutants)
    print(f"built without a mutant, and passed, in {time.monotonic() - began:.0f} s")
    print(row("mutant", "rule", "killed by", "seconds"), flush=True)
    results = hunt_all(copies, mutants)
    killed = [result for result in results if result.verdict == "killed"]
    counts = {hunter: sum(result.killer.startswith(hunter) for result in killed)
              for hunter in (SIMULATOR, MODEL)}
    print(f"{len(killed)} of {len(results)} mutants killed, {counts[SIMULATOR]} by the simulator, "
          f"{counts[MODEL]} by the model and {len(killed) - sum(counts.values())} by unit tests, in "
          f"{time.monotonic() - began:.0f} s")
    sys.exit(len(killed) < len(mutants))


main()

# SPDX-License-Identifier: MPL-2.0
"""The programs that measure, run from here: once, or once for each line that they are sent. Where one
fails, the whole run does: it has said why on its standard error."""

import contextlib
import json
import os
import subprocess
import sys
import threading

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("ZCACHE_BUILD") or os.path.join(ROOT, "build", "bench")
os.environ.setdefault("ZCACHE", os.path.join(BUILD, "bin", "zcache"))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))
from mesh import Node, end_with_parent, free_ports, wait_until  # noqa: E402,F401  # pylint: disable=wrong-import-position,unused-import

END_S = 60


def let_pass(seconds):
    """Leaves the processors to what is measured."""
    threading.Event().wait(seconds)


def path_of(name):
    return os.path.join(BUILD, "tests", name)


def run_quietly(name, *arguments):
    """What the program prints."""
    return subprocess.run(
        [path_of(name), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        preexec_fn=end_with_parent, check=True).stdout


def run(name, *arguments):
    """The same, as JSON."""
    return json.loads(run_quietly(name, *arguments))


class Program:
    """A program that was prepared and measures whenever it is asked."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, preexec_fn=end_with_parent)
        words = self.process.stdout.readline().split()
        if words[:1] != ["ready"]:
            raise RuntimeError(f"{command[0]} did not become ready: {words}")
        self.said = words[1:]

    @classmethod
    def of(cls, name, *arguments):
        return cls(path_of(name), *arguments)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[0]} has ended")
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def node(*arguments):
    """A `zcache node` for as long as it is wanted."""
    made = Node(*map(str, arguments))
    try:
        yield made
    finally:
        made.stop()
        made.errors.close()

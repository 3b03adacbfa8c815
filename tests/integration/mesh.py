# SPDX-License-Identifier: MPL-2.0
"""Real nodes for the tests: start them on free ports, ask them by the command line, wait for what is
to be seen, and end them, whatever happens.

Nothing here sleeps and hopes: `wait_until` looks again and again until a condition holds, or fails
with what it saw last. Only processes that were started here are ever ended."""

import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from proxy import Proxy

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
ZCACHE = os.environ.get("ZCACHE") or os.path.join(ROOT, "build", "main", "bin", "zcache")
# The longest that anything may take on a slow machine under a sanitizer; nothing waits this long
# unless it is broken.
DEADLINE_S = 30
NO_ANSWER = 3  # the exit status of a command that nobody has answered
TRIES = 5


PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_parent():
    """For a child before it runs its program: ended with this process, however that ends (ctest
    kills a test that takes too long)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(what, condition, seconds=DEADLINE_S):
    """Calls condition() until what it returns is true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}; last seen: {seen!r}")
        time.sleep(0.02)


def run(*arguments, at=None, stdin=b"", environment=None):
    """Runs the command to its end. Output is bytes; .json() reads it."""
    env = dict(os.environ)
    env.pop("ZCACHE_AT", None)
    if at is not None:
        env["ZCACHE_AT"] = at
    env.update(environment or {})
    done = subprocess.run(
        [ZCACHE, *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=env, timeout=DEADLINE_S * 2, check=False)
    done.json = lambda: json.loads(done.stdout)
    return done


def free_ports(count=3):
    """The first of `count` free ports in a row, below those that the system gives away itself."""
    for first in range(20000 + os.getpid() % 4000 * 3, 32000, count):
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.create_server(("127.0.0.1", port)))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no free ports")


class Node:
    """A `zcache node` process."""

    def __init__(self, *arguments, port=0, within=()):
        self.arguments = arguments
        self.errors = tempfile.TemporaryFile()
        # `within` is a command that runs another one, in a namespace for example.
        self.process = subprocess.Popen(
            [*within, ZCACHE, "node", "--port", str(port), *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.errors, preexec_fn=end_with_parent)
        try:
            self.endpoint = self.read_ready()
        except BaseException:
            self.kill()
            raise
        self.at = self.endpoint.removeprefix("tcp://")
        self.port = int(self.at.rsplit(":", 1)[1])

    def read_ready(self):
        """The endpoint from the line that says that the node serves."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            line = b""
            end = time.monotonic() + DEADLINE_S
            while not line.endswith(b"\n"):
                if not selector.select(max(0, end - time.monotonic())):
                    raise AssertionError(f"no ready line: {line!r}, {self.log()}")
                byte = os.read(self.process.stdout.fileno(), 1)
                if not byte:
                    raise AssertionError(f"the node ended: {line!r}, {self.log()}")
                line += byte
        words = line.decode().split()
        assert words[0] == "ready" and words[1].startswith("tcp://"), line
        return words[1]

    def log(self):
        """What it has said on its standard error."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def run(self, *arguments, **options):
        return run(*arguments, at=self.at, **options)

    def ask(self, *arguments):
        """A command that may be repeated: on a busy machine it may have no answer in its time."""
        for _ in range(TRIES):
            done = self.run(*arguments)
            if done.returncode != NO_ANSWER:
                break
        return done

    def stats(self):
        done = self.ask("stats", "--json")
        return done.json() if done.returncode == 0 else {}

    def peers(self):
        """{endpoint: state} of the others as this node sees them."""
        done = self.ask("peers", "--json")
        rows = done.json() if done.returncode == 0 else []
        return {row["endpoint"]: row["state"] for row in rows if row["state"] != "self"}

    def get(self, key):
        """The value, or None for a miss."""
        done = self.ask("get", key)
        assert done.returncode in (0, 1), done
        return done.stdout if done.returncode == 0 else None

    def set(self, key, value, *options):
        done = self.ask("set", key, value, *options)
        assert done.returncode == 0, done

    def load(self, rows):
        """Sets many keys to the text of their values by `zcache load`."""
        lines = "".join(
            json.dumps({"key": key, "value": str(value)}) + "\n" for key, value in rows)
        done = self.run("load", "-", stdin=lines.encode())
        assert done.returncode == 0, done

    def ready(self):
        return self.run("ping", "--ready").returncode == 0

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        """As a crash does: no goodbye. Also ends a node that is stopped."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)
        self.process.stdout.close()

    def stop(self, number=signal.SIGTERM):
        """Ends it as a user does, and returns (exit status, seconds that it took)."""
        began = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(DEADLINE_S)
        self.process.stdout.close()
        return status, time.monotonic() - began


class MeshTest(unittest.TestCase):
    """A test that starts nodes; they are ended after it, and their logs shown if it failed."""

    def setUp(self):
        self.nodes = []
        self.proxies = []
        self.addCleanup(self.end_all)

    def end_all(self):
        outcome = getattr(self, "_outcome", None)
        result = getattr(outcome, "result", None)
        failed = result is not None and any(
            test is self for test, _ in result.failures + result.errors)
        for proxy in self.proxies:
            proxy.end()
        for node in self.nodes:
            node.kill()
            if failed:
                print(f"-- log of {node.endpoint}\n{node.log()}", flush=True)
            node.errors.close()

    def node(self, *arguments, port=0):
        """Starts a node."""
        node = Node(*arguments, port=port)
        self.nodes.append(node)
        return node

    def proxy(self, host, node):
        """Puts a proxy in front of a node that advertises `host`."""
        proxy = Proxy(host, node.port)
        self.proxies.append(proxy)
        return proxy

    def few_descriptors(self, count, *arguments):
        """Starts a node that may have so many file descriptors."""
        within = ("sh", "-c", f'ulimit -n {count}; exec "$@"', "sh")
        self.nodes.append(Node(*arguments, within=within))
        return self.nodes[-1]

    def mesh(self, count, *arguments):
        """Starts `count` nodes, the later ones joined to the first, all of them ready."""
        nodes = [self.node(*arguments)]
        for _ in range(count - 1):
            nodes.append(self.node("--join", nodes[0].at, *arguments))
        self.wait_met(nodes)
        return nodes

    def wait_met(self, nodes):
        """Until each of the nodes is ready and sees all others live."""
        for node in nodes:
            wait_until(f"{node.at} is ready", node.ready)
            wait_until(
                f"{node.at} sees {len(nodes) - 1} others",
                lambda node=node: node.stats().get("peers_live") == len(nodes) - 1)

    def wait_equal(self, nodes, entries=None):
        """Until all nodes hold the same (and `entries` of it); returns the digest."""

        def equal():
            stats = [node.stats() for node in nodes]
            digests = {one.get("digest") for one in stats}
            counts = {one.get("entries") for one in stats}
            if len(digests) == 1 and None not in digests and (entries is None or counts == {entries}):
                return digests
            self.last_seen = stats
            return None

        try:
            return wait_until("all digests are equal", equal).pop()
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.last_seen}") from None

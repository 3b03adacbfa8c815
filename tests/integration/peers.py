# SPDX-License-Identifier: MPL-2.0
"""Members of a mesh that are not zcache: processes of tests/peer, for the tests that meet them."""

import json
import os
import selectors
import subprocess
import sys
import tempfile

from mesh import DEADLINE_S, ROOT, MeshTest, free_ports, run

PEER = os.path.join(ROOT, "tests", "peer", "peer.py")


class PeerProcess:
    """A running peer.py. Its lines are a word and an object of JSON."""

    def __init__(self, node, *arguments):
        self.port = free_ports()
        self.at = f"127.0.0.1:{self.port}"
        self.endpoint = f"tcp://{self.at}"
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-B", PEER, "--join", node.at, "--port", str(self.port),
             "--seconds", str(DEADLINE_S), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, bufsize=0)

    def log(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def expect(self, word):
        """Waits for the line that begins with a word, and returns its object."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(DEADLINE_S * 2):
                raise AssertionError(f"no line from peer.py, expected {word}: {self.log()}")
        line = self.process.stdout.readline().decode()
        first, _, rest = line.partition(" ")
        if first != word:
            raise AssertionError(f"{line!r}, expected {word}: {self.log()}")
        return json.loads(rest)

    def stats(self):
        """It answers clients as a node does."""
        done = run("stats", "--json", at=self.at)
        return done.json() if done.returncode == 0 else {}

    def leave(self):
        """Ends its input, waits for its end and returns what it says of itself."""
        self.process.stdin.close()
        ended = self.expect("ended")
        self.process.wait(DEADLINE_S)
        return ended

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)
        self.process.stdin.close()
        self.process.stdout.close()
        self.errors.close()


class PeerTest(MeshTest):
    """A test that starts such processes; they are ended after it."""

    def peer(self, node, *arguments):
        peer = PeerProcess(node, *arguments)
        self.addCleanup(peer.end)
        return peer

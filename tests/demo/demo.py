#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""`./dev demo`: three nodes on this machine, from the first start to a crash and back.

    demo.py ZCACHE [--keep]

Every command is printed as a user would type it and then run by a shell; what only waits (for a
node to be ready, for news to arrive) is told in brackets. Whatever was started here is ended here,
also after Ctrl-C."""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE_S = 60
NAMES = ("one", "two", "three")


PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_parent():
    """For a child before it runs its program: ended with this process, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Failed(Exception):
    """The demonstration did not show what it should; the text says what."""


def free_ports():
    """5000, 5010 and 5020 (each node takes three in a row), or else the next hundred up."""
    for base in range(5000, 30000, 100):
        sockets = []
        try:
            for port in (base + node * 10 + offset for node in range(3) for offset in range(3)):
                sockets.append(socket.create_server(("127.0.0.1", port)))
            return [base, base + 10, base + 20]
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise Failed("no free ports")


class Demo:
    """A directory to work in, a shell's environment, and the processes that run."""

    def __init__(self, zcache):
        self.directory = tempfile.mkdtemp(prefix="zcache-demo-")
        self.environment = dict(os.environ)
        self.environment["PATH"] = os.path.dirname(os.path.realpath(zcache)) + ":" + os.environ["PATH"]
        self.environment.pop("ZCACHE_AT", None)
        self.ports = free_ports()
        self.jobs = {}
        self.keeping = False  # all is shown, the mesh is left running
        # Escape codes only where somebody sees them.
        self.bold, self.plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")

    def at(self, node):
        return f"127.0.0.1:{self.ports[node]}"

    def say(self, text):
        print(f"\n# {text}", flush=True)

    def show(self, command):
        print(f"{self.bold}$ {command}{self.plain}", flush=True)

    def type(self, command):
        """Shows a command, runs it, and fails if it does."""
        self.show(command)
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.directory, env=self.environment,
            stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise Failed(f"`{command}` ended with {done.returncode}")

    def type_job(self, name, command):
        """Shows a command that goes on in the background, and starts it."""
        self.show(command + " &")
        self.jobs[name] = subprocess.Popen(
            ["sh", "-c", "exec " + command], cwd=self.directory, env=self.environment,
            stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=end_with_parent)

    def ask(self, command):
        """The output of a command that is not shown; "" where it fails."""
        return subprocess.run(
            ["sh", "-c", command], cwd=self.directory, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            check=False).stdout

    def wait(self, what, condition):
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > DEADLINE_S:
                raise Failed(f"not within {DEADLINE_S} s: {what}")
            time.sleep(0.02)
        print(f"[{what}: after {time.monotonic() - began:.2f} s]", flush=True)

    def stats(self, node):
        text = self.ask(f"zcache stats --json --at {self.at(node)}")
        return json.loads(text) if text else {}

    def start(self, node, join=None):
        words = f"zcache node --port {self.ports[node]} --name {NAMES[node]}"
        if join is None:
            words += " --max-size 100000 --expire-after 3600"
        else:
            words += f" --join {self.at(join)}"
        log = f"{NAMES[node]}.log"
        self.type_job(NAMES[node], f"{words} 2> {log}")
        self.wait(
            f"{NAMES[node]} is ready",
            lambda: subprocess.run(
                ["sh", "-c", f"zcache ping --ready --at {self.at(node)}"], env=self.environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0)
        if join is not None:
            self.type(f"cat {log}")

    def wait_equal(self):
        self.wait(
            "the digests of all three are equal",
            lambda: len({self.stats(node).get("digest", node) for node in range(3)}) == 1)

    def end(self):
        for job in self.jobs.values():
            if job.poll() is None:
                job.terminate()
        for job in self.jobs.values():
            try:
                job.wait(5)
            except subprocess.TimeoutExpired:
                job.kill()
                job.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def fill(demo):
    demo.say("This machine's package database as JSON lines, loaded through one ...")
    packages = os.path.join(os.path.dirname(os.path.realpath(__file__)), "packages.py")
    shutil.copy(packages, demo.directory)
    demo.type("python3 packages.py < /var/lib/dpkg/status > packages.jsonl")
    demo.type("wc -l packages.jsonl")
    demo.type("head -c 300 packages.jsonl; echo ...")
    demo.say("... while the third is watched.")
    watch = f"zcache watch --at {demo.at(2)}"
    demo.type_job("watch", f"{watch} > changes")
    key = "demo:first"
    demo.wait("the watcher sees changes", lambda: (
        demo.ask(f"zcache set {key} 1 --at {demo.at(2)}"), demo.ask("cat changes"))[1] != "")
    demo.type(f"zcache load packages.jsonl --at {demo.at(0)}")
    demo.wait_equal()
    demo.say("It can be read at any node; a node answers from its own memory.")
    demo.type(f"zcache get dpkg --json --at {demo.at(1)} | head -c 400; echo ...")
    demo.type("wc -l < changes; head -n 4 changes | cut -c 1-150")


def look(demo):
    demo.say("What a node knows of the mesh and of itself, and its cache from head to tail.")
    demo.type(f"zcache peers --at {demo.at(0)}")
    demo.type(f"zcache stats --at {demo.at(1)} | head -n 20")
    demo.type(f"zcache spy --at {demo.at(2)} | head -n 4 | cut -c 1-150")


def break_and_mend(demo):
    demo.say("Node two dies without a goodbye; the others go on.")
    two = demo.jobs["two"]
    demo.show(f"kill -9 {two.pid}")
    two.send_signal(signal.SIGKILL)
    two.wait()
    demo.type(f"zcache set written 'while two was away' --at {demo.at(0)}")
    demo.type(f"zcache del dpkg --at {demo.at(2)}")
    demo.wait("one says that two is gone", lambda: any(
        row["state"] == "gone"
        for row in json.loads(demo.ask(f"zcache peers --json --at {demo.at(0)}") or "[]")))
    demo.type("tail -n 1 one.log")
    demo.type(f"zcache peers --at {demo.at(0)}")
    demo.say("It comes back empty, is told one address, and has everything again.")
    demo.start(1, join=2)
    demo.type(f"zcache get written --at {demo.at(1)}; echo")
    demo.type(f"zcache get dpkg --at {demo.at(1)} || echo 'deleted, and it stays so'")
    demo.wait_equal()
    for node in range(3):
        demo.type(f"zcache stats --at {demo.at(node)} | grep -E 'entries|digest'")


def run(demo, keep):
    demo.say(f"Three nodes on ports {', '.join(map(str, demo.ports))} (and the two above each); "
             "the later two are told one address.")
    demo.start(0)
    demo.start(1, join=0)
    demo.start(2, join=1)
    fill(demo)
    look(demo)
    break_and_mend(demo)
    demo.say("All three hold the same.")
    if keep:
        command = os.path.relpath(shutil.which("zcache", path=demo.environment["PATH"]))
        demo.say(f"The mesh goes on until Ctrl-C. In another terminal, for example: "
                 f"{command} watch --at {demo.at(1)}")
        demo.keeping = True
        signal.pause()


def main():
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["--keep"]):
        print("usage: ./dev demo [--keep]", file=sys.stderr)
        return 2
    # SIGTERM ends the demonstration as Ctrl-C does, with its nodes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    demo = None
    try:
        demo = Demo(sys.argv[1])
        run(demo, sys.argv[2:] == ["--keep"])
        return 0
    except Failed as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(flush=True)
        return 0 if demo is not None and demo.keeping else 130
    finally:
        if demo is not None:
            demo.end()


sys.exit(main())

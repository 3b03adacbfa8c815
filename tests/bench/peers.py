# SPDX-License-Identifier: MPL-2.0
"""The peers that zcache is measured beside, each from Debian, on free ports of this machine's loopback
and with nothing written to disk. `missing` says which are not there."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile

from programs import BUILD, Program, end_with_parent, free_ports, wait_until

CAFFEINE = "/usr/share/java/caffeine.jar"
READS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "Reads.java")
REDIS_SETTINGS = ("--save", "", "--appendonly", "no")
JAVA_SETTINGS = ("-XX:+UseParallelGC", "-Xms4g", "-Xmx4g")  # its fastest collector here


# Peer: its commands, the packages that have them, and what cannot be measured without it.
NEEDS = {
    "redis": (("redis-server", "redis-benchmark"), "redis-server", "P7 to P10 beside redis"),
    "memcached": (("memcached",), "memcached", "its figures beside P6 and P11"),
    "caffeine": (("java", "javac"), "libcaffeine-java default-jdk-headless", "P2"),
}


def missing():
    """{peer: what is left out, and what would have to be installed}"""
    lacking = {}
    for name, (commands, packages, rows) in NEEDS.items():
        there = all(shutil.which(command) for command in commands)
        if not there or (name == "caffeine" and not os.path.exists(CAFFEINE)):
            lacking[name] = f"{rows}; install {packages}"
    return lacking


def versions():
    """{peer: its version and settings} of those that are there."""
    said = {}
    lacking = missing()
    if "redis" not in lacking:
        words = subprocess.check_output(["redis-server", "--version"], text=True).split()
        said["redis"] = f"{words[2].removeprefix('v=')}, save and appendonly off"
    if "memcached" not in lacking:
        words = subprocess.check_output(["memcached", "--version"], text=True).split()
        said["memcached"] = f"{words[1]}, -m 4096 -t 2"
    if "caffeine" not in lacking:
        java = subprocess.run(["java", "-version"], stderr=subprocess.PIPE, text=True, check=True)
        version = os.path.basename(os.path.realpath(CAFFEINE)).removesuffix(".jar").split("-")[-1]
        said["Caffeine"] = (f"{version}, maximumSize, expireAfterAccess 60 s; "
                            f"{java.stderr.splitlines()[0]}, {' '.join(JAVA_SETTINGS)}")
    return said


# -- Caffeine ----------------------------------------------------------------------


def caffeine(entries, order):
    """Compiled when it is newer than what was compiled."""
    classes = os.path.join(BUILD, "java")
    made = os.path.join(classes, "Reads.class")
    if not os.path.exists(made) or os.path.getmtime(made) < os.path.getmtime(READS):
        subprocess.run(["javac", "-cp", CAFFEINE, "-d", classes, READS], check=True)
    return Program("java", *JAVA_SETTINGS, "-cp", f"{CAFFEINE}:{classes}", "Reads", entries, order)


# -- Servers --------------------------------------------------------------------------


@contextlib.contextmanager
def server(port, *command):
    """A process that serves at the port, in a directory that goes with it."""
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=directory,
            preexec_fn=end_with_parent)
        try:
            def listens():
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0
            wait_until(f"{command[0]} listens", listens)
            yield process
        finally:
            process.kill()
            process.wait()


class Redis:
    """A redis-server, and as much of its protocol as its questions need."""

    def __init__(self, port, process):
        self.port = port
        self.process = process
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def ask(self, *words):
        self.socket.sendall(request(*words))
        return self.answer()

    def answer(self):
        line = self.file.readline().rstrip()
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        return int(rest) if kind == b":" else rest

    def info(self, section):
        """{name: text}"""
        lines = self.ask("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def fill(self, entries, *options):
        """Keys of 16 and values of 100 bytes."""
        value = "v" * 100
        at_once = 10000
        for first in range(0, entries, at_once):
            numbers = range(first, min(first + at_once, entries))
            self.socket.sendall(b"".join(
                request("SET", f"key:{number:012d}", value, *options) for number in numbers))
            for _ in numbers:
                self.answer()


def request(*words):
    """The words as redis reads them."""
    parts = [f"*{len(words)}\r\n"]
    parts += [f"${len(word)}\r\n{word}\r\n" for word in words]
    return "".join(parts).encode()


@contextlib.contextmanager
def redis(*settings):
    port = free_ports(1)
    command = ("redis-server", "--port", str(port), "--bind", "127.0.0.1", *REDIS_SETTINGS)
    with server(port, *command, *settings) as process:
        made = Redis(port, process)
        wait_until("redis answers", lambda: made.ask("PING") == b"PONG")
        try:
            yield made
        finally:
            made.socket.close()


@contextlib.contextmanager
def memcached():
    """(port, process)"""
    port = free_ports(1)
    command = ("memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "4096", "-t", "2")
    if os.geteuid() == 0:
        command += ("-u", "root")
    with server(port, *command) as process:
        yield port, process


def fill_memcached(port, entries, ttl_s):
    at_once = 10000
    value = "v" * 100
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for first in range(0, entries, at_once):
            numbers = range(first, min(first + at_once, entries))
            connection.sendall("".join(
                f"set key:{number:012d} 0 {ttl_s} 100 noreply\r\n{value}\r\n"
                for number in numbers).encode())
        connection.sendall(b"mn\r\n")
        assert connection.recv(16).startswith(b"MN")


def resident(process):
    """Bytes of a process that are in memory."""
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def redis_benchmark(port, operation, count, keys):
    """Operations per second, 16 in a message and 50 under way."""
    said = subprocess.run(
        ["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-t", operation, "-P", "16", "-c",
         "50", "-n", str(count), "-r", str(keys), "-d", "100", "--csv"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    rows = dict(line.replace('"', "").split(",")[:2] for line in said.splitlines())
    return float(rows[operation.upper()])

# SPDX-License-Identifier: MPL-2.0
"""Connections to a node by bytes alone, without libzmq: what it would never send can be sent."""

import os
import socket
import struct

import mesh

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + bytes(32)
MORE, LONG, COMMAND = 1, 2, 4


def head(size, flags=0):
    if size < 256:
        return struct.pack(">BB", flags, size)
    return struct.pack(">BQ", flags | LONG, size)


def frame(body, flags=0):
    return head(len(body), flags) + body


def subscription(topic):
    return frame(b"\x01" + topic)


def ready(kind):
    metadata = b""
    for name, value in ((b"Socket-Type", kind), (b"Identity", b"")):
        metadata += bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
    return frame(b"\x05READY" + metadata, COMMAND)


class Stranger:
    """A TCP connection to a port of a node, past the handshake unless `kind` is None."""

    def __init__(self, port, kind=b"DEALER"):
        self.socket = socket.create_connection(("127.0.0.1", port), mesh.DEADLINE_S)
        if kind is not None:
            self.socket.sendall(GREETING + ready(kind))
            got = b""
            while len(got) < len(GREETING):
                more = self.socket.recv(len(GREETING) - len(got))
                if not more:
                    raise ConnectionResetError("the node ended the connection")
                got += more

    def send(self, data):
        """False: the node has ended the connection."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def is_cut(self):
        """Whether the node has ended it; what it still says is passed over."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self):
        self.socket.close()


def resident_kib(node):
    """Memory of the node's process that is really there."""
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def processor_s(node):
    """Seconds of processor time that the node has taken."""
    with open(f"/proc/{node.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_sanitized():
    """Whether the node is built with a sanitizer, which keeps memory that was freed."""
    build = os.environ.get("ZCACHE_BUILD") or os.path.dirname(os.path.dirname(mesh.ZCACHE))
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
        return any(line.startswith("ZCACHE_SANITIZE:") and not line.endswith("=\n")
                   for line in file)

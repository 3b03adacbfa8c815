# SPDX-License-Identifier: MPL-2.0
"""The grammar of lib/PROTOCOL.md for the test vectors: from named fields to the array, one function
for each part. The bytes come from python3-msgpack."""

import struct

import msgpack

VERSION = 1
HLC_MAX = 2**63 - 1
A = bytes(range(1, 17))
B = bytes(range(0x21, 0x31))
C = b"\xff" * 16
NONE = bytes(16)
HLC = 1792000000000 << 16  # a day in 2026
SETTINGS = dict(max_size=1000, ghosts_max=0, expire_after_ms=60000, heartbeat_ms=250,
                value_max=1048576, max_clock_skew_ms=10000, retire_after_ms=86400000)


def pack(item):
    return msgpack.packb(item, use_bin_type=True)


# -- The grammar: one function for each part, from named fields to the array ---------------------

def stamp(part):
    return None if part is None else [part["hlc"], part["origin"]]


def registers(part):
    return [stamp(part["settings_stamp"]), list(part["settings"].values()), stamp(part["clear"])]


def identity(part):
    return [part["origin"], part["name"], part["region"], part["endpoint"],
            part["publish_endpoint"], part["watch_endpoint"]]


def members(part):
    return [[member["origin"], member["endpoint"]] for member in part]


def vector(part):
    return [[row["origin"]] + [end for interval in row["intervals"] for end in interval]
            for row in part]


def record(part, indexed=False):
    head = [part["origin"]] if indexed else []
    if part.get("ghost"):
        return head + [part["hlc"], part["key_hash"]]
    tail = [part.get("type", 0), part.get("deadline_ms", 0), part.get("age_ms", 0)]
    while tail and tail[-1] == 0:
        tail.pop()
    return head + [part["hlc"], part["key"], part["value"]] + tail


PEER = {
    "BATCH": (1, lambda m: [m["origin"], m["prev"], m["last"], stamp(m["clear"]),
                            [record(r) for r in m["records"]]]),
    "HEARTBEAT": (2, lambda m: [m["origin"], m["last"], m["clock_ms"], m["state_hash"],
                                m["members_hash"], m["digest"], m["joining"]]),
    "TOUCH": (3, lambda m: [m["origin"], m["key_hashes"]]),
    "REGISTERS": (4, lambda m: [m["origin"], registers(m["registers"])]),
    "GOODBYE": (5, lambda m: [m["origin"]]),
    "HELLO": (16, lambda m: [identity(m["identity"]), m["clock_ms"], m["wants_members"]]),
    "WELCOME": (17, lambda m: [identity(m["identity"]), m["clock_ms"], m["joining"], m["entries"],
                               registers(m["registers"]), members(m["members"])]),
    "PING": (18, lambda m: [m["number"]]),
    "PONG": (19, lambda m: [m["number"]]),
    "MEMBERS_ASK": (20, lambda m: []),
    "MEMBERS": (21, lambda m: [members(m["members"])]),
    "SYNC_ASK": (22, lambda m: [m["session"], m["replace"], m["credit_bytes"],
                                registers(m["registers"]), vector(m["have"]), m["left_out"]]),
    "SYNC_CHUNK": (23, lambda m: [m["session"], m["number"], m["replace"], m["origins"],
                                  [record(r, True) for r in m["records"]]]),
    "SYNC_CREDIT": (24, lambda m: [m["session"], m["credit_bytes"]]),
    "SYNC_END": (25, lambda m: [m["session"], m["number"], m["result"], m["replace"], m["entries"],
                                vector(m["vector"]),
                                [[f["origin"], f["hlc"]] for f in m["floors"]],
                                stamp(m["horizon"]), registers(m["registers"])]),
    "READ": (26, lambda m: [m["number"], m["key"]]),
    "READ_ANSWER": (27, lambda m: [m["number"]] + (
        [m["origin"], record(m["record"])] if m["found"] else [])),
    "REFUSED": (29, lambda m: [m["reason"]]),
}


def operation(part):
    kind = part["operation"]
    return {
        "GET": lambda: [0, part["key"]],
        "SET": lambda: [1, part["key"], part["value"], part["type"], part["ttl_ms"]],
        "DELETE": lambda: [2, part["key"]],
        "CLEAR": lambda: [3],
        "PING": lambda: [4],
        "SPY": lambda: [5, part["walk"]],
        "PEERS": lambda: [6],
        "STATS": lambda: [7],
        "CONFIG": lambda: [8],
        "CONFIGURE": lambda: [9, part["name"], part["number"]],
        "DIGEST": lambda: [10],
        "SCAN": lambda: [11, part["position"], part["parts"]],
        "LOOK": lambda: [12, part["key_hash"]],
        "REPAIR": lambda: [13, part["key"]],
    }[kind]()


class Wide:
    """An array or integer that is written in its widest form, as the writer fills it in later."""

    def __init__(self, item):
        self.item = item


def pack_wide(item):
    if isinstance(item, Wide):
        if isinstance(item.item, int):
            return b"\xcf" + struct.pack(">Q", item.item)
        return b"\xdd" + struct.pack(">I", len(item.item)) + b"".join(map(pack_wide, item.item))
    if isinstance(item, list):
        return msgpack.Packer().pack_array_header(len(item)) + b"".join(map(pack_wide, item))
    return pack(item)


def digest_parts(pairs):
    """The 1,024 parts of a digest, of which the pairs name those that are not 0."""
    parts = [0] * 1024
    for index, part in pairs:
        parts[index] = part
    return parts


def result(part):
    if part["status"] != 0:
        return [part["status"]]
    return {
        "STATUS": lambda: [0],
        "VALUE": lambda: [0, part["value"], part["type"]],
        "PING": lambda: [0, part["ready"], part["watch_endpoint"]],
        "SPY": lambda: [0, Wide(part["walk"]), Wide([
            [e["key"], e["value"], e["type"], e["age_ms"], e["ttl_ms"], e["hlc"], e["origin"]]
            for e in part["entries"]])],
        "PEERS": lambda: [0, Wide([
            [p["name"], p["endpoint"], p["origin"], p["state"], p["region"], p["rtt_us"],
             p["lag_ms"], p["agrees"], p["skew_ms"]] for p in part["peers"]])],
        "STATS": lambda: [0, Wide([[s["name"], s["value"]] for s in part["stats"]])],
        "DIGEST": lambda: [0, part["origin"], part["joining"], part["clock_ms"],
                           registers(part["registers"]), part["entries"], stamp(part["horizon"]),
                           vector(part["vector"]), digest_parts(part["parts"])],
        "SCAN": lambda: [0, Wide(part["position"]), Wide([
            [row["key_hash"], row["digest"]] for row in part["rows"]])],
        "LOOK": lambda: [0, part["ghost"], part["hlc"], part["origin"], part["digest"],
                         part["key"]],
    }[part["result"]]()


def event(part):
    numbers = [n for pair in part["numbers"] for n in pair]
    return [48, VERSION, part["change"], part["key"], part["value"], part["type"], part["hlc"],
            part["origin"], part["ttl_ms"], numbers]


def plain(item):
    """A message as JSON has it."""
    if isinstance(item, bytes):
        return item.hex()
    if isinstance(item, dict):
        return {name: plain(part) for name, part in item.items()}
    if isinstance(item, (list, tuple)):
        return [plain(part) for part in item]
    if isinstance(item, int) and not isinstance(item, bool) and abs(item) > 2**53:
        return str(item)
    return item

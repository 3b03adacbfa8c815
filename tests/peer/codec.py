# SPDX-License-Identifier: MPL-2.0
"""Messages between nodes to and from bytes, written from PROTOCOL.md alone: each part of the grammar
is a function that takes what msgpack made of it, checks it, and returns it as it is used."""

import re

import msgpack

VERSION = 1
HLC_MAX = 2**63 - 1
U64 = 2**64 - 1
U32 = 2**32 - 1
RECORD_OVERHEAD = 64  # what a record counts for beside its key and value
CHUNK_BYTES = 262144
CHUNK_RECORDS = 8192
ORIGINS_MAX = 16384
SETTINGS = (  # name, default, from, to
    ("max_size", 1000, 1, 10**9),
    ("ghosts_max", 0, 0, 10**9),
    ("expire_after_ms", 60000, 0, 315360000000),
    ("heartbeat_ms", 250, 10, 60000),
    ("value_max", 1048576, 1024, 16777216),
    ("max_clock_skew_ms", 10000, 100, 3600000),
    ("retire_after_ms", 86400000, 1000, 31536000000),
)

(BATCH, HEARTBEAT, TOUCH, REGISTERS, GOODBYE) = range(1, 6)
(HELLO, WELCOME, PING, PONG, MEMBERS_ASK, MEMBERS, SYNC_ASK, SYNC_CHUNK, SYNC_CREDIT, SYNC_END, READ,
 READ_ANSWER) = range(16, 28)
REFUSED = 29
COMPLETE, INCOMPLETE, NEEDS_REPLACE, BUSY, JOINING, NEEDS_VECTOR, PART = range(7)

ENDPOINT = re.compile(r"tcp://(?:[0-9A-Za-z._-]+|\[[0-9A-Za-z._:%-]+\]):([1-9][0-9]{0,4})", re.ASCII)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class Malformed(Exception):
    pass


class OtherVersion(Exception):
    """A HELLO or WELCOME of another version, which is in args[0]."""


def need(condition, what):
    if not condition:
        raise Malformed(what)


# -- Parts ----------------------------------------------------------------------------------------

def uint(least=0, most=U64):
    def check(item):
        need(type(item) is int and least <= item <= most, f"an integer from {least} to {most}")
        return item
    return check


def boolean(item):
    need(type(item) is bool, "a boolean")
    return item


def octets(least, most):
    def check(item):
        need(type(item) is bytes and least <= len(item) <= most, f"{least} to {most} bytes")
        return item
    return check


def text(item):
    need(type(item) is str and len(item.encode()) <= 255 and not CONTROL.search(item), "a text")
    return item


def endpoint(item):
    match = ENDPOINT.fullmatch(text(item))
    need(match and int(match[1]) <= 65535, "an endpoint")
    return item


def origin(item):
    need(octets(16, 16)(item) != bytes(16), "an origin")
    return item


def array(least, most):
    def check(item):
        need(type(item) is list and least <= len(item) <= most, f"an array of {least} to {most}")
        return item
    return check


def fields(*checks):
    def check(item):
        array(len(checks), len(checks))(item)
        return tuple(one(part) for one, part in zip(checks, item))
    return check


def list_of(check_item, least, most):
    def check(item):
        return [check_item(part) for part in array(least, most)(item)]
    return check


hlc = uint(1, HLC_MAX)
clock = uint(0, 2**47 - 1)
milliseconds = uint(0, 2**48 - 1)
key = octets(1, 65535)
value = octets(0, 16777216)
identity = fields(origin, text, text, endpoint, endpoint, endpoint)
members = list_of(fields(origin, endpoint), 0, 1024)
settings = fields(*(uint(least, most) for _, _, least, most in SETTINGS))


def stamp(item):
    """(hlc, origin), as they are compared; None: no stamp."""
    return None if item is None else fields(hlc, origin)(item)


registers = fields(stamp, settings, stamp)


def row(item):
    array(1, 129)(item)
    need(len(item) % 2 == 1, "pairs")
    ends = [uint(0, HLC_MAX)(end) for end in item[1:]]
    need(all(a < b for a, b in zip(ends, ends[1:])), "intervals that ascend")
    return origin(item[0]), list(zip(ends[::2], ends[1::2]))


def ascending(pairs):
    need(all(a[0] < b[0] for a, b in zip(pairs, pairs[1:])), "origins that ascend")
    return pairs


def vector(item):
    return dict(ascending(list_of(row, 0, ORIGINS_MAX)(item)))


def floors(item):
    return dict(ascending(list_of(fields(origin, hlc), 0, ORIGINS_MAX)(item)))


class Record:
    """An entry, or a ghost (key None). `origin` is bytes."""

    def __init__(self, origin_id, hlc_number, key_hash, key_bytes=None, value_bytes=b"", kind=0,
                 deadline=0, age=0):
        self.origin = origin_id
        self.hlc = hlc_number
        self.key_hash = key_hash
        self.key = key_bytes
        self.value = value_bytes
        self.kind = kind
        self.deadline = deadline
        self.age = age

    @property
    def stamp(self):
        return self.hlc, self.origin

    @property
    def ghost(self):
        return self.key is None

    def counts_for(self):
        return RECORD_OVERHEAD + (0 if self.ghost else len(self.key) + len(self.value))

    def pack(self, *head, age=False):
        if self.ghost:
            return [*head, self.hlc, self.key_hash]
        tail = [self.kind, self.deadline] + ([self.age] if age else [])
        while tail and tail[-1] == 0:
            tail.pop()
        return [*head, self.hlc, self.key, self.value, *tail]


ENTRY_CHECKS = (hlc, key, value, uint(0, 1), milliseconds, milliseconds)


def record(item, origin_id, most, hash_of):
    """`most`: the items that an entry may have; a ghost has two."""
    array(2, most)(item)
    if len(item) == 2:
        return Record(origin_id, hlc(item[0]), uint()(item[1]))
    parts = [check(part) for check, part in zip(ENTRY_CHECKS, item)]
    return Record(origin_id, parts[0], hash_of(parts[1]), *parts[1:])


# -- Whole messages -------------------------------------------------------------------------------

def batch(items, hash_of):
    sender, prev, last, clear = fields(origin, uint(0, HLC_MAX), hlc, stamp)(items[:4])
    need(prev < last, "prev below last")
    records = [record(item, sender, 5, hash_of) for item in array(0, CHUNK_RECORDS)(items[4])]
    readings = [prev] + [one.hlc for one in records]
    need(all(a < b for a, b in zip(readings, readings[1:])) and readings[-1] <= last,
         "records that ascend within the interval")
    return sender, prev, last, clear, records


def chunk(items, hash_of):
    session, number, replace, origins = fields(
        uint(), uint(0, U32), boolean, list_of(origin, 0, ORIGINS_MAX))(items[:4])
    records = []
    for item in array(0, CHUNK_RECORDS)(items[4]):
        array(3, 7)(item)
        need(uint()(item[0]) < len(origins), "an origin of the chunk")
        records.append(record(item[1:], origins[item[0]], 6, hash_of))
    return session, number, replace, records


def read_answer(items, hash_of):
    number = uint()(items[0])
    if len(items) == 1:
        return number, None
    need(len(items) == 3 and len(array(3, 6)(items[2])) >= 3, "an entry")
    return number, record(items[2], origin(items[1]), 6, hash_of)


def plain(*checks):
    return lambda items, hash_of: fields(*checks)(items)


FORMS = {  # code: how many items follow the version, at least and at most; and their reader
    BATCH: (5, 5, batch),
    HEARTBEAT: (7, 7, plain(origin, uint(0, HLC_MAX), clock, uint(), uint(), uint(), boolean)),
    TOUCH: (2, 2, plain(origin, list_of(uint(), 1, 4096))),
    REGISTERS: (2, 2, plain(origin, registers)),
    GOODBYE: (1, 1, plain(origin)),
    HELLO: (3, 3, plain(identity, clock, boolean)),
    WELCOME: (6, 6, plain(identity, clock, boolean, uint(), registers, members)),
    PING: (1, 1, plain(uint())),
    PONG: (1, 1, plain(uint())),
    MEMBERS_ASK: (0, 0, plain()),
    MEMBERS: (1, 1, plain(members)),
    SYNC_ASK: (6, 6, plain(uint(), boolean, uint(0, U32), registers, vector, uint())),
    SYNC_CHUNK: (5, 5, chunk),
    SYNC_CREDIT: (2, 2, plain(uint(), uint(0, U32))),
    SYNC_END: (9, 9, plain(uint(), uint(0, U32), uint(0, 6), boolean, uint(), vector, floors, stamp,
                           registers)),
    READ: (2, 2, plain(uint(), key)),
    READ_ANSWER: (1, 3, read_answer),
    REFUSED: (1, 1, plain(uint(1, 2))),
}


def unpack_array(data):
    try:
        item = msgpack.unpackb(data, raw=False)
    except (ValueError, RecursionError) as error:  # all that msgpack raises, and wrong UTF-8
        raise Malformed(str(error)) from error
    return array(2, U32)(item)


def read_other_version(code, version, items):
    if code in (HELLO, WELCOME):
        raise OtherVersion(version)
    need(code == REFUSED, "a version that is spoken")
    fields(uint(1, U32))(items)
    return REFUSED, (1, version)


def read(data, hash_of):
    """(code, parts) of a message; Malformed or OtherVersion."""
    code, version, *items = unpack_array(data)
    uint(1, U32)(code)
    uint(0, U32)(version)
    if version != VERSION:
        return read_other_version(code, version, items)
    need(code in FORMS, "a code")
    least, most, reader = FORMS[code]
    array(least, most)(items)
    parts = reader(items, hash_of)
    return code, ((parts[0], VERSION) if code == REFUSED else parts)


def write(code, *items):
    return msgpack.packb([code, VERSION, *items], use_bin_type=True)


def write_vector(known):
    return [[one, *(end for interval in intervals for end in interval)]
            for one, intervals in sorted(known.items())]

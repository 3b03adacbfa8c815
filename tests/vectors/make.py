#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Writes the test vectors: messages as JSON beside their bytes, and bytes that must be refused.

The bytes come from python3-msgpack and the grammar of lib/PROTOCOL.md, never from zcache's own
writer, so that the tests of the codec compare two independent readings of the grammar. In the
JSON, bytes are hexadecimal and integers above 2^53 decimal strings; what is absent there is 0, nil
or empty. Run it after a change of the grammar: it replaces the *.json files beside it, and the
first inputs of the fuzz targets in ../fuzz/corpus, which are the vectors that are messages.
"""

import json
import pathlib
import re
import struct

from grammar import (
    A, B, C, HLC, HLC_MAX, NONE, PEER, SETTINGS, VERSION, event, identity, members, operation,
    pack, pack_wide, plain, record, registers, result, stamp, vector)


# -- Cases ---------------------------------------------------------------------------------------

def good(name, message, data):
    return dict(name=name, message=plain(message), bytes=data.hex())


def peer(name, kind, **fields):
    code, array = PEER[kind]
    return good(name, dict(type=kind, **fields), pack([code, VERSION] + array(fields)))


def bad(why, data, status="MALFORMED"):
    """Bytes, or an array to be packed, that must be refused."""
    data = data if isinstance(data, bytes) else pack(data)
    return dict(refused=status, why=why, bytes=data.hex())


def who(origin, port, name="one", region="", host="127.0.0.1"):
    return dict(origin=origin, name=name, region=region, endpoint=f"tcp://{host}:{port}",
                publish_endpoint=f"tcp://{host}:{port + 1}",
                watch_endpoint=f"tcp://{host}:{port + 2}")


FRESH = dict(settings_stamp=None, settings=SETTINGS, clear=None)
SET = dict(settings_stamp=dict(hlc=HLC, origin=A),
           settings=dict(max_size=10**9, ghosts_max=5, expire_after_ms=0, heartbeat_ms=60000,
                         value_max=16777216, max_clock_skew_ms=3600000,
                         retire_after_ms=31536000000),
           clear=dict(hlc=HLC_MAX, origin=C))
ENTRY = dict(hlc=HLC, key=b"key", value=b"value")
VECTOR = [dict(origin=A, intervals=[(0, 5)]), dict(origin=B, intervals=[]),
          dict(origin=C, intervals=[(0, 1), (2, HLC), (HLC + 65536, HLC_MAX)])]


def entry(**fields):
    return dict(hlc=HLC, key=b"key", value=b"value", **fields)


def broadcasts():
    hashes = [0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63, 2**64 - 1]
    return [
        peer("one set", "BATCH", origin=A, prev=0, last=HLC, clear=None, records=[entry()]),
        peer("what a clear left", "BATCH", origin=A, prev=0, last=HLC + 1,
             clear=dict(hlc=HLC, origin=B), records=[]),
        peer("set, delete, set", "BATCH", origin=A, prev=HLC - 1, last=HLC + 9, clear=None, records=[
            entry(), dict(hlc=HLC + 1, ghost=True, key_hash=2**64 - 1),
            dict(hlc=HLC + 2, key=b"\0\xff", value=b"", type=1)]),
        peer("a deadline", "BATCH", origin=B, prev=1, last=HLC, clear=None, records=[
            entry(deadline_ms=1792000060000)]),
        peer("a type and a deadline", "BATCH", origin=B, prev=1, last=HLC, clear=None, records=[
            entry(type=1, deadline_ms=2**48 - 1)]),
        peer("an interval without a write", "BATCH", origin=C, prev=HLC_MAX - 1, last=HLC_MAX,
             clear=None, records=[]),
        peer("long key and value", "BATCH", origin=A, prev=0, last=1, clear=None, records=[
            dict(hlc=1, key=b"k" * 256, value=b"v" * 300)]),
        peer("a node that has written", "HEARTBEAT", origin=A, last=HLC, clock_ms=1792000000000,
             state_hash=2**64 - 1, members_hash=2**63, digest=1, joining=False),
        peer("a node that joins", "HEARTBEAT", origin=B, last=0, clock_ms=0, state_hash=0,
             members_hash=0x0123456789abcdef, digest=0, joining=True),
        peer("every width of integer", "TOUCH", origin=A, key_hashes=hashes),
        peer("of a new node", "REGISTERS", origin=A, registers=FRESH),
        peer("set and cleared", "REGISTERS", origin=A, registers=SET),
        peer("goodbye", "GOODBYE", origin=A),
    ]


def joins():
    return [
        peer("a joiner", "HELLO", identity=who(A, 5000), clock_ms=1792000000000,
             wants_members=True),
        peer("names", "HELLO", identity=who(A, 65533, "Zürich \U0001f40c", "eu-west", "[::1]"),
             clock_ms=2**47 - 1, wants_members=False),
        peer("alone", "WELCOME", identity=who(B, 5000), clock_ms=1, joining=False, entries=0,
             registers=FRESH, members=[dict(origin=B, endpoint="tcp://127.0.0.1:5000")]),
        peer("of three", "WELCOME", identity=who(B, 5000, "", "r", "node-2.example"),
             clock_ms=1792000000000, joining=True, entries=2**64 - 1, registers=SET, members=[
                 dict(origin=B, endpoint="tcp://node-2.example:5000"),
                 dict(origin=A, endpoint="tcp://[fe80::1%25eth0]:1"),
                 dict(origin=C, endpoint="tcp://a_b:65535")]),
        peer("small", "PING", number=0),
        peer("large", "PING", number=2**64 - 1),
        peer("pong", "PONG", number=2**32),
        peer("ask", "MEMBERS_ASK"),
        peer("none", "MEMBERS", members=[]),
        peer("two", "MEMBERS", members=[dict(origin=C, endpoint="tcp://h:1"),
                                        dict(origin=A, endpoint="tcp://h:2")]),
        peer("a key", "READ", number=7, key=b"\0"),
        peer("found", "READ_ANSWER", number=7, found=True, origin=A,
             record=entry(type=1, deadline_ms=5, age_ms=6)),
        peer("found, plain", "READ_ANSWER", number=7, found=True, origin=A, record=entry()),
        peer("not found", "READ_ANSWER", number=8, found=False),
        peer("full", "REFUSED", reason=2, version=1),
        peer("version", "REFUSED", reason=1, version=1),
        good("by a later version", dict(type="REFUSED", reason=1, version=9), pack([29, 9, 5])),
    ]


def syncs():
    sixteen = [dict(origin=bytes([i]) * 16, intervals=[(0, i)]) for i in range(1, 17)]
    most = [dict(origin=A, intervals=[(2 * i, 2 * i + 1) for i in range(64)])]
    return [
        peer("all of a joiner", "SYNC_ASK", session=1, replace=True,
             credit_bytes=1048576, registers=FRESH, have=[], left_out=0),
        peer("a gap", "SYNC_ASK", session=2**64 - 1, replace=False,
             credit_bytes=2**32 - 1, registers=SET, have=VECTOR, left_out=0),
        peer("settled origins left out", "SYNC_ASK", session=2, replace=False, credit_bytes=1,
             registers=SET, have=VECTOR, left_out=2**64 - 1),
        peer("sixteen origins", "SYNC_ASK", session=3, replace=False, credit_bytes=0,
             registers=FRESH, have=sixteen, left_out=0),
        peer("all intervals that an origin may have", "SYNC_ASK", session=3,
             replace=False, credit_bytes=0, registers=FRESH, have=most, left_out=0),
        peer("empty", "SYNC_CHUNK", session=1, number=0, replace=False, origins=[], records=[]),
        peer("a delta", "SYNC_CHUNK", session=1, number=2**32 - 1, replace=False, origins=[A, B],
             records=[dict(origin=1, **entry()),
                      dict(origin=0, ghost=True, hlc=1, key_hash=0)]),
        peer("of a replace-sync", "SYNC_CHUNK", session=1, number=1, replace=True, origins=[C],
             records=[dict(origin=0, **entry(age_ms=59999)),
                      dict(origin=0, **entry(type=1, age_ms=2**48 - 1)),
                      dict(origin=0, **entry(type=1, deadline_ms=1, age_ms=1)),
                      dict(origin=0, **entry(deadline_ms=1))]),
        peer("more", "SYNC_CREDIT", session=1, credit_bytes=262144),
        peer("given up", "SYNC_CREDIT", session=1, credit_bytes=0),
        peer("complete", "SYNC_END", session=1, number=3, result=0, replace=False, entries=10,
             vector=VECTOR, floors=[], horizon=None, registers=SET),
        peer("a part", "SYNC_END", session=1, number=2, result=6, replace=False, entries=10,
             vector=[dict(origin=C, intervals=[(HLC, HLC + 1)])], floors=[], horizon=None,
             registers=SET),
        peer("replaced", "SYNC_END", session=1, number=3, result=0, replace=True, entries=10,
             vector=VECTOR, floors=[dict(origin=A, hlc=1), dict(origin=C, hlc=HLC_MAX)],
             horizon=dict(hlc=HLC_MAX, origin=C), registers=SET),
    ] + [
        peer(f"result {result}", "SYNC_END", session=9, number=0, result=result, replace=False,
             entries=0, vector=[], floors=[], horizon=None, registers=FRESH)
        for result in range(1, 7)
    ]


def refused_heads():
    ping = pack([18, 1, 5])
    return [
        bad("no bytes", b""),
        bad("not an array", pack(5)),
        bad("a map", pack({18: 1})),
        bad("an empty array", []),
        bad("a code alone", [18]),
        bad("code 0", [0, 1]),
        bad("a code that is not there", [6, 1, A]),
        bad("a code of clients", [32, 1, 1, [[4]]]),
        bad("a negative code", [-1, 1]),
        bad("a code that is text", ["18", 1, 5]),
        bad("one item too few", [18, 1]),
        bad("one item too many", [18, 1, 5, 6]),
        bad("a byte after the end", ping + b"\0"),
        bad("a byte missing", ping[:-1]),
        bad("an array of 2^32 - 1 items", b"\xdd\xff\xff\xff\xff" + ping[1:]),
        bad("the byte that msgpack never uses", b"\xc1"),
        bad("a later version of PING", [18, 2, 5]),
        bad("a later version of BATCH", [1, 2, A, 0, 1, []]),
        bad("a later version of HELLO", [16, 2, "whatever", {}], "INCOMPATIBLE"),
        bad("a later version of WELCOME", [17, 7], "INCOMPATIBLE"),
        bad("version 0 of HELLO", [16, 0], "INCOMPATIBLE"),
        bad("a version over 32 bits", [16, 2**32]),
        bad("REFUSED of a later version with another form", [29, 2, 1, 1]),
        bad("REFUSED for no reason", [29, 1, 0]),
        bad("REFUSED for a reason that is not there", [29, 1, 3]),
    ]


def refused_parts():
    def batch(record, prev=0, last=HLC):
        return [1, 1, A, prev, last, None, [record]]

    def hello(**change):
        fields = identity(dict(who(A, 5000), **change))
        return [16, 1, fields, 1, True]

    def ask(have):
        code, array = PEER["SYNC_ASK"]
        fields = array(dict(session=1, replace=False, credit_bytes=1, registers=FRESH, have=[],
                            left_out=0))
        return [code, VERSION] + [have if field == [] else field for field in fields]

    def setting(**change):
        return [4, 1, A, registers(dict(FRESH, settings=dict(SETTINGS, **change)))]

    beat = [2, 1, A, 0, 0, 0, 0, 0, False]
    cases = [
        bad("an origin of zeros", [5, 1, NONE]),
        bad("an origin of 15 bytes", [5, 1, A[:15]]),
        bad("an origin of 17 bytes", [5, 1, A + b"\0"]),
        bad("an origin that is text", [5, 1, "0123456789abcdef"]),
        bad("prev is last", [1, 1, A, 5, 5, None, []]),
        bad("prev above last", [1, 1, A, 6, 5, None, []]),
        bad("last above the highest HLC", [1, 1, A, 0, 2**63, None, []]),
        bad("a record at prev", batch([5, b"k", b"v"], prev=5)),
        bad("a record above last", batch([HLC + 1, b"k", b"v"])),
        bad("records with the same HLC", [1, 1, A, 0, 9, None, [[5, 1], [5, 2]]]),
        bad("records that descend", [1, 1, A, 0, 9, None, [[5, 1], [4, 2]]]),
        bad("a record of one item", batch([HLC])),
        bad("a record of six items in a batch", batch([HLC, b"k", b"v", 0, 0, 1])),
        bad("a record that is a map", batch({1: 2})),
        bad("an empty key", batch([HLC, b"", b"v"])),
        bad("a key that is text", batch([HLC, "k", b"v"])),
        bad("a value that is nil", batch([HLC, b"k", None])),
        bad("type 2", batch([HLC, b"k", b"v", 2])),
        bad("a deadline of 2^48", batch([HLC, b"k", b"v", 0, 2**48])),
        bad("a negative deadline", batch([HLC, b"k", b"v", 0, -1])),
        bad("a key hash that is negative", batch([HLC, -1])),
        bad("a record's HLC is 0", batch([0, 1])),
        bad("8192 records announced, none there", b"\x96\x01\x01\xc4\x10" + A +
            b"\x00\x01\xdc\x20\x00"),
        bad("a count of records over the limit", b"\x96\x01\x01\xc4\x10" + A +
            b"\x00\x01\xdd\xff\xff\xff\xff" + b"\x92\x01\x01" * 3),
        bad("a value longer than the message", b"\x96\x01\x01\xc4\x10" + A +
            b"\x00\x01\x91\x93\x01\xc4\x01k\xc6\x7f\xff\xff\xffv"),
        bad("last is not a number", beat[:3] + [None] + beat[4:]),
        bad("a clock of 2^47", beat[:4] + [2**47] + beat[5:]),
        bad("a hash of 1.5", beat[:5] + [1.5] + beat[6:]),
        bad("joining is 1", beat[:8] + [1]),
        bad("no touches", [3, 1, A, []]),
        bad("4097 touches", [3, 1, A, [1] * 4097]),
        bad("a stamp with HLC 0", [4, 1, A, [[0, A]] + registers(FRESH)[1:]]),
        bad("a stamp without an origin", [4, 1, A, [[1, NONE]] + registers(FRESH)[1:]]),
        bad("a stamp of one item", [4, 1, A, [[1]] + registers(FRESH)[1:]]),
        bad("six settings", [4, 1, A, [None, list(SETTINGS.values())[:6], None]]),
        bad("max_size 0", setting(max_size=0)),
        bad("max_size over its limit", setting(max_size=10**9 + 1)),
        bad("heartbeat_ms 9", setting(heartbeat_ms=9)),
        bad("value_max 1023", setting(value_max=1023)),
        bad("expire_after_ms over its limit", setting(expire_after_ms=315360000001)),
        bad("an endpoint without a port", hello(endpoint="tcp://h")),
        bad("port 0", hello(endpoint="tcp://h:0")),
        bad("port 65536", hello(endpoint="tcp://h:65536")),
        bad("a port with a leading zero", hello(endpoint="tcp://h:05000")),
        bad("any port", hello(endpoint="tcp://h:*")),
        bad("no host", hello(endpoint="tcp://:5000")),
        bad("a source address", hello(endpoint="tcp://a:1;b:2")),
        bad("another scheme", hello(publish_endpoint="ipc://h:1")),
        bad("brackets that stay open", hello(watch_endpoint="tcp://[::1:5000")),
        bad("an empty endpoint", hello(watch_endpoint="")),
        bad("an endpoint in bytes", hello(endpoint=b"tcp://h:1")),
        bad("an endpoint of 256 bytes", hello(endpoint="tcp://" + "h" * 246 + ":123")),
        bad("a name of 256 bytes", hello(name="n" * 256)),
        bad("a name with a line end", hello(name="a\nb")),
        bad("a name with NUL", hello(name="a\0")),
        bad("a name with DEL", hello(name="\x7f")),
        bad("a name with a C1 control", hello(name="\x9b31m")),
        bad("a name that is not UTF-8", pack(hello(name="ab")).replace(b"ab", b"a\xff")),
        bad("a name in an overlong form", pack(hello(name="ab")).replace(b"ab", b"\xc1\x81")),
        bad("a surrogate", pack(hello(name="abc")).replace(b"abc", b"\xed\xa0\x80")),
        bad("a region with a tab", hello(region="\t")),
        bad("a member without an endpoint", [21, 1, [[A]]]),
        bad("an interval that ends before it begins", ask([[A, 5, 4]])),
        bad("an interval of nothing", ask([[A, 5, 5]])),
        bad("half an interval", ask([[A, 5]])),
        bad("intervals that touch", ask([[A, 0, 5, 5, 6]])),
        bad("intervals that descend", ask([[A, 5, 6, 0, 1]])),
        bad("65 intervals", ask([[A] + list(range(130))])),
        bad("an origin twice", ask([[A, 0, 5], [A, 6, 7]])),
        bad("origins that descend", ask([[B, 0, 5], [A, 0, 5]])),
        bad("an empty row", ask([[]])),
        bad("credit over 32 bits", [24, 1, 1, 2**32]),
        bad("a record of no origin", [23, 1, 1, 0, False, [A], [[1, 1, 1]]]),
        bad("a record without origins", [23, 1, 1, 0, False, [], [[0, 1, 1]]]),
        bad("a record of eight items", [23, 1, 1, 0, False, [A],
                                        [[0, 1, b"k", b"v", 0, 0, 1, 1]]]),
        bad("an age of 2^48", [23, 1, 1, 0, False, [A], [[0, 1, b"k", b"v", 0, 0, 2**48]]]),
        bad("result 7", [25, 1, 1, 0, 7, False, 0, [], [], None, registers(FRESH)]),
        bad("a floor of 0", [25, 1, 1, 0, 0, True, 0, [], [[A, 0]], None, registers(FRESH)]),
        bad("floors that descend", [25, 1, 1, 0, 0, True, 0, [], [[B, 1], [A, 1]], None,
                                    registers(FRESH)]),
        bad("an empty key to read", [26, 1, 1, b""]),
        bad("an answer of two items", [27, 1, 1, A]),
        bad("a ghost for an answer", [27, 1, 1, A, [1, 1]]),
    ]
    return cases


def accepted():
    """Forms that our writer does not choose, and every reader takes."""
    wide = b"\xdd\x00\x00\x00\x03" + b"\xd3" + struct.pack(">q", 18) + b"\xcd\x00\x01"
    return [
        dict(good("wide forms", dict(type="PING", number=5), wide + b"\xd0\x05"), other_form=True),
        dict(good("zeros that could be left out", dict(
            type="BATCH", origin=A, prev=0, last=HLC, clear=None, records=[ENTRY]),
            pack([1, 1, A, 0, HLC, None, [[HLC, b"key", b"value", 0, 0]]])), other_form=True),
        dict(good("long forms of bytes", dict(type="GOODBYE", origin=A),
                  b"\x93\x05\x01\xc6\x00\x00\x00\x10" + A), other_form=True),
    ]


def requests():
    def request(name, number, *operations):
        array = [32, VERSION, number, [operation(o) for o in operations]]
        return good(name, dict(number=number, operations=list(operations)), pack(array))

    def op(kind, **fields):
        return dict(operation=kind, **fields)

    return [
        request("get", 1, op("GET", key=b"key")),
        request("set", 2**64 - 1, op("SET", key=b"key", value=b"value", type=1, ttl_ms=1000)),
        request("set that will be refused", 2, op("SET", key=b"", value=b"", type=7,
                                                   ttl_ms=2**64 - 1)),
        request("delete", 3, op("DELETE", key=b"\0\xff")),
        request("many", 4, op("CLEAR"), op("PING"), op("PEERS"), op("STATS"), op("CONFIG")),
        request("spy", 5, op("SPY", walk=0), op("SPY", walk=2**63)),
        request("configure", 6, op("CONFIGURE", name="max_size", number=2000)),
        request("digest and repair", 8, op("DIGEST"), op("REPAIR", key=A)),
        request("scan", 8, op("SCAN", position=0, parts=b"\xff" * 128),
                op("SCAN", position=2**64 - 1, parts=bytes(127) + b"\x80")),
        request("look", 8, op("LOOK", key_hash=2**64 - 1), op("LOOK", key_hash=0)),
        request("twenty gets", 7, *[op("GET", key=b"%d" % i) for i in range(20)]),
        bad("another version", [32, 2, 9, {}], "INCOMPATIBLE"),
        bad("another version without a number", [32, 2]),
        bad("4097 operations", [32, 1, 9, [[4]] * 4097], "TOO_LARGE"),
        bad("no operations", [32, 1, 9, []]),
        bad("an operation that is not there", [32, 1, 9, [[14]]]),
        bad("a digest of something", [32, 1, 9, [[10, 0]]]),
        bad("a scan of too few parts", [32, 1, 9, [[11, 0, bytes(127)]]]),
        bad("a scan of too many parts", [32, 1, 9, [[11, 0, bytes(129)]]]),
        bad("a look at bytes", [32, 1, 9, [[12, b"key"]]]),
        bad("a repair from an origin of 15 bytes", [32, 1, 9, [[13, bytes(15)]]]),
        bad("get without a key", [32, 1, 9, [[0]]]),
        bad("get with two keys", [32, 1, 9, [[0, b"a", b"b"]]]),
        bad("a key that is text", [32, 1, 9, [[0, "a"]]]),
        bad("set without a ttl", [32, 1, 9, [[1, b"a", b"b", 0]]]),
        bad("a negative ttl", [32, 1, 9, [[1, b"a", b"b", 0, -1]]]),
        bad("the name of a setting in bytes", [32, 1, 9, [[9, b"max_size", 1]]]),
        bad("the second operation is wrong", [32, 1, 9, [[4], [5]]]),
        bad("an item after the operations", [32, 1, 9, [[4]], 0]),
        bad("a byte after the end", pack([32, 1, 9, [[4]]]) + b"\xc0"),
        bad("a code of peers", [18, 1, 9]),
        bad("operations that are not there", b"\x94\x20\x01\x09\xdd\xff\xff\xff\xff\x91\x04"),
    ]


def responses():
    def response(name, number, *results):
        array = [33, VERSION, number, [result(r) for r in results]]
        return good(name, dict(number=number, results=list(results)), pack_wide(array))

    def res(kind, status=0, **fields):
        return dict(result=kind, status=status, **fields)

    spied = dict(key=b"key", value=b"value", type=0, age_ms=5, ttl_ms=None, hlc=HLC, origin=A)
    row = dict(name="one", endpoint="tcp://127.0.0.1:5000", origin=A, state="self", region="",
               rtt_us=0, lag_ms=0, agrees=True, skew_ms=0)
    held = dict(origin=A, joining=False, clock_ms=1792000000000, registers=SET, entries=2,
                horizon=dict(hlc=HLC, origin=B), vector=VECTOR, parts=[[0, 2**64 - 1], [1023, 7]])
    looked = dict(ghost=False, hlc=HLC, origin=A, digest=2**64 - 1, key=b"key")

    def bad_of(kind, why, results, status="MALFORMED"):
        case = bad(why, [33, 1, 9, results], status)
        return dict(case, result=kind)

    def bad_spy(why, **change):
        fields = dict(spied, **change)
        return bad_of("SPY", why, [[0, 0, [list(fields.values())]]])

    def bad_peer(why, **change):
        fields = dict(row, **change)
        return bad_of("PEERS", why, [[0, [list(fields.values())]]])

    def bad_digest(why, place, item):
        items = result(res("DIGEST", **held))
        items[place] = item
        return bad_of("DIGEST", why, [items])

    def bad_look(why, **change):
        fields = dict(looked, **change)
        return bad_of("LOOK", why, [[0, *fields.values()]])

    return [
        response("done", 1, res("STATUS")),
        response("every status", 1, *[res("STATUS", -s) for s in range(14)]),
        response("a value", 2, res("VALUE", value=b"value", type=1)),
        response("an empty value and a miss", 2, res("VALUE", value=b"", type=0),
                 res("VALUE", -1)),
        response("ping", 3, res("PING", ready=True, watch_endpoint="tcp://h:5002")),
        response("ping of a node that joins", 3, res("PING", ready=False,
                                                      watch_endpoint="tcp://h:5002")),
        response("an empty walk", 4, res("SPY", walk=0, entries=[])),
        response("a walk that goes on", 4, res("SPY", walk=2**64 - 1, entries=[
            spied, dict(spied, ttl_ms=1000, type=1, value=b"")])),
        response("a walk at the limit", 4, res("SPY", -10)),
        response("peers", 5, res("PEERS", peers=[
            row, dict(row, origin=NONE, state="gone", region="eu", rtt_us=350, lag_ms=7,
                      agrees=None, skew_ms=-60000), dict(row, agrees=False, skew_ms=2**40)])),
        response("digest", 7, res("DIGEST", **held), res("DIGEST", -4)),
        response("digest of a node that has received nothing", 7, res("DIGEST", **dict(
            held, joining=True, registers=FRESH, entries=0, horizon=None, vector=[], parts=[]))),
        response("an empty scan", 7, res("SCAN", position=0, rows=[])),
        response("a scan that goes on", 7, res("SCAN", position=8193, rows=[
            dict(key_hash=2**64 - 1, digest=0), dict(key_hash=0, digest=2**63)])),
        response("looks", 7, res("LOOK", **looked), res("LOOK", -1), res("LOOK", **dict(
            looked, ghost=True, digest=0, key=b""))),
        response("stats", 6, res("STATS", stats=[
            dict(name="state", value="live"), dict(name="digest", value=2**64 - 1)]),
            res("STATUS", -2)),
        bad_of("STATUS", "another version", [[0]], "INCOMPATIBLE") | dict(
            bytes=pack([33, 2, "anything"]).hex()),
        bad_of("STATUS", "a code of requests", [[0]]) | dict(bytes=pack([32, 1, 9, [[0]]]).hex()),
        bad_of("STATUS", "no results", []),
        bad_of("STATUS", "a status above 0", [[1]]),
        bad_of("STATUS", "a status that is not there", [[-14]]),
        bad_of("STATUS", "a result of two items", [[0, 0]]),
        bad_of("STATUS", "a byte after the end", [[0]]) | dict(
            bytes=(pack([33, 1, 9, [[0]]]) + b"\0").hex()),
        bad_of("VALUE", "a value without a type", [[0, b"v"]]),
        bad_of("VALUE", "a value alone", [[0]]),
        bad_of("VALUE", "a value with a miss", [[-1, b"v", 0]]),
        bad_of("VALUE", "a value of type 2", [[0, b"v", 2]]),
        bad_of("VALUE", "a value that is text", [[0, "v", 0]]),
        bad_of("PING", "ready is a number", [[0, 1, "tcp://h:1"]]),
        bad_of("PING", "an endpoint that is none", [[0, True, "h"]]),
        bad_of("SPY", "a listing without a walk", [[0, []]]),
        bad_of("SPY", "more entries than there are bytes", [[0, 0, []]]) | dict(
            bytes=(pack([33, 1, 9]).replace(b"\x93", b"\x94", 1) +
                   b"\x91\x93\x00\x00\xdd\xff\xff\xff\xff").hex()),
        bad_spy("an entry without a key", key=b""),
        bad_spy("an entry without a stamp", hlc=0),
        bad_spy("an entry without an origin", origin=NONE),
        bad_spy("a ttl that is text", ttl_ms="none"),
        bad_of("SPY", "an entry of six items", [[0, 0, [[b"k", b"v", 0, 0, None, 1]]]]),
        bad_peer("a state with a control character", state="li\x1bve"),
        bad_peer("an endpoint that is none", endpoint="127.0.0.1:5000"),
        bad_peer("an origin of 3 bytes", origin=b"abc"),
        bad_peer("agreement in words", agrees="yes"),
        bad_peer("a skew in words", skew_ms="no"),
        bad_peer("a peer of ten items", more=0),
        bad_digest("a digest without an origin", 1, NONE),
        bad_digest("joining is a number", 2, 1),
        bad_digest("a clock that no hlc can hold", 3, 2**47),
        bad_digest("a horizon without an origin", 6, [HLC]),
        bad_digest("a vector that descends", 7, [[B, 0, 1], [A, 0, 1]]),
        bad_digest("too few parts", 8, [0] * 1023),
        bad_digest("too many parts", 8, [0] * 1025),
        bad_digest("a negative part", 8, [0] * 1023 + [-1]),
        bad_of("SCAN", "a row of three items", [[0, 0, [[1, 2, 3]]]]),
        bad_of("SCAN", "a row of text", [[0, 0, [["a", 1]]]]),
        bad_look("a look without a stamp", hlc=0),
        bad_look("a ghost with a key", ghost=True),
        bad_look("a key of 65,536 bytes", key=bytes(65536)),
        bad_of("STATS", "a line of three items", [[0, [["a", 1, 2]]]]),
        bad_of("STATS", "a negative number", [[0, [["a", -1]]]]),
        bad_of("STATS", "a line without a value", [[0, [["a", None]]]]),
    ]


def events():
    def case(name, **fields):
        base = dict(change=0, key=b"key", value=None, type=0, hlc=HLC, origin=A, ttl_ms=None,
                    numbers=[])
        message = dict(base, **fields)
        return good(name, message, pack(event(message)))

    def wrong(why, position, item):
        array = event(dict(change=0, key=b"key", value=None, type=0, hlc=HLC, origin=A,
                           ttl_ms=None, numbers=[]))
        array[position] = item
        return bad(why, array)

    return [
        case("set"),
        case("set with its value", value=b"value", type=1, ttl_ms=60000, numbers=[(0, 1)]),
        case("set to nothing", value=b""),
        case("delete", change=1, numbers=[(0, 1), (1, 2**64 - 1), (3, 7)]),
        case("clear", change=2, key=b"", numbers=[(200, 5)]),
        case("expire", change=3),
        case("evict", change=4, ttl_ms=0),
        case("a greeting", change=255, key=b"", hlc=1, numbers=[(3, 0)]),
        case("a greeting at the limit", change=255, key=b"", hlc=1),
        case("every length of prefix", key=b"k" * 300, numbers=[(n, n + 1) for n in range(201)]),
        wrong("another version", 1, 2),
        wrong("change 5", 2, 5),
        wrong("change 254", 2, 254),
        wrong("change 256", 2, 256),
        wrong("a greeting with a key", 2, 255),
        wrong("a set without a key", 3, b""),
        wrong("a clear with a key", 2, 2),
        wrong("a key that is text", 3, "key"),
        wrong("a value that is text", 4, "value"),
        wrong("type 2", 5, 2),
        wrong("no stamp", 6, 0),
        wrong("no origin", 7, NONE),
        wrong("a negative ttl", 8, -1),
        wrong("half a pair", 9, [1]),
        wrong("a prefix of 201 bytes", 9, [201, 1]),
        wrong("prefixes that descend", 9, [3, 1, 2, 1]),
        wrong("a prefix twice", 9, [3, 1, 3, 2]),
        wrong("number 0", 9, [3, 0]),
        bad("a deletion with a value", [48, 1, 1, b"k", b"v", 0, HLC, A, None, []]),
        bad("one item too many", [48, 1, 0, b"k", None, 0, HLC, A, None, [], 0]),
        bad("a response", [33, 1, 9, [[0]]]),
    ]


def write_corpus(directory, cases):
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("vector-*"):
        old.unlink()
    for number, case in enumerate(case for case in cases if "message" in case):
        words = re.sub("[^a-z0-9]+", "-", case["name"].lower()).strip("-")
        path = directory / f"vector-{number:03}-{words}"
        path.write_bytes(bytes.fromhex(case["bytes"]))


def main():
    here = pathlib.Path(__file__).resolve().parent
    files = {
        "peer": broadcasts() + joins() + syncs() + accepted() + refused_heads() + refused_parts(),
        "request": requests(),
        "response": responses(),
        "event": events(),
    }
    targets = {"peer": "wire_message"}
    for name, cases in files.items():
        lines = ",\n".join(json.dumps(case) for case in cases)
        (here / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="ascii")
        write_corpus(here.parent / "fuzz" / "corpus" / targets.get(name, f"wire_{name}"), cases)
        print(name, len(cases))


main()

# SPDX-License-Identifier: MPL-2.0
"""Requests of clients, PROTOCOL.md 7: the operations that a test asks of this node by zcache's own
command line. The others are answered INVALID."""

import codec
import hashes
from transfers import now_ms

REQUEST, RESPONSE = 32, 33
GET, SET, DELETE, _CLEAR, PING, _SPY, _PEERS, STATS = range(8)
OK, MISS, INVALID = 0, -1, -2
FORMS = {
    GET: (codec.octets(0, codec.U32),),
    SET: (codec.octets(0, codec.U32), codec.octets(0, codec.U32), codec.uint(), codec.uint()),
    DELETE: (codec.octets(0, codec.U32),),
    PING: (),
    STATS: (),
}


def is_request(data):
    try:
        return codec.unpack_array(data)[0] == REQUEST
    except codec.Malformed:
        return False


class Clients:
    """What a Node does for clients."""

    def on_request(self, route, data):
        _, version, number, operations = codec.array(4, 4)(codec.unpack_array(data))
        codec.need(version == codec.VERSION, "a version that is spoken")
        results = [self.operate(*operation)
                   for operation in codec.list_of(codec.array(1, 5), 1, 4096)(operations)]
        response = codec.write(RESPONSE, codec.uint()(number), results)
        self.router.send_multipart([route, response])

    def operate(self, kind, *items):
        if kind not in FORMS:
            return [INVALID]
        items = codec.fields(*FORMS[kind])(list(items))
        if kind in (GET, SET, DELETE) and not 1 <= len(items[0]) <= 65535:
            return [INVALID]
        if kind == GET:
            return self.get(*items)
        if kind == SET:
            self.write(*items)
            return [OK]
        if kind == DELETE:
            held = self.get(*items)[0]
            self.write(*items, None)
            return [held]
        if kind == PING:
            return [OK, not self.joining, self.identity[5]]
        return [OK, self.statistics()]

    def get(self, key):
        record = self.store.entries.get(hashes.xxh3(key))
        if record is None or record.key != key:
            return [MISS]
        self.store.touch(record.key_hash, now_ms())
        return [OK, record.value, record.kind]

    def statistics(self):
        counts = [[name, count] for name, count in self.counts.items()]
        return [["state", "joining" if self.joining else "live"],
                ["digest", f"{self.store.digest():016x}"],
                ["entries", len(self.store.entries)],
                ["peers_live", sum(m.state == "live" for m in self.members.values())],
                ["max_size", self.setting("max_size")], *counts]

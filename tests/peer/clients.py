# SPDX-License-Identifier: MPL-2.0
"""Requests of clients, PROTOCOL.md 7: the operations that a test asks of this node by zcache's own
command line. The others are answered INVALID."""

import codec
import content
import hashes
from transfers import now_ms

REQUEST, RESPONSE = 32, 33
GET, SET, DELETE, _CLEAR, PING, _SPY, _PEERS, STATS, _CONFIG, _CONFIGURE = range(10)
DIGEST, SCAN, LOOK, REPAIR = range(10, 14)
PARTS = 1024
SCAN_ROWS = 100
OK, MISS, INVALID = 0, -1, -2
FORMS = {
    GET: (codec.octets(0, codec.U32),),
    SET: (codec.octets(0, codec.U32), codec.octets(0, codec.U32), codec.uint(), codec.uint()),
    DELETE: (codec.octets(0, codec.U32),),
    PING: (),
    STATS: (),
    DIGEST: (),
    SCAN: (codec.uint(), codec.octets(PARTS // 8, PARTS // 8)),
    LOOK: (codec.uint(),),
    REPAIR: (codec.octets(16, 16),),
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
        others = {STATS: lambda: [OK, self.statistics()], DIGEST: self.tell_digest,
                  SCAN: self.scan, LOOK: self.look, REPAIR: self.repair}
        return others[kind](*items)

    def get(self, key):
        record = self.store.entries.get(hashes.xxh3(key))
        if record is None or record.key != key:
            return [MISS]
        self.store.touch(record.key_hash, now_ms())
        return [OK, record.value, record.kind]

    # -- To be compared with others ---------------------------------------------------------------

    def tell_digest(self):
        parts = [0] * PARTS
        for key_hash, record in self.store.entries.items():
            part = key_hash >> 54
            parts[part] = (parts[part] + content.digest_of(record)) & hashes.MASK
        return [OK, self.origin, self.joining, self.mesh_ms(), self.registers(),
                len(self.store.entries), self.store.horizon and list(self.store.horizon),
                codec.write_vector(self.vector.rows), parts]

    def scan(self, position, parts):
        """By key hash: the position is the one to go on from, plus 1."""
        wanted = sorted(key_hash for key_hash in self.store.entries
                        if key_hash + 1 >= position
                        and parts[key_hash >> 57] >> (key_hash >> 54) % 8 & 1)
        rows = [[key_hash, content.digest_of(self.store.entries[key_hash])]
                for key_hash in wanted[:SCAN_ROWS]]
        more = wanted[SCAN_ROWS:]
        return [OK, more[0] + 1 if more and more[0] < hashes.MASK else 0, rows]

    def look(self, key_hash):
        record = self.store.held(key_hash)
        if record is None:
            return [MISS]
        digest = 0 if record.ghost else content.digest_of(record)
        return [OK, record.ghost, record.hlc, record.origin, digest, record.key or b""]

    def repair(self, origin):
        member = self.member_of(origin)
        if member is None or member.state != "live":
            return [MISS]
        self.want_all(member, False, 0)
        return [OK]

    def statistics(self):
        counts = [[name, count] for name, count in self.counts.items()]
        return [["state", "joining" if self.joining else "live"],
                ["digest", f"{self.store.digest():016x}"],
                ["entries", len(self.store.entries)],
                ["peers_live", sum(m.state == "live" for m in self.members.values())],
                ["max_size", self.setting("max_size")], *counts]

# SPDX-License-Identifier: MPL-2.0
"""What a node holds: entries and ghosts merged by PROTOCOL.md, 6.3, and the vector of what it has
received."""

import hashes


class Vector:
    """{origin: [(after, upto), ...]}, ascending and not touching."""

    def __init__(self):
        self.rows = {}

    def cover(self, origin, after, upto):
        merged = []
        for low, high in sorted(self.rows.get(origin, []) + [(after, upto)]):
            if merged and low <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        self.rows[origin] = merged

    def merge(self, rows):
        for origin, intervals in rows.items():
            for after, upto in intervals:
                self.cover(origin, after, upto)

    def covers(self, origin, after, upto):
        return after >= upto or any(
            low <= after and upto <= high for low, high in self.rows.get(origin, []))


def lacked(covered, have):
    """{origin: intervals} of `covered` that are not in `have`; rows that lack nothing are left out."""
    rows = {}
    for origin, intervals in covered.items():
        missing = []
        for after, upto in intervals:
            for low, high in have.get(origin, []):
                if low > after and low < upto:
                    missing.append((after, low))
                if high > after and low < upto:
                    after = min(max(after, high), upto)
            if after < upto:
                missing.append((after, upto))
        if missing:
            rows[origin] = missing
    return rows


def above(rows, hlc):
    """What of the rows is above an HLC."""
    cut = {origin: [(max(after, hlc), upto) for after, upto in intervals if upto > hlc]
           for origin, intervals in rows.items()}
    return {origin: intervals for origin, intervals in cut.items() if intervals}


class Store:
    """Both dictionaries are in order: entries the least recently used first, ghosts the oldest."""

    def __init__(self):
        self.entries = {}  # key hash: Record
        self.ghosts = {}
        self.used_ms = {}  # key hash of an entry: local time
        self.clear = None  # stamps; None is below all
        self.horizon = None
        self.floors = {}
        self.max_size = 1000
        self.ghosts_max = 1000

    def digest(self):
        return sum(digest_of(record) for record in self.entries.values()) & hashes.MASK

    def held(self, key_hash):
        return self.entries.get(key_hash) or self.ghosts.get(key_hash)

    def is_void(self, stamp):
        return self.clear is not None and stamp <= self.clear

    def merge(self, record, now_ms):
        if self.is_void(record.stamp):
            return
        held = self.held(record.key_hash)
        if held is not None and record.stamp < held.stamp:
            return
        if held is not None and record.stamp == held.stamp:
            if not record.ghost and not held.ghost and digest_of(record) > digest_of(held):
                self.put(record, now_ms)
            return
        late = (not record.ghost and (held is None or held.ghost) and
                self.horizon is not None and record.stamp <= self.horizon)
        if record.ghost or late:
            self.bury(record)
        else:
            self.put(record, now_ms)
        self.shrink()

    def put(self, record, now_ms):
        self.ghosts.pop(record.key_hash, None)
        self.entries.pop(record.key_hash, None)
        self.entries[record.key_hash] = record
        self.used_ms[record.key_hash] = now_ms - record.age

    def bury(self, record):
        """What is held under the hash becomes a ghost with the stamp of the record."""
        self.entries.pop(record.key_hash, None)
        self.used_ms.pop(record.key_hash, None)
        self.ghosts.pop(record.key_hash, None)
        self.ghosts[record.key_hash] = type(record)(record.origin, record.hlc, record.key_hash)

    def touch(self, key_hash, now_ms):
        if key_hash in self.entries:
            self.entries[key_hash] = self.entries.pop(key_hash)
            self.used_ms[key_hash] = now_ms

    def shrink(self):
        while len(self.entries) > self.max_size:
            self.bury(next(iter(self.entries.values())))
        while len(self.ghosts) > self.ghosts_max:
            ghost = self.ghosts.pop(next(iter(self.ghosts)))
            self.raise_floor(ghost.origin, ghost.hlc)
            self.raise_horizon(ghost.stamp)

    def raise_floor(self, origin, hlc):
        self.floors[origin] = max(hlc, self.floors.get(origin, 0))

    def raise_horizon(self, stamp):
        if stamp is not None and (self.horizon is None or stamp > self.horizon):
            self.horizon = stamp

    def set_clear(self, stamp):
        self.clear = stamp
        for held in (self.entries, self.ghosts):
            for key_hash in [one for one, record in held.items() if self.is_void(record.stamp)]:
                del held[key_hash]
                self.used_ms.pop(key_hash, None)

    def expire(self, now_ms, mesh_ms, expire_after_ms):
        for key_hash, record in list(self.entries.items()):
            idle = expire_after_ms > 0 and now_ms - self.used_ms[key_hash] >= expire_after_ms
            if idle or 0 < record.deadline <= mesh_ms:
                self.bury(record)
        self.shrink()

    def drop_unsent(self, sent, covered, horizon):
        """After a replace-sync: what the donor has seen, or may have forgotten, and did not send."""
        for record in list(self.entries.values()):
            seen = any(after < record.hlc <= upto
                       for after, upto in covered.get(record.origin, []))
            forgotten = horizon is not None and record.stamp <= horizon
            if record.key_hash not in sent and (seen or forgotten):
                self.bury(record)

    def outside(self, rows):
        """The records that no interval covers, highest stamp first."""
        found = [record for held in (self.entries, self.ghosts) for record in held.values()
                 if not any(after < record.hlc <= upto
                            for after, upto in rows.get(record.origin, []))]
        return sorted(found, key=lambda record: record.stamp, reverse=True)

    def all_by_recency(self, now_ms):
        for record in self.entries.values():
            record.age = max(0, now_ms - self.used_ms[record.key_hash])
        return [*self.entries.values(), *self.ghosts.values()]


def digest_of(record):
    return hashes.entry_digest(record.key_hash, record.hlc, record.origin, record.deadline,
                               record.value, record.kind)

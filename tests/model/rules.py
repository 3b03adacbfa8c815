# SPDX-License-Identifier: MPL-2.0
"""Rules R1, R3, R4, R8, R9, R10 and R13 of lib/DESIGN.md as one small executable node: what it holds, what
it has heard of, and how it merges. No time, no messages, no memory: a batch is a tuple, a transfer is
one call.

It is the reference that the replica in C is held against, so where the rules leave something open it
does as that does, and says so: the order in which a transfer brings its records decides what is
evicted, and the order in which ghosts come to be decides which is forgotten first.
"""

from collections import OrderedDict

NEVER = (0, 0)          # below every stamp; a stamp is (hlc, origin)
COUNTER_BITS = 16       # a clock reading is a step of time, shifted, and a counter
INTERVALS_MAX = 64      # of one origin in a vector
CLAIMS_MAX = 32         # ... of which so many may be claims
RECORD_BYTES = 64       # that a record counts for beside its key and value
CHUNK_BYTES = 262144
CHECKPOINT_BYTES = 1 << 20
ALL = 1 << 30           # messages: more than a transfer has

# What can be left out, to see that it is needed (or, for ghost and exceptions, that it only costs).
PARTS = ("ghost", "floor", "adopt", "ghost-in-delta", "ghost-in-replace", "horizon", "late-floor",
         "exceptions")


class Slots:
    """Numbers for what is held, as lib/store/slots.c gives them: no rule depends on them, but a
    replace-sync and the sweep for deadlines go through the store in their order."""

    def __init__(self):
        self.number = {}
        self.free = []
        self.end = 0

    def take(self, key):
        if key in self.number:
            return
        if self.free:
            self.number[key] = self.free.pop()
        else:
            self.number[key] = self.end
            self.end += 1

    def give(self, key):
        self.free.append(self.number.pop(key))

    def in_order(self, keys):
        return sorted(keys, key=self.number.get)


class Indexes:
    """Numbers for origins, as lib/store/origins.c gives them: the lowest that is free. The sweep for
    what is void goes through the chains in their order, and so gives back slots."""

    def __init__(self, own):
        self.origins = [own]

    def has(self, origin):
        return origin in self.origins

    def take(self, origin):
        if self.has(origin):
            return
        if None in self.origins:
            self.origins[self.origins.index(None)] = origin
        else:
            self.origins.append(origin)

    def give(self, origin):
        self.origins[self.origins.index(origin)] = None

    def of(self, origin):
        return self.origins.index(origin)


class Store:
    """One register for each key: an entry, or the ghost of one that is gone (R8, R9, R10)."""

    def __init__(self, own, capacity, ghosts_max, off=()):
        self.capacity, self.ghosts_max, self.off = capacity, ghosts_max, off
        self.entries = OrderedDict()    # key -> stamp, least recently used first
        self.used = {}                  # key -> step of the last use of an entry
        self.ghosts = OrderedDict()     # key -> stamp of what is gone, in the order in which it went
        self.merged = None              # a replace-sync is under way: where its last entry came
        self.slots = Slots()
        self.indexes = Indexes(own)
        self.floor = {}                 # origin -> highest hlc of a forgotten ghost
        self.horizon = NEVER            # highest stamp of a forgotten ghost
        self.clear = NEVER              # everything up to this stamp is void (R10)

    def voids(self, stamp):
        return stamp <= self.clear

    def stamp_of(self, key):
        """The stamp of what is held or was; NEVER: nothing. What is void counts as nothing."""
        stamp = self.entries.get(key) or self.ghosts.get(key) or NEVER
        return NEVER if self.voids(stamp) else stamp

    def holds(self, key):
        return key in self.entries and not self.voids(self.entries[key])

    # -- Going

    def remove(self, key):
        if key in self.entries:
            self.leave_order(key)
        self.ghosts.pop(key, None)
        self.slots.give(key)

    def forget(self, stamp):
        """Of what is void the clear register still says what a floor would."""
        if self.voids(stamp):
            return
        if "floor" not in self.off:
            self.floor[stamp[1]] = max(self.floor.get(stamp[1], 0), stamp[0])
        if "horizon" not in self.off:
            self.horizon = max(self.horizon, stamp)

    def leave_ghost(self, key, stamp):
        self.slots.take(key)
        if key in self.entries:
            self.leave_order(key)
        self.ghosts.pop(key, None)
        self.ghosts[key] = stamp
        ghosts_max = 0 if "ghost" in self.off else self.ghosts_max
        while len(self.ghosts) > ghosts_max:
            oldest = next(iter(self.ghosts))
            self.forget(self.ghosts[oldest])
            self.remove(oldest)

    def drop(self, key):
        """An entry goes: evicted, expired, or no longer held by the donor of a replace-sync."""
        if self.holds(key):
            self.leave_ghost(key, self.entries[key])
        else:
            self.remove(key)

    def sweep(self):
        """Collects what is void. Until then it takes room, as a clear costs O(1)."""
        void = [(self.indexes.of(stamp[1]), stamp[0], key)
                for held in (self.entries, self.ghosts) for key, stamp in held.items()
                if self.voids(stamp)]
        for *_, key in sorted(void):
            self.remove(key)

    # -- Coming

    def apply(self, key, stamp, dead, used):
        """One write: a value, or (dead) a delete or another node's ghost."""
        if self.voids(stamp) or self.stamp_of(key) >= stamp:
            return
        if not dead and not self.holds(key) and stamp <= self.horizon:
            # Late: perhaps older than something forgotten. A ghost of the key is no proof that it is
            # not: that may have come from a donor after this node's own was forgotten.
            if "late-floor" not in self.off:
                self.leave_ghost(key, stamp)
        elif dead:
            self.leave_ghost(key, stamp)
        else:
            self.put(key, stamp, used)
            while len(self.entries) > self.capacity:
                self.drop(next(iter(self.entries)))

    def put(self, key, stamp, used):
        self.slots.take(key)
        self.ghosts.pop(key, None)
        if key in self.entries:
            used = max(used, self.used[key])
            self.leave_order(key)
        self.entries[key] = stamp
        self.used[key] = used
        if self.merged is not None:
            self.merge(key, used)

    def read(self, key, now):
        self.entries.move_to_end(key)
        self.used[key] = now

    # -- A replace-sync comes by recency, and is merged in by last use (S2)

    def merge_begin(self):
        self.merged = next(iter(self.entries), "")

    def merge_end(self):
        self.merged = None

    def leave_order(self, key):
        """What was merged in last goes: the next one is looked for from what was behind it."""
        if self.merged == key:
            keys = list(self.entries)
            self.merged = (keys + [""])[keys.index(key) + 1]
        del self.entries[key]

    def merge(self, key, used):
        """Behind all that were used before it, looking on from the one before."""
        others = [other for other in self.entries if other != key]
        if not others or self.used[others[-1]] <= used:
            if not self.merged or self.merged == others[-1]:
                self.merged = key
            return
        at = others.index(self.merged) if self.merged else len(others)
        while at < len(others) and self.used[others[at]] <= used:
            at += 1
        for other in others[at:]:
            self.entries.move_to_end(other)
        self.merged = key

    def chain(self, origin):
        """All of one origin in stamp order: (stamp, key, dead), oldest first (R6)."""
        return sorted([(stamp, key, False) for key, stamp in self.entries.items()
                       if stamp[1] == origin and not self.voids(stamp)] +
                      [(stamp, key, True) for key, stamp in self.ghosts.items()
                       if stamp[1] == origin and not self.voids(stamp)])


class Vector:
    """For every origin the intervals (after, upto] that were received (R3)."""

    def __init__(self):
        self.rows = {}

    def cover(self, origin, after, upto):
        """False: the origin has as many intervals as it may have."""
        return upto <= after or self.unite(origin, [(after, upto)])

    def unite(self, origin, intervals):
        """Adds all at once, as one may close the hole that makes room for another. False: the origin
        would have more intervals than it may have."""
        row = []
        for after, upto in sorted(self.rows.get(origin, []) + intervals):
            if row and after <= row[-1][1]:
                row[-1] = (row[-1][0], max(row[-1][1], upto))
            else:
                row.append((after, upto))
        if len(row) > INTERVALS_MAX:
            return False
        self.rows[origin] = row
        return True

    def has(self, stamp):
        return any(after < stamp[0] <= upto for after, upto in self.rows.get(stamp[1], []))

    def whole_upto(self, origin):
        row = self.rows.get(origin)
        return row[0][1] if row and row[0][0] == 0 else 0

    def minus(self, have):
        """What of this one `have` lacks, in the form of rows."""
        lack = {}
        for origin, row in self.rows.items():
            for after, upto in row:
                for x, y in have.rows.get(origin, []):
                    if y <= after or x >= upto:
                        continue
                    if x > after:
                        lack.setdefault(origin, []).append((after, x))
                    after = max(after, y)
                if after < upto:
                    lack.setdefault(origin, []).append((after, upto))
        return lack


class Node:
    """One life of a node. `clock` is how many steps its clock is ahead."""

    def __init__(self, origin, capacity, mesh, clock=0, off=()):
        self.origin, self.clock, self.off = origin, clock, off
        self.entry_bytes = RECORD_BYTES + 1 + mesh["value_bytes"]
        self.checkpoint = mesh["checkpoint"] or CHECKPOINT_BYTES
        self.retire_after = mesh["retire_after"]    # steps, a multiple of 8; 0: never
        self.introduced = set()             # origins of peers that are not forgotten
        self.store = Store(origin, capacity, mesh["ghosts_max"], off)
        self.vector = Vector()
        self.hlc = 0            # the highest reading taken or seen
        self.sent = 0           # the newest own write that went out in a batch
        self.left = False       # a repair that was cut off has left something

    def observe(self, hlc):
        self.hlc = max(self.hlc, hlc)

    def next_stamp(self, now):
        """Above every stamp that the node has seen (R1)."""
        self.hlc = max(self.hlc + 1, now + self.clock << COUNTER_BITS)
        return (self.hlc, self.origin)

    def clear_all(self, now):
        self.store.clear = self.next_stamp(now)
        return self.store.clear

    def merge_clear(self, stamp):
        self.observe(stamp[0])
        self.store.clear = max(self.store.clear, stamp)

    def write(self, now, writes):
        """Writes (key, dead) and returns the batch (origin, prev, last, clear, records)."""
        last = self.sent
        for key, dead in writes:
            stamp = self.next_stamp(now)
            self.store.apply(key, stamp, dead, now)
            self.vector.cover(self.origin, last, stamp[0])
            last = stamp[0]
        return self.cut_batch(last)

    def cut_batch(self, last):
        """The store is the log (R6): what was written twice goes out once, what was evicted since as
        its ghost. A batch must not cover what it does not bring: a ghost that was forgotten before
        it could be sent leaves a gap, and what the clear register voided comes with that."""
        prev = max(self.sent, self.store.floor.get(self.origin, 0))
        records = [record for record in self.store.chain(self.origin) if record[0][0] > prev]
        self.sent = last
        clear = self.store.clear if self.store.clear[0] > prev else NEVER
        return (self.origin, prev, last, clear, records) if prev < last else None

    def receive(self, batch, now):
        origin, prev, last, clear, records = batch
        if origin == self.origin:
            return
        if "exceptions" in self.off and self.vector.whole_upto(origin) < prev:
            return
        self.merge_clear(clear)
        self.store.indexes.take(origin)
        for stamp, key, dead in records:
            if not self.vector.has(stamp):
                self.take(stamp, key, dead, now)
        self.observe(last)
        self.vector.cover(origin, prev, last)

    def take(self, stamp, key, dead, used=0):
        self.observe(stamp[0])
        self.store.apply(key, stamp, dead, used)

    # -- Repair (R4, R9)

    def lacks(self, donor):
        return donor.vector.minus(self.vector)

    def repair(self, donor, now, settle, joining=False, cut=None):
        """Takes over all that the donor has. Returns 'delta' or 'replace'. A delta is asked for first;
        who joins, and has nothing, asks for all by recency at once (S2). Registers travel with every
        question and with the end of every answer, also with a refusal. `cut`: so many messages come
        of it, and not the end; what has come stays. `settle` is called when some have come."""
        self.store.indexes.take(donor.origin)
        donor.merge_clear(self.store.clear)
        if not joining and self.settled(now, donor.origin) not in ({}, donor.settled(now)):
            # It is asked again, with the whole vector, and answers before what is void is collected.
            self.merge_clear(donor.store.clear)
        lack = self.lacks(donor)
        complete = all(row[0][0] >= donor.store.floor.get(origin, 0)
                       for origin, row in lack.items())
        if joining and lack:
            complete = False
        room = ALL if cut is None else cut
        sent = None
        if complete:
            come = self.take_delta(donor, now, room, settle)
        else:
            self.merge_clear(donor.store.clear)
            self.store.sweep()
            come, sent = self.take_all(donor, room)
        if cut is not None:
            self.left |= come
        else:
            self.merge_clear(donor.store.clear)
            self.take_over(donor, sent, now)
        return "delta" if complete else "replace"

    def chunks(self, records, checkpoints):
        """(records, what is next after a checkpoint or None), as they go out."""
        chunk, room, unchecked = [], CHUNK_BYTES, 0
        for record in records:
            size = RECORD_BYTES if record[2] else self.entry_bytes
            if checkpoints and unchecked >= self.checkpoint:
                yield chunk, record[0]
                chunk, room, unchecked = [], CHUNK_BYTES, 0
            elif chunk and room < size:
                yield chunk, None
                chunk, room = [], CHUNK_BYTES
            chunk.append(record)
            room -= size
            unchecked += size
        if chunk:
            yield chunk, None

    def take_delta(self, donor, now, room, settle):
        """Returns whether anything has come."""
        come = room
        lacked = self.lacks(donor)
        for chunk, rest in self.chunks(self.delta(donor), checkpoints=True):
            if room == 0:
                break
            room -= 1
            self.take_records(chunk)
            if rest is not None and room > 0:
                room -= 1
                self.merge_clear(donor.store.clear)
                self.take_part(donor, lacked, rest[0], now)
            settle(self)
        return room < come

    def take_part(self, donor, lacked, down_to, now):
        """A checkpoint (R7): all above has come, or what overwrote it has. Where an origin has all the
        intervals that it may have, the end covers it."""
        for origin, row in sorted(donor.vector.rows.items()):
            above = [(max(after, down_to), upto) for after, upto in row if upto > down_to]
            if origin in lacked and above:
                self.observe(above[-1][1])
                self.learn(origin, above[-1][1], now)
                self.vector.unite(origin, above)

    def claim(self):
        """After the next complete repair (R7): what a cut one left and is in no interval yet may be
        known to nobody else any more, and is one of its own, so that others find it."""
        held = [*self.store.entries.values(), *self.store.ghosts.values()]
        for stamp in held if self.left else ():
            claimed = len(self.vector.rows.get(stamp[1], []))
            if not self.store.voids(stamp) and not self.vector.has(stamp) and claimed < CLAIMS_MAX:
                self.vector.cover(stamp[1], stamp[0] - 1, stamp[0])
        self.left = False

    def delta(self, donor):
        """All that this node's vector does not cover, also what a cut repair has left at the donor and
        is in no vector: the highest stamp first."""
        held = [*donor.store.entries.values(), *donor.store.ghosts.values()]
        chains = [record for origin in {stamp[1] for stamp in held}
                  for record in donor.store.chain(origin)]
        return [(stamp, key, dead, donor.store.used.get(key, 0))
                for stamp, key, dead in sorted(chains, reverse=True)
                if not self.vector.has(stamp) and not (dead and "ghost-in-delta" in self.off)]

    def take_records(self, records):
        """The origins of a chunk come before its records."""
        for stamp, *_ in records:
            self.store.indexes.take(stamp[1])
        for record in records:
            self.take(*record)

    def take_all(self, donor, room):
        """Entries, coldest first, so that a small node keeps what the donor would (S2); then ghosts.
        Returns whether anything has come, and the keys of the entries."""
        store = donor.store
        entries = [(stamp, key, False, store.used[key]) for key, stamp in store.entries.items()
                   if not store.voids(stamp)]
        ghosts = [(stamp, key, True, 0) for key, stamp in store.ghosts.items()
                  if not store.voids(stamp) and "ghost-in-replace" not in self.off]
        self.store.merge_begin()
        chunks = [chunk for chunk, _ in self.chunks(entries + ghosts, checkpoints=False)][:room]
        for chunk in chunks:
            self.take_records(chunk)
        self.store.merge_end()
        return bool(chunks), {key for _, key, _, _ in entries}

    def take_over(self, donor, sent, now):
        """A transfer is complete. `sent`: of a replace-sync, the keys of its entries."""
        if sent is not None:
            self.follow(donor, sent, now)
        for origin, row in sorted(donor.vector.rows.items()):
            self.observe(row[-1][1])
            self.learn(origin, row[-1][1], now)
            self.vector.unite(origin, row)

    def follow(self, donor, sent, now):
        """Drops what the donor did not send and has seen, or may have forgotten; and what it has
        forgotten, this node has too."""
        for key in self.store.slots.in_order(self.store.entries):
            stamp = self.store.entries[key]
            if key not in sent and (donor.vector.has(stamp) or stamp <= donor.store.horizon):
                self.store.drop(key)
        if "adopt" in self.off:
            return
        for origin, hlc in sorted(donor.store.floor.items()):
            self.learn(origin, hlc, now)
            self.store.floor[origin] = max(self.store.floor.get(origin, 0), hlc)
        self.observe(donor.store.horizon[0])
        self.store.horizon = max(self.store.horizon, donor.store.horizon)

    # -- Origins that are long gone (R13)

    def is_old(self, hlc, now):
        """Longer ago than retire_after, in steps of an eighth of it, which all nodes see alike."""
        if not hlc or not self.retire_after:
            return False
        eighth = self.retire_after // 8
        return hlc >> COUNTER_BITS < (now + self.clock - self.retire_after) // eighth * eighth

    def settled(self, now, peer=None):
        """What is known of those that are left out of an ask, where the donor knows the same."""
        return {origin: row for origin, row in self.vector.rows.items()
                if origin not in (self.origin, peer) and self.is_old(row[-1][1], now)}

    def learn(self, origin, last, now):
        """News of an origin. One that is long gone, and of which nothing is held, needs no index."""
        if not self.is_old(last, now):
            self.store.indexes.take(origin)

    def retire(self, now):
        """Forgets the ghosts of origins that are long gone, from the oldest on up to the first entry.
        Who then has nothing here gives up its index; what is known of it stays."""
        for origin in list(self.store.indexes.origins[1:]):
            row, floor = self.vector.rows.get(origin), self.store.floor.get(origin, 0)
            last = max(row[-1][1], floor) if row else floor
            if origin is None or origin in self.introduced or last and not self.is_old(last, now):
                continue
            chain = self.store.chain(origin)
            while last and chain and chain[0][2]:
                stamp, key, _ = chain.pop(0)
                self.store.forget(stamp)
                self.store.remove(key)
            if not chain:
                self.store.indexes.give(origin)

# SPDX-License-Identifier: MPL-2.0
"""Transfers, PROTOCOL.md 6.5: both sides, as a part of the node."""

import random
import time

import codec
import content

CREDIT = 1 << 20
DONATIONS_MAX = 8
DONATION_PATIENCE_MS = 30000


def now_ms():
    return time.monotonic_ns() // 1000000


class Ask:
    """A transfer that this node asked for."""

    def __init__(self, member, replace, gap):
        self.session = random.getrandbits(64)
        self.member = member
        self.replace = replace  # it may become a replace-sync
        self.gap = gap  # it is to fill a gap soon; another one may be under way beside it
        self.chunks = 0  # and checkpoints
        self.spent = 0
        self.replacing = False
        self.sent = set()  # key hashes of entries that came
        self.heard_ms = now_ms()


class Donation:
    def __init__(self, session, records, credit, replace, covered, missing):
        self.session = session
        self.records = records
        self.credit = credit
        self.replace = replace
        self.covered = covered
        self.missing = missing
        self.chunks = 0  # and checkpoints
        self.unchecked = 0  # bytes since the last checkpoint of a delta
        self.heard_ms = now_ms()


class Transfers:
    """What a Node does for and with transfers."""

    # -- As the donor ----------------------------------------------------------------------------

    def on_sync_ask(self, route, session, replace, credit, registers, have, left_out):
        self.merge_registers(registers)
        if left_out != 0:  # this node leaves nobody out
            self.end(route, session, 0, codec.NEEDS_VECTOR)
            return
        if self.joining:
            self.end(route, session, 0, codec.JOINING)
            return
        covered = {origin: list(intervals) for origin, intervals in self.vector.rows.items()}
        missing = content.lacked(covered, have)
        delta = self.floors_allow(missing)
        if not delta and not replace:
            self.end(route, session, 0, codec.NEEDS_REPLACE)
            return
        if len(self.donations) >= DONATIONS_MAX:
            self.end(route, session, 0, codec.BUSY)
            return
        replacing = bool(missing) and (not delta or (replace and not have))
        records = (self.store.all_by_recency(now_ms()) if replacing
                   else self.store.outside(have))
        self.donations[route, session] = Donation(session, records, credit, replacing, covered,
                                                  missing)

    def floors_allow(self, missing):
        return all(self.store.floors.get(origin, 0) <= intervals[0][0]
                   for origin, intervals in missing.items())

    def on_sync_credit(self, route, session, credit):
        donation = self.donations.get((route, session))
        if donation is None:
            return
        donation.credit += credit
        donation.heard_ms = now_ms()
        if credit == 0:
            del self.donations[route, session]

    def donate(self):
        for (route, session), donation in list(self.donations.items()):
            while donation.records and donation.credit > 0:
                self.send_chunk(route, donation)
                if donation.records and self.is_due(donation):
                    self.say_part(route, donation)
            if not donation.records:
                whole = donation.replace or self.floors_allow(donation.missing)
                self.counts["donated"] += whole
                self.end(route, session, donation.chunks,
                         codec.COMPLETE if whole else codec.INCOMPLETE, donation)
                del self.donations[route, session]
            elif now_ms() - donation.heard_ms > DONATION_PATIENCE_MS:
                del self.donations[route, session]

    def send_chunk(self, route, donation):
        origins, packed, bytes_left = {}, [], codec.CHUNK_BYTES
        while donation.records and len(packed) < codec.CHUNK_RECORDS:
            record = donation.records[0]
            bytes_left -= record.counts_for()
            if packed and (bytes_left < 0 or self.is_due(donation)):
                break
            donation.credit -= record.counts_for()
            donation.unchecked += record.counts_for()
            index = origins.setdefault(record.origin, len(origins))
            packed.append(record.pack(index, age=donation.replace))
            donation.records.pop(0)
        donation.credit = max(0, donation.credit)
        self.answer(route, codec.SYNC_CHUNK, donation.session, donation.chunks, donation.replace,
                    list(origins), packed)
        donation.chunks += 1

    def is_due(self, donation):
        return not donation.replace and donation.unchecked >= self.checkpoint

    def say_part(self, route, donation):
        """A checkpoint: the asker need not ask again for what is above what comes next. The records
        are those of when it asked, so what was overwritten since has gone out as well."""
        donation.unchecked = 0
        if not self.floors_allow(donation.missing):
            return
        self.counts["parts_given"] += 1
        part = content.above(donation.missing, donation.records[0].hlc)
        self.end(route, donation.session, donation.chunks, codec.PART, rows=part)
        donation.chunks += 1

    def end(self, route, session, chunks, result, donation=None, rows=None):
        replace = donation is not None and donation.replace
        rows = donation.covered if donation else rows or {}
        floors = sorted(self.store.floors.items()) if replace else []
        horizon = self.store.horizon if replace else None
        self.answer(route, codec.SYNC_END, session, chunks, result, replace,
                    len(self.store.entries),
                    codec.write_vector(rows),
                    [list(floor) for floor in floors], horizon and list(horizon),
                    self.registers())

    # -- As the asker ----------------------------------------------------------------------------

    def on_sync_chunk(self, member, session, number, replace, records):
        ask = self.ask_of(member, session)
        if ask is None:
            return
        if number != ask.chunks or (replace and not ask.replace):
            self.break_ask(ask)
            return
        ask.chunks += 1
        ask.heard_ms = now_ms()
        ask.replacing = ask.replacing or replace
        for record in records:
            self.observe(record.hlc)
            self.store.merge(record, now_ms())
            ask.spent += record.counts_for()
            if not record.ghost:
                ask.sent.add(record.key_hash)
        if ask.spent >= CREDIT // 2:
            self.ask_member(member, codec.SYNC_CREDIT, session, ask.spent)
            ask.spent = 0

    def on_sync_end(self, member, session, chunks, result, replace, entries, rows, floors, horizon,
                    registers):
        ask = self.ask_of(member, session)
        if ask is None:
            return
        member.entries = entries
        self.merge_registers(registers)
        if result == codec.PART and chunks == ask.chunks and not replace and not ask.replacing:
            ask.chunks += 1
            ask.heard_ms = now_ms()
            self.counts["parts"] += 1
            self.vector.merge(rows)
        elif result == codec.NEEDS_REPLACE:
            self.asks.remove(ask)
            self.want_all(member, True, 0)
        elif result != codec.COMPLETE or chunks != ask.chunks or (replace and not ask.replace):
            self.break_ask(ask)
        else:
            self.complete(ask, replace, rows, floors, horizon)

    def complete(self, ask, replace, rows, floors, horizon):
        if replace:
            self.store.drop_unsent(ask.sent, rows, horizon)
            for origin, hlc in floors.items():
                self.store.raise_floor(origin, hlc)
            self.store.raise_horizon(horizon)
        self.counts["replace_syncs" if replace else "deltas"] += 1
        self.vector.merge(rows)
        self.asks.remove(ask)
        if self.joining:
            self.joining = False
            self.heartbeat_at_ms = now_ms()

    def ask_of(self, member, session):
        return next((ask for ask in self.asks
                     if ask.member is member and ask.session == session), None)

    def want_all(self, member, replace, delay_ms):
        if self.wanted is None and all(ask.gap for ask in self.asks):
            self.wanted = (now_ms() + delay_ms, member, replace)

    def begin_ask(self, member, replace, gap=False):
        ask = Ask(member, replace, gap)
        self.asks.append(ask)
        self.ask_member(member, codec.SYNC_ASK, ask.session, replace, CREDIT, self.registers(),
                        codec.write_vector(self.vector.rows), 0)

    def break_ask(self, ask):
        self.asks.remove(ask)
        self.ask_member(ask.member, codec.SYNC_CREDIT, ask.session, 0)
        if ask.gap:
            ask.member.gap_ms = now_ms() + 200
        elif not self.joining:
            self.want_all(ask.member, ask.replace, 200)

    def tick_asks(self):
        patience_ms = max(2000, 8 * self.setting("heartbeat_ms"))
        for ask in [one for one in self.asks if now_ms() - one.heard_ms > patience_ms]:
            self.break_ask(ask)
        if self.wanted is not None and now_ms() >= self.wanted[0]:
            _, member, replace = self.wanted
            self.wanted = None
            if member.state == "live":
                self.begin_ask(member, replace)
        for member in self.members.values():
            if member.gap_ms is None or self.joining or now_ms() < member.gap_ms:
                continue
            member.gap_ms = None
            if member.state != "live" or any(ask.gap for ask in self.asks):
                member.gap_ms = now_ms() + 100
            elif not self.vector.covers(member.origin, 0, member.last):
                self.counts["gaps"] += 1
                self.begin_ask(member, False, gap=True)

    def tick_joining(self):
        live = [member for member in self.members.values() if member.state == "live"]
        waiting = [member for member in self.members.values()
                   if member.heard() and not member.broadcast]
        patience_ms = 4 * self.setting("heartbeat_ms")
        if (live and not self.asks
                and (not waiting or now_ms() - self.welcomed_ms > patience_ms)):
            fullest = max(live, key=lambda member: member.entries)
            self.begin_ask(fullest, True)

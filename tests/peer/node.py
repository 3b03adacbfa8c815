# SPDX-License-Identifier: MPL-2.0
"""A second node of a mesh, written from PROTOCOL.md alone: it joins, hears what others write,
writes itself, answers what peers ask, mends what it missed and helps others to."""

import os
import random
import time

import zmq

import codec
import content
import hashes
from clients import Clients, is_request
from members import Members
from transfers import Transfers, now_ms


class Node(Members, Transfers, Clients):
    def __init__(self, host, port, name, seed, lose=0.0):
        self.origin = os.urandom(16)
        endpoints = [f"tcp://{host}:{port + i}" for i in range(3)]
        self.identity = [self.origin, name, "", *endpoints]
        self.endpoint = endpoints[0]
        self.context = zmq.Context()
        self.router = self.bind(zmq.ROUTER, endpoints[0])
        self.publish = self.bind(zmq.PUB, endpoints[1])
        self.watch = self.bind(zmq.XPUB, endpoints[2])
        self.subscriber = self.context.socket(zmq.SUB)
        self.subscriber.linger = 0
        self.subscriber.subscribe(b"")
        self.poller = zmq.Poller()
        for socket in (self.router, self.subscriber):
            self.poller.register(socket, zmq.POLLIN)

        self.store = content.Store()
        self.vector = content.Vector()
        self.settings_stamp = None
        self.settings = [default for _, default, _, _ in codec.SETTINGS]
        self.members = {}  # endpoint: Member
        self.asks = []
        self.wanted = None  # (when, member, replace): the next transfer of everything
        self.donations = {}  # (route, session): Donation
        self.joining = True
        self.welcomed_ms = None
        self.members_ask_at_ms = 0
        self.anchored = False
        self.offset_ms = time.time_ns() // 1000000 - now_ms()
        self.highest = 0  # HLC taken or seen
        self.written = 0
        self.unsent = []
        self.sent = 0
        self.heartbeat_at_ms = now_ms()
        self.checkpoint = 1 << 20  # bytes of a delta between two
        self.lose = lose  # the part of all batches, in and out, that is lost on purpose
        self.counts = dict.fromkeys(
            ("malformed", "batches", "lost", "gaps", "deltas", "replace_syncs", "donated", "parts",
             "parts_given"), 0)
        self.dial(seed, seed=True)

    def bind(self, kind, endpoint):
        socket = self.context.socket(kind)
        socket.linger = 300
        socket.bind(endpoint)
        return socket

    def close(self):
        self.broadcast(codec.GOODBYE, self.origin)
        for member in self.members.values():
            member.dealer.close(0)
        for socket in (self.router, self.publish, self.watch, self.subscriber):
            socket.close()
        self.context.term()

    # -- What it is ------------------------------------------------------------------------------

    def mesh_ms(self):
        return max(0, now_ms() + self.offset_ms)

    def setting(self, name):
        return self.settings[[row[0] for row in codec.SETTINGS].index(name)]

    def registers(self):
        return [self.settings_stamp and list(self.settings_stamp), self.settings,
                self.store.clear and list(self.store.clear)]

    def observe(self, hlc):
        self.highest = max(self.highest, hlc)

    def too_far_ahead(self, hlc):
        return (hlc >> 16) - self.mesh_ms() > self.setting("max_clock_skew_ms")

    def member_list(self):
        return [[self.origin, self.endpoint]] + [
            [member.origin, member.endpoint] for member in self.members.values() if member.known()]

    def members_hash(self):
        return sum(hashes.xxh3(origin) for origin, _ in self.member_list()) & hashes.MASK

    def state_hash(self):
        heard = {member.origin for member in self.members.values() if member.heard()}
        total = hashes.stamp_hash(self.store.clear, 2) + hashes.stamp_hash(self.settings_stamp, 3)
        for origin, intervals in self.vector.rows.items():
            if origin != self.origin and origin not in heard:
                total += sum(hashes.interval_hash(origin, *ends) for ends in intervals)
        if not self.asks:
            # What transfers that broke have left.
            total += sum(hashes.stamp_hash((record.hlc, record.origin), 4)
                         for record in self.store.outside(self.vector.rows)
                         if record.origin != self.origin and record.origin not in heard)
        return total & hashes.MASK

    def member_of(self, origin):
        return next((m for m in self.members.values() if m.origin == origin), None)

    # -- Sending ---------------------------------------------------------------------------------

    def is_lost(self, code):
        lost = code == codec.BATCH and random.random() < self.lose
        self.counts["lost"] += lost
        return lost

    def broadcast(self, code, *items):
        if self.is_lost(code):
            return
        self.publish.send(codec.write(code, *items), zmq.DONTWAIT)

    def ask_member(self, member, code, *items):
        try:
            member.dealer.send(codec.write(code, *items), zmq.DONTWAIT)
        except zmq.Again:
            pass  # it is not there; the timers see to it

    def answer(self, route, code, *items):
        self.router.send_multipart([route, codec.write(code, *items)], zmq.DONTWAIT)

    def write(self, key, value, kind=0, ttl_ms=0):
        """Sets a key; value None deletes it. It is sent with the next flush."""
        self.highest = max(self.mesh_ms() << 16, self.highest + 1)
        deadline = self.mesh_ms() + ttl_ms if ttl_ms else 0
        record = codec.Record(self.origin, self.highest, hashes.xxh3(key))
        if value is not None:
            record = codec.Record(self.origin, self.highest, hashes.xxh3(key), key, value, kind,
                                  deadline)
        self.store.merge(record, now_ms())
        self.vector.cover(self.origin, self.written, self.highest)
        self.written = self.highest
        self.unsent.append(record)

    def flush(self):
        while self.unsent:
            count, room = 0, codec.CHUNK_BYTES
            for record in self.unsent[:codec.CHUNK_RECORDS]:
                room -= record.counts_for()
                if count > 0 and room < 0:
                    break
                count += 1
            records, self.unsent = self.unsent[:count], self.unsent[count:]
            last = records[-1].hlc
            clear = self.store.clear
            if clear is not None and clear[0] <= self.sent:
                clear = None
            self.broadcast(codec.BATCH, self.origin, self.sent, last, clear and list(clear),
                           [record.pack() for record in records
                            if not self.store.is_void(record.stamp)])
            self.sent = last

    # -- Registers -------------------------------------------------------------------------------

    def merge_registers(self, registers):
        settings_stamp, settings, clear = registers
        stamps = [stamp for stamp in (settings_stamp, clear) if stamp is not None]
        if any(self.too_far_ahead(stamp[0]) for stamp in stamps):
            return
        if settings_stamp is not None:
            self.observe(settings_stamp[0])
        if settings_stamp and (self.settings_stamp is None or settings_stamp > self.settings_stamp):
            self.settings_stamp, self.settings = settings_stamp, list(settings)
            self.store.max_size = self.setting("max_size")
            self.store.ghosts_max = self.setting("ghosts_max") or self.setting("max_size")
        self.merge_clear(clear)

    def merge_clear(self, clear):
        if clear is None:
            return
        self.observe(clear[0])
        if self.store.clear is None or clear > self.store.clear:
            self.store.set_clear(clear)

    # -- Broadcasts ------------------------------------------------------------------------------

    def on_batch(self, origin, prev, last, clear, records):
        self.counts["batches"] += 1
        sender = self.member_of(origin)
        if (origin == self.origin or self.too_far_ahead(last)
                or (clear is not None and self.too_far_ahead(clear[0]))
                or (sender is not None and sender.state == "skewed")):
            return
        self.merge_clear(clear)
        for record in records:
            self.store.merge(record, now_ms())
        self.observe(last)
        self.vector.cover(origin, prev, last)
        member = self.hear(origin)
        if member is not None:
            self.see_last(member, last)

    def on_heartbeat(self, origin, last, clock, state_hash, members_hash, _digest, joining):
        member = self.hear(origin)
        if member is None:
            return
        ahead_ms = clock - self.mesh_ms()
        if ahead_ms > self.setting("max_clock_skew_ms"):
            member.state = "skewed"
            return
        member.state = "joining" if joining else "live"
        self.observe(last)
        self.see_last(member, last)
        differs = not joining and not self.joining and state_hash != self.state_hash()
        member.state_differs = member.state_differs + 1 if differs else 0
        if member.state_differs >= 2:
            member.state_differs = 0
            delay_ms = random.randrange(self.setting("heartbeat_ms") // 2 + 1)
            self.want_all(member, False, delay_ms)
        differs = members_hash != self.members_hash()
        member.members_differ = member.members_differ + 1 if differs else 0
        if (member.members_differ >= 2 and now_ms() >= member.asked_members_ms + 2000
                and now_ms() >= self.members_ask_at_ms):
            member.asked_members_ms = now_ms()
            self.members_ask_at_ms = now_ms() + self.setting("heartbeat_ms")
            self.ask_member(member, codec.MEMBERS_ASK)

    def hear(self, origin):
        member = self.member_of(origin)
        if member is not None:
            member.heard_ms = now_ms()
            member.broadcast = True
            if member.state in ("suspect", "gone"):
                member.state = "live"
                member.backoff_ms = 1000
                self.say_hello(member)
        return member

    def see_last(self, member, last):
        member.last = max(member.last, last)
        if not self.vector.covers(member.origin, 0, member.last) and member.gap_ms is None:
            member.gap_ms = now_ms() + random.randrange(self.setting("heartbeat_ms") // 4 + 1)

    def on_touch(self, _origin, key_hashes):
        for key_hash in key_hashes:
            self.store.touch(key_hash, now_ms())

    def on_registers(self, _origin, registers):
        self.merge_registers(registers)

    # -- What peers ask --------------------------------------------------------------------------

    def on_ping(self, route, number):
        self.answer(route, codec.PONG, number)

    def on_read(self, route, number, key):
        key_hash = hashes.xxh3(key)
        record = self.store.entries.get(key_hash)
        if record is None or record.key != key:
            self.answer(route, codec.READ_ANSWER, number)
            return
        self.store.touch(key_hash, now_ms())
        self.answer(route, codec.READ_ANSWER, number, record.origin, record.pack())

    # -- What peers answer -----------------------------------------------------------------------

    def on_pong(self, member, _number):
        pass

    def on_refused(self, member, reason, version):
        raise SystemExit(f"{member.endpoint} refuses: reason {reason}, version {version}")

    # -- Time ------------------------------------------------------------------------------------

    def heartbeat(self):
        self.broadcast(codec.HEARTBEAT, self.origin, self.sent, self.mesh_ms(), self.state_hash(),
                       self.members_hash(), 0 if self.joining else self.store.digest(),
                       self.joining)

    def tick(self):
        self.flush()
        self.donate()
        self.tick_asks()
        if self.joining:
            self.tick_joining()
        if now_ms() >= self.heartbeat_at_ms:
            self.store.expire(now_ms(), self.mesh_ms(), self.setting("expire_after_ms"))
            self.heartbeat()
            self.tick_members()
            self.heartbeat_at_ms = now_ms() + self.setting("heartbeat_ms")

    # -- The loop --------------------------------------------------------------------------------

    BROADCASTS = {codec.BATCH: on_batch, codec.HEARTBEAT: on_heartbeat, codec.TOUCH: on_touch,
                  codec.REGISTERS: on_registers, codec.GOODBYE: Members.on_goodbye}
    QUESTIONS = {codec.HELLO: Members.on_hello, codec.PING: on_ping,
                 codec.MEMBERS_ASK: Members.on_members_ask, codec.READ: on_read,
                 codec.SYNC_ASK: Transfers.on_sync_ask,
                 codec.SYNC_CREDIT: Transfers.on_sync_credit}
    ANSWERS = {codec.WELCOME: Members.on_welcome, codec.PONG: on_pong,
               codec.MEMBERS: Members.on_members, codec.REFUSED: on_refused,
               codec.SYNC_CHUNK: Transfers.on_sync_chunk, codec.SYNC_END: Transfers.on_sync_end}

    def take(self, handlers, frames, *before):
        try:
            codec.need(len(frames) == 1, "one frame")
            code, parts = codec.read(frames[0], hashes.xxh3)
            codec.need(code in handlers, "a message for this socket")
        except codec.OtherVersion:
            if handlers is self.QUESTIONS:
                self.answer(*before, codec.REFUSED, 1)
            return
        except codec.Malformed:
            self.counts["malformed"] += 1
            return
        if not self.is_lost(code):
            handlers[code](self, *before, *parts)

    def drain(self, socket, handlers, *before):
        for _ in range(256):
            try:
                frames = socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            if handlers is not self.QUESTIONS:
                self.take(handlers, frames, *before)
            elif len(frames) == 2 and is_request(frames[1]):
                self.take_request(*frames)
            else:
                self.take(handlers, frames[1:], frames[0])

    def take_request(self, route, data):
        try:
            self.on_request(route, data)
        except codec.Malformed:
            self.counts["malformed"] += 1

    def turn(self):
        """Waits for what comes, at most until something is due, and works it off."""
        wait_ms = min(20, max(0, self.heartbeat_at_ms - now_ms()))
        ready = dict(self.poller.poll(wait_ms))
        if self.subscriber in ready:
            self.drain(self.subscriber, self.BROADCASTS)
        if self.router in ready:
            self.drain(self.router, self.QUESTIONS)
        for member in list(self.members.values()):
            if member.dealer in ready:
                self.drain_answers(member)
        self.tick()

    def drain_answers(self, member):
        """An answer may end the connection to the member."""
        for _ in range(256):
            if member.dealer.closed:
                return
            try:
                frames = member.dealer.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            self.take(self.ANSWERS, frames, member)

# SPDX-License-Identifier: MPL-2.0
"""Who is in the mesh, PROTOCOL.md 6.1 and 6.4: dialling, greeting, giving up who is silent."""

import zmq

import codec
from transfers import now_ms


class Member:
    """An address that was dialled; a member from its WELCOME on."""

    def __init__(self, endpoint, seed):
        self.endpoint = endpoint
        self.seed = seed
        self.dealer = None
        self.origin = None
        self.publish = None
        self.state = "dialled"
        self.dialled_ms = self.first_ms = now_ms()
        self.backoff_ms = 1000
        self.hello_ms = 0
        self.heard_ms = 0
        self.broadcast = False  # one has come
        self.entries = 0
        self.last = 0
        self.state_differs = 0
        self.members_differ = 0
        self.asked_members_ms = 0
        self.gap_ms = None  # when to ask for its gap

    def heard(self):
        return self.state in ("joining", "live")

    def known(self):
        return self.state in ("joining", "live", "suspect", "skewed")


class Members:
    """A part of Node, which has the sockets and everything that is known."""

    # -- Dialling --------------------------------------------------------------------------------

    def dial(self, endpoint, seed=False):
        self.members[endpoint] = member = Member(endpoint, seed)
        self.connect(member)

    def connect(self, member):
        if member.dealer is not None:
            self.poller.unregister(member.dealer)
            member.dealer.close(0)
        member.dealer = self.context.socket(zmq.DEALER)
        member.dealer.linger = 0
        member.dealer.connect(member.endpoint)
        self.poller.register(member.dealer, zmq.POLLIN)
        if member.publish is not None:
            self.subscriber.disconnect(member.publish)
            self.subscriber.connect(member.publish)
        member.dialled_ms = now_ms()
        self.say_hello(member)

    def say_hello(self, member):
        member.hello_ms = now_ms()
        wants_members = self.joining and (member.seed or self.welcomed_ms is None)
        self.ask_member(member, codec.HELLO, self.identity, self.mesh_ms(), wants_members)

    def forget(self, member):
        self.poller.unregister(member.dealer)
        member.dealer.close(0)
        if member.publish is not None:
            self.subscriber.disconnect(member.publish)
        del self.members[member.endpoint]
        self.asks = [ask for ask in self.asks if ask.member is not member]

    def dial_unknown(self, members):
        for origin, endpoint in members:
            if (origin != self.origin and endpoint not in self.members
                    and self.member_of(origin) is None):
                self.dial(endpoint)

    def tick_members(self):
        for member in list(self.members.values()):
            silent_ms = now_ms() - member.heard_ms
            if member.state == "dialled" and not member.seed and (
                    now_ms() - member.first_ms > 15000):
                self.forget(member)
                continue
            if member.state in ("joining", "live", "skewed"):
                if silent_ms <= 3 * self.setting("heartbeat_ms"):
                    continue
                member.state = "suspect"
                member.dialled_ms, member.backoff_ms = 0, 500
            if member.state == "suspect" and silent_ms > 20 * self.setting("heartbeat_ms"):
                member.state = "gone"
            if now_ms() - member.dialled_ms >= member.backoff_ms:
                member.backoff_ms = min(2 * member.backoff_ms, 30000)
                self.connect(member)

    def on_hello(self, route, identity, _clock, wants_members):
        self.answer(route, codec.WELCOME, self.identity, self.mesh_ms(), self.joining,
                    len(self.store.entries), self.registers(),
                    self.member_list() if wants_members else [])
        origin, _, _, endpoint, _, _ = identity
        known = self.members.get(endpoint)
        if origin == self.origin:
            return
        if known is None:
            if self.member_of(origin) is None:
                self.dial(endpoint)
        elif known.origin != origin or not known.known():
            known.backoff_ms = 1000
            self.connect(known)

    def on_welcome(self, member, identity, clock, joining, entries, registers, members):
        origin, _, _, endpoint, publish, _ = identity
        if origin == self.origin:
            self.forget(member)
            return
        twin = self.member_of(origin)
        if twin is not None and twin is not member:
            self.forget(member)
            return
        if member.origin != origin:
            member.origin, member.last, member.broadcast = origin, 0, False
            if member.publish is not None:
                self.subscriber.disconnect(member.publish)
            member.publish = publish
            self.subscriber.connect(publish)
            if endpoint != member.endpoint and endpoint not in self.members:
                self.members[endpoint] = self.members.pop(member.endpoint)
                member.endpoint = endpoint
        if not self.anchored and not joining:
            self.offset_ms = clock + (now_ms() - member.hello_ms) // 2 - now_ms()
            self.anchored = True
        if not member.heard():
            member.state = "joining" if joining else "live"
            member.heard_ms = now_ms()
            member.backoff_ms = 1000
        member.entries = entries
        self.welcomed_ms = self.welcomed_ms or now_ms()
        self.merge_registers(registers)
        self.dial_unknown(members)

    def on_members_ask(self, route):
        self.answer(route, codec.MEMBERS, self.member_list())

    def on_members(self, member, members):
        self.dial_unknown(members)
        if self.origin not in [origin for origin, _ in members]:
            self.say_hello(member)

    def on_goodbye(self, origin):
        member = self.member_of(origin)
        if member is not None and member.seed:
            member.state = "gone"
        elif member is not None:
            self.forget(member)

# SPDX-License-Identifier: MPL-2.0
"""A node that breaks the rules, so that it can be seen whether that is found."""

import codec
from clients import DIGEST, RESPONSE
from node import Node

MALFORMED = -11


class FaultyNode(Node):
    """`withhold` and `alter` are keys as text, "" for none; `deaf` is None, "joining" or "live";
    an `old` one does not know the operations for comparing members."""

    def __init__(self, host, port, name, seed, lose, withhold, alter, deaf, old):
        super().__init__(host, port, name, seed, lose)
        self.old = old
        self.withheld = withhold.encode()
        self.altered = alter.encode()
        self.deaf_when = deaf

    def is_deaf(self):
        return self.deaf_when == ("joining" if self.joining else "live")

    def on_batch(self, origin, prev, last, clear, records):
        if self.is_deaf():
            return
        kept = [record for record in records if not self.withheld or record.key != self.withheld]
        for record in kept:
            if self.altered and record.key == self.altered:
                record.value = b"altered " + record.value
        super().on_batch(origin, prev, last, clear, kept)

    def tick_asks(self):
        if not self.is_deaf():
            super().tick_asks()

    def tick_joining(self):
        if not self.is_deaf():
            super().tick_joining()

    def on_request(self, route, data):
        operations = codec.unpack_array(data)[3]
        if self.old and any(operation[0] >= DIGEST for operation in operations):
            self.router.send_multipart([route, codec.write(RESPONSE, 0, [[MALFORMED]])])
        else:
            super().on_request(route, data)

    def repair(self, origin):
        self.deaf_when = None
        return super().repair(origin)

    BROADCASTS = {**Node.BROADCASTS, codec.BATCH: on_batch}

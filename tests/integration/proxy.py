# SPDX-License-Identifier: MPL-2.0
"""Stands between a node and who dials it, on the same ports of another loopback address (the node
says --advertise), and does to the connections what networks do: delays them, lets one direction
stand, swallows what is sent, breaks them. Everything is switched while it runs.

What is done is done to a direction: IN is towards the node, OUT away from it. Bytes of a connection
are never lost, repeated or reordered while it lives: that is TCP's promise, and a network that
breaks it breaks the connection."""

import asyncio
import collections
import random
import socket
import struct
import threading

IN, OUT = 0, 1
BOTH = (IN, OUT)
# Closed so, a connection is reset instead of ended in good order.
RESET = struct.pack("ii", 1, 0)


class Way:
    """One direction: for how long bytes are under way, and what becomes of them."""

    def __init__(self):
        self.delay_s = 0.0
        self.jitter_s = 0.0
        self.stalled = False
        self.swallowing = False

    def time_under_way(self):
        return self.delay_s + random.uniform(0, self.jitter_s)


class End(asyncio.Protocol):
    """One end of a connection through the proxy; `other` is its other end."""

    def __init__(self, proxy, direction, port):
        self.proxy = proxy
        self.direction = direction  # of what is read here
        self.port = port
        self.transport = None
        self.other = None
        self.under_way = collections.deque()  # (when it arrives, bytes)
        self.choked = False  # the other end does not take any more

    def connection_made(self, transport):
        self.transport = transport
        self.proxy.ends.add(self)
        # The loop begins to read after this call, and would do so in spite of a pause.
        self.proxy.loop.call_soon(self.look)
        if self.direction == IN:
            self.proxy.loop.create_task(self.proxy.connect(self))

    def look(self):
        """Reads on, or not."""
        if self.transport.is_closing():
            return
        if self.choked or self.proxy.ways[self.direction].stalled:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def data_received(self, data):
        way = self.proxy.ways[self.direction]
        if way.swallowing:
            return
        arrives_at = self.proxy.loop.time() + way.time_under_way()
        if self.under_way:
            # Nothing overtakes what was read before.
            arrives_at = max(arrives_at, self.under_way[-1][0])
        self.under_way.append((arrives_at, data))
        if len(self.under_way) == 1:
            self.hand_on()

    def hand_on(self):
        """What is due; then it waits for what is next. Nothing goes before there is another end."""
        if self.other is None:
            return
        loop = self.proxy.loop
        while self.under_way and self.under_way[0][0] <= loop.time():
            _, data = self.under_way.popleft()
            if not self.other.transport.is_closing():
                self.other.transport.write(data)
        if self.under_way:
            loop.call_at(self.under_way[0][0], self.hand_on)

    def meet(self, other):
        self.other = other
        self.hand_on()

    def pause_writing(self):
        self.other.choke(True)

    def resume_writing(self):
        self.other.choke(False)

    def choke(self, choked):
        self.choked = choked
        self.look()

    def connection_lost(self, _):
        self.proxy.ends.discard(self)
        if self.other is not None:
            self.other.reset()

    def reset(self):
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.transport.abort()


class Proxy:
    """`host` and the `count` ports from `port` on, in front of the same ports of 127.0.0.1."""

    def __init__(self, host, port, count=3):
        self.host = host
        self.ways = (Way(), Way())
        self.refusing = False
        self.ends = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.servers = [self.call(self.listen(number)) for number in range(port, port + count)]

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def listen(self, port):
        return await self.loop.create_server(lambda: End(self, IN, port), self.host, port)

    async def connect(self, near):
        """The way on from a connection that was made to here."""
        if self.refusing:
            near.reset()
            return
        if self.ways[IN].swallowing:
            return
        try:
            _, far = await self.loop.create_connection(
                lambda: End(self, OUT, near.port), "127.0.0.1", near.port)
        except OSError:
            near.reset()
            return
        far.meet(near)
        near.meet(far)
        if near.transport.is_closing() or self.refusing:
            far.reset()

    async def switch(self, change):
        change()
        for end in list(self.ends):
            if self.refusing:
                end.reset()
            else:
                end.look()

    def set(self, directions, **values):
        def change():
            for direction in directions:
                for name, value in values.items():
                    setattr(self.ways[direction], name, value)

        self.call(self.switch(change))

    def delay(self, seconds, jitter=0.0, directions=BOTH):
        self.set(directions, delay_s=seconds, jitter_s=jitter)

    def stall(self, directions=BOTH):
        """Nothing moves any more, nobody is told."""
        self.set(directions, stalled=True)

    def swallow(self, directions=BOTH):
        """All is taken and nothing handed on, as on a half-open connection: nobody is told."""
        self.set(directions, swallowing=True)

    def cut(self):
        """Resets every connection, and refuses new ones."""
        self.call(self.switch(lambda: setattr(self, "refusing", True)))

    def heal(self):
        """From now on all is well for new bytes. A connection that has lost some is reset: nobody
        could make sense of what follows."""

        async def reset_all():
            for end in list(self.ends):
                end.reset()

        if any(way.swallowing for way in self.ways):
            self.call(reset_all())
        self.call(self.switch(lambda: setattr(self, "refusing", False)))
        self.set(BOTH, delay_s=0.0, jitter_s=0.0, stalled=False, swallowing=False)

    async def close(self):
        for server in self.servers:
            server.close()
        for end in list(self.ends):
            end.reset()
        # The transports close in the next turn of the loop.
        await asyncio.gather(*(server.wait_closed() for server in self.servers))

    def end(self):
        self.call(self.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

# SPDX-License-Identifier: MPL-2.0
"""A history, line by line, on nodes that keep the rules of rules.py; README.md has the lines. What it
prints is what tests/model/history.c prints for the same lines."""

from rules import ALL, COUNTER_BITS, NEVER, Node

FIRST_STEP = 10     # so that a clock may be behind
STRANGER = 65       # who serves where a joiner was told to dial, see transfer.c

MESH = {"max_size": 1000, "ghosts_max": 1000, "value_bytes": 16, "retire_after": 0, "checkpoint": 0}


class Failure(Exception):
    """What the rules promise, or what the history expects, does not hold."""


def options(words, known):
    """The words NAME=NUMBER, over the defaults."""
    found = dict(known)
    for word in words:
        name, _, number = word.partition("=")
        if name not in found:
            raise ValueError(f"no such option: {word}")
        found[name] = int(number)
    return found


def show_hlc(hlc):
    """STEP.COUNTER; a minus behind it: the reading before (a claim covers but one)."""
    last = (1 << COUNTER_BITS) - 1
    if hlc & last == last:
        return show_hlc(hlc + 1) + "-"
    return f"{hlc >> COUNTER_BITS}.{hlc & last}" if hlc else "0"


def show_stamp(stamp):
    return f"{show_hlc(stamp[0])}@{stamp[1]}" if stamp[0] else "0"


class World:
    """The nodes of one history."""

    def __init__(self, off=()):
        self.off = off
        self.now = FIRST_STEP
        self.mesh = dict(MESH)
        self.machines = {}      # name -> what outlives a node's life
        self.nodes = {}
        self.messages = {}      # label -> a batch, the stamp of a clear, or None
        self.labels = {}        # stamp -> label, which is the value as well
        self.deadlines = {}     # stamp -> step
        self.keys = {}          # stamp -> key, of every write there was
        self.served = {}        # of each life: key -> stamp
        self.printed = ["history"]
        self.failure = None

    # -- Lines

    def run(self, lines, each=False):
        """Runs (number, text) lines and returns what is to be printed; what a history expects and does
        not find is told in a last line of it."""
        for number, line in lines:
            words = line.partition("#")[0].split()
            if not words:
                continue
            try:
                self.do(*words)
            except Failure as failure:
                self.failure = f"line {number}: {line}: {failure}"
                self.printed.append(self.failure)
                return self.printed
            if each and words[0] not in ("mesh", "node"):
                self.printed.append(f"after {number}: {line}")
                self.dump()
        if not each:
            self.dump()
        return self.printed

    def do(self, verb, *words):
        """Lines that say what there is, or ask, take no time; all others a step."""
        action = getattr(self, "do_" + verb)
        if verb in ("mesh", "node", "expect"):
            return action(*words)
        self.pass_time(1)
        result = action(*words)
        self.settle()
        return result

    def pass_time(self, steps):
        for _ in range(steps):
            self.now += 1
            self.settle()

    def settle(self):
        for node in self.nodes.values():
            self.collect(node)
            node.retire(self.now)

    def collect(self, node):
        store = node.store
        if store.clear != NEVER:
            store.sweep()
        if self.deadlines:
            over = [key for key, stamp in store.entries.items()
                    if self.deadlines.get(stamp, self.now + 99) <= self.now + node.clock]
            for key in store.slots.in_order(over):
                store.drop(key)

    # -- What there is

    def do_mesh(self, *words):
        self.mesh = options(words, MESH)

    def do_node(self, name, *words):
        given = options(words, {"origin": 0, "room": self.mesh["max_size"], "clock": 0})
        self.machines[name] = (min(given["room"], self.mesh["max_size"]), given["clock"])
        self.begin(name, given["origin"])

    def begin(self, name, origin):
        capacity, clock = self.machines[name]
        self.nodes[name] = Node(origin, capacity, self.mesh, clock, self.off)
        self.served[origin] = {}

    def do_restart(self, name, word):
        """Dies and begins anew, with nothing and as another origin."""
        self.begin(name, options([word], {"origin": 0})["origin"])

    # -- What happens

    def do_wait(self, steps):
        self.pass_time(int(steps) - 1)

    def do_write(self, label, name, *writes):
        node = self.nodes[name]
        hlc = node.hlc
        parsed = [(word.lstrip("~").partition("+")[0], word[0] == "~") for word in writes]
        hlcs = self.stamps_of_writes(node, hlc, len(parsed))
        for (key, dead), word, stamp in zip(parsed, writes, hlcs):
            self.labels[stamp] = label
            self.keys[stamp] = key
            ttl = word.partition("+")[2]
            if ttl:
                self.deadlines[stamp] = self.now + node.clock + int(ttl)
        self.messages[label] = node.write(self.now, parsed)

    def stamps_of_writes(self, node, hlc, count):
        first = max(hlc + 1, self.now + node.clock << COUNTER_BITS)
        return [(first + i, node.origin) for i in range(count)]

    def do_clear(self, label, name):
        self.messages[label] = self.nodes[name].clear_all(self.now)

    def do_deliver(self, label, name):
        message = self.messages.get(label)
        if message is None:
            return
        if len(message) == 2:
            self.nodes[name].merge_clear(message)
        else:
            self.nodes[name].receive(message, self.now)

    def do_evict(self, name, key):
        store = self.nodes[name].store
        if not store.holds(key):
            return
        for other in list(store.entries):
            if other != key:
                store.read(other, self.now)
        store.drop(key)

    def do_read(self, name, key):
        node = self.nodes[name]
        if not node.store.holds(key):
            return
        node.store.read(key, self.now)
        stamp, served = node.store.entries[key], self.served[node.origin]
        if served.get(key, NEVER) > stamp:
            raise Failure(f"{name} goes back on {key}")
        served[key] = stamp

    def repair(self, name, donor, joining=False):
        """What is claimed after a delta is what has not expired in it."""
        node = self.nodes[name]
        kind = node.repair(self.nodes[donor], self.now, self.collect, joining)
        if kind == "delta":
            self.collect(node)
        node.claim()
        return kind

    def do_repair(self, name, donor, wanted=None):
        kind = self.repair(name, donor)
        if wanted not in (None, kind):
            raise Failure(f"it was a {kind}")
        self.printed.append(f"{name} has a {kind} of {donor}")

    def do_gap(self, name, donor, wanted=None):
        """The donor's heartbeat shows what it has written; only where that is lacked, it is asked."""
        node, other = self.nodes[name], self.nodes[donor]
        node.observe(other.sent)
        node.store.indexes.take(other.origin)
        if node.vector.whole_upto(other.origin) < other.sent:
            self.do_repair(name, donor, wanted)

    def do_cut(self, name, donor, messages=ALL):
        kind = self.nodes[name].repair(self.nodes[donor], self.now, self.collect,
                                       cut=int(messages))
        self.printed.append(f"{name} lost the end of a {kind} of {donor}")

    def do_join(self, name, donor, word):
        """Dies and begins anew, on the donor's clock and with all that it has."""
        self.do_restart(name, word)
        node, other = self.nodes[name], self.nodes[donor]
        node.clock = other.clock
        kind = self.repair(name, donor, joining=True)
        node.introduced.add(STRANGER)
        node.store.indexes.take(STRANGER)
        self.printed.append(f"{name} joins by a {kind} of {donor}")

    # -- What is seen

    def do_expect(self, name, what, wanted):
        node = self.nodes[name]
        if what in ("has", "lacks"):
            origin, _, last, _, _ = self.messages[wanted]
            found = "has" if node.vector.has((last, origin)) else "lacks"
            if found != what:
                raise Failure(f"it {found} it")
            return
        found = "miss"
        if node.store.holds(what):
            found = self.labels[node.store.entries[what]]
        elif what in node.store.ghosts and wanted == "ghost":
            found = "ghost"
        if found != wanted:
            raise Failure(f"found {found}")

    def dump(self):
        for name, node in self.nodes.items():
            self.printed += self.show(name, node)

    def show(self, name, node):
        store = node.store
        return [
            f"node {name} origin {node.origin} clock {show_hlc(node.hlc)} "
            f"horizon {show_stamp(store.horizon)} clear {show_stamp(store.clear)}",
            *(f"  entry {key} {show_stamp(stamp)} {self.labels[stamp]}"
              for key, stamp in store.entries.items()),
            *(f"  ghost {key} {show_stamp(stamp)}" for key, stamp in store.ghosts.items()),
            *(f"  floor {origin} {show_hlc(hlc)}" for origin, hlc in sorted(store.floor.items())),
            *(f"  vector {origin} " + " ".join(f"({show_hlc(a)},{show_hlc(b)}]" for a, b in row)
              for origin, row in sorted(node.vector.rows.items())),
        ]

    # -- What must hold

    def heal(self, order):
        """Lets all repair from all, in rounds, until nobody lacks anything; `order` has all pairs in
        the order of the next round. Returns the lines."""
        lines = []
        for _ in range(40):
            before = len(lines)
            for name, donor in order():
                node, other = self.nodes[name], self.nodes[donor]
                if node.left or node.lacks(other) or node.store.clear != other.store.clear:
                    lines.append(f"repair {name} {donor}")
                    self.do("repair", name, donor)
            if len(lines) == before:
                return lines
        raise Failure("does not come to rest")

    def check(self):
        """All have seen the same, and nobody holds anything but the newest write to a key that any
        survivor has seen, and that no clear voids."""
        nodes = list(self.nodes.items())
        first = nodes[0][1]
        newest = {}
        for stamp, key in self.keys.items():
            if first.vector.has(stamp):
                newest[key] = max(newest.get(key, NEVER), stamp)
        for name, node in nodes:
            if node.vector.rows != first.vector.rows:
                raise Failure("vectors differ")
            for key, stamp in node.store.entries.items():
                if stamp != newest.get(key):
                    raise Failure(f"{name} holds {show_stamp(stamp)} of {key}, "
                                  f"the newest is {show_stamp(newest.get(key, NEVER))}")


def run(text, each=False, off=()):
    """Runs the histories of a file. Returns what is printed, a text for each, and what failed."""
    histories = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("mesh"):
            histories.append([])
        if histories:
            histories[-1].append((number, line))
    printed, failures = [], []
    for lines in histories:
        world = World(off)
        printed.append("\n".join(world.run(lines, each)) + "\n")
        if world.failure:
            failures.append(world.failure)
    return printed, failures

# SPDX-License-Identifier: MPL-2.0
"""Histories drawn by seed: writes, deletes, clears, deadlines, evictions, lost, repeated and reordered
batches, partitions, crashes and repairs, and at the end all repair from all."""

import random

from world import World

KEYS = "abcdefghijkl"


class Drawn:
    """One history: `lines`, and the world in which they have happened. Failure if a rule is broken."""

    def __init__(self, seed, off=(), small_ring=False):
        self.random = random.Random(seed)
        self.world = World(off)
        self.lines = []
        self.flying = []        # (label, node): on their way
        self.cut = None         # one side of a partition
        self.written = 0
        self.deadlines = set()
        self.begin(small_ring)

    def do(self, *words):
        self.lines.append(" ".join(words))
        return self.world.do(*words)

    def begin(self, small_ring):
        draw = self.random
        self.keys = KEYS[:draw.randint(2, len(KEYS))]
        self.names = "ABCDEF"[:draw.randint(2, 6)]
        self.born = len(self.names)
        self.loss = draw.choice([0, .1, .3, .6])
        self.clears = draw.random() < .3
        self.ttls = draw.random() < .3
        clocks = draw.random() < .4
        ghosts_max = draw.choice([1, 2, 3, 5] if small_ring else [4, 8, 1000])
        value_bytes = 100000 if draw.random() < .02 else 16
        retire_after = draw.choice([8, 16, 40]) if draw.random() < .2 else 0
        checkpoint = draw.choice([0, 1, 150, 400])
        self.do("mesh", f"max_size={draw.choice([len(self.keys) // 2, 1000])}",
                f"ghosts_max={ghosts_max}", f"value_bytes={value_bytes}",
                f"retire_after={retire_after}", f"checkpoint={checkpoint}")
        for i, name in enumerate(self.names, 1):
            words = [f"origin={i}", f"room={draw.randint(1, len(self.keys) + 2)}"]
            if clocks:
                words.append(f"clock={draw.randint(-2, 2)}")
            self.do("node", name, *words)

    def history(self):
        for _ in range(self.random.randint(20, 150)):
            self.event()
        self.random.shuffle(self.flying)
        while self.flying:
            self.do("deliver", *self.flying.pop())
        self.lines += self.world.heal(self.pairs)
        self.world.check()
        return "\n".join(self.lines) + "\n"

    def pairs(self):
        pairs = [(a, b) for a in self.names for b in self.names if a != b]
        self.random.shuffle(pairs)
        return pairs

    def apart(self, a, b):
        return self.cut is not None and (a in self.cut) != (b in self.cut)

    def event(self):
        draw = self.random
        dice = draw.random()
        if dice < .35:
            self.send(self.write(draw.choice(self.names)))
        elif dice < .65:
            if self.flying:
                self.do("deliver", *self.flying.pop(draw.randrange(len(self.flying))))
        elif dice < .75:
            a, b = draw.sample(self.names, 2)
            if not self.apart(a, b):
                verb = draw.choices(["repair", "gap", "cut"], [6, 3, 2])[0]
                messages = verb == "cut" and draw.random() < .7
                self.do(verb, a, b, *([str(draw.randint(0, 9))] if messages else []))
        elif dice < .85:
            name = draw.choice(self.names)
            for key in list(self.world.nodes[name].store.entries):
                if draw.random() < .2:
                    self.do("evict", name, key)
        elif dice < .92:
            self.do("read", draw.choice(self.names), draw.choice(self.keys))
        elif dice < .96:
            self.cut = None if self.cut else {n for n in self.names if draw.random() < .5}
        elif dice < .98:
            if len(self.names) > 2:
                self.crash(draw.choice(self.names))
        elif self.clears:
            name = draw.choice(self.names)
            label = f"w{self.written}"
            self.written += 1
            self.do("clear", label, name)
            self.send((name, label))

    def write(self, name):
        draw = self.random
        label = f"w{self.written}"
        self.written += 1
        words = [("~" if draw.random() < .15 else "") + draw.choice(self.keys)
                 for _ in range(draw.randint(1, 3))]
        if self.ttls and draw.random() < .3:
            words = [draw.choice(self.keys) + f"+{draw.randint(1, 30)}"]
        self.do("write", label, name, *words)
        return name, label

    def send(self, written):
        name, label = written
        for other in self.names:
            if other == name or self.random.random() < self.loss or self.apart(name, other):
                continue
            self.flying += [(label, other)] * (2 if self.random.random() < .2 else 1)

    def crash(self, name):
        self.born += 1
        self.flying = [(label, other) for label, other in self.flying if other != name]
        donor = self.random.choice(self.names)
        if donor == name or self.apart(name, donor):
            self.do("restart", name, f"origin={self.born}")
        else:
            self.do("join", name, donor, f"origin={self.born}")

# SPDX-License-Identifier: MPL-2.0
"""R8 under every order of events: of each of these sets of six all permutations, each followed by
repairs until nobody lacks anything. What an order makes impossible, like the delivery of what was not yet
written, does nothing there."""

import itertools

from world import World

NODES = ("A", "B", "C")
PAIRS = list(itertools.permutations(NODES, 2))

SETS = {
    "eviction": ("write v1 A k", "write v2 B k", "deliver v1 C", "deliver v2 C", "evict C k",
                 "repair C B"),
    "eviction at the donor": ("write v1 A k", "deliver v1 B", "write v2 B k", "evict B k",
                              "repair A B", "repair B A"),
    "delete": ("write v1 A k", "write gone B ~k", "deliver v1 C", "deliver gone C", "repair C A",
               "repair A B"),
    "expiry": ("write v1 A k", "write v2 B k+2", "deliver v1 C", "deliver v2 C", "wait 3",
               "repair C B"),
    "forgetting": ("write v1 A k", "write v2 B k m", "deliver v1 C", "deliver v2 C", "evict C k",
                   "evict C m"),
    "forgetting at the donor": ("write v1 A k", "deliver v1 B", "write v2 B k ~m", "evict B k",
                                "repair A B", "repair C A"),
    "clear": ("write v1 A k", "clear all B", "write v2 A k", "deliver v1 C", "deliver all C",
              "deliver v2 C"),
    "repetition": ("write v1 A k", "write v2 A k", "deliver v1 B", "deliver v2 B", "deliver v1 B",
                   "evict B k"),
    "crash": ("write v1 A k", "write v2 A k", "deliver v2 B", "restart A origin=4", "repair C B",
              "write v3 C k"),
    "a repair without its end": ("write v1 A k", "deliver v1 B", "write v2 A k ~m", "evict A k",
                                 "cut B A", "repair C B"),
    "a joiner": ("write v1 A k", "write v2 B k", "deliver v2 A", "evict A k", "join C A origin=4",
                 "deliver v1 C"),
    "little room": ("write v1 A k m", "write v2 B k n", "deliver v1 C", "deliver v2 C",
                    "repair C A", "repair B C"),
}

# How the mesh is, and how the second node, whose clock may be behind: by one step its write has the
# reading of the event before, and the higher origin wins.
MESHES = (("ghosts_max=4", ""), ("ghosts_max=1", ""), ("ghosts_max=1", "clock=-1"))


def histories(events, mesh, second, room):
    """The text of each; Failure where one breaks a rule."""
    head = [f"mesh {mesh}", "node A origin=1", f"node B origin=2 {second}".rstrip(),
            f"node C origin=3 room={room}"]
    for order in sorted(set(itertools.permutations(events))):
        world = World()
        lines = [*head, *order]
        for line in lines:
            world.do(*line.split())
        lines += world.heal(lambda: PAIRS)
        world.check()
        world.dump()
        yield "\n".join(lines) + "\n", "\n".join(world.printed) + "\n"


def every(name):
    room = 1 if name == "little room" else 3
    for mesh, second in MESHES:
        yield from histories(SETS[name], mesh, second, room)

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The model keeps what the rules promise, each part of the rules is needed, and the replica in C does
what the model does."""

import pathlib
import unittest

import compare
import orders
import world
from drawn import Drawn
from repair import check

SEEDS = 3000
SEEDS_SMALL = 2000      # with few ghosts, so that most repairs are replace-syncs
HISTORIES = pathlib.Path(__file__).parent / "histories"
FOUND_WITHIN = 4000     # seeds, where a part of the rules is left out


def drawn(seeds, small_ring):
    """Failure where the model itself breaks a rule."""
    for seed in seeds:
        history = Drawn(seed, small_ring=small_ring)
        text = history.history()
        history.world.dump()
        yield text, "\n".join(history.world.printed) + "\n"


class Rules(unittest.TestCase):
    def test_each_part_of_the_rules_is_needed(self):
        for part in ("floor", "adopt", "ghost-in-delta", "ghost-in-replace", "horizon",
                     "late-floor"):
            with self.subTest(part):
                found = any(check([seed], {part}, True)[0] for seed in range(FOUND_WITHIN))
                self.assertTrue(found, f"without {part} all seeds hold")

    def test_without_ghosts_or_exceptions_it_only_costs_more(self):
        for part in ("ghost", "exceptions"):
            self.assertEqual(check(range(300), {part})[0], [])


class Replicas(unittest.TestCase):
    def hold(self, histories):
        text = compare.first_difference(histories)
        if text is not None:
            self.fail(compare.fault(text))

    def test_drawn_histories(self):
        self.hold(list(drawn(range(SEEDS), False)))

    def test_drawn_histories_with_few_ghosts(self):
        self.hold(list(drawn(range(SEEDS_SMALL), True)))

    def test_every_order_of_a_few_events(self):
        for name in orders.SETS:
            with self.subTest(name):
                self.hold(list(orders.every(name)))

    def test_intervals_of_an_origin_at_their_limit(self):
        """Every other of 140 batches comes: the 65th interval is refused, and a repair closes all."""
        lines = ["mesh", "node A origin=1", "node B origin=2"]
        for i in range(140):
            lines.append(f"write w{i} A k")
            if i % 2:
                lines.append(f"deliver w{i} B")
        lines += ["expect B has w127", "expect B lacks w129", "expect B lacks w139",
                  "expect B k w139", "repair B A delta", "expect B has w129"]
        text = "\n".join(lines) + "\n"
        printed, failures = world.run(text)
        self.assertEqual(failures, [])
        self.hold([(text, printed[0])])

    def test_histories_that_are_kept(self):
        paths = sorted(HISTORIES.iterdir())
        self.assertGreater(len(paths), 0)
        for path in paths:
            with self.subTest(path.name):
                text = path.read_text()
                wanted, failures = world.run(text)
                self.assertEqual(failures, [])
                found, status, error = compare.replicas(text)
                self.assertEqual((found, status, error), (wanted, 0, ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)

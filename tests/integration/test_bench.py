#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""What ./dev bench measures with: every program that needs no peer measures something small, and the
statistics are right. How fast anything is, is not looked at."""

import contextlib
import gzip
import os
import sys
import tempfile
import unittest

import mesh

sys.path.insert(0, os.path.join(mesh.ROOT, "tests", "bench"))
import growing  # noqa: E402  # pylint: disable=wrong-import-position
from lines import Line, at_least, show  # noqa: E402  # pylint: disable=wrong-import-position
from programs import Program, node, run, run_quietly  # noqa: E402  # pylint: disable=wrong-import-position
from spread import Spread, interleave  # noqa: E402  # pylint: disable=wrong-import-position

ENTRIES = 2000
RUN_MS = 20


class Statistics(unittest.TestCase):
    def test_interval_of_ten_leaves_out_one_at_either_end(self):
        spread = Spread(range(10))
        self.assertEqual((spread.low, spread.median, spread.high), (1, 4.5, 8))

    def test_few_repetitions_are_all_shown(self):
        for count in range(1, 9):
            spread = Spread(range(count))
            self.assertEqual((spread.low, spread.high), (0, count - 1))

    def test_sides_take_turns(self):
        seen = []
        interleave({name: lambda name=name: seen.append(name) for name in "AB"}, 4)
        self.assertEqual("".join(seen), "ABBAABBA")

    def test_goal_is_met_by_the_median(self):
        def line(*numbers):
            return Line("P", "", Spread(numbers), "×", at_least(2))
        self.assertEqual(line(1, 2, 9).met(), "yes")
        self.assertEqual(line(1, 1.9, 9).met(), "**no**")
        self.assertEqual(line(1, 2, 9).measured(), "2.00 × (1.00 to 9.00 ×)")
        self.assertEqual(show(1234567, "/s"), "1.23 M/s")


class Programs(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.order = self.stack.enter_context(tempfile.NamedTemporaryFile()).name
        run_quietly("measure_order", ENTRIES, ENTRIES, self.order)

    def program(self, *arguments):
        return self.stack.enter_context(Program.of(*arguments))

    def node(self):
        return self.stack.enter_context(node("--max-size", ENTRIES, "--expire-after", 0))

    def test_reads(self):
        table = self.program("measure_reads", "table", ENTRIES, self.order)
        self.assertGreater(table.ask(1, RUN_MS)["per_second"], 0)
        ours = self.program("measure_reads", "zcache", ENTRIES, self.order)
        self.assertGreater(ours.ask(2, RUN_MS)["per_second"], 0)

    def test_reads_beside_writes(self):
        writer = self.program("measure_writer", ENTRIES)
        self.assertEqual(writer.ask(20000)["written"], 0)
        reader = self.program("measure_beside", writer.said[0], ENTRIES, self.order)
        seen = reader.ask(10 * RUN_MS)
        self.assertGreater(seen["applied"], 0)
        self.assertGreater(seen["table"]["p999_ns"], 0)
        self.assertGreaterEqual(seen["node"]["p999_ns"], seen["node"]["p50_ns"])
        self.assertGreater(writer.ask(0)["written"], 0)

    def test_sets(self):
        self.assertGreater(run("measure_sets", ENTRIES)["set"], 0)
        self.assertGreater(run("measure_sets", ENTRIES, self.node().endpoint)["replicated"], 0)

    def test_asking_and_a_full_copy(self):
        place = self.node().endpoint
        pipeline = self.program("measure_pipeline", place, ENTRIES)
        for operation in ("get", "set"):
            self.assertGreater(pipeline.ask(operation, RUN_MS)["per_second"], 0)
        self.assertGreater(run("measure_join", place, ENTRIES)["seconds"], 0)
        echo = self.program("measure_echo")
        for name, where in (("echo", echo.said[0]), ("zcache", place)):
            self.assertGreater(self.program("measure_gets", name, where).ask(RUN_MS)["p50_us"], 0)

    def test_visible(self):
        seen = self.program("measure_visible", "zcache").ask(50)
        self.assertEqual(len(seen["curve_us"]), 199)
        self.assertEqual(seen["curve_us"], sorted(seen["curve_us"]))

    def test_memory(self):
        self.assertGreater(run("measure_memory", 10 * ENTRIES)["bytes"], 0)
        grown = run("measure_growth", ENTRIES)
        self.assertGreater(grown["longest_us"], 0)
        self.assertGreaterEqual(grown["peak"], grown["final"])

    def test_hits_are_those_of_a_known_sequence(self):
        # Of the keys 0 1 2 0 1 2 ... two entries never hit, and three always but for the first time.
        directory = self.stack.enter_context(tempfile.TemporaryDirectory())
        with gzip.open(os.path.join(directory, "turns.txt.gz"), "wt") as file:
            file.write("".join(f"{number % 3}\n" for number in range(300)))
        with open(os.path.join(directory, "lru_hits.tsv"), "w", encoding="utf-8") as file:
            file.write("trace\trequests\tkeys\tcapacity\thits\nturns\t300\t3\t2\t0\nturns\t300\t3\t3\t297\n")
        [(name, lru, one, three)] = growing.compared(directory)
        self.assertEqual((name, lru, one, three), ("turns", {2: 0, 3: 297}, lru, lru))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The command lines of ./dev: a wrong one is answered with one line that names what is wrong and exit
status 2, before anything is built."""

import os
import subprocess
import unittest

import mesh

DEV = os.path.join(mesh.ROOT, "dev")
PROGRAMS = os.path.join(os.path.dirname(mesh.ZCACHE), "..", "tests")


def call(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=mesh.DEADLINE_S, check=False)


class WrongWords(unittest.TestCase):
    def refused(self, done, begin, *words):
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith(begin + ": "), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_what_a_verb_does_not_take_is_refused(self):
        for words in (("nosuch",), ("build", "extra"), ("install", "here", "there"),
                      ("install", "--prefix"), ("test", "store"), ("lint", "style"),
                      ("format", "dev"), ("demo", "--kept"), ("bounds", "--quick"),
                      ("coverage", "core"), ("install-deps", "all")):
            self.refused(call(DEV, *words), f"./dev {words[0]}" if len(words) > 1 else "./dev",
                         words[-1], "./dev help")

    def test_programs_in_python_check_their_words_first(self):
        for verb, program in (("fuzz", "fuzz/run.py"), ("soak", "soak/soak.py"),
                              ("mutants", "mutants/mutants.py"), ("bench", "bench/bench.py")):
            program = os.path.join(mesh.ROOT, "tests", program)
            for words, named in {
                    "fuzz": ((("nosuch",), "wire_message"), (("--seconds", "0"), "--seconds 0:"),
                             (("store", "--jobs", "few"), "--jobs few:")),
                    "soak": ((("--minutes", "0"), "--minutes 0:"), (("--seed", "-1"), "--seed -1:"),
                             (("--minutes", "nan"), "--minutes nan:"), (("word",), "word")),
                    "mutants": ((("nosuch",), "nosuch: no such mutant;"),
                                (("--jobs", "0"), "--jobs 0:"), (("--nosuch",), "--nosuch")),
                    "bench": ((("P15",), "P15: no such row"), (("--often",), "--often")),
            }[verb]:
                self.refused(call("/usr/bin/python3", "-B", program, "--check", *words),
                             f"./dev {verb}", named)
            said = call("/usr/bin/python3", "-B", program, "--help")
            self.assertEqual(said.returncode, 0)
            self.assertTrue(said.stdout.startswith(f"usage: ./dev {verb} "), said.stdout)
            self.assertNotIn("check", said.stdout)
            self.assertEqual(call("/usr/bin/python3", "-B", program, "--check").stdout, "")

    def test_the_simulator_names_the_option_and_the_value(self):
        sim, scale = os.path.join(PROGRAMS, "sim"), os.path.join(PROGRAMS, "scale")
        for words, named in ((("--seeds", "0"), "--seeds 0:"), (("--minutes", "0"), "--minutes 0:"),
                             (("--seed", "18446744073709551616"), "--seed 18446744073709551616:"),
                             (("--nodes", "64"), "--nodes 64:"), (("--seed", "-1"), "--seed -1:"),
                             (("--nosuch",), "--nosuch:"), (("--seed",), "--seed:"),
                             (("word",), "word:"), (("--without", "luck"), "--without luck:")):
            self.refused(call(sim, *words), "./dev sim", named)
        for words, named in ((("--nodes", "9"), "--nodes 9:"), (("--seed", "x"), "--seed x:"),
                             (("--nosuch",), "'./dev scale --help'")):
            self.refused(call(scale, *words), "./dev scale", named)
        for program, name in ((sim, "./dev sim"), (scale, "./dev scale")):
            said = call(program, "--help")
            self.assertEqual((said.returncode, said.stderr), (0, ""))
            self.assertTrue(said.stdout.startswith(f"Usage: {name} "), said.stdout)

    def test_a_hunt_says_what_was_run(self):
        said = call(os.path.join(PROGRAMS, "sim"), "--nodes", "3", "--seed", "7", "--steps", "50")
        self.assertEqual(said.returncode, 0, said)
        self.assertTrue(said.stdout.endswith(
            "\n1 seed (--seed 7 --seeds 1 --nodes 3 --steps 50), 0 failed\n"), said.stdout)


if __name__ == "__main__":
    unittest.main()

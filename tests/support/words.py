# SPDX-License-Identifier: MPL-2.0
"""The command lines of what ./dev runs in Python: one line names what is wrong, and the exit status
is 2, as everywhere. A program checks its words before anything is built."""

import argparse
import re
import sys

LISTED_MAX = 20


class Parser(argparse.ArgumentParser):
    """Of `./dev VERB`."""

    def __init__(self, verb, text, epilog=None):
        super().__init__(prog=f"./dev {verb}", description=text, epilog=epilog, allow_abbrev=False)
        self.add_argument("--check", action="store_true", help=argparse.SUPPRESS)

    def read(self):
        """What was typed. With --check that is all: the program ends."""
        arguments = self.parse_intermixed_args()
        if arguments.check:
            sys.exit(0)
        return arguments

    def error(self, message):
        message = re.sub(r"^argument (NAME: |(?=--))", "", message)
        message = re.sub(r"^(--\w+): (?=.*: must be)", r"\1 ", message)
        print(f"{self.prog}: {message}; '{self.prog} --help' tells more", file=sys.stderr)
        sys.exit(2)


def number(least, most=None, kind=int):
    """A type of argparse: a number in the range."""

    def take(text):
        try:
            taken = kind(text)
        except ValueError:
            taken = None
        if taken is None or not taken >= least or (most is not None and taken > most):
            whole = "whole number" if kind is int else "number"
            limits = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise argparse.ArgumentTypeError(f"{text}: must be a {whole} {limits}")
        return taken

    return take


def one_of(what, names):
    """A type of argparse: one of the names, which are listed where they are few."""

    def take(text):
        if text not in names:
            listed = f" (there are {', '.join(names)})" if len(names) <= LISTED_MAX else ""
            raise argparse.ArgumentTypeError(f"{text}: no such {what}{listed}")
        return text

    return take

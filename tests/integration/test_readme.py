#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""What README.md shows is true: its C examples are built and run, and each command line is typed
into one shell and prints what stands below it.

In a console block a line `$ COMMAND` is typed, and what follows is expected; `...` stands for any
text. Ports 5000, 5010 and 5020 are exchanged for free ones."""

import os
import re
import subprocess
import tempfile
import unittest

import mesh
from test_consumer import Prefix


def blocks(language):
    with open(os.path.join(mesh.ROOT, "README.md"), encoding="utf-8") as file:
        return re.findall(rf"^```{language}\n(.*?)^```$", file.read(), flags=re.M | re.S)


def examples(text):
    """(command, expected output) of a console block; a command goes on after a backslash."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1][0] += "\n" + line
        else:
            found[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in found]


def matches(expected, seen):
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, seen.strip(), flags=re.S) is not None


class Shell:
    """A shell that commands are typed into; all that it starts ends with it."""

    def __init__(self, directory, first_port):
        self.ports = {"5000": first_port, "5010": first_port + 10, "5020": first_port + 20}
        self.directory = directory
        self.jobs = []
        self.environment = {
            **os.environ, "PATH": os.path.dirname(mesh.ZCACHE) + ":" + os.environ["PATH"],
            "ZCACHE_AT": f"127.0.0.1:{first_port}"}

    def replace(self, text):
        return re.sub(r"\b50[012]0\b", lambda match: str(self.ports[match[0]]), text)

    def type(self, command):
        """Runs one command line; a background job's first line of output is what it says."""
        if command.endswith("&"):
            job = subprocess.Popen(
                ["sh", "-c", "exec " + command[:-1]], cwd=self.directory, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace",
                preexec_fn=mesh.end_with_parent)
            self.jobs.append(job)
            return job.stdout.readline()
        return subprocess.run(
            ["sh", "-c", command], cwd=self.directory, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=mesh.DEADLINE_S, check=False).stdout

    def end(self):
        for job in self.jobs:
            job.kill()
            job.wait()
            job.stdout.close()


class Readme(unittest.TestCase):
    def test_the_c_examples_compile_and_run(self):
        sources = blocks("c")
        self.assertGreater(len(sources), 0)
        with Prefix() as place:
            for number, text in enumerate(sources):
                path = os.path.join(place.root, f"example{number}.c")
                # Examples bind the default port; here it may be taken.
                first = mesh.free_ports()
                text = re.sub(r"(zcache_node_options_init\(&options\);)",
                              rf"\1 options.port = {first};", text)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                program = place.compile(path, path.removesuffix(".c"))
                expected = re.search(r"/\* prints: (.*?) \*/", text)
                said = place.run(program)
                self.assertTrue(matches(expected[1], said), said)

    def test_the_commands_do_what_is_shown(self):
        for text in blocks("console"):
            if "zcache" not in text or "./dev" in text:
                continue
            with tempfile.TemporaryDirectory(prefix="zcache-") as directory:
                shell = Shell(directory, mesh.free_ports(23))
                try:
                    self.follow(shell, text)
                finally:
                    shell.end()

    def test_every_statistic_is_listed(self):
        with open(os.path.join(mesh.ROOT, "README.md"), encoding="utf-8") as file:
            listed = re.search(r"## Statistics\n(.*?)\n## ", file.read(), flags=re.S)[1]
        node = mesh.Node()
        try:
            for name in node.stats():
                self.assertIn(f"`{name}`", listed)
        finally:
            node.kill()
            node.errors.close()

    def follow(self, shell, text):
        for command, expected in examples(text):
            command, expected = shell.replace(command), shell.replace(expected)
            seen = shell.type(command)
            if re.match(r"zcache (get|peers|stats|spy|ping)\b", command):
                # News takes a moment to reach the other node.
                end = mesh.wait_until

                def as_expected(command=command, expected=expected):
                    self.seen = shell.type(command)
                    return matches(expected, self.seen)

                if not matches(expected, seen):
                    end(f"`{command}` prints {expected!r}", as_expected, 10)
            else:
                self.assertTrue(matches(expected, seen), f"$ {command}\n{seen}")


if __name__ == "__main__":
    unittest.main()

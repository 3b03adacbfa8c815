# SPDX-License-Identifier: MPL-2.0
"""RESULTS.md: the table, the machine, and who was measured in which version and with which settings."""

import json
import os
import platform
import subprocess
import time

import lines
import peers
import pictures
from programs import BUILD, ROOT

RESULTS = os.path.join(ROOT, "tests", "bench", "RESULTS.md")

TEXT = """# How fast zcache is

Written by `./dev bench`{took}; not to be edited. What each row asks for is in
[tests/README.md](../README.md#measuring).

{pictures}

<!-- table -->
{table}
<!-- end of table -->

All sides of a row were measured in turns, A B B A, {repetitions} times; a ratio is the
median of those of neighbours, and the interval holds the true median with 95 % (order statistics). All is on
one machine, over loopback where there is a network.

## Where

{machine}

## Who

{versions}
{left_out}"""


def table(head, rows):
    mark = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(mark + ["| " + " | ".join(row) + " |" for row in rows])


def first(path, name):
    """What stands behind `name` in a file of lines `name: text` or `name="text"`."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(name):
                return line[len(name):].strip(' \t\n:="')
    return "?"


def machine():
    memory_kib = int(first("/proc/meminfo", "MemTotal").split()[0])
    rows = [
        ("processor", f"{os.cpu_count()} × {first('/proc/cpuinfo', 'model name')}"),
        ("memory", f"{memory_kib / (1 << 20):.0f} GiB"),
        ("system", f"{first('/etc/os-release', 'PRETTY_NAME')}, Linux {platform.release()}"),
        ("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
    ]
    return table(["", ""], rows)


def ours():
    """Our version, and how it was built."""
    version = first(os.path.join(ROOT, "lib", "include", "zcache", "zcache.h"),
                    "#define ZCACHE_VERSION")
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        words = json.load(file)[0]["command"].split()
    flags = " ".join(word for word in words if word.startswith(("-O", "-g", "-m", "-flto")))
    cache = os.path.join(BUILD, "CMakeCache.txt")
    compiler = subprocess.check_output([first(cache, "CMAKE_C_COMPILER:FILEPATH"), "--version"],
                                       text=True).splitlines()[0]
    zmq = subprocess.check_output(["pkg-config", "--modversion", "libzmq"], text=True).strip()
    return f"{version} {commit.strip()}, {compiler}, {flags}; libzmq {zmq}"


def versions():
    rows = [("zcache and the limits", ours()), *peers.versions().items()]
    return table(["", "version and settings"], rows)


def write(bench, measured, took_s):
    """Writes it, and the pictures beside it."""
    drawn = pictures.draw(bench, os.path.dirname(RESULTS))
    left_out = ""
    if bench.left_out:
        left_out = "\n## Left out\n\n" + "".join(f"- {line}\n" for line in bench.left_out)
    text = TEXT.format(
        took=f" in {took_s / 60:.0f} minutes",
        pictures="\n".join(f"![{title}]({name})" for name, title in drawn.items()),
        table=table(lines.HEAD, [line.cells() for line in measured]),
        repetitions=bench.repetitions, machine=machine(), versions=versions(), left_out=left_out)
    with open(RESULTS, "w", encoding="utf-8") as file:
        file.write(text)

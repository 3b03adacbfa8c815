#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The layers of the design hold: what a directory includes, what the core's archive asks of the
C library, and what the installed library shows."""

import os
import re
import subprocess
import sys

import source

# What a C file may include from the C library and still be the same on virtual time: no clock, no
# thread, no stream, no random source.
PURE = {
    "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h",
    "inttypes.h", "string.h",
}
VALUES = ("zcache/status.h", "zcache/limits.h", "zcache/value.h")

# directory: (prefixes of our own headers, headers of libraries, any header of the system?)
LAYERS = {
    "lib/include": (("zcache/",), (), False),
    "lib/base": (("lib/base/", *VALUES), (), False),
    "lib/store": (("lib/base/", "lib/store/", *VALUES), (), False),
    "lib/replica": (("lib/base/", "lib/store/", "lib/replica/", *VALUES), (), False),
    "lib/wire": (
        ("lib/base/", "lib/store/", "lib/replica/", "lib/wire/", "zcache/"), ("msgpack",), True),
    "lib/client": (
        ("lib/base/", "lib/store/", "lib/wire/", "lib/client/", "zcache/"),
        ("zmq.h", "czmq.h", "msgpack"), True),
    "node": (("lib/", "node/", "zcache/"), ("zmq.h", "czmq.h", "msgpack"), True),
    "cli": (("cli/", "zcache/"), ("jansson.h", "libsmartcols", "msgpack"), True),
    "tests": (("",), ("",), True),
}

# Headers beyond PURE, and who has them.
EXCEPTIONS = {
    ("lib/base/allocator.c", "stdlib.h"),  # the system allocator behind its interface
    ("lib/base/assert.c", "assert.h"),  # the end of a wrong program
    ("lib/base/hash_here.h", "xxhash.h"),  # compiled in, asks for nothing
}
LIBRARIES = ("zmq", "czmq", "msgpack", "jansson", "libsmartcols", "xxhash")

# What the core's objects may ask of the C library: moving bytes, and what the compiler itself adds.
# Only the system allocator and the failed assert may ask for more.
SYMBOLS = {
    "memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strcmp", "__stack_chk_fail",
    "_GLOBAL_OFFSET_TABLE_",
}
SYMBOLS_OF = {"allocator.c.o": {"realloc", "free"}, "assert.c.o": {"__assert_fail"}}


def layer_of(path):
    return next(name for name in LAYERS if path.startswith(name + "/"))


def may_include(path, header):
    own, libraries, system = LAYERS[layer_of(path)]
    if header.startswith(own) or (path, header) in EXCEPTIONS or header in PURE:
        return True
    if header.startswith(("lib/", "node/", "cli/", "tests/", "zcache/")):
        return False
    if header.startswith(LIBRARIES):
        return header.startswith(libraries) if libraries else False
    return system


def check_includes(faults):
    for path in source.files(".c", ".h"):
        for number, line in enumerate(source.lines(path), 1):
            match = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
            if match and not may_include(path, match[1]):
                faults.add(path, number, f"{layer_of(path)} may not include {match[1]}")


def symbols(*arguments):
    """The lines of nm, split into words."""
    text = subprocess.run(["nm", *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split() for line in text.splitlines()]


def check_core(faults):
    """Nothing of the system in the core's archive, and no variable that outlives a replica."""
    archive = os.path.join(source.BUILD, "lib", "libzcache-core.a")
    defined = {words[-1] for words in symbols("--defined-only", archive) if len(words) == 3}
    member = ""
    for words in symbols(archive):
        if len(words) == 1:
            member = words[0].rstrip(":")
        elif len(words) >= 2 and words[-2] == "U":
            allowed = SYMBOLS | SYMBOLS_OF.get(member, set())
            if words[-1] not in defined | allowed:
                faults.add(member, 0, f"the core may not ask for {words[-1]}")
    text = subprocess.run(
        ["objdump", "-t", archive], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in text.splitlines():
        match = re.match(r"\S+ .{7} (\.data|\.bss|\.tbss|\.tdata|\*COM\*)(\.\S+)?\s+(\S+)\s+(\S+)$", line)
        # Constants that hold addresses are in .data.rel.ro, which is read-only once it is loaded.
        if match and not (match[2] or "").startswith(".rel.ro") and int(match[3], 16) > 0:
            faults.add("lib", 0, f"the core may not have the variable {match[4]}")


def check_exports(faults):
    """The library shows all that the public headers declare, and nothing else."""
    library = os.path.join(source.BUILD, "lib", "libzcache.so")
    shown = {
        words[-1].split("@")[0]
        for words in symbols("-D", "--defined-only", library) if words[-2] != "A"
    }
    declared = {}
    for path in source.files(".h"):
        if path.startswith("lib/include/"):
            text = re.sub(r"/\*.*?\*/", "", "\n".join(source.lines(path)), flags=re.S)
            for name in re.findall(r"^[a-z][\w *]*?\b(zcache_\w+)\(", text, flags=re.M):
                if not re.search(r"typedef[^;]*\b" + name + r"\(", text):
                    declared[name] = path
    for name in sorted(set(declared) - shown):
        faults.add(declared[name], 0, f"{name} is declared but libzcache.so does not have it")
    for name in sorted(shown - set(declared)):
        faults.add("libzcache.so", 0, f"{name} is shown but no public header declares it")


def main():
    faults = source.Faults()
    checks = {"includes": check_includes, "core": check_core, "exports": check_exports}
    for name in sys.argv[1:] or checks:
        checks[name](faults)
    faults.exit("the layers hold")


main()

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""clang-tidy has nothing to say about any file that is compiled (the checks are in .clang-tidy).

Files that were clean are remembered in the build directory under a hash of all that they depend on,
so that a second run looks only at what has changed."""

import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess

import source

STATE = os.path.join(source.BUILD, "tidy.json")


def command_of(entry):
    """The compiler's arguments without its name, its launcher and the output."""
    words = shlex.split(entry["command"])
    start = next(i for i, word in enumerate(words) if word.startswith("-"))
    keep = []
    skip = False
    for word in words[start:]:
        if skip:
            skip = False
        elif word in ("-o", "-c"):
            skip = word == "-o"
        elif word != entry["file"]:
            keep.append(word)
    return keep


def hash_of(entry, arguments):
    """A hash of the file as preprocessed (all headers in it), its command and the checks."""
    preprocessed = subprocess.run(
        ["clang", "-E", *arguments, entry["file"]],
        cwd=entry["directory"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    ).stdout
    with open(entry["file"], "rb") as file:
        raw = file.read()
    checks = b""
    for path in (".clang-tidy", "tests/.clang-tidy"):
        with open(os.path.join(source.ROOT, path), "rb") as file:
            checks += file.read()
    parts = [" ".join(arguments).encode(), checks, raw, preprocessed]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def check(entry, known):
    """(path, hash, what clang-tidy said or None where it is clean)."""
    arguments = command_of(entry)
    digest = hash_of(entry, arguments)
    if known.get(entry["file"]) == digest:
        return entry["file"], digest, None
    done = subprocess.run(
        ["clang-tidy", "--quiet", "-p", source.BUILD, entry["file"]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode == 0 and not done.stdout.strip():
        return entry["file"], digest, None
    return entry["file"], None, done.stdout + done.stderr


def main():
    with open(os.path.join(source.BUILD, "compile_commands.json"), encoding="utf-8") as file:
        # A file that is in several programs is looked at once.
        entries = list({entry["file"]: entry for entry in json.load(file)}.values())
    known = {}
    if os.path.exists(STATE):
        with open(STATE, encoding="utf-8") as file:
            known = json.load(file)
    faults = source.Faults()
    clean = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, digest, said in pool.map(lambda entry: check(entry, known), entries):
            if said is None:
                clean[path] = digest
            else:
                print(said)
                faults.count += 1
    with open(STATE, "w", encoding="utf-8") as file:
        json.dump(clean, file)
    faults.exit(f"{len(entries)} files are clean")


main()

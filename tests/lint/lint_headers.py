#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Every header compiles alone: as C with gcc and clang, and the public ones as C++ too."""

import concurrent.futures
import os
import subprocess

import source

FLAGS = ["-fsyntax-only", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror",
         f"-I{source.ROOT}", f"-I{source.ROOT}/lib/include"]


def compile_alone(command, header):
    # Included from a file of nothing else, so that a header is never compiled as a main file.
    return subprocess.run(
        [*command, *FLAGS, "-"], input=f'#include "{header}"\n', stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False)


def main():
    jobs = []
    for header in source.files(".h"):
        for compiler in ("gcc", "clang"):
            jobs.append(([compiler, "-std=c11", "-x", "c"], header))
        if header.startswith("lib/include/"):
            jobs.append((["clang++", "-std=c++11", "-x", "c++"], header))
    faults = source.Faults()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (command, header), done in zip(jobs, pool.map(lambda job: compile_alone(*job), jobs)):
            if done.returncode != 0:
                faults.add(header, 1, f"does not compile alone with {command[0]}\n{done.stdout}")
    faults.exit(f"{len(jobs)} compilations of headers alone")


main()

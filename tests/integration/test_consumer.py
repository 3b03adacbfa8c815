#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The installed library is enough: a program outside the tree is built by pkg-config and by
find_package, and runs."""

import os
import shlex
import shutil
import subprocess
import tempfile
import unittest

import mesh

BUILD = os.environ.get("ZCACHE_BUILD") or os.path.join(mesh.ROOT, "build", "main")
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic"]


def call(*command, cwd=None, **environment):
    """Runs a command to its end; its output, or a failure that shows it."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(command)}: {done.returncode}\n{done.stdout}")
    return done.stdout


class Prefix:
    """A place of its own with the library installed into it, to be used with `with`."""

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="zcache-")
        self.root = self.temporary.name
        self.prefix = os.path.join(self.root, "prefix")
        call("cmake", "--install", BUILD, "--prefix", self.prefix)
        self.lib = next(
            directory for directory, _, names in os.walk(self.prefix) if "libzcache.so" in names)
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def flags(self):
        """What pkg-config says that a compiler needs."""
        return shlex.split(call(
            "pkg-config", "--cflags", "--libs", "zcache",
            PKG_CONFIG_PATH=os.path.join(self.lib, "pkgconfig")))

    def compile(self, source, program):
        call("cc", *STRICT, source, "-o", program, *self.flags())
        return program

    def run(self, program, **environment):
        return call(program, LD_LIBRARY_PATH=self.lib, **environment)


class Consumer(unittest.TestCase):
    def test_by_pkg_config(self):
        with Prefix() as place:
            source = shutil.copy(os.path.join(mesh.ROOT, "tests/consumer/consumer.c"), place.root)
            program = place.compile(source, os.path.join(place.root, "consumer"))
            self.assertEqual(place.run(program), "done: value\n")

    def test_by_find_package(self):
        with Prefix() as place:
            project = os.path.join(place.root, "project")
            shutil.copytree(os.path.join(mesh.ROOT, "tests/consumer"), project)
            call("cmake", "-G", "Ninja", "-S", project, "-B", f"{project}/build",
                 f"-DCMAKE_PREFIX_PATH={place.prefix}")
            call("cmake", "--build", f"{project}/build")
            # The program finds the library by the path that CMake linked it with.
            self.assertEqual(call(f"{project}/build/consumer"), "done: value\n")

    def test_the_installed_command_finds_its_library(self):
        with Prefix() as place:
            said = call(os.path.join(place.prefix, "bin", "zcache"), "--version")
            with open(os.path.join(mesh.ROOT, "lib/include/zcache/zcache.h"),
                      encoding="utf-8") as file:
                version = file.read().split('#define ZCACHE_VERSION "')[1].split('"')[0]
            self.assertIn(version, said)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The tables of README.md are those of the headers: limits, settings and counters are written down
once, in C. `lint_readme.py --write` brings README.md up to date."""

import os
import re
import sys

import source


def rows(path, name):
    """The rows of the table macro `name`: a list of lists of texts."""
    text = "\n".join(source.lines(path))
    body = re.search(rf"#define {name}\(X\)(.*?[^\\])\n(?!\s+X\()", text, flags=re.S)[1]
    body = body.replace("\\\n", "\n")
    found = []
    for row in re.findall(r'\bX\(((?:"[^"]*"|\((?:[^()]*)\)|[^()"])*)\)', body):
        fields = re.findall(r'(?:"[^"]*"\s*)+|[^,"]+', row)
        fields = [re.sub(r'"\s*"', "", field.strip()).strip('"') for field in fields]
        found.append([field for field in fields if field])
    return found


def table(head, lines):
    mark = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(mark + ["| " + " | ".join(line) + " |" for line in lines])


def limits():
    return table(["`ZCACHE_...`", "", "bounds", "at the limit"], [
        [f"`{name}`", value, bounds, at]
        for name, value, bounds, at in rows("lib/include/zcache/limits.h", "ZCACHE_LIMIT_MAP")])


def counters():
    return table(["counter", "counts"], [
        [f"`{name}`", text] for name, text in rows("lib/base/counters.h", "ZC_COUNTER_MAP")])


def settings():
    constants = {row[0]: row[1] for row in rows("lib/include/zcache/limits.h", "ZCACHE_LIMIT_MAP")}

    def number(text):
        text = re.sub(r"ZCACHE_(\w+)", lambda match: constants[match[1]], text)
        factors = re.sub(r"\(uint64_t\)", "", text).split("*")
        product = 1
        for factor in factors:
            product *= int(factor)
        return str(product)

    return table(["setting", "default", "least", "most", "unit"], [
        [f"`{name}`", number(initial), number(least), number(most), unit]
        for name, initial, least, most, unit in rows("lib/replica/message.h", "ZC_SETTING_MAP")])


def main():
    path = os.path.join(source.ROOT, "README.md")
    text = "\n".join(source.lines("README.md"))
    wanted = text
    for make in (settings, counters, limits):
        name = make.__name__
        wanted, count = re.subn(
            rf"(<!-- {name}: .*? -->\n).*?(\n<!-- end of {name} -->)",
            lambda match, make=make: match[1] + make() + match[2], wanted, flags=re.S)
        assert count == 1, name
    faults = source.Faults()
    if sys.argv[1:] == ["--write"]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(wanted)
    elif wanted != text:
        faults.add("README.md", 1, "its tables are not those of the headers: run "
                   "tests/lint/lint_readme.py --write")
    faults.exit("the tables of README.md are those of the headers")


main()

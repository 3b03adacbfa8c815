#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The tables of README.md are those of the headers, and of what the command says of itself: limits,
settings, counters and options are written down once, in C; how fast zcache is, in what ./dev bench
has measured. `lint_readme.py --write` brings README.md up to date. Options are left alone where
there is no command that was built from the sources as they are."""

import os
import re
import subprocess
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

    shown = {row[1]: f"`{row[0]}`" + (" in seconds" if row[3] == "true" else "")
             for row in rows("cli/settings.h", "ZC_SHOWN_SETTING_MAP")}
    return table(["setting", "default", "least", "most", "unit", "on the command line"], [
        [f"`{name}`", number(initial), number(least), number(most), unit,
         "the same" if shown[name] == f"`{name}`" else shown[name]]
        for name, initial, least, most, unit in rows("lib/replica/message.h", "ZC_SETTING_MAP")])


COMMAND = os.environ.get("ZCACHE") or os.path.join(source.BUILD, "bin", "zcache")


def command_is_built():
    """True if the command is there, and as new as the sources of what it says."""
    if not os.path.exists(COMMAND):
        return False
    built = os.path.getmtime(COMMAND)
    return all(os.path.getmtime(os.path.join(source.ROOT, path)) <= built
               for path in source.files(".c", ".h") if path.startswith("cli" + os.sep))


def said_options(command):
    """(option, argument, text) of each line of `zcache COMMAND --help`."""
    said = subprocess.run([COMMAND, command, "--help"], stdout=subprocess.PIPE, text=True, check=True,
                          env={"LC_ALL": "C"}).stdout
    found = re.findall(r"^  (?:-\w,|   ) --([\w-]+)(=\S+)? +(.*(?:\n {20,}.*)*)", said, flags=re.M)
    return [(name, argument.removeprefix("="), re.sub(r"\s+", " ", text))
            for name, argument, text in found]


def option_row(command, name, argument, text):
    """What stands in brackets in the text of an option with a value is its default."""
    default = re.search(r" \(([^)]*)\)", text) if argument else None
    if default:
        text = text.replace(default[0], "", 1)
    shown = f"`--{name} {argument}`" if argument else f"`--{name}`"
    return [command, shown, default[1] if default else "", text]


def options():
    commands = [row[0] for row in rows("cli/commands.h", "ZC_COMMAND_MAP")]
    asked, every, own = [], [], []
    for command in commands:
        for option in said_options(command):
            if option[0] == "help":
                every.append(option)
            elif option[0] == "at":
                asked.append((command, option))
            else:
                own.append(option_row(f"`{command}`", *option))
    assert len(every) == len(commands) and len(set(every)) == 1, every
    assert [name for name, _ in asked] == [name for name in commands if name != "node"], asked
    assert len({option for _, option in asked}) == 1, asked
    return table(["command", "option", "default", ""], own + [
        option_row("all but `node`", *asked[0][1]), option_row("all", *every[0])])


RESULTS = "tests/bench/RESULTS.md"
SPEED_BEFORE = "## What is promised, and what is not\n"
SPEED_HEAD = """## How fast

<!-- speed: from tests/bench/RESULTS.md -->

<!-- end of speed -->

"""


def speed():
    """The pictures and the table of the last measurement, without the figures behind the ratios."""
    text = "\n".join(source.lines(RESULTS))
    measured = re.search(r"<!-- table -->\n(.*?)\n<!-- end of table -->", text, flags=re.S)[1]
    rows_shown = [line.strip("| ").split(" | ")[:5] for line in measured.splitlines()[2:]]
    machine = dict(re.findall(r"^\| (processor|memory|date) \| (.*) \|$", text, flags=re.M))
    pictures = re.findall(r"^!\[(.*)\]\((.*)\)$", text, flags=re.M)
    where = os.path.dirname(RESULTS)
    return "\n".join([
        f"Measured by `./dev bench` on {machine['date']}, beside its peers in the same run: "
        f"{machine['processor']}, {machine['memory']}.",
        f"Versions, settings and the figures behind the ratios: [{RESULTS}]({RESULTS}).", "",
        *(f"![{title}]({where}/{name})" for title, name in pictures), "",
        table(["", "measure", "goal", "median (95 % interval)", "met"], rows_shown)])


def with_speed(text):
    """The text with a place for what was measured, once anything was."""
    there = "<!-- speed: " in text
    if os.path.exists(os.path.join(source.ROOT, RESULTS)) and not there:
        assert SPEED_BEFORE in text
        return text.replace(SPEED_BEFORE, SPEED_HEAD + SPEED_BEFORE, 1)
    return text


def main():
    path = os.path.join(source.ROOT, "README.md")
    text = "\n".join(source.lines("README.md"))
    wanted = with_speed(text)
    makers = [settings, counters, limits]
    makers += [options] if command_is_built() else []
    makers += [speed] if "<!-- speed: " in wanted else []
    for make in makers:
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
        faults.add("README.md", 1, "its tables are not those of the headers, the command and the "
                   "measurement: run tests/lint/lint_readme.py --write")
    faults.exit("the tables of README.md are those of the headers and the command"
                if command_is_built() else "the tables of README.md are those of the headers; "
                "there is no command of today to compare its options with")


main()

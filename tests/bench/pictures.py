# SPDX-License-Identifier: MPL-2.0
"""The pictures beside the table, drawn by gnuplot from what the rows have kept.

A row keeps {curve: {x: y}} under the name of its picture; a y may be a Spread, whose interval is
drawn too. A picture without curves is not drawn."""

import os
import shutil
import subprocess

from spread import Spread

# By subject, the same in all pictures.
COLOURS = {"zcache": "#c2410c", "table": "#64748b", "caffeine": "#2563eb", "redis": "#2563eb"}
NAMES = {"table": "bare table (the limit)", "caffeine": "Caffeine"}

STYLE = """
set terminal svg size 720,400 enhanced font "Helvetica,13" background "#ffffff"
set border 3 lc rgb "#475569"
set tics nomirror
set grid lc rgb "#e2e8f0" lt 1
set key noenhanced
"""

SCRIPTS = {
    "throughput": ("Reads in a process by entries, one thread", """
set title "get in process, zipf 0.99, one thread"
set xlabel "entries"
set ylabel "million reads a second"
set logscale x
set logscale y
set xrange [700:1400000]
set format x "10^{%T}"
set format y "%g"
set yrange [0.3:*]
set key bottom left
"""),
    "latency": ("Written here, readable there", """
set title "written here, readable there"
set xlabel "microseconds"
set ylabel "share of writes seen"
set logscale x
set yrange [0:1]
set format x "%g"
set key bottom right
"""),
}


def block(name, points):
    """The data of one curve."""
    rows = []
    for place, height in sorted(points.items()):
        if isinstance(height, Spread):
            rows.append(f"{place} {height.median} {height.low} {height.high}")
        else:
            rows.append(f"{place} {height} {height} {height}")
    return f"${name} << END\n" + "\n".join(rows) + "\nEND\n"


def plot(curves, points):
    """One line for each curve, with the intervals of its points where there are few."""
    drawn = []
    for name in curves:
        look = f'lc rgb "{COLOURS[name]}" lw 2'
        title = NAMES.get(name, name)
        if points:
            drawn.append(f'${name} with yerrorbars {look} pt 7 ps 0.6 notitle')
        drawn.append(f'${name} with lines {look} title "{title}"')
    return "plot " + ", \\\n    ".join(drawn) + "\n"


def draw(bench, directory):
    """{file: title} of what was drawn."""
    drawn = {}
    if shutil.which("gnuplot") is None:
        bench.leave_out("pictures", "gnuplot is not installed (gnuplot-nox)")
        return drawn
    for name, (title, script) in SCRIPTS.items():
        curves = bench.kept.get(name)
        if not curves:
            continue
        file = f"{name}.svg"
        script = "".join([
            STYLE, script, f'set output "{os.path.join(directory, file)}"\n',
            *(block(curve, points) for curve, points in curves.items()),
            plot(curves, points=all(len(points) < 10 for points in curves.values()))])
        subprocess.run(["gnuplot"], input=script, text=True, check=True)
        drawn[file] = title
    return drawn

#!/usr/bin/env python3
"""Runs one experiment of the simulator over a grid of values, and makes a table of it.

usage: lab/sweep.py lab/sweeps/loss.toml [--only AXIS=VALUE[,VALUE]]... [--seeds N] [--json FILE]
                    [--docs docs/lab.md] [--program build/grapevine]

A sweep file says what to run and what to count:

    title = "..."                 # above the table
    seeds = 5                     # each point is run with the seeds 1 .. 5
    command = "sim $scenario --detector $detector"
    columns = ["first_p50", "all_p99", "false_deaths"]
    scenario = '''...'''          # a scenario; $NAME is the value of that axis
    [[repeat]]                    # a step of the scenario that is done again and again
    from = 20                     # seconds
    to = 80
    every = "$every"
    step = '''...'''              # without `at`
    [axes]                        # the grid, first axis slowest
    loss = [0, 0.05, 0.1]
    detector = ["rings", "swim"]

`command` is what `grapevine` gets (--seed and --json are added). The table goes to standard output,
progress to standard error. --json writes every point with the figures of all its crashes; --docs
replaces what stands between `<!-- sweep NAME -->` and `<!-- end -->` in that file. Same file, same
program: same table.
"""

import argparse
import itertools
import json
import os
import pathlib
import shlex
import string
import subprocess
import sys
import tempfile
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What a column is called in the table, and how its number is printed.
COLUMNS = {
    "first_p50": ("first, median", "{:.2f} s"),
    "first_p99": ("first, 99 %", "{:.2f} s"),
    "all_p50": ("all, median", "{:.2f} s"),
    "all_p99": ("all, 99 %", "{:.2f} s"),
    "all_max": ("all, worst", "{:.2f} s"),
    "healed_p50": ("whole again, median", "{:.1f} s"),
    "healed_max": ("whole again, worst", "{:.1f} s"),
    "not_healed": ("never whole", "{:d}"),
    "crashes": ("crashes", "{:d}"),
    "unnoticed": ("unnoticed", "{:d}"),
    "suspicions": ("suspicions", "{:d}"),
    "false_deaths": ("false deaths", "{:d}"),
    "bytes": ("B/s per member", "{:.0f}"),
    "violations": ("violations", "{:d}"),
}


def quantile(values, fraction):
    """A value that was measured; None of none."""
    return sorted(values)[int(fraction * (len(values) - 1))] if values else None


class Point:
    """What the runs of one point of the grid came to, over all seeds."""

    def __init__(self, at):
        self.at = at
        self.first_ms = []
        self.all_ms = []
        self.healed_ms = []
        self.bytes = []
        self.counts = {name: 0 for name in
                       ("crashes", "unnoticed", "suspicions", "false_deaths", "not_healed",
                        "violations")}
        self.simulated_seconds = 0
        self.wall_seconds = 0

    def add_report(self, report):
        """Of `grapevine sim --json`."""
        for detection in report["detections"]:
            self.counts["crashes"] += 1
            if detection["first_ms"] is not None:
                self.first_ms.append(detection["first_ms"])
            if detection["last_ms"] is not None:
                self.all_ms.append(detection["last_ms"])
            else:
                self.counts["unnoticed"] += 1
        if report["healed_ms"] is not None:
            self.healed_ms.append(report["healed_ms"])
        else:
            self.counts["not_healed"] += 1
        self.counts["violations"] += len(report["violations"])
        self.counts["suspicions"] += report["suspicions"]
        self.counts["false_deaths"] += report["false_deaths"]
        self.bytes.append(report["bytes_per_member_second"])
        self.simulated_seconds += report["simulated_seconds"]

    def add_cell(self, cell):
        """Of `grapevine lab detectors --json`."""
        self.first_ms += cell["first_ms"]["all"]
        self.all_ms += cell["all_ms"]["all"]
        for name in ("crashes", "unnoticed", "suspicions", "false_deaths"):
            self.counts[name] += cell[name]
        self.bytes.append(cell["bytes_per_member_second"])
        self.simulated_seconds += cell["simulated_seconds"]

    def figure(self, column):
        """The number of a column; None where there is none."""
        if column in self.counts:
            return self.counts[column]
        if column == "bytes":
            return sum(self.bytes) / len(self.bytes) if self.bytes else None
        kind, which = column.split("_")
        values = {"first": self.first_ms, "all": self.all_ms, "healed": self.healed_ms}[kind]
        fraction = {"p50": 0.5, "p99": 0.99, "max": 1.0}[which]
        value = quantile(values, fraction)
        return None if value is None else value / 1000

    def text(self, column):
        value = self.figure(column)
        return "never" if value is None else COLUMNS[column][1].format(value)

    def as_json(self):
        return {"at": self.at, **self.counts, "first_ms": sorted(self.first_ms),
                "all_ms": sorted(self.all_ms), "healed_ms": sorted(self.healed_ms),
                "bytes_per_member_second": self.figure("bytes"),
                "simulated_seconds": self.simulated_seconds,
                "wall_seconds": round(self.wall_seconds, 1)}


def scenario_text(sweep, values):
    """The scenario of a point, its repeated steps written out in the order of their times."""
    text = string.Template(sweep.get("scenario", "")).substitute(values)
    steps = []
    for repeat in sweep.get("repeat", []):
        every = float(string.Template(str(repeat["every"])).substitute(values))
        step = string.Template(repeat["step"]).substitute(values)
        at = float(repeat["from"])
        while at < repeat["to"]:
            steps.append((at, step))
            at += every
    steps.sort(key=lambda item: item[0])
    return text + "".join(f'[[step]]\nat = "{at:g}s"\n{step}' for at, step in steps)


def run_once(program, sweep, at, seed):
    """One run's answer. What `grapevine sim` says about expectations is not asked here."""
    values = {name: str(value) for name, value in at.items()}
    with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False) as file:
        file.write(scenario_text(sweep, values))
    try:
        command = string.Template(sweep["command"]).substitute(values, scenario=file.name)
        arguments = [program, *shlex.split(command), "--seed", str(seed), "--json"]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    finally:
        os.unlink(file.name)
    if not done.stdout:
        sys.exit(f"{shlex.join(arguments)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def measure(program, sweep, at, seeds):
    point = Point(at)
    begun = time.monotonic()
    for seed in range(1, seeds + 1):
        answer = run_once(program, sweep, at, seed)
        if "cells" in answer:
            for cell in answer["cells"]:
                point.add_cell(cell)
        else:
            point.add_report(answer)
    point.wall_seconds = time.monotonic() - begun
    return point


def markdown(sweep, points):
    axes = list(sweep["axes"])
    columns = sweep["columns"]
    lines = ["| " + " | ".join(axes + [COLUMNS[name][0] for name in columns]) + " |",
             "|" + "---|" * len(axes) + "---:|" * len(columns)]
    for point in points:
        cells = [str(point.at[name]) for name in axes]
        cells += [point.text(name) for name in columns]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def put_into_docs(path, name, table):
    text = path.read_text()
    begin, end = f"<!-- sweep {name} -->", "<!-- end -->"
    if begin not in text:
        sys.exit(f"{path} has no {begin}")
    head, rest = text.split(begin, 1)
    _, tail = rest.split(end, 1)
    path.write_text(f"{head}{begin}\n\n{table}\n\n{end}{tail}")


def chosen_axes(sweep, only):
    """The grid, without what --only leaves out."""
    axes = dict(sweep["axes"])
    for text in only:
        name, _, values = text.partition("=")
        if name not in axes:
            sys.exit(f"--only {text}: the axes are {', '.join(axes)}")
        wanted = values.split(",")
        axes[name] = [value for value in axes[name] if str(value) in wanted]
        if not axes[name]:
            sys.exit(f"--only {text}: {name} has {sweep['axes'][name]}")
    return axes


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("sweep", type=pathlib.Path, help="a file such as lab/sweeps/loss.toml")
    parser.add_argument("--only", action="append", default=[], metavar="AXIS=VALUE[,VALUE]",
                        help="only these values of an axis; may be repeated")
    parser.add_argument("--seeds", type=int, help="instead of the sweep's own number")
    parser.add_argument("--json", type=pathlib.Path, help="write all figures to this file")
    parser.add_argument("--docs", type=pathlib.Path, help="put the table into this page")
    parser.add_argument("--program", default=os.environ.get("GRAPEVINE_BINARY",
                                                            str(ROOT / "build/grapevine")))
    options = parser.parse_args()

    sweep = tomllib.loads(options.sweep.read_text())
    unknown = [name for name in sweep["columns"] if name not in COLUMNS]
    if unknown:
        sys.exit(f"{options.sweep}: no such column: {', '.join(unknown)}")
    axes = chosen_axes(sweep, options.only)
    seeds = options.seeds or sweep.get("seeds", 1)
    grid = [dict(zip(axes, values)) for values in itertools.product(*axes.values())]
    points = []
    for index, at in enumerate(grid, 1):
        shown = ", ".join(f"{name} {value}" for name, value in at.items())
        print(f"{index} of {len(grid)}: {shown}", file=sys.stderr, flush=True)
        points.append(measure(options.program, sweep, at, seeds))
    table = markdown(sweep, points)
    print(f"{sweep['title']}\n\n{table}")
    if options.json:
        options.json.write_text(json.dumps(
            {"sweep": options.sweep.stem, "title": sweep["title"], "seeds": seeds,
             "points": [point.as_json() for point in points]}, indent=1) + "\n")
    if options.docs:
        put_into_docs(options.docs, options.sweep.stem, table)


if __name__ == "__main__":
    main()

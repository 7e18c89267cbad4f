#!/usr/bin/env python3
"""What zone summaries cost, and how soon a value is summed up on the other side of the overlay.

    bench/summaries.py [--json] [--regions 4] [--racks 4] [--hosts 4] [--changes 10] [--seconds 20]

Real daemons with the profile `fast` and a summary_interval of one second, and the same ones without
summaries. GRAPEVINE_BINARY is the program.
"""

import argparse
import json
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "system"))

# pylint: disable=wrong-import-position
from crashes import line_of, summary
from daemons import run
from harness import Failed, agents, cluster, wait_until

LOAD = "select sum(record_number('load')) as load from members"


def operator(folder):
    """The file with the key of an operator, and its public half."""
    file = pathlib.Path(folder) / "ops.key"
    code, out, err = run("operator", "new", "--out", file)
    if code != 0:
        raise Failed(err)
    return file, out.strip()


def arguments_of(options, public, is_on):
    arguments = cluster(options.regions * options.racks * options.hosts)
    for number, more in enumerate(arguments.values()):
        more += ["--operator", public,
                 "--label", f"rack=k{number // options.hosts % options.racks}",
                 "--label", f"region=r{number // options.hosts // options.racks}"]
        if is_on:
            more += ["--summary-path", "region/rack"]
    return arguments


def put_load(agent, value):
    answer = agent.ask_overlay("PUT", "/summary/values/load", {"value": str(value)})
    if answer.status != 200:
        raise Failed(f"the value was refused: {answer.text}")


def total(agent):
    """Over the regions, as this daemon knows them; members and load."""
    levels = agent.ask_overlay("GET", "/summary").json["levels"]
    rows = levels[0]["rows"] if levels else []
    return (sum(row["members"] for row in rows),
            sum(float(row["attributes"].get("load", 0)) for row in rows))


def sent_bytes(daemons):
    return sum(daemon.counters()["sent_bytes_total"] for daemon in daemons.values())


def rate(daemons, seconds):
    """What each sends in a second, at rest."""
    before, begun = sent_bytes(daemons), time.monotonic()
    time.sleep(seconds)
    return (sent_bytes(daemons) - before) / (time.monotonic() - begun) / len(daemons)


def all_alive(daemons):
    wait_until(lambda: all(d.view()["members_alive"] == len(daemons) for d in daemons.values()),
               180, "all see each other")


def measure_on(options, file, public):
    with agents(arguments_of(options, public, True)) as daemons:
        all_alive(daemons)
        names = list(daemons)
        code, _, err = daemons["d1"].run("summary", "define", "load", LOAD, "--operator-key", file)
        if code != 0:
            raise Failed(err)
        for daemon in daemons.values():
            put_load(daemon, 1)
        expected = len(names)
        wait_until(lambda: all(total(d) == (expected, expected) for d in daemons.values()), 120,
                   "everybody knows all")
        took = []
        for _ in range(options.changes):
            changed = random.choice(names)
            begun = time.monotonic()
            put_load(daemons[changed], 11)
            waiting = dict(daemons)
            while waiting and time.monotonic() - begun < 120:
                for name in [n for n, d in waiting.items() if total(d)[1] == expected + 10]:
                    del waiting[name]
                    took.append(time.monotonic() - begun)
            if waiting:
                raise Failed(f"{len(waiting)} do not know of the change")
            put_load(daemons[changed], 1)
            wait_until(lambda: all(total(d)[1] == expected for d in daemons.values()), 120,
                       "the change is undone")
        rows = daemons["d1"].counters()["summary_rows"]
        return took, rows, rate(daemons, options.seconds)


def measure(options):
    random.seed(1)
    with tempfile.TemporaryDirectory(prefix="gv-bench-") as folder:
        file, public = operator(folder)
        with agents(arguments_of(options, public, False)) as daemons:
            all_alive(daemons)
            time.sleep(5)
            without = rate(daemons, options.seconds)
        took, rows, with_summaries = measure_on(options, file, public)
    return {"members": options.regions * options.racks * options.hosts, "rows": rows,
            "known_ms": summary(took), "sent_bytes_per_second": round(with_summaries),
            "sent_bytes_per_second_without": round(without)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--regions", type=int, default=4)
    parser.add_argument("--racks", type=int, default=4)
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    result = measure(options)
    if options.json:
        print(json.dumps({"summaries": result}))
        return 0
    print(f"{result['members']} members, {result['rows']} rows on each")
    print(line_of("a changed value is summed up on a member", result["known_ms"]))
    print(f"a member sends {result['sent_bytes_per_second']} B/s, "
          f"{result['sent_bytes_per_second_without']} without summaries")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What an idle daemon costs: memory, processor and network of each of five members.

    bench/footprint.py [--json] [--members 5] [--settle 20] [--seconds 30] [--profile lan,fast]

Five daemons on loopback, nothing published. After they have settled: resident and proportional
memory, the part of one core, datagrams and bytes that each sends. GRAPEVINE_BINARY is the program.
"""

import argparse
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "system"))

from harness import agents, all_see, cluster  # pylint: disable=wrong-import-position

RESIDENT_MB_MAX = 12
CORE_PERCENT_MAX = 0.5


def memory(pid):
    """Resident and proportional kilobytes: the second shares libraries among those who map them."""
    sizes = dict(line.split(":") for line in pathlib.Path(
        f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return int(sizes["Rss"].split()[0]), int(sizes["Pss"].split()[0])


def processor_seconds(pid):
    """Of all threads, to the nanosecond: ticks (utime, stime) are too coarse for so little."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def sample(agent):
    counters = agent.metrics()
    return {"at": time.monotonic(), "cpu": processor_seconds(agent.pid),
            "datagrams": counters["grapevine_datagrams_sent_total"],
            "bytes": counters["grapevine_sent_bytes_total"]}


def measure(profile, options):
    rows = []
    with agents(cluster(options.members, profile=profile)) as daemons:
        all_see(daemons)
        time.sleep(options.settle)
        before = {name: sample(agent) for name, agent in daemons.items()}
        time.sleep(options.seconds)
        for name, agent in daemons.items():
            # Memory first: what is asked next is part of no idle daemon.
            resident, proportional = memory(agent.pid)
            after, first = sample(agent), before[name]
            seconds = after["at"] - first["at"]
            rows.append({
                "profile": profile, "member": name,
                "rss_mb": round(resident / 1024, 2), "pss_mb": round(proportional / 1024, 2),
                "cpu_percent": round((after["cpu"] - first["cpu"]) / seconds * 100, 3),
                "datagrams_per_second": round((after["datagrams"] - first["datagrams"])
                                              / seconds, 1),
                "bytes_per_second": round((after["bytes"] - first["bytes"]) / seconds)})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--settle", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--profile", default="lan,fast")
    options = parser.parse_args()
    rows = [row for profile in options.profile.split(",") for row in measure(profile, options)]
    if options.json:
        print(json.dumps({"footprint": rows}))
    else:
        print(f"{'profile':8} {'member':6} {'RSS MB':>7} {'PSS MB':>7} {'CPU %':>6} "
              f"{'sent/s':>7} {'bytes/s':>8}")
        for row in rows:
            print(f"{row['profile']:8} {row['member']:6} {row['rss_mb']:7.2f} {row['pss_mb']:7.2f} "
                  f"{row['cpu_percent']:6.3f} {row['datagrams_per_second']:7.1f} "
                  f"{row['bytes_per_second']:8}")
    over = [row for row in rows if row["rss_mb"] >= RESIDENT_MB_MAX
            or row["cpu_percent"] >= CORE_PERCENT_MAX]
    if over:
        print(f"above the goal of {RESIDENT_MB_MAX} MB and {CORE_PERCENT_MAX} % of a core: "
              f"{len(over)} of {len(rows)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""A newcomer's full copy of the shared map: how long it takes, and whether failures are found as
soon as without it.

    bench/state_copy.py [--json] [--keys 100000] [--bytes 100] [--crashes 6] [--profile fast]

Three daemons watch while victims are killed in turn: first in calm, then while newcomers, one after
the other, copy the whole map. GRAPEVINE_BINARY is the program.
"""

import argparse
import json
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "system"))

# pylint: disable=wrong-import-position
from harness import Agent, Failed, Follower, agents, all_see, cluster, end, wait_until

KEYS_PER_REQUEST = 1000
WATCHERS = ("d1", "d2", "d3")
VICTIMS = ("d4", "d5")


class TimedList(list):
    """Notes when each item came."""

    def append(self, item):
        super().append((time.monotonic(), item))


def watch(agent):
    follower = Follower(agent, "members=1&events=0")
    follower.items = TimedList()
    return follower


def cells(agent):
    return agent.counters().get("state_cells", 0)


def load(agent, count, size):
    """Writes `count` keys, and returns how long that took."""
    connection, begun = agent.connect(timeout=60), time.monotonic()
    headers = {"Authorization": f"Bearer {agent.token}", "Content-Type": "application/json"}
    for first in range(0, count, KEYS_PER_REQUEST):
        values = {f"k{number:07}": f"{number:07}".ljust(size, "v")
                  for number in range(first, min(first + KEYS_PER_REQUEST, count))}
        connection.request("POST", "/v1/overlays/demo/state", json.dumps({"values": values}),
                           headers)
        response = connection.getresponse()
        body = response.read()
        if response.status not in (200, 204):
            raise Failed(f"not loaded: {response.status} {body[:200]}")
    connection.close()
    return time.monotonic() - begun


def has_died(follower, name, since):
    for at, item in list(follower.items):
        if at < since or item.get("kind") != "died":
            continue
        members = item["members"] if item["type"] == "members" else [item.get("member", {})]
        if any(member.get("name") == name for member in members):
            return at
    return None


def crash(daemons, victim, followers):
    """Seconds from the SIGKILL until each watcher has been told; the victim is back afterwards."""
    begun = time.monotonic()
    daemons[victim].kill()
    took = []
    for follower in followers:
        at, _ = wait_until(lambda f=follower: has_died(f, victim, begun), 30, f"{victim} is dead")
        took.append(at - begun)
    daemons[victim].start(patience=120)
    wait_until(lambda: all(daemons[w].sees(victim) for w in WATCHERS), 60, f"{victim} is back")
    return took


class Newcomers:
    """Takes full copies, each time as somebody new, for as long as it is wanted."""

    def __init__(self, arguments, folder, keys):
        self.arguments, self.folder, self.keys = arguments, pathlib.Path(folder), keys
        self.agent, self.begun, self.took = None, 0, []

    def turn(self):
        """To be called again and again: begins a copy when none is under way."""
        if self.agent is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.agent = Agent("--name", "newcomer", *self.arguments, folder=self.folder)
            self.begun = time.monotonic()
            self.agent.start()
        elif cells(self.agent) >= self.keys:
            self.took.append(time.monotonic() - self.begun)
            self.stop()

    def stop(self):
        if self.agent is not None:
            end(self.agent)
        self.agent = None


def measure(options):
    arguments = cluster(6, profile=options.profile)
    newcomer = arguments.pop("d6")
    with agents(arguments) as daemons:
        all_see(daemons)
        result = {"keys": options.keys, "value_bytes": options.bytes, "profile": options.profile}
        result["load_s"] = round(load(daemons["d1"], options.keys, options.bytes), 1)
        wait_until(lambda: all(cells(d) >= options.keys for d in daemons.values()), 900,
                   "everybody holds all keys")
        result["resident_mb"] = round(daemons["d2"].resident_bytes() / 2**20)
        followers = [watch(daemons[name]) for name in WATCHERS]
        calm, copying = [], []
        for number in range(options.crashes):
            calm += crash(daemons, VICTIMS[number % 2], followers)
        newcomers = Newcomers(newcomer, daemons["d1"].folder.parent / "newcomer", options.keys)
        try:
            for number in range(options.crashes):
                newcomers.turn()
                time.sleep(0.5)  # So that the copy is under way.
                if newcomers.agent is None:
                    newcomers.turn()
                copying += crash(daemons, VICTIMS[number % 2], followers)
            wait_until(lambda: newcomers.agent is None or newcomers.turn() or not newcomers.agent,
                       600, "the last copy is whole")
        finally:
            newcomers.stop()
        for follower in followers:
            follower.close()
        result["copies"] = len(newcomers.took)
        result["copy_s"] = [round(took, 1) for took in newcomers.took]
        result["calm_ms"], result["copying_ms"] = summary(calm), summary(copying)
        return result


def summary(seconds):
    ordered = sorted(round(s * 1000) for s in seconds)
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[int(len(ordered) * 0.99)],
            "max": ordered[-1], "samples": len(ordered)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--bytes", type=int, default=100)
    parser.add_argument("--crashes", type=int, default=6)
    parser.add_argument("--profile", default="fast")
    options = parser.parse_args()
    result = measure(options)
    if options.json:
        print(json.dumps({"state_copy": result}))
        return 0
    print(f"{result['keys']} keys of {result['value_bytes']} bytes: "
          f"loaded in {result['load_s']} s, {result['resident_mb']} MB resident; {result['copies']} full copies in "
          f"{', '.join(map(str, result['copy_s']))} s")
    for name, text in (("calm_ms", "in calm"), ("copying_ms", "while a copy runs")):
        took = result[name]
        print(f"a crash is known to a watcher {text}: p50 {took['p50']} ms, p99 {took['p99']} ms, "
              f"max {took['max']} ms ({took['samples']} samples)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

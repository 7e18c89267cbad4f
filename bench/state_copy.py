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
from crashes import crash, line_of, summary, watch
from harness import Agent, Failed, agents, all_see, cluster, end, wait_until

KEYS_PER_REQUEST = 1000
WATCHERS = ("d1", "d2", "d3")
VICTIMS = ("d4", "d5")


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
            calm += crash(daemons, VICTIMS[number % 2], WATCHERS, followers)
        newcomers = Newcomers(newcomer, daemons["d1"].folder.parent / "newcomer", options.keys)
        try:
            for number in range(options.crashes):
                newcomers.turn()
                time.sleep(0.5)  # So that the copy is under way.
                if newcomers.agent is None:
                    newcomers.turn()
                copying += crash(daemons, VICTIMS[number % 2], WATCHERS, followers)
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
          f"loaded in {result['load_s']} s, {result['resident_mb']} MB resident; "
          f"{result['copies']} full copies in {', '.join(map(str, result['copy_s']))} s")
    print(line_of("a crash is known to a watcher in calm", result["calm_ms"]))
    print(line_of("... while a copy runs", result["copying_ms"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""How soon a changed record is in the aggregate of every member, and whether the number of its
contributors is right while members crash and return.

    bench/freshness.py [--json] [--members 100] [--followers 20] [--changes 20] [--crashes 5]

Real daemons with the profile `fast`. GRAPEVINE_BINARY is the program.
"""

import argparse
import http.client
import json
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "system"))

# pylint: disable=wrong-import-position
from crashes import line_of, summary
from harness import Failed, agents, cluster, wait_until

NAME = "bench"


class Values(threading.Thread):
    """The values of the aggregate as one daemon streams them, with the time of each."""

    def __init__(self, agent):
        super().__init__(daemon=True)
        self.seen = []
        self.connection = agent.connect(timeout=120)
        self.connection.request("GET", f"/v1/overlays/demo/aggregates/{NAME}/follow", headers={
            "Authorization": f"Bearer {agent.token}", "Accept": "text/event-stream"})
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            raise Failed(f"no stream: {self.response.read()}")
        self.start()

    def run(self):
        try:
            for line in self.response:
                if line.startswith(b"data: "):
                    self.seen.append((time.monotonic(), json.loads(line[6:])))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # Closed by us, or the daemon has ended.

    def when(self, since, condition):
        for at, value in list(self.seen):
            if at >= since and value.get("state") == "ready" and condition(value):
                return at
        return None


def total_of(value):
    rows = value.get("rows") or [[None]]
    return rows[0][-1]


def put_record(agent, value):
    answer = agent.ask_overlay("PUT", "/record/load", {"value": str(value)})
    if answer.status != 200:
        raise Failed(f"the record was refused: {answer.text}")


def measure(options):
    random.seed(1)
    with agents(cluster(options.members)) as daemons:
        names = list(daemons)
        wait_until(lambda: all(d.view()["members_alive"] == len(names)
                               for d in daemons.values()), 180, "all see each other")
        for daemon in daemons.values():
            put_record(daemon, 1)
        answer = daemons["d1"].ask_overlay("PUT", f"/aggregates/{NAME}",
                                           {"function": "sum", "key": "load"})
        if answer.status not in (200, 201):
            raise Failed(f"no aggregate: {answer.text}")
        chosen = random.sample(names[1:], min(options.followers, len(names) - 1))
        wait_until(lambda: all(daemons[n].ask_overlay("GET", f"/aggregates/{NAME}").status == 200
                               for n in chosen), 60, "all know the aggregate")
        followers = [Values(daemons[n]) for n in chosen]
        until_all_total(followers, len(names))
        fresh, total = [], len(names)
        for _ in range(options.changes):
            total += 10
            begun = time.monotonic()
            target = daemons[random.choice(names)]
            put_record(target, 11)
            for follower in followers:
                at, _ = wait_until(lambda f=follower, t=total: f.when(
                    begun, lambda v: total_of(v) == t), 60, f"the sum is {total}")
                fresh.append(at - begun)
            put_record(target, 1)
            total -= 10
            until_all_total(followers, total)
        gone, back = crash_rounds(daemons, names, chosen, followers, options.crashes)
        return {"members": len(names), "followers": len(chosen), "fresh_ms": summary(fresh),
                "crash_ms": summary(gone), "return_ms": summary(back)}


def until_all_total(followers, total):
    for follower in followers:
        wait_until(lambda f=follower: f.seen and total_of(f.seen[-1][1]) == total, 60,
                   f"the sum is {total} again")


def crash_rounds(daemons, names, chosen, followers, crashes):
    """How long until the contributors are one less after a crash, and all again after a return."""
    gone, back = [], []
    for victim in [n for n in names[1:] if n not in chosen][:crashes]:
        begun = time.monotonic()
        daemons[victim].kill()
        for follower in followers:
            at, _ = wait_until(lambda f=follower: f.when(
                begun, lambda v: v["contributors"] == len(names) - 1), 60, "one is missing")
            gone.append(at - begun)
        begun = time.monotonic()
        daemons[victim].start()
        for follower in followers:
            at, _ = wait_until(lambda f=follower: f.when(
                begun, lambda v: v["contributors"] == len(names)), 60, "all are back")
            back.append(at - begun)
    return gone, back


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--followers", type=int, default=20)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--crashes", type=int, default=5)
    options = parser.parse_args()
    result = measure(options)
    if options.json:
        print(json.dumps({"freshness": result}))
        return 0
    print(f"{result['members']} members, {result['followers']} followed")
    print(line_of("a changed record is in the sum", result["fresh_ms"]))
    print(line_of("a crash is in the number of contributors", result["crash_ms"]))
    print(line_of("a return is, from the start of the process", result["return_ms"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

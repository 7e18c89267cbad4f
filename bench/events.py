#!/usr/bin/env python3
"""Events through three daemons: how many a second without loss, and how long one is under way.

    bench/events.py [--json] [--seconds 10] [--publishers 2] [--bytes 100]

First as fast as publishers can: each posts over one HTTP connection and waits for its answer; a
subscriber on every daemon must get every event once and in order. Then 100 a second, for the time
from before the post to the line of the stream on another daemon. GRAPEVINE_BINARY is the program.
"""

import argparse
import json
import multiprocessing
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "system"))

from harness import Follower, agents, all_see, cluster  # pylint: disable=wrong-import-position

DRAIN_SECONDS_MAX = 60
LATENCY_RATE = 100


class Publisher:
    """One connection that is kept; `publish` returns when the daemon has accepted the event."""

    def __init__(self, agent):
        self.connection = agent.connect()
        self.headers = {"Authorization": f"Bearer {agent.token}",
                        "Content-Type": "application/octet-stream"}

    def publish(self, payload):
        self.connection.request("POST", "/v1/overlays/demo/events?topic=bench", payload,
                                self.headers)
        response = self.connection.getresponse()
        response.read()
        if response.status != 202:
            raise SystemExit(f"not published: {response.status}")


def publish_fast(agent, index, seconds, size, counts):
    publisher, number = Publisher(agent), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        publisher.publish(f"{index} {number} {time.monotonic_ns()} ".ljust(size, "x"))
        number += 1
    counts.put((index, number))


def publish_steadily(agent, seconds, size):
    publisher = Publisher(agent)
    begun = time.monotonic()
    for number in range(int(seconds * LATENCY_RATE)):
        time.sleep(max(0, begun + number / LATENCY_RATE - time.monotonic()))
        publisher.publish(f"0 {number} {time.monotonic_ns()} ".ljust(size, "x"))


class TimedList(list):
    """Notes when each item came."""

    def append(self, item):
        super().append((time.monotonic_ns(), item))


def follow(agent, ready, expected, results):
    """Reads until `expected` tells how many events there are and they are here."""
    follower = Follower(agent)
    follower.items = TimedList()
    ready.set()
    total = expected.get()
    until = time.monotonic() + DRAIN_SECONDS_MAX
    while time.monotonic() < until:
        if sum(item["type"] == "event" for _, item in list(follower.items)) >= total:
            break
        time.sleep(0.05)
    time.sleep(0.3)
    next_by_publisher, wrong, took, last = {}, 0, [], 0
    for at, item in list(follower.items):
        if item["type"] != "event":
            wrong += item["type"] in ("gap", "missed")
            continue
        index, number, sent = item["payload"].split()[:3]
        wrong += int(number) != next_by_publisher.get(index, 0)
        next_by_publisher[index] = int(number) + 1
        took.append((at - int(sent)) / 1e6)
        last = at
    results.put({"delivered": len(took), "wrong": wrong, "last": last, "took": sorted(took)})


def one_run(daemons, work):
    """`work` starts publishers and returns how many events they published."""
    results = multiprocessing.Queue()
    followers = []
    for agent in daemons.values():
        ready, expected = multiprocessing.Event(), multiprocessing.Queue()
        process = multiprocessing.Process(target=follow, args=(agent, ready, expected, results),
                                          daemon=True)
        process.start()
        ready.wait(10)
        followers.append((process, expected))
    begun = time.monotonic_ns()
    published = work()
    for _, expected in followers:
        expected.put(published)
    answers = [results.get(timeout=DRAIN_SECONDS_MAX + 30) for _ in followers]
    for process, _ in followers:
        process.join(10)
    return begun, published, answers


def percentile(ordered, part):
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))], 2)


def measure(options):
    with agents(cluster(3)) as daemons:
        all_see(daemons)
        names = list(daemons)

        def fast():
            counts = multiprocessing.Queue()
            started = [multiprocessing.Process(
                target=publish_fast, args=(daemons[names[i % 3]], i, options.seconds,
                                           options.bytes, counts), daemon=True)
                       for i in range(options.publishers)]
            for process in started:
                process.start()
            total = sum(counts.get(timeout=options.seconds + 60)[1] for _ in started)
            for process in started:
                process.join(10)
            return total

        begun, published, answers = one_run(daemons, fast)
        seconds = (max(a["last"] for a in answers) - begun) / 1e9
        result = {"published": published, "publishers": options.publishers,
                  "payload_bytes": options.bytes,
                  "delivered": [a["delivered"] for a in answers],
                  "gaps_or_disorder": sum(a["wrong"] for a in answers),
                  "events_per_second": round(published / seconds)}

        def steady():
            publish_steadily(daemons["d1"], options.seconds, options.bytes)
            return int(options.seconds * LATENCY_RATE)

        _, _, answers = one_run({n: daemons[n] for n in ("d2", "d3")}, steady)
        took = sorted(t for a in answers for t in a["took"])
        result["latency_ms"] = {"p50": percentile(took, 0.5), "p99": percentile(took, 0.99),
                                "max": round(took[-1], 2), "rate": LATENCY_RATE}
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--publishers", type=int, default=2)
    parser.add_argument("--bytes", type=int, default=100)
    result = measure(parser.parse_args())
    is_complete = (result["gaps_or_disorder"] == 0
                   and all(d == result["published"] for d in result["delivered"]))
    if "--json" in sys.argv:
        print(json.dumps({"events": result}))
    else:
        latency = result["latency_ms"]
        print(f"{result['published']} events of {result['payload_bytes']} bytes from "
              f"{result['publishers']} publishers, {result['events_per_second']} a second until "
              f"the last was everywhere; delivered {result['delivered']}, gaps or disorder "
              f"{result['gaps_or_disorder']}")
        print(f"at {latency['rate']} a second, to another daemon: p50 {latency['p50']} ms, "
              f"p99 {latency['p99']} ms, max {latency['max']} ms")
    return 0 if is_complete else 1


if __name__ == "__main__":
    sys.exit(main())

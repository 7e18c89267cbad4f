"""What benchmarks share that kill daemons and time how soon others are told."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "system"))

from harness import Follower, wait_until  # pylint: disable=wrong-import-position

TOLD_SECONDS_MAX = 30
BACK_SECONDS_MAX = 120


class TimedList(list):
    """Notes when each item came."""

    def append(self, item):
        super().append((time.monotonic(), item))


def watch(agent):
    """A follower of members whose items carry their times."""
    follower = Follower(agent, "members=1&events=0")
    follower.items = TimedList()
    return follower


def told_at(follower, name, since):
    """When this follower heard that `name` has died, alone or with others."""
    for at, item in list(follower.items):
        if at < since or item.get("kind") != "died":
            continue
        members = item["members"] if item["type"] == "members" else [item.get("member", {})]
        if any(member.get("name") == name for member in members):
            return at
    return None


def crash(daemons, victim, watchers, followers):
    """Seconds from the SIGKILL until each follower was told; the victim is back afterwards."""
    begun = time.monotonic()
    daemons[victim].kill()
    took = []
    for follower in followers:
        at, _ = wait_until(lambda f=follower: told_at(f, victim, begun), TOLD_SECONDS_MAX,
                           f"{victim} is dead")
        took.append(at - begun)
    daemons[victim].start(patience=BACK_SECONDS_MAX)
    wait_until(lambda: all(daemons[w].sees(victim) for w in watchers), BACK_SECONDS_MAX,
               f"{victim} is back")
    return took


def summary(seconds):
    """In milliseconds."""
    ordered = sorted(round(s * 1000) for s in seconds)
    if not ordered:
        return {}
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[int(len(ordered) * 0.99)],
            "max": ordered[-1], "samples": len(ordered)}


def line_of(text, took):
    return (f"{text}: p50 {took['p50']} ms, p99 {took['p99']} ms, max {took['max']} ms "
            f"({took['samples']} samples)")

"""What is measured of one cluster. Each function returns plain numbers for the JSON.

Milliseconds count from the action (the last start, the kill, the publish) to the moment at which
our process read the news. All members are asked in the same way, at the same time.
"""

import random
import time

from sidebyside.samples import milliseconds, spread
from sidebyside.system import PAYLOAD_BYTES
from sidebyside.trouble import Trouble

ATTACH_OFTEN_SECONDS = 0.02
PROMPT_MS = 2000
PROMPT_SHARE_MIN = 0.99
RATE_KEPT_MIN = 0.95
WARM_UP_SECONDS = 60
WARM_UP_EVERY_SECONDS = 2
DRAIN_CHECK_SECONDS = 0.25
LATE_SECONDS = 10  # Copies that come even later count as lost.
STEADY_SECONDS = 3
RATES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)


def join(system):
    """From the last start of a burst until every member lists all."""
    system.start()
    if not system.reactor.run_until(system.everybody_lists_everybody, system.join_seconds_max,
                                    ATTACH_OFTEN_SECONDS):
        system.check_health()
        missing = sum(system.count - len(alive) for alive in system.alive)
        raise Trouble(f"not everybody lists everybody after {system.join_seconds_max} s: "
                      f"{missing} entries are missing")
    each = [milliseconds(at - system.last_spawn_at) for at in system.complete_at]
    return {"last_ms": max(each), "each_ms": each, "false_deaths": len(system.false_deaths_since(0)),
            "burst_ms": milliseconds(system.last_spawn_at - system.first_spawn_at)}


def idle(system, settle_seconds, seconds):
    """What members cost when nobody asks and nobody publishes: no connection of ours is open."""
    system.detach()
    time.sleep(settle_seconds)
    before, (packets, sent), begun = system.costs(), system.sandbox.traffic(), time.monotonic()
    time.sleep(seconds)
    after, (packets_after, sent_after) = system.costs(), system.sandbox.traffic()
    elapsed, count = time.monotonic() - begun, len(after)
    is_attributed = system.sandbox.has_users or not system.has_connections
    return {
        "seconds": round(elapsed, 2),
        "cpu_percent": [round((b.cpu_seconds - a.cpu_seconds) / elapsed * 100, 4)
                        for a, b in zip(before, after)],
        "wakeups_per_second": [round((b.wakeups - a.wakeups) / elapsed, 1)
                               for a, b in zip(before, after)],
        "rss_mib": [round(cost.resident_bytes / 2**20, 2) for cost in after],
        "pss_mib": [round(cost.proportional_bytes / 2**20, 2) for cost in after],
        "bytes_per_second": round((sent_after - sent) / elapsed / count, 1)
        if is_attributed else None,
        "packets_per_second": round((packets_after - packets) / elapsed / count, 2)
        if is_attributed else None}


def detect(system, kills, chance):
    """SIGKILL of one member after another, until all survivors list it as gone."""
    found, before = [], len(system.deaths)
    for _ in range(kills):
        system.reactor.run(STEADY_SECONDS)
        victim = chance.choice([index for index in system.survivors() if index != 0])
        found.append(until_all_know(system, victim, system.kill(victim)))
    return {"kills": found, "false_deaths": len(system.false_deaths_since(before))}


def until_all_know(system, victim, at):
    """When the survivors learned of a death at `at`."""
    def is_known():
        return all(victim in system.gone_at[index] for index in system.survivors())

    is_complete = system.reactor.run_until(is_known, system.detect_seconds_max)
    after = [milliseconds(system.gone_at[index][victim] - at)
             for index in system.survivors() if victim in system.gone_at[index]]
    if not is_complete:
        raise Trouble(f"{len(after)} of {len(system.survivors())} know of a dead member "
                      f"after {system.detect_seconds_max} s")
    return {"first_ms": min(after), "last_ms": max(after), "each_ms": after}


# -- Events. -------------------------------------------------------------------------------------

def warm_up(system):
    """Until an event of each member reaches each subscriber: interest has spread."""
    system.subscribe()
    members = set(system.survivors())
    until = time.monotonic() + WARM_UP_SECONDS
    while time.monotonic() < until:
        published = {system.publish(index) for index in members}
        system.reactor.run_until(
            lambda: system.deliveries.count >= len(published) * len(members),
            WARM_UP_EVERY_SECONDS)
        arrived, _ = system.deliveries.take()
        if all(set(arrived.get(number, ())) == members for number in published):
            return
    raise Trouble(f"events do not reach all members within {WARM_UP_SECONDS} s")


def publish_steadily(system, rate, seconds, chance):
    """Events at a fixed rate, each by a member drawn by lot. Returns when each was published."""
    published, members = {}, system.survivors()
    begun, total = time.monotonic(), int(rate * seconds)
    for number in range(total):
        due = begun + number / rate
        while (left := due - time.monotonic()) > 0:
            system.reactor.turn(left)
        at = time.monotonic_ns()
        published[system.publish(chance.choice(members))] = at
        if number % 64 == 63:
            system.reactor.turn(0)  # Late: still read what has come, or the readers' lag counts.
    return published, total / max(time.monotonic() - begun, 1e-9)


def wait_for_copies(system, copies, seconds):
    """Until so many have come, or nothing comes any more within the time."""
    return system.reactor.run_until(lambda: system.deliveries.count >= copies, seconds,
                                    DRAIN_CHECK_SECONDS)


def events(system, rate, seconds, late_seconds, chance):
    """A fixed rate: when the last member has each event, when each member has it, what is lost."""
    members = system.survivors()
    busy = sum(cost.cpu_seconds for cost in system.costs())
    _, sent = system.sandbox.traffic()
    refused = system.refused()
    published, kept_rate = publish_steadily(system, rate, seconds, chance)
    wait_for_copies(system, len(published) * len(members), late_seconds)
    arrived, duplicates = system.deliveries.take()
    copies = {number: arrived.get(number, {}) for number in published}
    last = [milliseconds(max(at.values()) - published[number])
            for number, at in copies.items() if len(at) == len(members)]
    each = [milliseconds(at - published[number])
            for number, by_member in copies.items() for at in by_member.values()]
    delivered = len(each)
    _, sent_after = system.sandbox.traffic()
    busy = sum(cost.cpu_seconds for cost in system.costs()) - busy
    prompt = sum(1 for after in last if after <= PROMPT_MS) / len(published)
    return {
        "rate": rate, "kept_rate": round(kept_rate, 1), "published": len(published),
        "payload_bytes": PAYLOAD_BYTES, "refused": system.refused() - refused,
        "lost_copies": len(published) * len(members) - delivered, "duplicates": duplicates,
        "prompt_share": round(prompt, 4), "last": spread(last, 2), "delivery": spread(each, 2),
        "last_ms": last,
        "cpu_us_per_delivery": round(busy * 1e6 / max(1, delivered), 2),
        "bytes_per_delivery": round((sent_after - sent) / max(1, delivered), 1)}


def is_sustained(step):
    return (step["lost_copies"] == 0 and step["prompt_share"] >= PROMPT_SHARE_MIN
            and step["kept_rate"] >= step["rate"] * RATE_KEPT_MIN)


def rate(system, seconds, chance, tell):
    """Faster and faster, until something is lost or late. The last thing done with a cluster."""
    steps = []
    for wanted in RATES:
        tell(f"{wanted} events/s")
        step = events(system, wanted, seconds, LATE_SECONDS, chance)
        del step["last_ms"]
        steps.append(step)
        if not is_sustained(step):
            break
    good = [step for step in steps if is_sustained(step)]
    return {"sustained_per_second": good[-1]["rate"] if good else 0, "steps": steps}


def chance_of(*words):
    """The same draws for every system."""
    return random.Random("/".join(map(str, words)))

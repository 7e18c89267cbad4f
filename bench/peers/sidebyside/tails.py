"""What happens when things go wrong: cut networks, lost packets, silent hosts, stopped processes.

Faults are made where packets arrive (see sandbox.py), so that no sender is told of them.
"""

import signal
import time

from sidebyside import measures
from sidebyside.samples import milliseconds, spread
from sidebyside.trouble import Trouble

HEAL_SECONDS_MAX = 180
LOSS_PERCENT = 30
EVENT_RATE = 10
STALLED_SHARE = 5  # One member in so many.
STALL_SECONDS, RUN_SECONDS = 8.0, 0.25


def wait_for_full_lists(system, since):
    """How long it takes from `since` until everybody lists everybody."""
    if not system.reactor.run_until(system.everybody_lists_everybody, HEAL_SECONDS_MAX,
                                    measures.ATTACH_OFTEN_SECONDS):
        raise Trouble(f"not everybody lists everybody {HEAL_SECONDS_MAX} s after the fault")
    return milliseconds(max(0, *(system.complete_at[index] - since
                                 for index in system.survivors())))


def partition(system, seconds):
    """Two halves for so long, and then one network again."""
    system.reactor.run(measures.STEADY_SECONDS)
    half = system.count // 2
    left, right = range(half), range(half, system.count)
    begun = time.monotonic_ns()
    with system.sandbox.partition(left, right):
        system.reactor.run(seconds)
        healed = time.monotonic_ns()
    pairs = [(observer, subject) for here, there in ((left, right), (right, left))
             for observer in here for subject in there]
    gone = [milliseconds(system.gone_at[observer][subject] - begun)
            for observer, subject in pairs if subject in system.gone_at[observer]]
    return {"seconds": seconds, "not_noticed": len(pairs) - len(gone), "noticed": spread(gone),
            "healed_ms": wait_for_full_lists(system, healed)}


def vanish(system, hosts, chance):
    """Hosts that fall silent one after another: nothing is answered, nothing refused."""
    found, before = [], len(system.deaths)
    for _ in range(hosts):
        system.reactor.run(measures.STEADY_SECONDS)
        victim = chance.choice([index for index in system.survivors() if index != 0])
        with system.sandbox.vanished([victim]):
            found.append(measures.until_all_know(system, victim, system.give_up(victim)))
            system.kill(victim)
    return {"hosts": found, "false_deaths": len(system.false_deaths_since(before))}


def loss(system, seconds, chance):
    """Three packets of ten are lost: who is taken for dead, what becomes of events and a death."""
    measures.warm_up(system)
    before = len(system.deaths)
    with system.sandbox.loss(LOSS_PERCENT):
        system.reactor.run(seconds / 2)
        events = measures.events(system, EVENT_RATE, seconds / 2, measures.LATE_SECONDS, chance)
        false_deaths = len(system.false_deaths_since(before))
        system.reactor.run(measures.STEADY_SECONDS)
        victim = chance.choice([index for index in system.survivors() if index != 0])
        known = measures.until_all_know(system, victim, system.kill(victim))
    del events["last_ms"]
    return {"percent": LOSS_PERCENT, "seconds": seconds, "false_deaths": false_deaths,
            "events": events, "kill": known}


def stalls(system, seconds):
    """A fifth of the members are stopped for 8 s of every 8.25 s."""
    system.reactor.run(measures.STEADY_SECONDS)
    stalled = range(1, 1 + max(1, system.count // STALLED_SHARE))
    before, until = len(system.deaths), time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            signal_all(system, stalled, signal.SIGSTOP)
            system.reactor.run(STALL_SECONDS)
            signal_all(system, stalled, signal.SIGCONT)
            system.reactor.run(RUN_SECONDS)
    finally:
        signal_all(system, stalled, signal.SIGCONT)
    ended = time.monotonic_ns()
    full_ms = wait_for_full_lists(system, ended)
    dead = system.deaths[before:]
    healthy = [(observer, subject) for observer, subject in dead if subject not in stalled]
    return {"seconds": seconds, "stalled": len(stalled),
            "healthy_taken_for_dead": len({subject for _, subject in healthy}),
            "healthy_by_healthy": len([1 for observer, _ in healthy if observer not in stalled]),
            "stalled_taken_for_dead": len({subject for _, subject in dead if subject in stalled}),
            "full_after_ms": full_ms}


def signal_all(system, indexes, number):
    for index in indexes:
        system.processes[index].signal(number)

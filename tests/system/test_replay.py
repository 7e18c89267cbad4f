"""Every datagram of a run, captured and replayed: nothing changes (design: sealing, replay).

A tap stands between three daemons while they find each other, publish, set records, and one of
them restarts. Then each datagram is sent again: at once, after a pause, after a restart of the
receiver, to the other members, and from addresses that nobody knows.
"""

import time

from harness import KEY, SOAK, Stranger, UdpTap, Follower, agents, all_see, check, main, tell
from harness import wait_until

PAUSE_SECONDS = 60 if SOAK else 5
NAMES = ["d1", "d2", "d3"]
STRANGERS = 8


def record_of(daemon, member):
    record = daemon.ask_overlay("GET", f"/members/{member}/record").json
    return [(item["key"], item["value"], item["version"]) for item in record["items"]]


def state_of(daemons):
    """What a replay must not change: members, incarnations, records."""
    state = {}
    for name, daemon in daemons.items():
        members = daemon.ask_overlay("GET", "/members").json["members"]
        state[name] = {
            member["id"]: (member["name"], member["status"], member["incarnation"],
                           member["addresses"], record_of(daemon, member["id"]))
            for member in members}
    return state


def live(daemons):
    """A little of everything, so that each kind of message is captured."""
    for number in range(30):
        for name, daemon in daemons.items():
            daemon.publish(f"news.{name}", f"{name}-{number}")
    daemons["d1"].publish("large", "x" * 50_000)
    for name, daemon in daemons.items():
        daemon.ask_overlay("PUT", "/record/colour", {"value": f"of {name}"})
        daemon.ask_overlay("PUT", "/record/gone", {"value": "soon"})
        daemon.ask_overlay("DELETE", "/record/gone")
    wait_until(lambda: all(len(members) == 3 and all(
        ("colour", f"of {member[0]}") in [(key, value) for key, value, _ in member[4]]
        for member in members.values()) for members in state_of(daemons).values()),
        20, "records have arrived everywhere")


def replay(captured, pick_targets, send):
    """Paced, so that no receive buffer overflows: a lost datagram would prove nothing."""
    count = 0
    for sender, target, datagram in captured:
        for address in pick_targets(sender, target):
            send(count, sender, datagram, address)
            count += 1
            if count % 50 == 0:
                time.sleep(0.005)
    return count


def test_replayed_datagrams_change_nothing():
    with UdpTap(NAMES) as tap:
        flags = {name: ["--overlay", "demo", "--key", KEY, "--profile", "fast",
                        *tap.flags(name, [n for n in NAMES if n != name])] for name in NAMES}
        with agents(flags) as daemons:
            followers = {n: Follower(d, "from=oldest") for n, d in daemons.items()}
            all_see(daemons)
            daemons["d3"].kill()
            wait_until(lambda: daemons["d1"].status_of("d3") == "dead", 20, "d3 is seen dead")
            followers["d3"].close()
            daemons["d3"].start()
            all_see(daemons)
            followers["d3"] = Follower(daemons["d3"], "from=oldest")
            tap.copies = 2
            live(daemons)
            time.sleep(2)
            tap.copies = 1
            for name, follower in followers.items():
                ids = [event["id"] for event in follower.events()]
                check(len(ids) == len(set(ids)) == 91,
                      f"while every datagram comes twice, {name} gets each event once", len(ids))
            captured = list(tap.captured)
            check(len(captured) > 300, "a run is captured", len(captured))
            tell(f"{len(captured)} datagrams, {sum(len(c[2]) for c in captured)} bytes")
            strangers = [Stranger() for _ in range(STRANGERS)]
            try:
                replay_in_all_ways(tap, daemons, followers, captured, strangers)
            finally:
                for stranger in strangers:
                    stranger.close()
                for follower in followers.values():
                    follower.close()


def replay_in_all_ways(tap, daemons, followers, captured, strangers):
    def as_sender(_, sender, datagram, address):
        tap.sockets[sender].sendto(datagram, address)

    def as_stranger(count, _, datagram, address):
        strangers[count % STRANGERS].send(datagram, address)

    def same(_, target):
        return [tap.bound[target]]

    def others(_, target):
        return [address for name, address in tap.bound.items() if name != target]

    before = state_of(daemons)
    delivered = {name: len(f.items) for name, f in followers.items()}
    drops = sum(d.counters()["dropped_replayed_total"] for d in daemons.values())

    def unchanged(claim):
        time.sleep(1)
        after = state_of(daemons)
        check(after == before, f"{claim}: members, incarnations, records are unchanged",
              before, "became", after)
        now = {name: len(f.items) for name, f in followers.items()}
        check(now == delivered, f"{claim}: nothing is delivered again", delivered, now)
        for stranger in strangers:
            stranger.drain()
            check_quietly(stranger, claim)
        if strangers[0].sent:
            total = sum(s.sent for s in strangers), sum(s.received for s in strangers)
            check(total[1] <= total[0], f"{claim}: strangers get no more than they sent",
                  total)
            tell(f"strangers sent {total[0]} bytes and got {total[1]}")

    replay(captured, same, as_sender)
    unchanged("at once")
    risen = sum(d.counters()["dropped_replayed_total"] for d in daemons.values())
    check(risen > drops, "the daemons say that they dropped replays", drops, risen)
    replay(captured, others, as_sender)
    unchanged("to other members")
    replay(captured, same, as_stranger)
    unchanged("from other addresses")
    replay(captured, others, as_stranger)
    unchanged("to other members from other addresses")
    time.sleep(PAUSE_SECONDS)
    replay(captured, same, as_sender)
    replay(captured, same, as_stranger)
    unchanged(f"after {PAUSE_SECONDS} s")

    for way, status in (("stop", "left"), ("kill", "dead")):
        before = restart(daemons, followers, way, status)
        delivered = {name: len(f.items) for name, f in followers.items()}
        replay(captured, same, as_sender)
        replay(captured, others, as_stranger)
        unchanged(f"after a restart of a receiver ({way})")
    daemons["d1"].publish("afterwards", "still here")
    wait_until(lambda: all("still here" in f.payloads() for f in followers.values()), 10,
               "an event published after all this arrives everywhere")
    check(True, "the overlay works as before")


def restart(daemons, followers, way, status):
    """d2 goes and comes back; returns the state of all before the next replay."""
    followers["d2"].close()
    getattr(daemons["d2"], way)()
    wait_until(lambda: daemons["d1"].status_of("d2") == status, 20, f"d2 is seen {status}")
    daemons["d2"].start()
    all_see(daemons)
    time.sleep(1)
    before = state_of(daemons)
    followers["d2"] = Follower(daemons["d2"], "from=oldest")
    time.sleep(1)
    return before


def check_quietly(stranger, claim):
    if stranger.received > stranger.sent:
        check(False, f"{claim}: no stranger gets more bytes than it sent", stranger.sent,
              stranger.received)


if __name__ == "__main__":
    main(globals())

#!/usr/bin/env python3
"""A daemon of the old protocol that is not ours: small, well-behaved by default, and able to behave
as badly as the original does, or worse.

usage: peer.py --bind 127.0.0.2:6666 --key KEY --secret SECRET [--name NAME]
               [--seed 127.0.0.1:6666] [--subscribe TYPE,...] [--manners NAME[=VALUE],...]

One unicast overlay: digests and their answers, members and their states, subscriptions and their
gossip, forwarding with acknowledgement and redelivery, local clients. It writes down all that it
hears and says, and in `violations` what a daemon must not do to another.
"""

import argparse
import dataclasses
import random
import time
import uuid

import protocol
from protocol import CRASHING, I32, MEMBER_EVENTS, STRING, STRUCT, make
from station import Address, Station, address

CLIENT_HOSTS = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
ANYWHERE = ("0.0.0.0", "::")


@dataclasses.dataclass
class Times:
    """Seconds; the names are those of the original's configuration."""
    gossip_round_every: float = 2
    quarantine_after: float = 20
    max_quarantined: float = 10
    drop_unreachable_after: float = 180
    drop_stale_subscriptions_after: float = 20
    redelivery_retry_every: float = 5
    redelivery_retry_max: int = 0


@dataclasses.dataclass
class Manners:
    """How to misbehave. All of it can be switched while the peer runs."""
    reforwards: bool = False          # what came from a remote goes to remotes, ids are forgotten
    rounds: int = 1                   # digests sent per round: 2 is the original after an amnesia
    forgets_every: float = 0          # seconds between sudden losses of all members; 0: never
    clock_skew: int = 0               # seconds that our heartbeats are ahead
    heartbeats_backwards: bool = False  # members are listed with ever older heartbeats
    pads_more: bool = False           # forwards with the padding that came, and more of it
    acks_forwards: bool = True
    answers_digests: bool = True
    crash_types: bool = False         # says what crashes the original, once per round
    member_event_subscriptions: bool = False  # advertises member_in like anything else
    unknown_fields: bool = False      # scalar, string and containers, in every message
    oversized_lists: bool = False     # a digestAck of 900 members per round, from nowhere
    garbage: bool = False             # datagrams that open and do not read


@dataclasses.dataclass
class Member:
    name: str
    address: Address
    secret: str
    heard: float
    is_local: bool
    state: str = "reachable"


@dataclasses.dataclass
class Delivery:
    letter: object
    to: Address
    kind: str
    next: float
    copies: int = 1


class Peer(Station):
    def __init__(self, name, bind, symmetric_key, secret, *, clients=CLIENT_HOSTS, seeds=(),
                 times=None, manners=None):
        super().__init__(bind, symmetric_key)
        self.name = name
        self.secret = secret
        self.clients = clients        # hosts whose senders are applications
        self.seeds = list(seeds)
        self.times = times or Times()
        self.manners = manners or Manners()
        self.members = {}             # name -> Member
        self.subscriptions = {}       # (event type, member, origin) -> heartbeat
        self.deliveries = {}          # (id, member, event type) -> Delivery
        self.got = []                 # letters of applications for types that we subscribed to
        self.violations = []
        self._seen = set()            # ids
        self._round_at = 0.0
        self._ticked_at = time.monotonic()
        self._amnesia_at = time.monotonic() + (self.manners.forgets_every or 1e12)
        self._backwards = 0

    # -- What can be asked of it --

    def now(self):
        return int(time.time()) + self.manners.clock_skew

    def subscribe(self, *event_types):
        """As if an application of ours had."""
        with self.lock:
            for kind in event_types:
                self.subscriptions[kind, self.name, self.name] = self.now()

    def unsubscribe(self, *event_types):
        with self.lock:
            for kind in event_types:
                self.subscriptions.pop((kind, self.name, self.name), None)

    def greet(self, to, secret=None, name=None):
        """One digest to this address; the id of it."""
        identifier = str(uuid.uuid4())
        self._say("digest", {"name": name or self.name, "port": self.address.port,
                             "heartbeat": self.now(), "id": identifier,
                             "secret": self.secret if secret is None else secret}, to)
        return identifier

    def publish(self, kind, fields, identifier=None):
        """To every subscriber elsewhere and here, until acknowledged. The id of it."""
        letter = make(kind, fields, identifier)
        with self.lock:
            self._seen.add(letter.id)
            self._forward(letter, None)
        return letter.id

    def leave(self, to):
        self._say("digestExit", {"name": self.name, "heartbeat": self.now(),
                                 "secret": self.secret}, to)

    def knows(self, name, state="reachable"):
        with self.lock:
            return name in self.members and self.members[name].state == state

    # -- Time --

    def tick(self):
        now = time.monotonic()
        if now >= self._amnesia_at:
            self.members.clear()
            self._amnesia_at = now + self.manners.forgets_every
        if now >= self._round_at:
            self._round_at = now + self.times.gossip_round_every
            self._round()
        self._pardon(now)
        self._judge()
        self._redeliver(now)

    def _round(self):
        fresh = time.time() - self.times.drop_stale_subscriptions_after
        for key, heartbeat in list(self.subscriptions.items()):
            if key[2] == self.name:
                self.subscriptions[key] = self.now()
            elif heartbeat < fresh:
                del self.subscriptions[key]
        remotes = [member for member in self.members.values() if not member.is_local]
        reachable = [member.address for member in remotes if member.state == "reachable"]
        lost = [member.address for member in remotes if member.state == "unreachable"]
        for _ in range(self.manners.rounds):
            if reachable or self.seeds:
                self.greet(random.choice(reachable or self.seeds))
            if lost:
                self.greet(random.choice(lost))
        for to in reachable:
            self._misbehave(to)

    def _pardon(self, now):
        """After a stall of our own nobody has been silent: it was us who did not listen."""
        stall = now - self._ticked_at
        self._ticked_at = now
        if stall > self.times.gossip_round_every:
            for member in self.members.values():
                member.heard = min(time.time(), member.heard + stall)

    def _judge(self):
        times = self.times
        for member in list(self.members.values()):
            silent = time.time() - member.heard
            if member.state == "reachable" and silent >= times.quarantine_after:
                self._turn(member, "quarantine", "member_quarantine")
            if member.state == "quarantine" and \
                    silent >= times.quarantine_after + times.max_quarantined:
                self._turn(member, "unreachable", "member_unreachable")
            if member.state == "unreachable" and \
                    0 < times.drop_unreachable_after <= silent:
                self._remove(member, "member_drop", "member_out")

    def _redeliver(self, now):
        for key, delivery in list(self.deliveries.items()):
            if now < delivery.next:
                continue
            retries = self.times.redelivery_retry_max
            if key[1] not in self.members or 0 < retries < delivery.copies:
                del self.deliveries[key]
                continue
            delivery.copies += 1
            delivery.next = now + self.times.redelivery_retry_every
            self._pass_on(delivery.letter, delivery.to)

    # -- Members --

    def _turn(self, member, state, event):
        member.state = state
        self._tell(event, member.name)

    def _remove(self, member, *events):
        del self.members[member.name]
        for key in [key for key in self.subscriptions if member.is_local and key[1] == member.name]:
            del self.subscriptions[key]
        for key in [key for key in self.deliveries if key[1] == member.name]:
            del self.deliveries[key]
        for event in events:
            self._tell(event, member.name)

    def _alive(self, name, where, secret, heard, is_local):
        member = self.members.get(name)
        if member is None:
            # Somebody who has not been heard of for so long is no news.
            if time.time() - heard >= self.times.quarantine_after:
                return
            # Told before it is in, so that it does not hear of itself.
            self._tell("member_in", name)
            self.members[name] = Member(name, where, secret, heard, is_local)
            return
        member.heard = max(member.heard, min(heard, time.time()))
        if member.state != "reachable" and \
                time.time() - member.heard < self.times.quarantine_after:
            self._turn(member, "reachable", "member_rejoin")

    def _tell(self, event, name):
        for kind, listener, origin in list(self.subscriptions):
            member = self.members.get(listener)
            if kind == event and origin == self.name and member and member.is_local:
                self._say("digestEvent", {"event_type": event, "event_object": name,
                                          "heartbeat": self.now()}, member.address)

    def _trusted(self, letter, source):
        """The member that a client's message is from, if its secret is right."""
        member = self.members.get(letter["name"])
        if source.host in self.clients and member and member.is_local and \
                member.secret == letter["secret"]:
            return member
        return None

    # -- What it hears --

    def handle(self, heard):
        if heard.letter is None:
            return
        letter, is_local = heard.letter, heard.source.host in self.clients
        if letter.is_application:
            self._message(letter, heard.source)
            return
        if not is_local:
            self.violations += protocol.faults(letter)
            if letter.type in CRASHING + ("digestSubscribe", "digestUnsubscribe"):
                self.violations.append(f"a {letter.type} was sent to a daemon")
        handler = getattr(self, "_on_" + letter.type, None)
        if handler:
            handler(letter, heard.source, is_local)

    def _on_digest(self, letter, source, is_local):
        name, secret = letter["name"], letter["secret"]
        known = self.members.get(name)
        if name == self.name or (not is_local and secret != self.secret) or \
                (known and (known.secret != secret or known.is_local != is_local)):
            return
        where = Address(source.host, letter["port"])
        self._alive(name, where, secret, time.time(), is_local)
        self.members[name].address = where  # The original never moves a member.
        if not self.manners.answers_digests:
            return
        membership = [self._entry(self.name, Address("0.0.0.0", self.address.port), self.now())]
        if not is_local:
            membership += [self._entry(member.name, member.address, self._heartbeat_of(member))
                           for member in self.members.values()
                           if not member.is_local and member.state == "reachable"]
        self._say("digestAck", {"name": self.name, "heartbeat": self.now(),
                                "reply_id": letter["id"], "membership": membership}, where)
        advertised = [] if is_local else self._advertised(name)
        if advertised:
            self._say("digestSubscriptions",
                      {"name": self.name, "heartbeat": self.now(), "reply_id": letter["id"],
                       "subscriptions": advertised}, where)

    @staticmethod
    def _entry(name, where, heartbeat):
        return {"member_name": name, "member_ip": where.host, "member_port": where.port,
                "member_heartbeat": heartbeat}

    def _heartbeat_of(self, member):
        if self.manners.heartbeats_backwards:
            self._backwards += 7
        return int(member.heard) + self.manners.clock_skew - self._backwards

    def _advertised(self, asker):
        entries = []
        for (kind, _, origin), heartbeat in self.subscriptions.items():
            if origin == asker or (kind in MEMBER_EVENTS and
                                   not self.manners.member_event_subscriptions):
                continue
            entries.append({"event_type": kind, "member_name": origin, "origin": origin,
                            "heartbeat": heartbeat})
        return entries

    def _on_digestAck(self, letter, source, is_local):  # pylint: disable=invalid-name
        if letter["name"] == self.name or is_local:
            return
        listed = {entry["member_name"] for entry in letter["membership"]}
        if letter["name"] not in listed:
            self.violations.append("a digestAck that does not list its sender")
        for entry in letter["membership"]:
            name = entry["member_name"]
            if name != self.name:
                host = source.host if entry["member_ip"] in ANYWHERE else entry["member_ip"]
                self._alive(name, Address(host, entry["member_port"]), self.secret,
                            entry["member_heartbeat"], False)

    def _on_digestSubscriptions(self, letter, _source, is_local):  # pylint: disable=invalid-name
        for entry in letter["subscriptions"]:
            if entry["event_type"] in MEMBER_EVENTS:
                self.violations.append("a subscription to a member event was advertised")
            elif entry["origin"] == self.name:
                self.violations.append("a subscription of our own came back to us")
            elif not is_local:
                key = (entry["event_type"], entry["origin"], entry["origin"])
                self.subscriptions[key] = max(entry["heartbeat"], self.subscriptions.get(key, 0))

    def _on_digestExit(self, letter, _source, _is_local):  # pylint: disable=invalid-name
        member = self.members.get(letter["name"])
        if member and member.secret == letter["secret"]:
            self._remove(member, "member_out")

    def _on_digestSubscribe(self, letter, source, _is_local):  # pylint: disable=invalid-name
        member = self._trusted(letter, source)
        if member:
            for kind in letter["event_types"]:
                self.subscriptions[kind, member.name, self.name] = self.now()
            self._acknowledge("digestSubscribeAck", letter, member)

    def _on_digestUnsubscribe(self, letter, source, _is_local):  # pylint: disable=invalid-name
        member = self._trusted(letter, source)
        if member:
            for kind in letter["event_types"]:
                self.subscriptions.pop((kind, member.name, self.name), None)
                for key in [key for key in self.deliveries if key[1:] == (member.name, kind)]:
                    del self.deliveries[key]
            self._acknowledge("digestUnsubscribeAck", letter, member)

    def _acknowledge(self, kind, letter, member):
        self._say(kind, {"heartbeat": self.now(), "reply_id": letter["id"],
                         "event_types": letter["event_types"]}, member.address)

    def _on_digestForwardedAck(self, letter, _source, is_local):  # pylint: disable=invalid-name
        member = self.members.get(letter["name"])
        if member and member.secret != letter["secret"] and not is_local:
            self.violations.append("an ack without the overlay's secret")
        if member and member.secret == letter["secret"]:
            for key in [key for key in self.deliveries
                        if key[:2] == (letter["reply_id"], member.name)]:
                del self.deliveries[key]

    # -- Messages of applications --

    def _message(self, letter, source):
        if self.manners.acks_forwards:
            is_local = source.host in self.clients
            self._say("digestForwardedAck",
                      {"name": self.name, "reply_id": letter.id,
                       "secret": "not for clients" if is_local else self.secret}, source)
        if letter.id in self._seen and not self.manners.reforwards:
            return
        self._seen.add(letter.id)
        if (letter.type, self.name, self.name) in self.subscriptions:
            self.got.append(letter)
        self._forward(letter, source)

    def _forward(self, letter, source):
        from_remote = source is not None and source.host not in self.clients
        for kind, listener, _ in list(self.subscriptions):
            member = self.members.get(listener)
            if kind != letter.type or member is None or \
                    (source is not None and member.address.host == source.host) or \
                    (from_remote and not member.is_local and not self.manners.reforwards):
                continue
            key = (letter.id, listener, kind)
            if key not in self.deliveries:
                self.deliveries[key] = Delivery(
                    letter, member.address, kind,
                    time.monotonic() + self.times.redelivery_retry_every)
                self._pass_on(letter, member.address)

    def _pass_on(self, letter, to):
        if self.manners.pads_more:
            plaintext = letter.envelope + letter.tail
            self.send_bytes(self.cipher.seal_as_original(plaintext), to, letter)
        else:
            self.send(letter, to)

    # -- Saying, and misbehaving --

    def _say(self, kind, fields, to):
        letter = make(kind, fields)
        if self.manners.unknown_fields and to.host not in self.clients:
            extra = [(90, I32, 7), (91, STRING, "unknown"), (92, STRUCT, [(1, STRING, "within")]),
                     (93, protocol.LIST, (I32, [1, 2])),
                     (94, protocol.MAP, (STRING, I32, [("key", 1)]))]
            fields, _ = protocol.read_struct(letter.payload)
            letter = protocol.wrap(kind, protocol.write_struct(fields + extra), letter.id)
        self.send(letter, to)

    def _misbehave(self, to):
        if self.manners.crash_types:
            self._say("digestEvent", {"event_type": "member_in", "event_object": "nobody",
                                      "heartbeat": self.now()}, to)
            for kind in ("digestSubscribeAck", "digestUnsubscribeAck"):
                self._say(kind, {"heartbeat": self.now(), "reply_id": "", "event_types": []}, to)
            self._say("digestError", {
                "name": self.name, "heartbeat": 0, "error_code": -1, "error_entity": "",
                "error_entity_name": "", "error_message": "", "reply_id": ""}, to)
        if self.manners.oversized_lists:
            crowd = [self._entry(f"nobody-{number}", Address("192.0.2.1", 9), 0)
                     for number in range(900)]
            self._say("digestAck", {"name": self.name, "heartbeat": self.now(), "reply_id": "",
                                    "membership": crowd}, to)
        if self.manners.garbage:
            for number in (-1, 2**31 - 1):
                count = number.to_bytes(4, "big", signed=True)
                self.send_bytes(self.cipher.seal(b"\x0b\0\1" + count), to)
                lying = b"\x0f\0\4\x0c" + count
                self.send(protocol.wrap("digestAck", lying, str(uuid.uuid4())), to)
            self.send(protocol.wrap("digest", b"", str(uuid.uuid4())), to)
            self.send_bytes(random.randbytes(48), to)
            self.send_bytes(b"ten bytes!", to)


def manners_of(text):
    """Of "reforwards,rounds=2,clock_skew=-60"."""
    manners = Manners()
    for each in filter(None, text.split(",")):
        name, _, value = each.partition("=")
        known = {field.name: field.type for field in dataclasses.fields(Manners)}
        if name not in known:
            raise argparse.ArgumentTypeError(f"no manners '{name}'; there are {', '.join(known)}")
        setattr(manners, name, known[name](value) if value else True)
    return manners


def main():
    parser = argparse.ArgumentParser(description="A daemon of the old protocol that is not ours.")
    parser.add_argument("--bind", type=address, required=True, metavar="IP:PORT")
    parser.add_argument("--key", required=True)
    parser.add_argument("--secret", default="default-overlay-secret")
    parser.add_argument("--name", default="python-peer")
    parser.add_argument("--seed", type=address, action="append", default=[], metavar="IP:PORT")
    parser.add_argument("--subscribe", default="", metavar="TYPE,...")
    parser.add_argument("--manners", type=manners_of, default=Manners(), metavar="NAME[=VALUE],...")
    parser.add_argument("--all-remote", action="store_true",
                        help="take senders on loopback for daemons, not applications")
    options = parser.parse_args()
    clients = frozenset() if options.all_remote else CLIENT_HOSTS
    with Peer(options.name, options.bind, options.key, options.secret, clients=clients,
              seeds=options.seed, manners=options.manners) as peer:
        peer.subscribe(*filter(None, options.subscribe.split(",")))
        seen = blamed = 0
        try:
            while True:
                peer.wait(lambda: len(peer.heard) > seen, 1)
                for heard in peer.heard[seen:]:
                    seen += 1
                    print(f"{heard.at:.3f} {heard.source.host}:{heard.source.port} {heard.size:5d} "
                          f"{heard.type} {heard.letter.fields if heard.letter else heard.error}",
                          flush=True)
                for sentence in peer.violations[blamed:]:
                    blamed += 1
                    print("VIOLATION", sentence, flush=True)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()

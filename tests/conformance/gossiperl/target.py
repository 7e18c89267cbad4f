"""The daemon under test, and what every flow needs: clients, peers, silence."""

import argparse
import time
import unittest
import uuid

from client import Client
from peer import Manners, Peer, Times
from station import Address, address

KEY = "a key for tests only"
SECRET = "overlay-secret"


class Target:
    """Where the daemon is, how it is configured, and how much time there is. Without one, a peer
    that behaves well stands in, so that the flows themselves are tested."""
    daemon = None
    key = KEY
    secret = SECRET
    times = Times()
    peer_hosts = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
    is_original = False
    patience = 60.0
    ack_seconds = 0.05
    stand_in = None

    @classmethod
    def configure(cls, arguments):
        parser = argparse.ArgumentParser(
            description="Plays the flows of the old protocol against a daemon; without --daemon "
            "against a stand-in, to test the flows. What follows -- goes to unittest.")
        parser.add_argument("--daemon", type=address, metavar="IP:PORT",
                            help="where its clients attach, on loopback")
        parser.add_argument("--key", default=cls.key, help="symmetric key of the overlay")
        parser.add_argument("--secret", default=cls.secret, help="secret of the overlay")
        parser.add_argument("--peer-hosts", default=",".join(cls.peer_hosts), metavar="IP,IP,IP",
                            help="addresses of this host, remote to the daemon, at which fake "
                            "daemons play; empty: none do")
        parser.add_argument("--gossip-at", type=address, metavar="IP:PORT",
                            help="where it hears other daemons, if not where clients attach")
        parser.add_argument("--original", action="store_true",
                            help="leave out what the original is known to do wrong")
        parser.add_argument("--patience", type=float, default=cls.patience, metavar="SECONDS",
                            help="leave out single flows that take longer")
        parser.add_argument("--ack-ms", type=float, default=1000 * cls.ack_seconds,
                            help="how long half of all digestAcks may take at most")
        for name, value in vars(Times()).items():
            parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value,
                                metavar="N",
                                help="as the daemon is configured, default %(default)s")
        options, rest = parser.parse_known_args(arguments)
        cls.daemon, cls.key, cls.secret = options.daemon, options.key, options.secret
        cls.gossip_at = options.gossip_at or options.daemon
        cls.peer_hosts = tuple(filter(None, options.peer_hosts.split(",")))
        cls.is_original, cls.patience = options.original, options.patience
        cls.ack_seconds = options.ack_ms / 1000
        cls.times = Times(**{name: getattr(options, name) for name in vars(Times())})
        if cls.daemon is None:
            cls.start_stand_in()
        return [argument for argument in rest if argument != "--"]

    @classmethod
    def start_stand_in(cls):
        cls.times = Times(gossip_round_every=0.4, quarantine_after=2, max_quarantined=1,
                          drop_unreachable_after=5, drop_stale_subscriptions_after=3,
                          redelivery_retry_every=1)
        cls.stand_in = Peer("stand-in", Address("127.0.0.1", 0), KEY, SECRET,
                            times=cls.times).start()
        cls.daemon = cls.gossip_at = cls.stand_in.address

    @classmethod
    def rounds(cls, count):
        """Time in which so many gossip rounds have certainly passed."""
        return count * cls.times.gossip_round_every + 0.5


def improves(flow):
    """What a new daemon does better than the original."""
    def wrapped(self):
        if Target.is_original:
            self.skipTest("the original is known to differ")
        flow(self)
    wrapped.__name__ = flow.__name__
    return wrapped


def unique(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


class Flow(unittest.TestCase):
    """One flow. Whatever the daemon does to a client or peer that it must not do fails it."""

    def setUp(self):
        self.blamed = []
        self.addCleanup(lambda: self.assertEqual(self.blamed, []))

    def client(self, name="client", attached=True, **more):
        client = Client(Target.daemon, Target.key, unique(name), **more).start()

        def end():
            client.exit()
            client.stop()
            self.blamed += client.violations
        self.addCleanup(end)
        if attached:
            self.assertTrue(client.attach(), "the first digest was not answered")
        return client

    def watcher(self, *events):
        """A client that has subscribed to these member events, or to all of them."""
        watcher = self.client("watcher")
        self.assertTrue(watcher.subscribe(*(events or (
            "member_in", "member_quarantine", "member_unreachable", "member_drop", "member_out",
            "member_rejoin"))))
        return watcher

    def daemon_name(self):
        return self.client("asker").letters("digestAck")[0]["name"]

    def peer(self, index=0, manners=None, subscriptions=(), joined=True, times=None):
        """A fake daemon that the daemon under test knows."""
        if index >= len(Target.peer_hosts):
            self.skipTest("not enough --peer-hosts")
        peer = Peer(unique("peer"), Address(Target.peer_hosts[index], 0), Target.key,
                    Target.secret, clients=frozenset(), seeds=[Target.gossip_at],
                    times=times or Target.times, manners=manners)
        peer.subscribe(*subscriptions)
        peer.start()

        def end():
            if peer.is_running:
                peer.leave(Target.gossip_at)
                peer.stop()
            self.blamed += peer.violations
        self.addCleanup(end)
        if joined:
            at = Target.gossip_at
            self.expect(peer, lambda: peer.count_from(at, "digestAck"), 5, "peer got no ack")
            self.expect(peer, lambda: peer.count_from(at, "digest"), Target.rounds(20),
                        "peer got no digest of the daemon's own")
        return peer

    def subscribed_peer(self, *types, **more):
        """A peer whose subscriptions have reached the daemon under test."""
        peer = self.peer(subscriptions=types, **more)
        if types:
            self.expect(peer, lambda: [each for each in peer.said if each.to == Target.gossip_at
                                       and each.letter
                                       and each.letter.type == "digestSubscriptions"],
                        Target.rounds(20), "never asked for its subscriptions")
            time.sleep(0.1)
        return peer

    def expect(self, station, condition, seconds, claim):
        self.assertTrue(station.wait(condition, seconds), claim)

    def expect_never(self, station, condition, seconds, claim):
        self.assertFalse(station.wait(condition, seconds), claim)

    def takes(self, seconds):
        if seconds > Target.patience:
            self.skipTest(f"takes {seconds:.0f} s, more than --patience")

    def still_serves(self):
        """Unharmed: answers a client, and events flow."""
        watcher = self.watcher("member_in")
        newcomer = self.client("newcomer")
        self.expect(watcher, lambda: ("member_in", newcomer.name) in watcher.events(), 2,
                    "the daemon no longer serves clients")


__all__ = ["Flow", "Manners", "Target", "Times", "improves", "unique"]

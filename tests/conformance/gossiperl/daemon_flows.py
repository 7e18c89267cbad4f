"""What daemons say to each other: gossip, subscriptions, forwarding; and a daemon that is treated
badly. The other daemons are fakes (peer.py) at loopback addresses that are not 127.0.0.1."""

import time

import protocol
from protocol import I32, I64, STRING
from target import Flow, Manners, Target, improves, unique

TEXT = [(1, STRING, b"some data"), (2, I32, 1234)]


def of_type(station, kind):
    """All copies of messages of this type that came."""
    with station.lock:
        return [heard for heard in station.heard if heard.type == kind]


class Gossip(Flow):
    def test_a_digest_with_the_overlays_secret_makes_a_member(self):
        watcher = self.watcher("member_in")
        peer = self.peer()
        self.expect(watcher, lambda: ("member_in", peer.name) in watcher.events(), 2, "not in")
        ack = peer.letters("digestAck")[0]
        entries = {entry["member_name"]: entry for entry in ack["membership"]}
        self.assertIn(ack["name"], entries)
        self.assertEqual(entries[peer.name]["member_ip"], peer.address.host)
        self.assertEqual(entries[peer.name]["member_port"], peer.address.port)
        self.assertLessEqual(abs(entries[peer.name]["member_heartbeat"] - time.time()), 5)

    def test_another_secret_is_met_with_silence(self):
        watcher = self.watcher("member_in")
        peer = self.peer(joined=False)
        peer.seeds = []
        for secret in ("", "guessed"):
            identifier = peer.greet(Target.gossip_at, secret=secret, name=unique("stranger"))
            self.expect_never(peer, lambda: peer.count("digestAck", reply_id=identifier), 0.7,
                              "a stranger got an answer")
        self.assertFalse([name for _, name in watcher.events() if name.startswith("stranger")])

    def test_clients_are_not_shown_to_other_hosts(self):
        client = self.client()
        peer = self.peer()
        peer.wait(lambda: peer.count("digestAck") >= 2, Target.rounds(3))
        for ack in peer.letters("digestAck"):
            self.assertNotIn(client.name, [each["member_name"] for each in ack["membership"]])

    def test_every_round_brings_a_digest(self):
        peer = self.peer()
        before = peer.count("digest")
        time.sleep(4 * Target.times.gossip_round_every)
        count = peer.count("digest") - before
        # One random member a round; others may be left over from other flows.
        self.assertGreaterEqual(count, 1)
        self.assertLessEqual(count, 5)

    def test_members_are_told_of_each_other(self):
        one = self.peer(0)
        other = self.peer(1)
        self.expect(one, lambda: one.knows(other.name), Target.rounds(20), "not told")
        self.expect(other, lambda: other.knows(one.name), Target.rounds(20), "not told")

    def test_a_member_that_was_only_told_of_is_contacted(self):
        one = self.peer(0)
        hidden = self.peer(1, joined=False)
        hidden.seeds = [one.address]
        watcher = self.watcher("member_in")
        self.expect(watcher, lambda: ("member_in", hidden.name) in watcher.events() or
                    hidden.count("digest"), Target.rounds(20), "not told")
        self.expect(hidden, lambda: [heard for heard in hidden.heard if heard.type == "digest" and
                                     heard.letter["name"] != one.name], Target.rounds(20),
                    "never contacted")

    def test_a_peer_that_exits_is_out_at_once(self):
        watcher = self.watcher("member_out")
        peer = self.peer()
        peer.seeds = []
        with peer.lock:
            peer.members.clear()
            peer.leave(Target.gossip_at)
        self.expect(watcher, lambda: ("member_out", peer.name) in watcher.events(), 1, "not out")

    def test_a_silent_peer_goes_through_quarantine(self):
        times = Target.times
        self.takes(times.quarantine_after + times.max_quarantined + 6)
        watcher = self.watcher()
        peer = self.peer()
        peer.stop()
        self.expect(watcher, lambda: ("member_unreachable", peer.name) in watcher.events(),
                    times.quarantine_after + times.max_quarantined + 6, "never unreachable")
        self.assertEqual([event for event, name in watcher.events() if name == peer.name],
                         ["member_in", "member_quarantine", "member_unreachable"])

    @improves
    def test_a_peer_that_comes_back_at_another_address_is_answered_there(self):
        old = self.peer(0)
        new = self.peer(1, joined=False)
        new.name = old.name
        old.stop()
        identifier = new.greet(Target.gossip_at)
        self.expect(new, lambda: new.count("digestAck", reply_id=identifier), 2,
                    "not answered at its new address")
        self.expect(new, lambda: [heard for heard in new.heard if heard.type == "digest" and
                                  heard.source == Target.gossip_at], Target.rounds(20),
                    "gossiped to at its old address")


class Subscriptions(Flow):
    def test_what_clients_subscribe_to_is_advertised_under_the_daemons_name(self):
        kind = unique("type")
        client = self.client()
        self.assertTrue(client.subscribe(kind))
        peer = self.peer()
        name = peer.letters("digestAck")[0]["name"]
        self.expect(peer, lambda: (kind, name, name) in peer.subscriptions, Target.rounds(20),
                    "never advertised")
        gossip = peer.letters("digestSubscriptions")[-1]
        self.assertNotIn(client.name, str(gossip.fields))
        for entry in gossip["subscriptions"]:
            if entry["event_type"] == kind:
                self.assertEqual(entry["member_name"], name)
                self.assertLessEqual(abs(entry["heartbeat"] - time.time()),
                                     Target.times.gossip_round_every + 2)

    def test_member_events_are_never_advertised_nor_sent_to_a_peer(self):
        # The peer's record of violations is looked at when the flow ends.
        self.watcher()
        peer = self.subscribed_peer("member_in", "member_out", "member_drop", manners=Manners(
            member_event_subscriptions=True))
        self.client().exit()
        time.sleep(Target.rounds(2))
        self.assertEqual(peer.count("digestEvent"), 0)
        self.assertFalse([key for key in peer.subscriptions
                          if key[0].startswith("member_") and key[2] != peer.name])

    def test_an_unsubscribed_type_is_no_longer_advertised(self):
        kind = unique("type")
        client = self.client()
        self.assertTrue(client.subscribe(kind))
        peer = self.peer()
        self.expect(peer, lambda: [key for key in peer.subscriptions if key[0] == kind],
                    Target.rounds(20), "never advertised")
        self.assertTrue(client.unsubscribe(kind))
        limit = Target.times.drop_stale_subscriptions_after + Target.rounds(3)
        self.takes(limit)
        self.expect(peer, lambda: not [key for key in peer.subscriptions if key[0] == kind],
                    limit, "still advertised")

    def test_a_subscription_that_is_no_longer_refreshed_ends(self):
        limit = Target.times.drop_stale_subscriptions_after + Target.rounds(3)
        self.takes(limit + 5)
        kind = unique("type")
        peer = self.subscribed_peer(kind)
        publisher = self.client()
        publisher.publish(kind, TEXT)
        self.expect(peer, lambda: of_type(peer, kind), 2, "not forwarded at first")
        peer.unsubscribe(kind)
        time.sleep(limit)
        count = len(of_type(peer, kind))
        publisher.publish(kind, TEXT)
        self.expect_never(peer, lambda: len(of_type(peer, kind)) > count, 2, "still forwarded")


class Forwarding(Flow):
    def test_a_clients_message_reaches_each_subscribed_peer_once_and_unchanged(self):
        kind = unique("type")
        peers = [self.subscribed_peer(kind)]
        if len(Target.peer_hosts) > 1:
            peers.append(self.subscribed_peer(kind, index=1))
        publisher = self.client()
        letter = protocol.make(kind, TEXT)
        publisher.publish_letter(letter)
        self.assertTrue(publisher.is_acknowledged(letter.id))
        for peer in peers:
            self.expect(peer, lambda peer=peer: of_type(peer, kind), 2, "not forwarded")
        time.sleep(Target.times.redelivery_retry_every + 1)
        for peer in peers:
            self.assertEqual(len(of_type(peer, kind)), 1, "copies although acknowledged")
            copy = of_type(peer, kind)[0].letter
            self.assertEqual(copy.envelope, letter.envelope)

    def test_an_odd_envelope_travels_byte_for_byte(self):
        kind = unique("type")
        peer = self.subscribed_peer(kind)
        publisher = self.client()
        inner = protocol.write_struct(TEXT)
        text = protocol.base64.b64encode(inner).decode()
        odd = protocol.write_struct([
            (3, STRING, unique("id")), (2, STRING, text[:8] + "\n" + text[8:]), (9, I64, 5),
            (1, STRING, kind)])
        publisher.send_bytes(publisher.cipher.seal(odd), Target.daemon)
        publisher._published.add(protocol.read(odd).id)  # pylint: disable=protected-access
        self.expect(peer, lambda: of_type(peer, kind), 2, "not forwarded")
        self.assertEqual(of_type(peer, kind)[0].letter.envelope, odd)

    @improves
    def test_the_padding_of_a_message_does_not_travel(self):
        kind = unique("type")
        peer = self.subscribed_peer(kind)
        publisher = self.client()
        letter = protocol.make(kind, TEXT)
        with publisher.lock:
            publisher._published.add(letter.id)  # pylint: disable=protected-access
        publisher.send_bytes(
            publisher.cipher.seal_as_original(letter.envelope + b"\x01" + bytes(95)),
            Target.daemon, letter)
        self.expect(peer, lambda: of_type(peer, kind), 2, "not forwarded")
        self.assertLessEqual(len(of_type(peer, kind)[0].letter.tail), 32)

    def test_a_peers_message_reaches_a_subscriber_with_its_id_and_bytes(self):
        kind = unique("type")
        client = self.client()
        self.assertTrue(client.subscribe(kind))
        peer = self.peer()
        self.expect(peer, lambda: [key for key in peer.subscriptions if key[0] == kind],
                    Target.rounds(20), "not advertised")
        identifier = peer.publish(kind, TEXT)
        self.expect(client, lambda: client.messages(kind), 2, "not delivered")
        self.expect(peer, lambda: peer.count("digestForwardedAck", reply_id=identifier), 2,
                    "not acknowledged to the peer")
        time.sleep(Target.times.redelivery_retry_every + 1)
        self.assertEqual([letter.id for letter in client.messages(kind)], [identifier])
        self.assertEqual(client.messages(kind)[0].payload, protocol.write_struct(TEXT))

    def test_it_is_sent_again_until_it_is_acknowledged(self):
        self.takes(3 * Target.times.redelivery_retry_every + 3)
        kind, client, peer = self.unacknowledged()
        self.expect(client, lambda: len(client.messages(kind)) >= 3,
                    2 * Target.times.redelivery_retry_every + 2, "not sent again")
        client.acknowledge(client.messages(kind)[0].id)
        time.sleep(0.3)
        count = len(client.messages(kind))
        self.expect_never(client, lambda: len(client.messages(kind)) > count,
                          Target.times.redelivery_retry_every + 1, "sent again after its ack")
        self.assertLessEqual(len({letter.id for letter in client.messages(kind)}), 1)
        self.assertEqual(len(peer.deliveries), 0)

    def test_unsubscribing_ends_redelivery(self):
        self.takes(Target.times.redelivery_retry_every + 3)
        kind, client, _ = self.unacknowledged()
        self.assertTrue(client.unsubscribe(kind))
        count = len(client.messages(kind))
        self.expect_never(client, lambda: len(client.messages(kind)) > count,
                          Target.times.redelivery_retry_every + 1, "still sent")

    @improves
    def test_an_exit_ends_redelivery(self):
        self.takes(Target.times.redelivery_retry_every + 3)
        kind, client, _ = self.unacknowledged()
        client.exit()
        time.sleep(0.2)
        count = len(client.messages(kind))
        self.expect_never(client, lambda: len(client.messages(kind)) > count,
                          Target.times.redelivery_retry_every + 1, "still sent")

    def unacknowledged(self):
        """A type, a client that got one message of it and says nothing, and the peer it is from."""
        kind = unique("type")
        client = self.client()
        client.acks_forwards = False
        self.assertTrue(client.subscribe(kind))
        peer = self.peer()
        self.expect(peer, lambda: [key for key in peer.subscriptions if key[0] == kind],
                    Target.rounds(20), "not advertised")
        peer.publish(kind, TEXT)
        self.expect(client, lambda: client.messages(kind), 2, "not delivered")
        return kind, client, peer

    @improves
    def test_copies_of_one_id_are_acknowledged_and_delivered_once(self):
        kind = unique("type")
        client = self.client()
        self.assertTrue(client.subscribe(kind))
        peer = self.peer()
        letter = protocol.make(kind, TEXT)
        for _ in range(5):
            peer.send(letter, Target.gossip_at)
        self.expect(peer, lambda: peer.count("digestForwardedAck", reply_id=letter.id) == 5, 2,
                    "not every copy was acknowledged")
        self.expect_never(client, lambda: len(client.messages(kind)) > 1, 1, "delivered twice")
        self.assertEqual(len(client.messages(kind)), 1)

    @improves
    def test_nothing_from_a_peer_goes_to_a_peer(self):
        kind = unique("type")
        source = self.subscribed_peer(kind)
        other = self.subscribed_peer(kind, index=1)
        letter = protocol.make(kind, TEXT)
        source.send(letter, Target.gossip_at)
        self.expect(source, lambda: source.count("digestForwardedAck", reply_id=letter.id), 2,
                    "not acknowledged")
        self.expect_never(other, lambda: [heard for heard in of_type(other, kind)
                                          if heard.source == Target.gossip_at], 1,
                          "forwarded from remote to remote")


class BadManners(Flow):
    @improves
    def test_three_peers_that_forward_everything_cause_no_storm(self):
        kind = unique("type")
        listener = self.client()
        self.assertTrue(listener.subscribe(kind))
        peers = [self.subscribed_peer(kind, index=index, manners=Manners(reforwards=True))
                 for index in range(3)]
        publisher = self.client()
        publisher.publish(kind, TEXT)
        time.sleep(3)
        copies = sum(heard.source == Target.gossip_at for peer in peers
                     for heard in of_type(peer, kind))
        self.assertLessEqual(copies, len(peers))
        self.assertLessEqual(len(listener.messages(kind)), 1)
        for peer in peers:
            peer.stop()
        self.still_serves()

    @improves
    def test_what_crashes_the_original_has_no_effect(self):
        peer = self.peer(manners=Manners(crash_types=True))
        time.sleep(Target.rounds(2))
        self.still_serves()
        self.assertTrue(peer.members)

    @improves
    def test_garbage_from_a_peer_has_no_effect(self):
        self.peer(manners=Manners(garbage=True))
        time.sleep(Target.rounds(2))
        self.still_serves()

    @improves
    def test_unknown_fields_of_every_kind_are_skipped(self):
        watcher = self.watcher("member_in")
        peer = self.peer(manners=Manners(unknown_fields=True))
        self.assertIn(("member_in", peer.name), watcher.events())

    @improves
    def test_a_crowd_of_long_dead_members_makes_nobody_a_member(self):
        watcher = self.watcher("member_in")
        self.peer(manners=Manners(oversized_lists=True))
        time.sleep(Target.rounds(2))
        self.assertEqual(sum(name.startswith("nobody") for _, name in watcher.events()), 0)
        self.still_serves()

    def test_doubled_rounds_and_amnesia_are_survived(self):
        watcher = self.watcher("member_out", "member_quarantine")
        peer = self.peer(manners=Manners(rounds=2, forgets_every=1))
        time.sleep(Target.rounds(3))
        self.assertFalse([name for _, name in watcher.events() if name == peer.name])

    @improves
    def test_heartbeats_that_go_backwards_make_nobody_flap(self):
        self.takes(Target.times.quarantine_after + 8)
        watcher = self.watcher()
        self.peer(0, manners=Manners(heartbeats_backwards=True))
        honest = self.peer(1)
        time.sleep(Target.times.quarantine_after + 2)
        self.assertEqual({event for event, name in watcher.events() if name == honest.name},
                         {"member_in"})

    @improves
    def test_a_peer_whose_clock_is_a_minute_off_stays_and_is_served(self):
        self.takes(2 * max(Target.times.quarantine_after,
                           Target.times.drop_stale_subscriptions_after) + 10)
        for skew in (-60, 60):
            with self.subTest(skew=skew):
                kind = unique("type")
                watcher = self.watcher()
                peer = self.subscribed_peer(kind, index=1 if skew > 0 else 0,
                                            manners=Manners(clock_skew=skew))
                time.sleep(max(Target.times.quarantine_after,
                               Target.times.drop_stale_subscriptions_after) + 1)
                self.assertEqual([event for event, name in watcher.events() if name == peer.name],
                                 ["member_in"])
                publisher = self.client()
                publisher.publish(kind, TEXT)
                self.expect(peer, lambda peer=peer, kind=kind: of_type(peer, kind), 2,
                            "its subscription was lost")

    def test_a_peer_that_never_acknowledges_gets_copies_at_the_configured_pace(self):
        self.takes(3 * Target.times.redelivery_retry_every + 5)
        kind = unique("type")
        peer = self.subscribed_peer(kind, manners=Manners(acks_forwards=False))
        publisher = self.client()
        publisher.publish(kind, TEXT)
        time.sleep(2.5 * Target.times.redelivery_retry_every)
        self.assertEqual(len(of_type(peer, kind)), 3)
        peer.manners.acks_forwards = True

    def test_messages_of_a_peer_that_is_nobodys_member_are_acknowledged_and_delivered(self):
        kind = unique("type")
        client = self.client()
        self.assertTrue(client.subscribe(kind))
        peer = self.peer(joined=False)
        peer.seeds = []
        letter = protocol.make(kind, TEXT)
        peer.send(letter, Target.gossip_at)
        self.expect(peer, lambda: peer.count("digestForwardedAck", reply_id=letter.id), 2, "no ack")
        self.expect(client, lambda: client.messages(kind), 2, "not delivered")

"""What an application and its daemon say to each other: attaching, subscribing, leaving, member
events, publishing."""

import statistics
import time

import protocol
from protocol import I32, STRING
from station import Station
from client import local_address
from target import Flow, Target, improves, unique

TEXT = [(1, STRING, "some data"), (2, I32, 1234)]


class Attach(Flow):
    def test_a_digest_is_answered_quickly_from_the_port_it_went_to(self):
        client = self.client(keepalive=None)
        for _ in range(10):
            self.assertTrue(client.attach())
        self.assertLess(statistics.median(client.ack_delays), Target.ack_seconds)

    def test_every_keepalive_is_answered_once(self):
        client = self.client(keepalive=0.3)
        self.expect(client, lambda: client.count("digestAck") >= 6, 4, "acks stopped")
        client.fall_silent()
        time.sleep(0.3)
        sent = len([said for said in client.said if said.letter.type == "digest"])
        self.assertEqual(client.count("digestAck"), sent)

    def test_the_heartbeat_of_a_client_is_not_looked_at(self):
        client = self.client(attached=False)
        for heartbeat in (0, -1, 1, 2**62):
            identifier = client.digest(heartbeat=heartbeat)
            self.expect(client, lambda: client.count("digestAck", reply_id=identifier), 2,
                        f"no ack of heartbeat {heartbeat}")

    def test_the_ack_goes_to_the_port_in_the_digest(self):
        with Station(local_address(Target.daemon), Target.key) as elsewhere:
            client = self.client(attached=False, keepalive=None)
            identifier = client.digest(port=elsewhere.address.port)
            self.expect(elsewhere, lambda: elsewhere.count("digestAck", reply_id=identifier), 2,
                        "no ack at the stated port")
            self.assertEqual(client.count("digestAck"), 0)

    def test_another_secret_for_a_known_name_is_met_with_silence(self):
        client = self.client()
        thief = self.client(attached=False)
        thief.name, thief.secret = client.name, "guessed"
        self.assertFalse(thief.attach(seconds=1))
        self.assertFalse(thief.subscribe("member_in", seconds=0.5))
        thief.exit()
        self.assertTrue(client.attach(), "the owner of the name was harmed")

    def test_the_daemons_own_name_is_met_with_silence(self):
        pretender = self.client(attached=False)
        pretender.name = self.daemon_name()
        self.assertFalse(pretender.attach(seconds=1))

    @improves
    def test_an_ack_stays_small_however_many_clients_there_are(self):
        # Its size is looked at in every flow; the original lists all clients in it.
        clients = [self.client() for _ in range(20)]
        self.assertTrue(clients[0].attach())

    @improves
    def test_a_client_that_comes_back_from_another_port_is_answered_there(self):
        old = self.client(keepalive=None)
        new = self.client(attached=False)
        new.name, new.secret = old.name, old.secret
        self.assertTrue(new.attach())
        self.assertTrue(new.subscribe("member_in"), "the ack went to the old port")

    def test_garbage_is_met_with_silence(self):
        client = self.client()
        cipher = client.cipher
        other = protocol.Cipher("another key")
        letter = protocol.make("digestExit", {"name": client.name, "heartbeat": 0,
                                              "secret": client.secret})
        for datagram in (b"", b"x", b"x" * 10, b"x" * 16, b"x" * 40, bytes(65_488),
                         other.seal(letter.envelope), cipher.seal(b""),
                         cipher.seal(letter.envelope[:-1] + b"\x0b"),
                         cipher.seal(b"\x0b\0\1\xff\xff\xff\xff"),
                         cipher.seal(b"\x0b\0\1\x7f\xff\xff\xff"),
                         cipher.seal(protocol.wrap("digest", b"", "x").envelope),
                         cipher.seal(protocol.wrap("digestSubscribe", b"\x0f\0\4\x0b\x7f\xff\xff"
                                                   b"\xff", "x").envelope),
                         cipher.seal(letter.envelope.replace(b"Cw", b"**"))):
            client.send_bytes(datagram, Target.daemon)
        self.still_serves()

    def test_odd_forms_are_understood(self):
        client = self.client(attached=False)
        for form in ("original", "order", "unknown", "lines", "tail"):
            identifier = f"odd-{form}"
            fields = [(1, STRING, client.name), (2, I32, client.address.port),
                      (3, protocol.I64, 0), (4, STRING, identifier), (5, STRING, client.secret)]
            if form == "order":
                fields.reverse()
            if form == "unknown":
                fields += [(9, STRING, "unknown"), (10, I32, 1)]
            letter = protocol.wrap("digest", protocol.write_struct(fields), identifier)
            datagram = client.cipher.seal(letter.envelope)
            if form == "original":
                datagram = client.cipher.seal_as_original(letter.envelope)
            elif form == "tail":
                datagram = client.cipher.seal(letter.envelope + b"\x0b\xff garbage of any kind")
            elif form == "lines":
                outer, _ = protocol.read_struct(letter.envelope)
                text = outer[1][2]
                outer[1] = (2, STRING, text[:60] + b"\r\n" + text[60:] + b"\n")
                datagram = client.cipher.seal(protocol.write_struct(outer))
            client._digests[identifier] = time.time()  # pylint: disable=protected-access
            client.send_bytes(datagram, Target.daemon, letter)
            self.expect(client, lambda: client.count("digestAck", reply_id=identifier), 2,
                        f"form '{form}' was not understood")


class Subscribe(Flow):
    def test_the_ack_lists_the_types_in_their_order(self):
        client = self.client()
        self.assertTrue(client.subscribe("zebra", "member_in", "apple"))
        self.assertTrue(client.subscribe("zebra"), "again is no mistake")

    def test_an_empty_list_is_acknowledged(self):
        client = self.client()
        self.assertTrue(client.subscribe())
        self.assertTrue(client.unsubscribe())

    def test_unsubscribing_from_what_was_never_subscribed_is_acknowledged(self):
        self.assertTrue(self.client().unsubscribe("never"))

    def test_whoever_is_not_attached_is_met_with_silence(self):
        stranger = self.client(attached=False)
        self.assertFalse(stranger.subscribe("member_in", seconds=0.7))
        self.assertFalse(stranger.unsubscribe("member_in", seconds=0.7))

    def test_after_unsubscribing_no_more_events_come(self):
        watcher = self.watcher("member_in", "member_out")
        self.assertTrue(watcher.unsubscribe("member_in"))
        newcomer = self.client("newcomer")
        newcomer.exit()
        self.expect(watcher, lambda: ("member_out", newcomer.name) in watcher.events(), 2,
                    "the other subscription ended too")
        self.assertNotIn(("member_in", newcomer.name), watcher.events())


class Exit(Flow):
    def test_a_client_that_exits_is_out_at_once_and_hears_nothing(self):
        watcher = self.watcher("member_out", "member_drop")
        client = self.client()
        heard = len(client.heard)
        client.exit()
        self.expect(watcher, lambda: ("member_out", client.name) in watcher.events(), 1,
                    "no member_out")
        self.assertNotIn(("member_drop", client.name), watcher.events())
        self.assertEqual(len(client.heard), heard)
        self.assertFalse(client.subscribe("member_in", seconds=0.7), "still known after its exit")

    def test_an_exit_with_a_wrong_secret_changes_nothing(self):
        watcher = self.watcher("member_out")
        client = self.client()
        secret, client.secret = client.secret, "wrong"
        client.exit()
        client.secret = secret
        self.expect_never(watcher, lambda: ("member_out", client.name) in watcher.events(), 1,
                          "somebody else ended it")
        self.assertTrue(client.subscribe("anything"))

    @improves
    def test_an_exit_ends_the_subscriptions(self):
        client = self.client()
        self.assertTrue(client.subscribe("member_in"))
        client.exit()
        time.sleep(0.3)
        again = self.client(attached=False)
        again.name, again.secret = client.name, client.secret
        self.assertTrue(again.attach())
        other = self.client()
        self.expect_never(again, lambda: ("member_in", other.name) in again.events(), 1,
                          "a subscription outlived its client")

    def test_after_an_exit_the_name_is_free_for_another_secret(self):
        client = self.client()
        client.exit()
        time.sleep(0.3)
        other = self.client(attached=False)
        other.name, other.secret = client.name, "another"
        self.assertTrue(other.attach())


class MemberEvents(Flow):
    def test_a_newcomer_is_told_to_subscribers_once(self):
        watcher = self.watcher("member_in")
        newcomer = self.client("newcomer", keepalive=0.3)
        time.sleep(1)
        self.assertEqual(watcher.events().count(("member_in", newcomer.name)), 1)
        self.assertEqual(newcomer.events(), [])

    def test_silence_has_four_steps_at_their_times_whatever_the_traffic(self):
        times = Target.times
        self.assertGreater(times.drop_unreachable_after, 0, "give --drop-unreachable-after")
        self.takes(times.drop_unreachable_after + 3)
        watcher = self.watcher()
        busy = [self.client("busy", keepalive=0.2) for _ in range(0 if Target.is_original else 3)]
        client = self.client("silent")
        client.fall_silent()
        begun = time.time()
        self.expect(watcher, lambda: ("member_out", client.name) in watcher.events(),
                    times.drop_unreachable_after + 3, "it was never dropped")
        story = [(heard.letter["event_type"], heard.at - begun) for heard in watcher.heard
                 if heard.type == "digestEvent" and heard.letter["event_object"] == client.name]
        self.assertEqual([event for event, _ in story],
                         ["member_in", "member_quarantine", "member_unreachable", "member_drop",
                          "member_out"])
        unreachable = times.quarantine_after + times.max_quarantined
        for (event, at), due in zip(story[1:], (times.quarantine_after, unreachable,
                                                max(unreachable, times.drop_unreachable_after),
                                                max(unreachable, times.drop_unreachable_after))):
            self.assertLess(abs(at - due), 1.3, f"{event} after {at:.1f} s instead of {due}")
        for each in busy:
            self.assertEqual([event for event, name in watcher.events() if name == each.name],
                             ["member_in"])

    def test_who_speaks_again_rejoins(self):
        times = Target.times
        self.takes(times.quarantine_after + 4)
        watcher = self.watcher()
        client = self.client("silent")
        client.fall_silent()
        self.expect(watcher, lambda: ("member_quarantine", client.name) in watcher.events(),
                    times.quarantine_after + 3, "no quarantine")
        self.assertTrue(client.attach())
        self.expect(watcher, lambda: ("member_rejoin", client.name) in watcher.events(), 1,
                    "no rejoin")
        self.assertEqual([event for event, name in watcher.events() if name == client.name],
                         ["member_in", "member_quarantine", "member_rejoin"])


class Publish(Flow):
    def test_a_message_is_acknowledged_at_once(self):
        client = self.client()
        self.assertTrue(client.is_acknowledged(client.publish("anything", TEXT)))

    def test_nobody_has_to_attach_to_publish(self):
        stranger = self.client(attached=False)
        self.assertTrue(stranger.is_acknowledged(stranger.publish("anything", TEXT)))

    def test_every_copy_is_acknowledged(self):
        client = self.client()
        identifier = unique("id")
        for _ in range(3):
            client.publish("anything", TEXT, identifier)
        self.expect(client, lambda: client.count("digestForwardedAck", reply_id=identifier) == 3,
                    2, "not three acks")

    @improves
    def test_the_ack_to_a_client_does_not_give_the_overlays_secret_away(self):
        client = self.client()
        client.is_acknowledged(client.publish("anything", TEXT))
        for letter in client.letters("digestForwardedAck"):
            self.assertNotEqual(letter["secret"], Target.secret)

    def test_another_application_of_the_same_host_does_not_get_it(self):
        kind = unique("type")
        listener, publisher = self.client(), self.client()
        self.assertTrue(listener.subscribe(kind))
        self.assertTrue(publisher.subscribe(kind))
        self.assertTrue(publisher.is_acknowledged(publisher.publish(kind, TEXT)))
        self.expect_never(listener, lambda: listener.messages(kind), 1, "delivered on this host")
        self.assertEqual(publisher.messages(kind), [])

    def test_names_that_only_look_internal_are_messages_like_others(self):
        client = self.client()
        kinds = ["Digest", "digestEnvelope", "member_in", "digestAcknowledged", "a b \u00e9"]
        if Target.peer_hosts:    # topics of a native overlay have no control characters
            kinds.append("a\nb")
        for kind in kinds:
            self.assertTrue(client.is_acknowledged(client.publish(kind, TEXT)), kind)

    def test_a_message_may_be_large(self):
        client = self.client()
        kind = unique("type")
        large = [(1, STRING, "x" * 40_000)]
        self.assertTrue(client.is_acknowledged(client.publish(kind, large)))

    def test_what_only_daemons_say_has_no_effect(self):
        watcher = self.watcher("member_in", "member_out")
        liar = self.client("liar")
        entry = {"member_name": unique("nobody"), "member_ip": "192.0.2.1", "member_port": 9,
                 "member_heartbeat": int(time.time())}
        for kind, fields in (
                ("digestAck", {"name": liar.name, "heartbeat": int(time.time()), "reply_id": "x",
                               "membership": [] if Target.is_original else [entry]}),
                ("digestSubscriptions", {"name": liar.name, "heartbeat": int(time.time()),
                                         "reply_id": "x", "subscriptions": []})):
            liar.send(protocol.make(kind, fields), Target.daemon)
        self.expect_never(watcher, lambda: [name for _, name in watcher.events()
                                            if name == entry["member_name"]], 1,
                          "a client made a member")
        self.still_serves()

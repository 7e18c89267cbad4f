#!/usr/bin/env python3
"""What the comparison does with bytes and numbers, without any system running."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tests" / "system")]

# pylint: disable=wrong-import-position
from sidebyside import command, measures, msgpack, report, samples
from sidebyside.system import Deliveries, System, payload_of
from sidebyside.systems import grapevine, nats, serf


class FakeSystem(System):
    """Four members that never start."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.count, self.killed, self.deaths = 4, set(), []
        self.alive = [set() for _ in range(4)]
        self.gone_at = [{} for _ in range(4)]
        self.complete_at = [None] * 4


class SamplesTest(unittest.TestCase):
    def test_percentiles_are_samples_that_so_many_do_not_exceed(self):
        hundred = list(range(1, 101))
        self.assertEqual(samples.percentile(hundred, 0.99), 99)
        self.assertEqual(samples.percentile(hundred, 0.5), 50)
        self.assertEqual(samples.percentile([7], 0.99), 7)
        self.assertIsNone(samples.percentile([], 0.5))


class MsgpackTest(unittest.TestCase):
    def test_a_request_is_what_the_agent_of_serf_reads(self):
        self.assertEqual(msgpack.encode({"Command": "handshake", "Seq": 0}),
                         b"\x82\xa7Command\xa9handshake\xa3Seq\x00")
        self.assertEqual(msgpack.encode({"Coalesce": False}), b"\x81\xa8Coalesce\xc2")
        self.assertEqual(msgpack.encode(b"x" * 64), b"\xda\x00\x40" + b"x" * 64)


class DeliveriesTest(unittest.TestCase):
    def test_a_marker_is_found_however_the_stream_is_cut(self):
        stream = b"".join(b"data: " + payload_of(number) + b"\n" for number in (1, 2, 3))
        for cut in range(1, len(stream)):
            deliveries = Deliveries()
            feed = deliveries.feeder(0)
            feed(10, stream[:cut])
            feed(20, stream[cut:])
            arrived, duplicates = deliveries.take()
            self.assertEqual((sorted(arrived), duplicates), ([1, 2, 3], 0), cut)

    def test_a_second_copy_is_a_duplicate_and_not_a_delivery(self):
        deliveries = Deliveries()
        deliveries.feeder(0)(10, payload_of(5) * 2)
        deliveries.feeder(1)(30, payload_of(5))
        arrived, duplicates = deliveries.take()
        self.assertEqual((arrived, duplicates), ({5: {0: 10, 1: 30}}, 1))
        self.assertEqual(deliveries.take(), ({}, 0))


class ChangesTest(unittest.TestCase):
    def read(self, module, *chunks):
        system = FakeSystem()
        reader = system.change_reader(0, module.CHANGE, module.KINDS)
        for at, chunk in enumerate(chunks, 1):
            reader(at, chunk)
        return system

    def test_grapevine_tells_members_in_its_stream(self):
        item = (b'data: {"type":"member","kind":"%s","member":{"id":"ab","name":"m%d",'
                b'"status":"x"}}\n\n')
        stream = item % (b"joined", 2) + item % (b"joined", 3) + item % (b"died", 2)
        for cut in range(1, len(stream)):
            system = self.read(grapevine, stream[:cut], stream[cut:])
            self.assertEqual(system.alive[0], {3}, cut)
            self.assertEqual(set(system.gone_at[0]), {2}, cut)

    def test_serf_tells_members_in_its_log(self):
        system = self.read(serf, b"[INFO] serf: EventMemberJoin: m1 127.0.1.2",
                           b"[INFO] serf: EventMemberFailed: m1 127.0.1.2")
        self.assertEqual((system.alive[0], system.gone_at[0]), (set(), {1: 2}))

    def test_nats_tells_routes_in_its_log(self):
        found = [(match["last"], match["what"]) for match in nats.ROUTE.finditer(
            b"[INF] 127.0.1.7:6222 - rid:5 - Route connection created\n"
            b"[INF] 127.0.1.7:6222 - rid:5 - Router connection closed: Client Closed\n")]
        self.assertEqual(found, [(b"7", b"created"), (b"7", b"closed")])

    def test_a_list_is_complete_when_all_that_live_are_on_it(self):
        system = FakeSystem()
        for subject in range(4):
            self.assertIsNone(system.complete_at[0])
            system.saw_alive(0, subject, 10 + subject)
        self.assertEqual(system.complete_at[0], 13)
        system.saw_gone(0, 3, 20)
        self.assertIsNone(system.complete_at[0])
        self.assertEqual(system.false_deaths_since(0), {3})

    def test_the_death_of_a_killed_member_is_not_false(self):
        system = FakeSystem()
        system.saw_alive(0, 2, 1)
        system.give_up(2)
        system.saw_gone(0, 2, 9)
        self.assertEqual((system.false_deaths_since(0), system.gone_at[0]), (set(), {2: 9}))


class PlanTest(unittest.TestCase):
    def test_what_hurts_a_cluster_is_done_to_one_of_its_own(self):
        options = command.parse(["--runs", "2"])
        self.assertEqual(command.lives(options, System), [
            ["join", "idle", "events", "rate"], ["join", "detect"], ["join", "detect"]])
        options = command.parse(["--measures", "partition,loss"])
        self.assertEqual(command.lives(options, System), [["join", "partition"], ["join", "loss"]])

    def test_a_rate_is_sustained_if_nothing_is_lost_or_late(self):
        step = {"lost_copies": 0, "prompt_share": 1.0, "kept_rate": 100, "rate": 100}
        self.assertTrue(measures.is_sustained(step))
        for change in ({"lost_copies": 1}, {"prompt_share": 0.98}, {"kept_rate": 94}):
            self.assertFalse(measures.is_sustained({**step, **change}))


class ReportTest(unittest.TestCase):
    def entry(self, system, measure, **rest):
        return {"system": system, "members": 5, "measure": measure, **rest}

    def test_ratios_are_to_grapevine_and_what_failed_says_so(self):
        document = {"systems": ["grapevine", "serf", "nats"], "results": [
            self.entry("grapevine", "join", values={"last_ms": 100.0}),
            self.entry("grapevine", "join", values={"last_ms": 300.0}),
            self.entry("serf", "join", values={"last_ms": 250.0}),
            self.entry("nats", "join", trouble="it did not start")]}
        lines = report.table(document).splitlines()
        self.assertEqual(lines[0].split(), ["N", "=", "5", "grapevine", "serf", "nats"])
        self.assertEqual(lines[1].split(", ms")[1].split(), ["100", "250", "(2.5x)", "failed"])
        self.assertIn("nats, N = 5, join: it did not start", lines)

    def test_results_of_several_runs_are_one_table(self):
        one = {"systems": ["grapevine"], "results": [1], "versions": {"grapevine": "a"},
               "about": {"grapevine": "b"}, "load_at_end": [1]}
        two = {"systems": ["grapevine", "serf"], "results": [2], "versions": {"serf": "c"},
               "about": {"serf": "d"}, "load_at_end": [2]}
        whole = report.merged([one, two])
        self.assertEqual((whole["systems"], whole["results"], whole["load_at_end"]),
                         (["grapevine", "serf"], [1, 2], [2]))


if __name__ == "__main__":
    unittest.main()

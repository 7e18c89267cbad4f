"""What the first tutorial shows, with real daemons: invite, join, tell, leave, return."""

import json
import signal
import subprocess
import unittest

from daemons import BINARY, NOT_FOUND, TIMED_OUT, Daemon, environment, until


class Overlay(unittest.TestCase):
    def setUp(self):
        self.alpha = self.start("--name", "alpha", "--overlay", "demo", "--bind", "127.0.0.1:0",
                                "--profile", "fast", "--label", "rack=r1")
        token = self.ok(self.alpha.run("invite")).strip()
        self.beta = self.start("--name", "beta", "--join", token, "--bind", "127.0.0.1:0")
        self.assertTrue(until(lambda: self.statuses(self.alpha) == {"alpha": "alive",
                                                                    "beta": "alive"}))
        self.assertTrue(until(lambda: self.statuses(self.beta) == {"alpha": "alive",
                                                                   "beta": "alive"}))

    def start(self, *arguments):
        daemon = Daemon(*arguments)
        self.addCleanup(daemon.__exit__)
        return daemon.start()

    def ok(self, result):
        code, out, err = result
        self.assertEqual(code, 0, err)
        return out

    def statuses(self, daemon):
        members = json.loads(self.ok(daemon.run("members", "--json")))["members"]
        return {member["name"]: member["status"] for member in members}

    def subscribe(self, daemon, *arguments):
        """A subscription that has begun when this returns: `--from oldest` cannot miss anything."""
        process = subprocess.Popen(
            [BINARY, "subscribe", "--json", "--from", "oldest", "--url", daemon.url,
             "--token-file", str(daemon.state / "token"), *arguments],
            stdout=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_events_go_both_ways_in_order(self):
        subscriber = self.subscribe(self.beta, "--count", "20", "work.*")
        for number in range(10):
            self.ok(self.alpha.run("publish", "work.a", str(number)))
            self.ok(self.beta.run("publish", "work.b", str(number)))
        self.ok(self.alpha.run("publish", "other", "not asked for"))
        events = [json.loads(line) for line in subscriber.stdout]
        self.assertEqual(subscriber.wait(20), 0)
        for topic in ("work.a", "work.b"):
            self.assertEqual([e["payload"] for e in events if e["topic"] == topic],
                             [str(number) for number in range(10)])

    def test_a_subscriber_continues_at_its_cursor(self):
        for payload in ("one", "two", "three"):
            self.ok(self.alpha.run("publish", "t", payload))
        first = self.subscribe(self.alpha, "--count", "1")
        event = json.loads(first.stdout.readline())
        self.assertEqual(event["payload"], "one")
        out = self.ok(self.alpha.run("subscribe", "--json", "--count", "2", "--give-up", "20",
                                     "--cursor", event["cursor"]))
        self.assertEqual([json.loads(line)["payload"] for line in out.splitlines()],
                         ["two", "three"])

    def test_giving_up_has_a_code_of_its_own(self):
        code, _, err = self.alpha.run("subscribe", "--count", "1", "--give-up", "0.3", "nothing")
        self.assertEqual(code, TIMED_OUT, err)

    def test_records_are_known_to_others(self):
        self.ok(self.alpha.run("record", "set", "version", "12"))
        self.assertTrue(until(lambda: self.beta.run("record", "get", "version", "-m", "alpha")[1]
                              == "12\n"))
        self.ok(self.alpha.run("record", "unset", "version"))
        self.assertTrue(until(lambda: self.beta.run("record", "get", "version", "-m", "alpha")[0]
                              == NOT_FOUND))

    def test_labels_choose_members(self):
        out = self.ok(self.beta.run("members", "--label", "rack=r1", "--json"))
        self.assertEqual([m["name"] for m in json.loads(out)["members"]], ["alpha"])

    def test_one_who_leaves_has_left_and_can_be_forgotten(self):
        self.assertEqual(self.beta.stop(), 0)
        self.assertTrue(until(lambda: self.statuses(self.alpha)["beta"] == "left"))
        self.ok(self.alpha.run("forget", "beta"))
        self.assertEqual(self.statuses(self.alpha), {"alpha": "alive"})

    def test_one_who_is_killed_is_dead_and_comes_back_as_itself(self):
        def self_of(daemon):
            members = json.loads(self.ok(daemon.run("members", "--json")))["members"]
            return next(m for m in members if m["is_self"])

        before = self_of(self.beta)
        self.beta.stop(signal.SIGKILL)
        self.assertTrue(until(lambda: self.statuses(self.alpha)["beta"] == "dead"))
        self.beta.start()
        self.assertTrue(until(lambda: self.statuses(self.alpha)["beta"] == "alive"))
        after = self_of(self.beta)
        self.assertEqual(before["id"], after["id"])
        self.assertLess(before["incarnation"], after["incarnation"])

    def test_a_watch_tells_of_changes(self):
        watch = subprocess.Popen(
            [BINARY, "members", "--watch", "--json", "--url", self.alpha.url, "--token-file",
             str(self.alpha.state / "token")], stdout=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        present = [json.loads(watch.stdout.readline())["member"]["name"] for _ in range(2)]
        self.assertEqual(sorted(present), ["alpha", "beta"])
        self.beta.stop()
        self.assertEqual(json.loads(watch.stdout.readline())["kind"], "left")

    def test_overlays_made_at_run_time_survive_a_restart(self):
        self.ok(self.alpha.run("overlay", "create", "second", "--bind", "127.0.0.1:0"))
        self.assertEqual(self.alpha.stop(), 0)
        self.alpha.start()
        names = [o["name"] for o in
                 json.loads(self.ok(self.alpha.run("overlay", "list", "--json")))["overlays"]]
        self.assertEqual(names, ["demo", "second"])
        self.ok(self.alpha.run("overlay", "remove", "second"))
        self.assertEqual(self.alpha.run("overlay", "show", "second")[0], NOT_FOUND)


if __name__ == "__main__":
    unittest.main(verbosity=2)

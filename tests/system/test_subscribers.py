"""Events for subscribers only, with real daemons: who reads gets them, and nobody else."""

import json
import subprocess
import time
import unittest

from daemons import BINARY, Daemon, environment


def until(condition, patience=30):
    """Waits for what must become true; returns what it was, true or not."""
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        time.sleep(0.05)


class Subscribers(unittest.TestCase):
    def setUp(self):
        """The publisher, two that will read, and one that will not."""
        self.publisher = self.start("--name", "publisher", "--overlay", "demo", "--bind",
                                    "127.0.0.1:0", "--profile", "fast", "--subscriber-topic",
                                    "metrics.>")
        token = self.ok(self.publisher.run("invite")).strip()
        self.readers = [self.join(f"reader{n}", token) for n in (1, 2)]
        self.other = self.join("other", token)
        for daemon in (self.publisher, *self.readers, self.other):
            self.assertTrue(until(lambda d=daemon: self.overlay(d)["members_alive"] == 4))

    def start(self, *arguments):
        daemon = Daemon(*arguments)
        self.addCleanup(daemon.__exit__)
        return daemon.start()

    def join(self, name, token):
        return self.start("--name", name, "--join", token, "--bind", "127.0.0.1:0",
                          "--profile", "fast")

    def ok(self, result):
        code, out, err = result
        self.assertEqual(code, 0, err)
        return out

    def overlay(self, daemon):
        return json.loads(self.ok(daemon.run("overlay", "show", "demo", "--json")))

    def subscribe(self, daemon, *arguments):
        process = subprocess.Popen(
            [BINARY, "subscribe", "--json", "--from", "oldest", "--url", daemon.url,
             "--token-file", str(daemon.state / "token"), *arguments],
            stdout=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def interest_known(self, of):
        """Does the publisher know what they read?"""
        for reader in of:
            code, out, _ = self.publisher.run("record", "list", "--member", reader,
                                           "--json")
            if code != 0 or "gv.interest" not in out:
                return False
        return True

    def test_only_daemons_with_a_reader_get_marked_events(self):
        readers = [self.subscribe(daemon, "--count", "20", "metrics.cpu.*")
                   for daemon in self.readers]
        self.assertTrue(until(lambda: self.interest_known(("reader1", "reader2"))))
        self.assertEqual(self.overlay(self.publisher)["subscriber_topics"], ["metrics.>"])
        time.sleep(3)  # Until the newcomers to the channel have caught up.
        before = self.overlay(self.other)["counters"]["events_delivered_total"]
        for number in range(20):
            out = self.ok(self.publisher.run("publish", "metrics.cpu.a", str(number), "--json"))
            receipt = json.loads(out)
            self.assertGreater(receipt["channel"], 0)
            self.assertTrue(receipt["id"].endswith(f"-{receipt['channel']}"))
        for reader in readers:
            events = [json.loads(line) for line in reader.stdout]
            self.assertEqual(reader.wait(20), 0)
            self.assertEqual([event["payload"] for event in events],
                             [str(number) for number in range(20)])
        # The other daemon gets what is for all, and nothing of what is not.
        self.ok(self.publisher.run("publish", "news", "for all"))
        self.assertTrue(until(
            lambda: self.overlay(self.other)["counters"]["events_delivered_total"] == before + 1))
        self.assertEqual(self.overlay(self.other)["counters"]["channels"], 0)
        self.assertEqual(
            self.overlay(self.other)["counters"]["channel_sections_dropped_total"], 0)

    def test_a_topic_that_is_none_is_refused_at_the_start(self):
        code, _, err = self.publisher.run("overlay", "create", "second", "--bind", "127.0.0.1:0",
                                          "--subscriber-topic", "metrics.*x")
        self.assertNotEqual(code, 0)
        self.assertIn("metrics.*x".split(".", 1)[1], err)

    def test_keys_of_the_daemons_own_are_refused(self):
        code, _, err = self.publisher.run("record", "set", "gv.interest", ">")
        self.assertNotEqual(code, 0)
        self.assertIn("the daemon's own", err)


if __name__ == "__main__":
    unittest.main()

"""A new key for four real daemons under load, and a wipe: what is told to a whole overlay."""

import json
import pathlib
import subprocess
import tempfile
import threading
import time
import unittest

from daemons import BINARY, Daemon, environment, run, until

EVENTS_PER_DAEMON = 150


class Keys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gv-keys-")
        self.addCleanup(folder.cleanup)
        self.key_file = pathlib.Path(folder.name) / "ops.key"
        public = self.ok(run("operator", "new", "--out", self.key_file)).strip()
        self.assertEqual(self.ok(run("operator", "show", self.key_file)).strip(), public)
        self.assertEqual(self.key_file.stat().st_mode & 0o777, 0o600)
        self.public = public

    def make(self, *arguments):
        first = self.start("--name", "m0", "--overlay", "demo", "--bind", "127.0.0.1:0",
                           "--profile", "fast", *arguments)
        self.token = self.ok(first.run("invite")).strip()
        self.daemons = [first] + [self.join(f"m{n}", self.token) for n in (1, 2, 3)]
        for daemon in self.daemons:
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

    def counter(self, daemon, name):
        return self.overlay(daemon)["counters"][name]

    def keys(self, daemon):
        return json.loads(self.ok(daemon.run("keys", "status", "--json")))

    def subscribe(self, daemon, count):
        process = subprocess.Popen(
            [BINARY, "subscribe", "--json", "--count", str(count), "--give-up", "60", "--url",
             daemon.url, "--token-file", str(daemon.state / "token"), "load.>"],
            stdout=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def publish_many(self, daemon, number):
        for index in range(EVENTS_PER_DAEMON):
            self.ok(daemon.run("publish", f"load.d{number}", f"{number}/{index}"))

    def test_rotates_under_load_and_refuses_the_old_key(self):
        self.make()
        total = EVENTS_PER_DAEMON * len(self.daemons)
        readers = [self.subscribe(daemon, total) for daemon in self.daemons]
        time.sleep(1)
        suspicions = [self.counter(daemon, "suspicions_total") for daemon in self.daemons]
        load = [threading.Thread(target=self.publish_many, args=(daemon, number))
                for number, daemon in enumerate(self.daemons)]
        for thread in load:
            thread.start()
        answer = json.loads(self.ok(self.daemons[2].run("keys", "rotate", "--wait", "--json")))
        self.assertTrue(answer["is_complete"])
        self.assertEqual((answer["stage"], answer["held"]), ("remove", [2]))
        self.assertTrue(any(thread.is_alive() for thread in load), "it was under load")
        for thread in load:
            thread.join()
        wanted = {f"{number}/{index}" for number in range(4) for index in range(EVENTS_PER_DAEMON)}
        for reader in readers:
            lines = [json.loads(line) for line in reader.stdout]
            self.assertEqual(reader.wait(90), 0)
            self.assertEqual({line["payload"] for line in lines if "payload" in line}, wanted)
        for daemon, before in zip(self.daemons, suspicions):
            self.assertEqual(self.keys(daemon)["held"], [2])
            self.assertEqual(self.counter(daemon, "suspicions_total"), before)
            self.assertEqual(self.counter(daemon, "dropped_key_total"), 0)
            self.assertEqual(self.overlay(daemon)["key_ids"], [2])
        # An invitation of before lets nobody in any more, one of now does.
        late = self.join("late", self.token)
        time.sleep(3)
        self.assertEqual(self.overlay(late)["members_alive"], 1)
        self.assertTrue(until(lambda: self.counter(self.daemons[0], "dropped_key_total") > 0))
        guest = self.join("guest", self.ok(self.daemons[1].run("invite")).strip())
        self.assertTrue(until(lambda: self.overlay(guest)["members_alive"] == 5))
        # The ring outlives a restart, though the definition names the old key.
        self.daemons[3].stop()
        self.daemons[3].start()
        self.assertTrue(until(lambda: self.overlay(self.daemons[3])["members_alive"] == 5))
        self.assertEqual(self.keys(self.daemons[3])["held"], [2])

    def test_waits_for_the_dead_and_names_them(self):
        self.make()
        self.daemons[3].stop(9)
        self.assertTrue(until(lambda: self.overlay(self.daemons[0])["members_dead"] == 1))
        code, out, err = self.daemons[0].run("keys", "rotate", "--wait", "--give-up", "3")
        self.assertEqual(code, 5, out)
        self.assertIn("m3 (dead for", err)
        self.assertIn("grapevine forget", err)
        self.assertEqual(self.keys(self.daemons[1])["stage"], "install")
        self.ok(self.daemons[0].run("keys", "rotate", "--without", "m3", "--wait", "--give-up",
                                    "60"))
        self.assertEqual(self.keys(self.daemons[1])["held"], [2])

    def test_wipes_in_the_name_of_an_operator_only(self):
        self.make("--operator", self.public)
        for number, daemon in enumerate(self.daemons):
            self.ok(daemon.run("record", "set", "bad", str(number)))
        self.assertTrue(until(lambda: "bad" in self.ok(
            self.daemons[0].run("record", "list", "--member", "m3"))))
        code, _, err = self.daemons[1].run("keys", "rotate")
        self.assertEqual(code, 1)
        self.assertIn("--operator-key", err)
        self.assertEqual(self.daemons[1].run("wipe", "records")[0], 2)
        self.daemons[3].stop()
        self.ok(self.daemons[1].run("wipe", "records", "--operator-key", self.key_file))
        self.daemons[3].start()
        self.assertTrue(until(lambda: self.overlay(self.daemons[3])["members_alive"] == 4))

        def is_clean():
            return all("bad" not in self.ok(daemon.run("record", "list", "--member", f"m{n}"))
                       for daemon in self.daemons for n in range(4))
        self.assertTrue(until(is_clean))
        self.assertIn("records", self.ok(self.daemons[2].run("wipe")))
        self.ok(self.daemons[1].run("record", "set", "good", "1"))
        self.assertTrue(until(lambda: "good" in self.ok(
            self.daemons[3].run("record", "list", "--member", "m1"))))
        self.ok(self.daemons[0].run("keys", "rotate", "--operator-key", self.key_file, "--wait"))


if __name__ == "__main__":
    unittest.main()

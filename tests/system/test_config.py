"""Settings of a whole overlay on real daemons: tried by canaries, taken over, and taken back."""

import json
import pathlib
import tempfile
import time
import unittest

from daemons import Daemon, run, until


class Config(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gv-config-")
        self.addCleanup(folder.cleanup)
        self.key_file = pathlib.Path(folder.name) / "ops.key"
        public = self.ok(run("operator", "new", "--out", self.key_file)).strip()
        first = self.start("--name", "m0", "--overlay", "demo", "--bind", "127.0.0.1:0",
                           "--profile", "fast", "--operator", public)
        token = self.ok(first.run("invite")).strip()
        self.daemons = [first] + [
            self.start("--name", f"m{n}", "--join", token, "--bind", "127.0.0.1:0", "--profile",
                       "fast") for n in (1, 2, 3)]
        for daemon in self.daemons:
            self.assertTrue(until(lambda d=daemon: self.overlay(d)["members_alive"] == 4))

    def start(self, *arguments):
        daemon = Daemon(*arguments)
        self.addCleanup(daemon.__exit__)
        return daemon.start()

    def ok(self, result):
        code, out, err = result
        self.assertEqual(code, 0, err)
        return out

    def overlay(self, daemon):
        return json.loads(self.ok(daemon.run("overlay", "show", "demo", "--json")))

    def config(self, daemon):
        return json.loads(self.ok(daemon.run("config", "status", "--json")))

    def propose(self, *settings, canary="25%"):
        return self.daemons[0].run("config", "propose", "--canary", canary, "--health-interval",
                                   "2000", "--operator-key", self.key_file, *settings)

    def all_run(self, epoch):
        return all(self.config(daemon)["running"] == epoch for daemon in self.daemons)

    def test_is_tried_taken_over_kept_and_taken_back(self):
        code, _, err = self.propose("retention_age=1")
        self.assertEqual(code, 1)
        self.assertIn("retention_age", err)
        code, _, err = self.propose("detector=swim")
        self.assertEqual(code, 1)
        self.assertIn("running overlay", err)
        self.assertEqual(self.daemons[0].run("config", "propose", "rumor_k=5")[0], 2)
        self.ok(self.propose("retention_age=10m", "profile=lan"))
        time.sleep(2)
        running = [self.config(daemon)["running"] for daemon in self.daemons]
        self.assertIn(1, running)
        self.assertIn(0, running, "not everybody is a canary")
        self.assertTrue(until(lambda: self.all_run(1), 20))
        lines = self.ok(self.daemons[1].run("query", "config", "--json")).splitlines()
        answers = [json.loads(json.loads(line)["payload"]) for line in lines
                   if "payload" in json.loads(line)]
        self.assertEqual([answer["epoch"] for answer in answers], [1, 1, 1, 1])
        self.assertEqual(self.overlay(self.daemons[2])["counters"]["config_epoch"], 1)
        # It outlives a restart.
        self.daemons[3].stop()
        self.daemons[3].start()
        self.assertEqual(self.config(self.daemons[3])["running"], 1)
        self.assertTrue(until(lambda: self.overlay(self.daemons[3])["members_alive"] == 4))
        # Nobody needs the operator's key to go back.
        page = self.ok(self.daemons[2].run("config", "return"))
        self.assertIn("returned", page)
        self.assertTrue(until(lambda: self.all_run(0), 10))
        self.assertEqual(self.daemons[2].run("config", "return")[0], 1)

    def test_a_canary_that_is_killed_takes_the_setting_with_it(self):
        self.ok(self.propose("retention_age=10m"))
        self.assertTrue(until(lambda: any(
            member["health"] == "well" for member in self.config(self.daemons[0])["members"])))
        victim = next(member["name"] for member in self.config(self.daemons[0])["members"]
                      if member["is_canary"])
        begun = time.monotonic()
        rest = [daemon for number, daemon in enumerate(self.daemons) if f"m{number}" != victim]
        next(daemon for daemon in self.daemons if daemon not in rest).stop(9)
        self.assertTrue(until(lambda: all(self.config(daemon)["stage"] == "returned"
                                          for daemon in rest), 15))
        self.assertLess(time.monotonic() - begun, 6 + 1, "three health intervals")
        self.assertTrue(all(self.config(daemon)["running"] == 0 for daemon in rest))
        self.assertTrue(until(lambda: "vanished" in self.ok(rest[0].run("config", "status"))))


if __name__ == "__main__":
    unittest.main()

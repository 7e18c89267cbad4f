"""The shared map with real daemons: what one writes all read, and nothing acknowledged is lost."""

import json
import select
import signal
import subprocess
import unittest

from daemons import BINARY, Daemon, environment, until


class SharedMap(unittest.TestCase):
    def setUp(self):
        self.one = self.start("--name", "one", "--overlay", "demo", "--bind", "127.0.0.1:0",
                              "--profile", "fast")
        self.token = self.ok(self.one.run("invite")).strip()
        self.two = self.start("--name", "two", "--join", self.token, "--bind", "127.0.0.1:0",
                              "--profile", "fast")
        self.assertTrue(until(lambda: len(self.members(self.one)) == 2))

    def start(self, *arguments):
        daemon = Daemon(*arguments)
        self.addCleanup(daemon.__exit__)
        return daemon.start()

    def ok(self, result):
        code, out, err = result
        self.assertEqual(code, 0, err)
        return out

    def members(self, daemon):
        members = json.loads(self.ok(daemon.run("members", "--json")))["members"]
        return [member for member in members if member["status"] == "alive"]

    def entry(self, daemon, key):
        code, out, _ = daemon.run("state", "get", key, "--json")
        return json.loads(out) if code == 0 else None

    def entries(self, daemon, prefix=""):
        return json.loads(self.ok(daemon.run("state", "list", prefix, "--json")))["entries"]

    def test_what_one_writes_the_other_reads(self):
        self.ok(self.one.run("state", "put", "color", "green"))
        self.assertTrue(until(lambda: self.entry(self.two, "color")))
        self.assertEqual(self.entry(self.two, "color")["value"], "green")
        self.ok(self.one.run("state", "count", "hits", "5"))
        self.ok(self.two.run("state", "count", "hits", "-2"))
        self.assertTrue(until(lambda: self.entry(self.one, "hits")["count"] == 3))
        self.ok(self.one.run("state", "set-add", "hosts", "a", "b"))
        self.ok(self.two.run("state", "set-add", "hosts", "c"))
        self.assertTrue(until(
            lambda: (self.entry(self.one, "hosts") or {}).get("elements") == ["a", "b", "c"]))
        self.ok(self.two.run("state", "delete", "color"))
        self.assertTrue(until(lambda: self.entry(self.one, "color") is None))

    def test_a_version_guards_against_lost_updates(self):
        self.ok(self.one.run("state", "put", "lock", "me", "--new", "--ttl", "2s"))
        code, _, err = self.one.run("state", "put", "lock", "you", "--new")
        self.assertNotEqual(code, 0)
        self.assertIn("exists already", err)
        version = self.entry(self.one, "lock")["version"]
        self.ok(self.one.run("state", "put", "lock", "me again", "--version", version))
        code, _, err = self.one.run("state", "put", "lock", "late", "--version", version)
        self.assertIn("another version", err)
        self.ok(self.one.run("state", "put", "lease", "x", "--ttl", "1s"))
        self.assertTrue(until(lambda: self.entry(self.two, "lease")))
        self.assertTrue(until(lambda: self.entry(self.two, "lease") is None, 5))

    def test_what_is_acknowledged_survives_kill_9(self):
        for number in range(20):
            self.ok(self.one.run("state", "put", f"k{number}", str(number)))
        self.ok(self.one.run("state", "delete", "k3"))
        self.one.stop(signal.SIGKILL)
        self.two.stop(signal.SIGKILL)
        self.one.start()
        self.assertEqual(len(self.entries(self.one, "k")), 19)
        self.assertIsNone(self.entry(self.one, "k3"))

    def test_a_newcomer_takes_a_copy_of_everything(self):
        lines = "".join(json.dumps({"key": f"bulk/{n:05}", "value": "v" * 100}) + "\n"
                        for n in range(5000))
        code, _, err = self.one.run("state", "load", "-", stdin=lines)
        self.assertEqual(code, 0, err)
        self.assertIn("5000 values written", err)
        three = self.start("--name", "three", "--join", self.token, "--bind", "127.0.0.1:0",
                           "--profile", "fast")
        self.assertTrue(until(lambda: len(self.entries(three, "bulk/")) == 5000))
        self.assertIn("took a full copy", three.log())
        dumped = self.ok(three.run("state", "dump", "bulk/"))
        self.assertEqual(len(dumped.splitlines()), 5000)

    def test_changes_are_followed(self):
        watcher = subprocess.Popen([BINARY, "state", "watch", "app/", "--json", "--url",
                                    self.two.url, "--token-file", str(self.two.state / "token")],
                                   text=True, stdout=subprocess.PIPE, env=environment())
        self.addCleanup(watcher.stdout.close)
        self.addCleanup(watcher.wait)
        self.addCleanup(watcher.kill)
        # Nobody says when the watcher is ready, so it is written again until something comes.
        for number in range(100):
            self.ok(self.one.run("state", "put", "app/a", str(number)))
            if select.select([watcher.stdout], [], [], 0.2)[0]:
                break
        item = json.loads(watcher.stdout.readline())
        self.assertEqual((item["type"], item["key"]), ("state", "app/a"))


if __name__ == "__main__":
    unittest.main(verbosity=2)

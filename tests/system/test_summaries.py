"""Zone summaries with real daemons: hosts tell their zone, zones the overlay, SQL sums them up."""

import json
import pathlib
import tempfile
import unittest

from daemons import FAILED, Daemon, run, until

REGIONS = {"a": "eu", "b": "eu", "c": "us", "d": "us", "e": "us"}
LOAD = "select sum(record_number('load')) as load from members"
USERS = "select hll(record('user')) as user from members"
TOP = ("select name, members, json_extract(attributes, '$.load') from zones where level = 1 "
       "order by 1")
COUNT = ("select round(hll_count(hll(json_extract(attributes, '$.user')))) from zones "
         "where level = 1")


class Summaries(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gv-system-")
        self.addCleanup(folder.cleanup)
        self.key_file = pathlib.Path(folder.name) / "ops.key"
        public = self.ok(run("operator", "new", "--out", self.key_file)).strip()
        self.all, seed = {}, []
        key = self.ok(run("keys", "generate")).strip()
        for name, region in REGIONS.items():
            daemon = Daemon("--name", name, "--overlay", "demo", "--bind", "127.0.0.1:0", "--key",
                            key, "--profile", "fast", "--operator", public, "--label",
                            f"region={region}", "--summary-path", "region", "--summary-interval",
                            "200ms", *seed)
            self.addCleanup(daemon.__exit__)
            self.all[name] = daemon.start()
            seed = seed or ["--seed", daemon.run_file["overlays"]["demo"]]

    def ok(self, result):
        code, out, err = result
        self.assertEqual(code, 0, err)
        return out

    def rows(self, name, statement):
        return json.loads(self.ok(self.all[name].run("sql", statement, "--json")))["rows"]

    def expect(self, statement, rows, names=None):
        for name in names or self.all:
            self.assertTrue(until(lambda n=name: self.rows(n, statement) == rows),
                            f"{name}: {self.rows(name, statement)}")

    def define(self, name, statement, daemon="c"):
        return self.all[daemon].run("summary", "define", name, statement, "--operator-key",
                                    self.key_file)

    def test_zones_are_summed_up_for_everybody(self):
        for number, (name, daemon) in enumerate(self.all.items()):
            self.ok(daemon.run("summary", "set", "load", number + 0.5))
            self.ok(daemon.run("record", "set", "user", f"u{number % 3}"))
            self.assertEqual(self.rows(name, "select count(*) from records where key='load'"),
                             [[0]], "what is told to the zone is no record")
        self.ok(self.define("load", LOAD))
        self.ok(self.define("users", USERS))
        self.expect(TOP, [["eu", 2, 2.0], ["us", 3, 10.5]])
        self.expect(COUNT, [[3.0]])
        # An aggregate over zones follows them.
        self.ok(self.all["a"].run("aggregate", "set", "regions", "--sql",
                                  "select sum(members) n from zones where level = 1"))
        self.assertTrue(until(lambda: json.loads(self.ok(self.all["e"].run(
            "aggregate", "get", "regions", "--json")))["rows"] == [[5]]))
        # A value changes, and one of the hosts dies.
        self.ok(self.all["a"].run("summary", "set", "load", "7"))
        self.expect(TOP, [["eu", 2, 8.5], ["us", 3, 10.5]])
        self.all["e"].process.kill()
        self.all["e"].process.wait()
        self.expect(TOP, [["eu", 2, 8.5], ["us", 2, 6.0]], ["a", "b", "c", "d"])
        page = self.ok(self.all["a"].run("summary", "show"))
        self.assertIn("the overlay, by region", page)
        self.assertIn("eu, by member", page)
        self.assertIn("running", page)
        # It comes back, with its record and without what it told its zone.
        self.all["e"].start()
        self.expect(TOP, [["eu", 2, 8.5], ["us", 3, 6.0]])
        self.ok(self.all["b"].run("summary", "remove", "load", "--operator-key", self.key_file))
        self.expect(TOP, [["eu", 2, None], ["us", 3, None]])

    def test_what_is_wrong_is_refused_and_changes_nothing(self):
        asked = self.all["a"]
        for name, statement, word in [
                ("x", "select 1 + 1 from members", "as NAME"),
                ("x", "select count(*) as n from events", "members and records"),
                ("x", "delete from members", "SELECT"), ("x", LOAD + " " * 640, "640")]:
            code, _, err = self.define(name, statement, "a")
            self.assertEqual(code, FAILED, err)
            self.assertIn(word, err)
        other = self.key_file.with_name("other.key")
        self.ok(run("operator", "new", "--out", other))
        code, _, err = asked.run("summary", "define", "x", LOAD, "--operator-key", other)
        self.assertEqual(code, FAILED, err)
        code, _, err = asked.run("summary", "set", "name", "me")
        self.assertEqual(code, FAILED, err)
        shown = json.loads(self.ok(asked.run("summary", "show", "--json")))
        self.assertEqual((shown["statements"], shown["values"]), ([], {}))
        # One that runs for ever: the zone stays as it was, and the reason is told.
        endless = ("with recursive n(i) as (select 1 union all select i + 1 from n) "
                   "select count(*) as load from n, members")
        code, _, err = self.define("endless", endless, "a")
        self.assertEqual(code, FAILED, err)


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""SQL, aggregates and samples with real daemons: what one member measures, the others compute."""

import http.client
import json
import subprocess
import time
import unittest

from daemons import BINARY, FAILED, NOT_FOUND, USAGE, Daemon, environment, until

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"


class Answers(unittest.TestCase):
    def setUp(self):
        """Three members in two datacenters; the last one samples."""
        self.one = self.start("--name", "one", "--overlay", "demo", "--bind", "127.0.0.1:0",
                              "--profile", "fast", "--label", "dc=fra")
        token = self.ok(self.one.run("invite")).strip()
        self.two = self.start("--name", "two", "--join", token, "--bind", "127.0.0.1:0",
                              "--profile", "fast", "--label", "dc=ams")
        self.three = self.start("--name", "three", "--join", token, "--bind", "127.0.0.1:0",
                                "--profile", "fast", "--label", "dc=ams",
                                "--sample", "free=disk:/", "--sample", "answer=exec:echo 42",
                                "--sample-interval", "1s")
        self.all = (self.one, self.two, self.three)
        for daemon in self.all:
            self.assertTrue(until(lambda d=daemon: self.sql(d, "select count(*) from members "
                                                               "where status='alive'") == [[3]]))

    def start(self, *arguments):
        daemon = Daemon(*arguments)
        self.addCleanup(daemon.__exit__)
        return daemon.start()

    def ok(self, result):
        code, out, err = result
        self.assertEqual(code, 0, err)
        return out

    def sql(self, daemon, statement, *more):
        return json.loads(self.ok(daemon.run("sql", statement, "--json", *more)))["rows"]

    def counter(self, daemon, name):
        return json.loads(self.ok(daemon.run("overlay", "show", "demo", "--json")))[
            "counters"][name]

    def test_sql_answers_about_all_members_on_each_of_them(self):
        for number, daemon in enumerate(self.all):
            self.ok(daemon.run("record", "set", "load", str(number + 0.5)))
        statement = ("select label('dc') dc, count(*), avg(record_number('load')) from members "
                     "where status='alive' group by dc")
        for daemon in self.all:
            self.assertTrue(until(lambda d=daemon: self.sql(d, statement) ==
                                  [["ams", 2, 2.0], ["fra", 1, 0.5]]))
        out = self.ok(self.two.run("sql", statement))
        self.assertIn("dc   count(*)  avg(record_number('load'))\n", out)
        self.assertIn("ams         2                           2\n", out)
        out = self.ok(self.two.run("sql", "select name, 'a,b' x from members where name = ?", "-p",
                                   "one", "--csv"))
        self.assertEqual(out.splitlines(), ["name,x", 'one,"a,b"'])

    def test_events_of_the_log_are_a_table(self):
        self.ok(self.one.run("publish", "deploy.done", "12345"))
        self.assertTrue(until(lambda: self.sql(
            self.two, "select topic, bytes, m.name from events e join members m on "
                      "m.id = e.publisher") == [["deploy.done", 5, "one"]]))

    def test_hostile_sql_is_refused_and_counted_and_the_daemon_goes_on(self):
        for statement, because in ((ENDLESS, "longer than 1000 ms"),
                                   ("attach 'x' as y", "cannot be attached"),
                                   ("select load_extension('x')", "no function"),
                                   ("pragma writable_schema=1", "PRAGMA is not allowed"),
                                   ("delete from members", "only SELECT"),
                                   ("select zeroblob(1000000000)", "no function"),
                                   ("select random()", "not allowed")):
            code, _, err = self.one.run("sql", statement)
            self.assertEqual(code, FAILED, statement)
            self.assertIn(because, err)
            self.assertIn("cure:", err)
        self.assertEqual(self.counter(self.one, "sql_aborted_total"), 1)
        self.assertEqual(self.counter(self.one, "sql_refused_total"), 6)
        self.assertEqual(self.sql(self.one, "select 1"), [[1]])

    def test_more_statements_than_may_wait_are_told_to_come_back(self):
        token = (self.one.state / "token").read_text().strip()
        host, port = self.one.url.removeprefix("http://").split(":")
        connections = []
        for _ in range(33):
            connection = http.client.HTTPConnection(host, int(port), timeout=60)
            self.addCleanup(connection.close)
            connection.request("POST", "/v1/overlays/demo/sql", json.dumps({"sql": ENDLESS}),
                               {"Authorization": "Bearer " + token,
                                "Content-Type": "application/json"})
            connections.append(connection)
        answer = connections[-1].getresponse()
        self.assertEqual(answer.status, 429)
        self.assertEqual(answer.getheader("Retry-After"), "1")
        self.assertEqual(connections[0].getresponse().status, 422)

    def test_a_heavy_statement_accuses_nobody(self):
        readers = [subprocess.Popen([BINARY, "sql", ENDLESS, "--url", self.one.url,
                                     "--token-file", str(self.one.state / "token")],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    env=environment()) for _ in range(3)]
        for reader in readers:
            self.assertEqual(reader.wait(30), FAILED)
        for daemon in self.all:
            self.assertEqual(self.counter(daemon, "suspicions_total"), 0)

    def test_an_aggregate_follows_a_change_on_another_member_within_a_second(self):
        self.ok(self.two.run("aggregate", "set", "load", "--function", "sum", "--key", "load"))
        follower = subprocess.Popen(
            [BINARY, "aggregate", "follow", "load", "--json", "--url", self.two.url,
             "--token-file", str(self.two.state / "token")],
            stdout=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        delays = []
        for number in range(1, 6):
            begin = time.monotonic()
            self.ok(self.one.run("record", "set", "load", str(number)))
            while True:
                value = json.loads(follower.stdout.readline())
                if value["rows"] == [[number]]:
                    break
            delays.append(time.monotonic() - begin)
            self.assertEqual((value["contributors"], value["lacking"]), (1, 2))
        self.assertLess(max(delays), 1)

    def test_contributors_are_right_while_a_member_crashes(self):
        self.ok(self.one.run("aggregate", "set", "free", "--function", "count", "--key", "free"))

        def shows(contributors, lacking):
            view = json.loads(self.ok(self.one.run("aggregate", "get", "free", "--json")))
            return (view.get("contributors"), view.get("lacking")) == (contributors, lacking)
        self.assertTrue(until(lambda: shows(1, 2)))
        self.three.process.kill()
        self.three.process.wait()
        self.assertTrue(until(lambda: shows(0, 2)))
        self.three.start()
        self.assertTrue(until(lambda: shows(1, 2)))

    def test_samples_come_to_all_members_and_what_stays_is_written_once(self):
        self.assertTrue(until(lambda: self.sql(
            self.one, "select value from records where key = 'answer'") == [["42"]]))
        free = self.sql(self.one, "select record_number('free') from members where name = 'three'")
        self.assertGreater(free[0][0], 0)
        self.assertTrue(until(lambda: self.counter(self.three, "samples_taken_total") >= 6))
        self.assertLess(self.counter(self.three, "samples_written_total"),
                        self.counter(self.three, "samples_taken_total"))
        self.assertEqual(self.sql(self.three, "select version from records where key = 'answer'"),
                         self.sql(self.one, "select version from records where key = 'answer'"))

    def test_aggregates_are_listed_kept_and_removed(self):
        self.ok(self.two.run("aggregate", "set", "n", "--sql", "select count(*) n from members"))
        self.assertTrue(until(lambda: "ready" in self.ok(self.two.run("aggregate", "list"))))
        self.two.stop()
        self.two.start()
        self.assertTrue(until(lambda: self.two.run("aggregate", "get", "n")[1] == "n\n3\n"))
        self.assertEqual(self.two.run("aggregate", "set", "x", "--sql", "select ?")[0], FAILED)
        self.assertEqual(self.two.run("aggregate", "set", "x")[0], USAGE)
        self.ok(self.two.run("aggregate", "delete", "n"))
        self.assertEqual(self.two.run("aggregate", "get", "n")[0], NOT_FOUND)
        self.assertEqual(self.two.run("aggregate", "follow", "n")[0], NOT_FOUND)


if __name__ == "__main__":
    unittest.main()

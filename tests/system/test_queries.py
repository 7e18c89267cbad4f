"""Queries to all members: three real daemons, and applications that answer over plain HTTP."""

import http.client
import json
import socket
import threading
import unittest
import urllib.parse

from daemons import NOT_FOUND, OK, TIMED_OUT, USAGE, Daemon
from harness import KEY, wait_until


class Application(threading.Thread):
    """Serves one name at one daemon, as a script with curl would."""

    def __init__(self, daemon, name, answer):
        super().__init__(daemon=True)
        self.url = urllib.parse.urlsplit(daemon.url)
        self.token = (daemon.state / "token").read_text().strip()
        self.name_served = name
        self.answer = answer  # Of the payload; None: it says nothing.
        self.calls = []
        self.is_serving = threading.Event()
        self.stream = http.client.HTTPConnection(self.url.hostname, self.url.port)
        self.stream.connect()
        self.socket = self.stream.sock
        self.start()
        if not self.is_serving.wait(10):
            raise AssertionError("the application was not attached")

    def run(self):
        self.stream.request("GET", f"/v1/overlays/demo/queries/serve?name={self.name_served}",
                            headers=self.headers("text/event-stream"))
        self.response = self.stream.getresponse()
        kind = ""
        while True:
            try:
                line = self.response.readline().decode().rstrip("\r\n")
            except (OSError, ValueError, http.client.HTTPException):
                return
            if not line and self.response.isclosed():
                return
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                self.take(kind, json.loads(line.removeprefix("data: ")))

    def take(self, kind, item):
        if kind == "serving":
            self.is_serving.set()
        elif kind == "query":
            self.calls.append(item)
            answer = self.answer(item.get("payload", ""))
            if answer is not None:
                self.status = self.send(item["id"], answer)

    def send(self, query, answer):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port)
        connection.request("POST", f"/v1/overlays/demo/queries/{query}/answer", answer,
                           {**self.headers("*/*"), "content-type": "text/plain"})
        status = connection.getresponse().status
        connection.close()
        return status

    def headers(self, accept):
        return {"authorization": f"Bearer {self.token}", "accept": accept}

    def detach(self):
        self.socket.shutdown(socket.SHUT_RDWR)


class Queries(unittest.TestCase):
    NAMES = ("web-1", "web-2", "db-1")

    def setUp(self):
        self.daemons = {}
        seed = []
        for name in self.NAMES:
            daemon = Daemon("--name", name, "--overlay", "demo", "--bind", "127.0.0.1:0", "--key",
                            KEY, "--profile", "fast", "--label", f"dc={name[:2]}", "--multicast",
                            "off", *seed)
            self.addCleanup(daemon.__exit__)
            self.daemons[name] = daemon.start()
            seed = ["--seed", daemon.run_file["overlays"]["demo"]]
        wait_until(lambda: all(self.sees_all(daemon) for daemon in self.daemons.values()), 20,
                   "all see all")

    def sees_all(self, daemon):
        code, out, _ = daemon.run("members", "--json")
        return code == OK and len(json.loads(out)["members"]) == len(self.NAMES)

    def query(self, *arguments, expect=OK):
        code, out, err = self.daemons["web-1"].run("query", *arguments, "--json")
        self.assertEqual(code, expect, err + out)
        items = [json.loads(line) for line in out.splitlines()]
        answers = {item["member"]["name"]: item["payload"] for item in items[:-1]}
        return answers, items[-1]

    @staticmethod
    def names(members):
        return {member["name"]: member.get("reason") for member in members}

    def test_an_application_on_each_daemon_answers(self):
        for name, daemon in self.daemons.items():
            Application(daemon, "disk", lambda payload, name=name: f"{name} {payload}")
        answers, end = self.query("disk", "--payload", "/var")
        self.assertEqual(answers, {name: f"{name} /var" for name in self.NAMES})
        self.assertTrue(end["complete"])
        self.assertEqual(end["not_expected"], [])

    def test_the_end_says_who_is_missing_and_who_was_not_expected(self):
        Application(self.daemons["web-1"], "disk", lambda payload: "here")
        silent = Application(self.daemons["web-2"], "disk", lambda payload: None)
        answers, end = self.query("disk", "--timeout", "500ms", expect=TIMED_OUT)
        self.assertEqual(answers, {"web-1": "here"})
        self.assertFalse(end["complete"])
        self.assertEqual(self.names(end["missing"]), {"web-2": "silent"})
        self.assertEqual(self.names(end["not_expected"]), {"db-1": "not_served"})
        self.assertEqual(len(silent.calls), 1, "however often the question is repeated")
        # For people.
        code, out, _ = self.daemons["web-1"].run("query", "disk", "--timeout", "500ms")
        self.assertEqual(code, TIMED_OUT)
        self.assertIn("web-2: did not answer in time", out)
        self.assertIn("db-1: no application there answers to this name", out)
        self.assertIn("1 of 2 have answered", out)

    def test_an_application_that_goes_is_told_at_once(self):
        application = Application(self.daemons["web-2"], "disk", lambda payload: None)
        result = []
        asking = threading.Thread(target=lambda: result.append(
            self.query("disk", "--timeout", "60s", expect=TIMED_OUT)))
        asking.start()
        wait_until(lambda: application.calls, 10, "the query arrives")
        application.detach()
        asking.join(20)
        self.assertFalse(asking.is_alive(), "the end was not waited for")
        self.assertEqual(self.names(result[0][1]["missing"]), {"web-2": "abandoned"})

    def test_of_two_applications_the_first_answer_counts(self):
        first = Application(self.daemons["web-2"], "disk", lambda payload: "same")
        second = Application(self.daemons["web-2"], "disk", lambda payload: "same")
        answers, end = self.query("disk")
        self.assertEqual(answers, {"web-2": "same"})
        wait_until(lambda: hasattr(first, "status") and hasattr(second, "status"), 10, "both")
        self.assertEqual(sorted([first.status, second.status]), [204, 404])

    def test_filters_choose_who_is_asked(self):
        answers, end = self.query("version", "--filter", "name=web-*")
        self.assertEqual(set(answers), {"web-1", "web-2"})
        self.assertEqual(self.names(end["not_expected"]), {"db-1": "filtered"})
        self.assertTrue(end["complete"])
        self.query("version", "--filter", "dc!=we", "--filter", "name=web-*", expect=NOT_FOUND)
        self.query("nobody.serves.this", expect=NOT_FOUND)
        self.assertEqual(self.daemons["web-1"].run("query", "version", "--filter", "x")[0], 1)
        self.assertEqual(self.daemons["web-1"].run("query", "version", "--timeout", "2")[0], USAGE)

    def test_every_daemon_answers_what_is_built_in(self):
        versions, _ = self.query("version")
        self.assertEqual(len(set(versions.values())), 1)
        keys, _ = self.query("keys")
        self.assertEqual({json.loads(text)["used"] for text in keys.values()}, {1})
        configs, _ = self.query("config")
        self.assertEqual(len(set(configs.values())), 1, "all have the same settings")
        self.assertEqual(json.loads(configs["db-1"])["epoch"], 0)
        clocks, _ = self.query("clock")
        for text in clocks.values():
            clock = json.loads(text)
            self.assertLessEqual(abs(clock["offset_us"]), clock["error_us"] + 1000)
        paths, _ = self.query("reachability", "--timeout", "10s")
        self.assertEqual({json.loads(text)["both"] for text in paths.values()}, {2})

    def test_a_large_answer_comes_whole(self):
        Application(self.daemons["db-1"], "dump", lambda payload: "x" * 65535)
        answers, end = self.query("dump", "--timeout", "10s")
        self.assertEqual(answers, {"db-1": "x" * 65535})
        self.assertTrue(end["complete"])

    def test_all_estimate_together(self):
        for load, daemon in enumerate(self.daemons.values()):
            self.assertEqual(daemon.run("record", "set", "load", str(load))[0], OK)
        ask = self.daemons["db-1"].run
        for what, expected, within in (("count", 3, 0.01), ("mean:load", 1, 0.01),
                                       ("sum:load", 3, 0.03), ("max:load", 2, 0),
                                       ("min:load", 0, 0)):
            code, out, err = ask("estimate", what, "--json")
            self.assertEqual(code, OK, err)
            self.assertAlmostEqual(json.loads(out)["value"], expected, delta=within, msg=what)
        code, out, _ = ask("estimate", "mean:load", "--method", "push-sum")
        self.assertEqual(code, OK)
        self.assertIn("rounds of push-sum", out)
        self.assertEqual(ask("estimate", "mean:nothing")[0], NOT_FOUND)
        code, _, err = ask("estimate", "count", "--method", "push-sum")
        self.assertEqual(code, 1)
        self.assertIn("ask with push-pull or extrema", err)

    def test_a_daemon_that_dies_is_named(self):
        Application(self.daemons["web-2"], "disk", lambda payload: None)
        result = []
        asking = threading.Thread(target=lambda: result.append(
            self.query("disk", "--timeout", "60s", expect=TIMED_OUT)))
        asking.start()
        self.daemons["web-2"].process.kill()
        asking.join(30)
        self.assertFalse(asking.is_alive(), "its death ends the waiting")
        self.assertEqual(self.names(result[0][1]["missing"]), {"web-2": "gone"})


if __name__ == "__main__":
    unittest.main()

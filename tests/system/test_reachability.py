"""Who reaches whom: real daemons on a network whose links are cut by a packet filter.

As in test_multicast, each host is a network namespace, and so takes root; what a host may not send
is dropped in its own namespace by nftables.
"""

import json
import shutil
import subprocess
import sys
import unittest

from daemons import Daemon
from test_multicast import KEY, Namespace, Network, until, why_not

ADDRESSES = {f"web-{number}": f"10.94.71.{number}" for number in range(1, 5)}


def why_no_filter():
    if shutil.which("nft") is None:
        return "there is no program nft"
    namespace = Namespace()
    try:
        drop(namespace, "10.0.0.1")
    except subprocess.CalledProcessError as failure:
        return f"packets cannot be filtered: {failure.stderr.strip()}"
    finally:
        namespace.end()
    return ""


def nft(host, text):
    subprocess.run([*host.enter, "nft", "-f", "-"], input=text, check=True, capture_output=True,
                   text=True)


def drop(host, address):
    """Nothing that `host` sends reaches `address` from now on."""
    nft(host, "table ip cut { chain out { type filter hook output priority 0; } }\n"
              f"add rule ip cut out ip daddr {address} udp dport 9471 drop\n")


def heal(host):
    nft(host, "table ip cut { }\ndelete table ip cut\n")


class Reachability(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        reason = why_not() or why_no_filter()
        if reason:
            print(f"\nSKIPPED: {cls.__name__}: {reason}", flush=True)
            raise unittest.SkipTest(reason)

    def setUp(self):
        network = self.add(Network)
        self.hosts = {}
        self.daemons = {}
        for name, address in ADDRESSES.items():
            self.hosts[name] = self.add(Namespace)
            network.connect(self.hosts[name], f"{address}/24")
        for name, address in ADDRESSES.items():
            daemon = Daemon("--name", name, "--overlay", "demo", "--bind", f"{address}:9471",
                            "--seed", "10.94.71.1:9471", "--key", KEY, "--multicast", "off",
                            prefix=self.hosts[name].enter)
            self.addCleanup(daemon.__exit__)
            self.daemons[name] = daemon.start()
        self.assertTrue(until(lambda: len(self.members("web-1")) == 4 and
                              len(self.members("web-4")) == 4, 20))

    def add(self, kind):
        made = kind()
        self.addCleanup(made.end)
        return made

    def ask(self, name, *arguments):
        code, out, err = self.daemons[name].run(*arguments)
        self.assertEqual(code, 0, err)
        return out

    def members(self, name):
        """What `name` believes alive, by name."""
        answer = json.loads(self.ask(name, "members", "--json"))
        return {member["name"]: member for member in answer["members"]
                if member["status"] == "alive"}

    def troubles(self, name):
        answer = json.loads(self.ask(name, "reachability", "--age", "0", "--json"))
        self.assertTrue(all(member["has_answered"] for member in answer["members"]), answer)
        return sorted((trouble["kind"], *sorted([trouble["from"]["name"], trouble["to"]["name"]]))
                      if trouble["kind"] != "one_way" else
                      (trouble["kind"], trouble["from"]["name"], trouble["to"]["name"])
                      for trouble in answer["troubles"])

    def test_cuts_are_found_and_named_and_nobody_is_suspected(self):
        self.assertEqual(self.troubles("web-1"), [])
        self.assertIn("all of them reach all others", self.ask("web-2", "reachability"))

        drop(self.hosts["web-2"], ADDRESSES["web-3"])  # One way,
        drop(self.hosts["web-1"], ADDRESSES["web-4"])  # and both ways.
        drop(self.hosts["web-4"], ADDRESSES["web-1"])
        expected = [("both_ways", "web-1", "web-4"), ("one_way", "web-2", "web-3")]
        self.assertTrue(until(lambda: self.troubles("web-3") == expected, 20),
                        self.troubles("web-3"))
        page = self.ask("web-2", "reachability")
        self.assertIn("nothing gets from web-2 to web-3; the other way works", page)
        self.assertIn("web-1 and web-4 do not reach each other", page)

        def paths():
            return (self.members("web-2")["web-3"]["path"], self.members("web-3")["web-2"]["path"],
                    self.members("web-1")["web-4"]["path"], self.members("web-1")["web-2"]["path"])
        self.assertTrue(until(lambda: paths() == ("in only", "relayed", "relayed", "both"), 40),
                        paths())
        for name in ADDRESSES:
            self.assertEqual(len(self.members(name)), 4, name)

        for host in self.hosts.values():
            heal(host)
        self.assertTrue(until(lambda: self.troubles("web-1") == [], 20), self.troubles("web-1"))
        self.assertTrue(until(lambda: paths() == ("both",) * 4, 20), paths())

    def test_round_trips_are_measured_and_known_between_others(self):
        def measured():
            return json.loads(self.ask("web-1", "rtt", "web-2", "--json"))
        self.assertTrue(until(lambda: "measured_us" in measured(), 20), measured())
        self.assertLess(measured()["measured_us"], 200_000)
        answer = json.loads(self.ask("web-1", "rtt", "web-3", "web-4", "--json"))
        self.assertIn("estimated_us", answer)
        self.assertEqual((answer["from"]["name"], answer["to"]["name"]), ("web-3", "web-4"))
        self.assertIn("web-3 - web-4: ", self.ask("web-1", "rtt", "web-3", "web-4"))
        listed = json.loads(self.ask("web-1", "members", "--sort", "rtt", "--json"))["members"]
        self.assertEqual(listed[0]["name"], "web-1")
        known = [member["rtt_us"] for member in listed if "rtt_us" in member]
        self.assertEqual(known, sorted(known))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))

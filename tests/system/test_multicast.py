"""Zero configuration: real daemons on networks of their own find each other by multicast.

Each host is a network namespace; a network is a bridge in one of its own. All of them live in
processes that this test starts, and are gone when those are. It needs to be root for that.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

from daemons import Daemon, end_with_parent

CONFORMANCE = pathlib.Path(__file__).resolve().parent.parent / "conformance" / "gossiperl"
KEY = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
OTHER_KEY = "1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"


class Namespace:
    """A network namespace, for as long as the process that holds it lives."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"],
                                       stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)
        ours = os.readlink("/proc/self/ns/net")
        until = time.monotonic() + 5
        while self.link() in (ours, None):
            if self.holder.poll() is not None or time.monotonic() > until:
                raise RuntimeError("unshare made no network namespace")
            time.sleep(0.01)
        self.enter = ["nsenter", f"--net=/proc/{self.pid}/ns/net"]
        self.ip("link", "set", "lo", "up")

    @property
    def pid(self):
        return self.holder.pid

    def link(self):
        with contextlib.suppress(OSError):
            return os.readlink(f"/proc/{self.pid}/ns/net")
        return None

    def ip(self, *arguments):
        subprocess.run([*self.enter, "ip", *arguments], check=True, capture_output=True, text=True)

    def end(self):
        self.holder.kill()
        self.holder.wait()


class Network(Namespace):
    """A bridge, to which hosts are connected by cables."""

    def __init__(self):
        super().__init__()
        self.ip("link", "add", "bridge", "type", "bridge")
        self.ip("link", "set", "bridge", "up")
        self.cables = 0

    def connect(self, host, *addresses):
        self.cables += 1
        port, card = f"port{self.cables}", f"eth{self.cables}"
        self.ip("link", "add", port, "type", "veth", "peer", "name", card, "netns", str(host.pid))
        self.ip("link", "set", port, "master", "bridge", "up")
        for address in addresses:
            # Without the seconds in which IPv6 asks whether an address is taken.
            more = ["nodad"] if ":" in address else []
            host.ip("address", "add", address, "dev", card, *more)
        host.ip("link", "set", card, "up")


def why_not():
    """Why this cannot be tested here; empty if it can."""
    if os.geteuid() != 0:
        return "it takes root to make network namespaces"
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            return f"there is no program {tool}"
    try:
        Network().end()
    except (RuntimeError, subprocess.CalledProcessError) as failure:
        return f"no network namespace or bridge can be made: {getattr(failure, 'stderr', failure)}"
    return ""


def until(condition, patience):
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        time.sleep(0.1)


class Multicast(unittest.TestCase):
    def setUp(self):
        reason = why_not()
        if reason:
            print(f"\nSKIPPED: {self.id()}: {reason}", flush=True)
            self.skipTest(reason)

    def add(self, kind):
        made = kind()
        self.addCleanup(made.end)
        return made

    def start(self, host, name, *arguments):
        daemon = Daemon("--name", name, *arguments, prefix=host.enter)
        self.addCleanup(daemon.__exit__)
        return daemon.start()

    def alive(self, daemon):
        code, out, err = daemon.run("members", "--json")
        self.assertEqual(code, 0, err)
        return sorted(member["name"] for member in json.loads(out)["members"]
                      if member["status"] == "alive")

    def addresses(self, daemon, name):
        code, out, err = daemon.run("members", "--json")
        self.assertEqual(code, 0, err)
        return next(member["addresses"] for member in json.loads(out)["members"]
                    if member["name"] == name)

    def counters(self, daemon):
        code, out, err = daemon.run("overlay", "list", "--json")
        self.assertEqual(code, 0, err)
        return json.loads(out)["overlays"][0]["counters"]

    def find_each_other(self, daemons, patience=8):
        names = sorted(daemons)
        found = until(lambda: all(self.alive(d) == names for d in daemons.values()), patience)
        self.assertTrue(found, {name: self.alive(d) for name, d in daemons.items()})

    def hosts(self, network, count, address):
        hosts = []
        for index in range(1, count + 1):
            hosts.append(self.add(Namespace))
            network.connect(hosts[-1], address.format(index))
        return hosts

    def test_the_flag_alone_is_enough_and_who_is_elsewhere_stays_alone(self):
        network, elsewhere = self.add(Network), self.add(Network)
        hosts = self.hosts(network, 4, "10.77.0.{}/24")
        [far] = self.hosts(elsewhere, 1, "10.77.0.9/24")
        daemons = {f"d{i}": self.start(host, f"d{i}", "--multicast")
                   for i, host in enumerate(hosts)}
        alone = self.start(far, "alone", "--multicast")
        self.find_each_other(daemons)
        self.assertEqual(self.alive(alone), ["alone"])
        counters = [self.counters(daemon) for daemon in daemons.values()]
        self.assertLessEqual(sum(c["announcements_sent_total"] for c in counters), 15)
        for counter in counters:
            self.assertEqual(counter["announcements_foreign_total"], 0)
            self.assertEqual(counter["announcements_dropped_total"], 0)
            self.assertEqual(counter["multicast_interfaces"], 1)
        self.assertIn("overlay 'lan' is open", daemons["d0"].log())

    def test_ipv6_alone_is_enough(self):
        network = self.add(Network)
        hosts = self.hosts(network, 3, "fd77::{}/64")
        daemons = {f"d{i}": self.start(host, f"d{i}", "--multicast", "--bind", "[::]:9471")
                   for i, host in enumerate(hosts)}
        self.find_each_other(daemons)

    def test_a_group_of_ones_own_works_in_both_families(self):
        network = self.add(Network)
        for group in ("239.77.1.2:7777", "[ff12::77:1]:7777", "[ff15::77:1]:7777"):
            with self.subTest(group):
                daemons = {}
                for index in (1, 2):
                    host = self.add(Namespace)
                    network.connect(host, f"10.78.0.{index}/24", f"fd78::{index}/64")
                    daemons[f"d{index}"] = self.start(
                        host, f"d{index}", "--overlay", "own", "--key", KEY, "--bind", "[::]:9471",
                        f"--multicast={group}")
                self.find_each_other(daemons)
                for daemon in daemons.values():
                    daemon.stop()

    def test_overlays_with_other_keys_on_one_network_stay_apart(self):
        network = self.add(Network)
        hosts = self.hosts(network, 4, "10.77.0.{}/24")
        groups = ({}, {})
        for index, host in enumerate(hosts):
            key = (KEY, OTHER_KEY)[index % 2]
            name = f"d{index}"
            groups[index % 2][name] = self.start(host, name, "--overlay", "team", "--key", key,
                                                 "--multicast")
        for group in groups:
            self.find_each_other(group)
        # Who is found is not announced to at once again: the others' next word may take a while.
        heard = until(lambda: all(self.counters(daemon)["announcements_foreign_total"] > 0
                                  for group in groups for daemon in group.values()), 60)
        self.assertTrue(heard, "everybody hears those of the other key")
        for group in groups:
            for daemon in group.values():
                self.assertEqual(self.alive(daemon), sorted(group))

    def test_daemons_of_one_host_share_the_group(self):
        host = self.add(Namespace)
        self.add(Network).connect(host, "10.77.0.1/24")
        daemons = {f"d{i}": self.start(host, f"d{i}", "--multicast", "--bind", f"0.0.0.0:950{i}")
                   for i in range(3)}
        self.find_each_other(daemons)

    def test_a_host_without_any_network_still_has_its_own_daemons(self):
        host = self.add(Namespace)
        daemons = {f"d{i}": self.start(host, f"d{i}", "--multicast", "--bind", f"0.0.0.0:950{i}")
                   for i in range(2)}
        self.find_each_other(daemons)

    def test_a_network_that_comes_after_the_start_is_taken_up(self):
        network = self.add(Network)
        late, early = self.add(Namespace), self.add(Namespace)
        late.ip("link", "set", "lo", "down")
        network.connect(early, "10.77.0.1/24")
        daemons = {"early": self.start(early, "early", "--multicast"),
                   "late": self.start(late, "late", "--multicast", "--http-bind", "0.0.0.0:0")}
        self.assertIn("cannot announce itself", daemons["late"].log())
        late.ip("link", "set", "lo", "up")
        network.connect(late, "10.77.0.2/24")
        self.find_each_other(daemons, patience=40)
        self.assertIn("announces itself in 239.255.94.71:9470 again", daemons["late"].log())
        self.assertTrue(until(lambda: self.addresses(daemons["early"], "late")
                              == ["10.77.0.2:9471"], 20))


    def test_an_old_overlay_needs_no_seeds_either(self):
        network = self.add(Network)
        hosts = self.hosts(network, 3, "10.77.0.{}/24")
        daemons = {f"d{i}": self.start(host, f"d{i}", "--overlay", "old", "--protocol", "gossiperl",
                                       "--bind", "0.0.0.0:6666", "--symmetric-key", "k",
                                       "--gossip-round-every", "1s", "--redelivery-retry-every",
                                       "1s", "--multicast")
                   for i, host in enumerate(hosts)}
        self.find_each_other(daemons)
        listeners = [self.old_client(host, f"c{i}", "--subscribe", "news", "--seconds", "14")
                     for i, host in enumerate(hosts)]
        known = until(lambda: all(self.counters(d)["gossiperl_subscription_lists_total"] > 1
                                  for d in daemons.values()), 8)
        self.assertTrue(known, "the subscriptions are known everywhere")
        time.sleep(2)
        publisher = self.old_client(hosts[0], "publisher", "--publish", "news=hello", "--seconds",
                                    "1")
        self.assertIn("published", publisher.communicate(timeout=10)[0])
        heard = [listener.communicate(timeout=30)[0].count(" news") for listener in listeners]
        # On its own host it is not delivered, as in the original's unicast overlays.
        self.assertEqual(heard, [0, 1, 1])
        sent = self.counters(daemons["d0"])
        self.assertEqual((sent["gossiperl_forwarded_total"], sent["gossiperl_redelivered_total"]),
                         (1, 0), "one datagram to the group, and no second")

    def old_client(self, host, name, *arguments):
        client = subprocess.Popen(
            [*host.enter, sys.executable, "-B", CONFORMANCE / "client.py", "--daemon",
             "127.0.0.1:6667", "--key", "k", "--name", name, *arguments],
            stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        self.addCleanup(client.kill)
        return client


if __name__ == "__main__":
    unittest.main(verbosity=2)

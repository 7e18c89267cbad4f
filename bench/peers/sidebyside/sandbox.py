"""A network and process namespace of our own: addresses, users, traffic counters and faults.

Member i has the address 127.0.1.(i + 1) and, when we are root, a user of its own. Routes by user
give also its TCP connections that source address, so that the firewall can tell members apart:

    member 3 (user 30003)  --connect-->  127.0.1.7:6222      source 127.0.1.3, not 127.0.0.1

We ourselves are 127.0.0.1, so that asking and listening is never counted, lost or cut.
When the first process of the namespace ends, the kernel ends all the others.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from sidebyside.trouble import Trouble

MEMBERS_MAX = 200
USER_FIRST = 30001
NETWORK = "127.0.1.0/24"

TOOLS = {"unshare": "util-linux", "ip": "iproute2", "nft": "nftables"}

RULES = f"""
table ip peers {{
    counter between_members {{ }}
    set left {{ type ipv4_addr; }}
    set right {{ type ipv4_addr; }}
    set vanished {{ type ipv4_addr; }}
    chain out {{
        type filter hook output priority 0;
        ip saddr {NETWORK} ip daddr {NETWORK} counter name between_members
    }}
    # Dropped where they arrive: a drop on the way out would be an error that the sender is told.
    chain loss {{ }}
    chain in {{
        type filter hook prerouting priority -200;
        ip saddr != {NETWORK} accept
        ip daddr != {NETWORK} accept
        ip saddr @vanished drop
        ip daddr @vanished drop
        ip saddr @left ip daddr @right drop
        ip saddr @right ip daddr @left drop
        jump loss
    }}
}}
"""


def missing_tools():
    return {tool: package for tool, package in TOOLS.items() if not shutil.which(tool)}


def run_inside(script, arguments):
    """Runs `script --inside FOLDER arguments` in namespaces; the folder is gone afterwards.

    Returns its exit code. Whatever happens to us or to it, no process of it remains: the namespace
    ends with its first process, and that with `unshare`, and that with us.
    """
    namespaces = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        namespaces = ["--user", "--map-root-user", *namespaces]
    with tempfile.TemporaryDirectory(prefix="gv-peers-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # Members are other users.
        from daemons import end_with_parent  # pylint: disable=import-outside-toplevel
        inside = subprocess.Popen(
            ["unshare", *namespaces, sys.executable, "-B", str(script), "--inside", folder,
             *arguments], preexec_fn=end_with_parent)

        def end(*_):
            inside.kill()  # And with it, by --kill-child, everything in the namespace.

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGHUP, end)
        # Ctrl-C reaches the inner process too, which cleans up and ends by itself.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        status = inside.wait()
    return 128 - status if status < 0 else status


def _call(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Sandbox:
    """Made once, inside the namespaces."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.has_users = len(pathlib.Path("/proc/self/uid_map").read_text().splitlines()) == 1 \
            and int(pathlib.Path("/proc/self/uid_map").read_text().split()[2]) > USER_FIRST
        self._routed = 0
        self._lives = 0
        _call("ip", "link", "set", "lo", "up")
        if self.has_users:
            # The local table comes first by default, and would choose the source itself.
            _call("ip", "rule", "add", "pref", "1000", "lookup", "local")
            _call("ip", "rule", "del", "pref", "0")
        _call("nft", "-f", "-", text=RULES)

    @staticmethod
    def address(index):
        return f"127.0.1.{index + 1}"

    def user(self, index):
        return USER_FIRST + index if self.has_users else None

    def route_by_user(self, count):
        """Routes that give the connections of so many members their addresses; 0 removes them.

        The kernel walks the rules for each datagram, so a system without TCP goes without them.
        """
        if count > MEMBERS_MAX:
            raise Trouble(f"at most {MEMBERS_MAX} members fit on {NETWORK}")
        if not self.has_users:
            return
        lines = []
        for index in range(min(self._routed, count), max(self._routed, count)):
            table, user = 1000 + index, self.user(index)
            verb = "add" if index >= self._routed else "del"
            lines.append(f"route {verb} local 127.0.0.0/8 dev lo src {self.address(index)} "
                         f"table {table}")
            lines.append(f"rule {verb} pref {10 + index} uidrange {user}-{user} lookup {table}")
        self._routed = count
        if lines:
            _call("ip", "-batch", "-", text="\n".join(lines) + "\n")

    def new_life(self):
        """A folder for one cluster."""
        self._lives += 1
        folder = self.folder / f"life{self._lives}"
        folder.mkdir(mode=0o711)
        return folder

    def member_folder(self, life, index):
        folder = life / f"m{index}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.has_users:
            os.chown(folder, self.user(index), self.user(index))
        return folder

    def copy_of(self, program):
        """A copy that every user may run: the original may be in a home that is closed."""
        program = pathlib.Path(program)
        copy = self.folder / program.name
        if not copy.exists():
            shutil.copyfile(program, copy)
            copy.chmod(0o755)
        return copy

    # -- The network between members. -----------------------------------------------------------

    def traffic(self):
        """Packets and bytes (IP headers counted) that members have sent to members so far."""
        words = _call("nft", "list", "counter", "ip", "peers", "between_members").split()
        return int(words[words.index("packets") + 1]), int(words[words.index("bytes") + 1])

    def _set(self, name, indexes):
        elements = ", ".join(self.address(index) for index in indexes)
        _call("nft", "-f", "-", text=f"flush set ip peers {name}\n" + (
            f"add element ip peers {name} {{ {elements} }}\n" if elements else ""))

    @contextlib.contextmanager
    def partition(self, left, right):
        """Nothing passes between the two, in either direction, and nobody is told."""
        self._set("left", left)
        self._set("right", right)
        try:
            yield
        finally:
            self._set("left", [])
            self._set("right", [])

    @contextlib.contextmanager
    def vanished(self, indexes):
        """What these members send and what is sent to them is dropped without an error."""
        self._set("vanished", indexes)
        try:
            yield
        finally:
            self._set("vanished", [])

    @contextlib.contextmanager
    def loss(self, percent):
        """Each packet between members is lost by chance, also those of TCP."""
        _call("nft", "add", "rule", "ip", "peers", "loss",
              f"numgen random mod 100 < {percent} drop")
        try:
            yield
        finally:
            _call("nft", "flush", "chain", "ip", "peers", "loss")

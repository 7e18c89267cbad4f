"""What the longer system tests share: daemons with their API, followers, a tap, and claims.

A test is a function `test_...`; it prints one line per claim, and the first claim that does not
hold ends the program with the story and the command that replays it.
"""

import collections
import contextlib
import http.client
import json
import os
import pathlib
import random
import select
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
import traceback

from daemons import BINARY, Daemon

SOAK = os.environ.get("GRAPEVINE_SOAK") == "1"
SEED = int(os.environ.get("GRAPEVINE_SEED", random.SystemRandom().randrange(1 << 31)))
KEY = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
OTHER_KEY = "1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"


class Failed(AssertionError):
    """A claim that does not hold."""


def check(holds, claim, *story):
    if not holds:
        raise Failed(f"{claim}: " + " ".join(str(part) for part in story))
    print(f"  ok    {claim}", flush=True)


def tell(text):
    print(f"        {text}", flush=True)


def skip(claim, reason):
    print(f"  SKIP  {claim}: {reason}", flush=True)


def wait_until(condition, seconds, what):
    """Waits for something to be true; returns what it was and how long it took."""
    begun = time.monotonic()
    while True:
        value = condition()
        if value:
            return value, time.monotonic() - begun
        if time.monotonic() - begun > seconds:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def main(tests):
    """Runs the functions `test_...` of a program, or those named on its command line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    chosen = sys.argv[1:] or [name for name in tests if name.startswith("test_")]
    print(f"{pathlib.Path(sys.argv[0]).name}: seed {SEED}, {BINARY}")
    for name in chosen:
        print(name, flush=True)
        random.seed(SEED)
        begun = time.monotonic()
        try:
            tests[name]()
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc(file=sys.stdout)
            print(f"FAILED  {name}\nreplay: GRAPEVINE_SEED={SEED} GRAPEVINE_BINARY={BINARY} "
                  f"python3 {sys.argv[0]} {name}")
            sys.exit(1)
        print(f"  ({time.monotonic() - begun:.1f} s)", flush=True)


def free_port(kind=socket.SOCK_DGRAM, host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, status, body):
        self.status = status
        self.text = body.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.text)


class Agent(Daemon):
    """A daemon that is asked over its API. `overlay` is the one that questions are about."""

    def __init__(self, *arguments, overlay="demo", folder=None):
        super().__init__(*arguments, folder=folder)
        self.overlay = overlay
        self.tls = None

    def start(self, patience=20):
        if not pathlib.Path(BINARY).is_file():
            sys.exit(f"no program {BINARY}: build it, or name it in GRAPEVINE_BINARY")
        return super().start(patience)

    @property
    def token(self):
        return (self.state / "token").read_text().strip()

    @property
    def pid(self):
        return self.process.pid

    def connect(self, timeout=10):
        host, _, port = self.run_file["http"].rpartition(":")
        host = host.strip("[]")
        if self.tls:
            return http.client.HTTPSConnection(host, int(port), timeout=timeout, context=self.tls)
        return http.client.HTTPConnection(host, int(port), timeout=timeout)

    def ask(self, method, path, body=None, token=None, headers=None, timeout=10):
        headers = {"Authorization": f"Bearer {token or self.token}", **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def ask_overlay(self, method, path="", body=None, overlay=None, **more):
        return self.ask(method, f"/v1/overlays/{overlay or self.overlay}{path}", body, **more)

    def view(self, overlay=None):
        return self.ask_overlay("GET", overlay=overlay).json

    def members(self, overlay=None):
        """By name; of several with one name, the one that is alive."""
        found = {}
        for member in self.ask_overlay("GET", "/members", overlay=overlay).json["members"]:
            if found.get(member["name"], {}).get("status") != "alive":
                found[member["name"]] = member
        return found

    def status_of(self, name, overlay=None):
        return self.members(overlay).get(name, {}).get("status")

    def sees(self, *names, overlay=None):
        members = self.members(overlay)
        return all(members.get(name, {}).get("status") == "alive" for name in names)

    def publish(self, topic, payload, overlay=None):
        if isinstance(payload, str):
            payload = payload.encode()
        return self.ask_overlay("POST", f"/events?topic={topic}", payload, overlay=overlay,
                                headers={"Content-Type": "application/octet-stream"})

    def counters(self, overlay=None):
        return self.view(overlay)["counters"]

    def metrics(self):
        """What /metrics says, summed over the labels."""
        sums = collections.Counter()
        for line in self.ask("GET", "/metrics").text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                sums[name.split("{")[0]] += float(value)
        return sums

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise Failed("no VmRSS")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def bound(self, overlay=None):
        host, _, port = self.run_file["overlays"][overlay or self.overlay].rpartition(":")
        return host.strip("[]"), int(port)


class Follower(threading.Thread):
    """Reads server-sent events of an agent until it is closed. `items` are their data, in order."""

    def __init__(self, agent, query="", overlay=None, cursor=None):
        super().__init__(daemon=True)
        self.items, self.cursor, self.failure = [], cursor, None
        self._connection = agent.connect(timeout=30)
        headers = {"Authorization": f"Bearer {agent.token}", "Accept": "text/event-stream"}
        if cursor:
            headers["Last-Event-ID"] = cursor
        self._connection.request("GET", f"/v1/overlays/{overlay or agent.overlay}/events?{query}",
                                 headers=headers)
        self._socket = self._connection.sock
        self._response = self._connection.getresponse()
        if self._response.status != 200:
            raise Failed(f"no stream: {self._response.read()}")
        self.start()

    def run(self):
        try:
            for line in self._response:
                field, _, value = line.decode().rstrip("\n").partition(": ")
                if field == "id":
                    self.cursor = value
                elif field == "data":
                    self.items.append(json.loads(value))
        except (OSError, ValueError, AttributeError, http.client.HTTPException) as failure:
            self.failure = failure  # Closed by us, or the daemon has ended.

    def events(self):
        return [item for item in list(self.items) if item["type"] == "event"]

    def payloads(self):
        return [event.get("payload") for event in self.events()]

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.join(5)
        self._connection.close()


class UdpTap(threading.Thread):
    """Stands between daemons, and keeps every datagram that passes.

    Each daemon binds a port of its own and advertises one of the tap's. What comes to the port of B
    from A is given to B from the port of A, so that everybody sees everybody at the tap only.
    """

    def __init__(self, names):
        super().__init__(daemon=True)
        self.sockets, self.bound, self.captured = {}, {}, []
        self.copies = 1  # How often each datagram is passed on; 2 is a replay at once.
        for name in names:
            self.bound[name] = ("127.0.0.1", free_port())
            tap = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
            tap.bind(("127.0.0.1", 0))
            tap.setblocking(False)
            self.sockets[name] = tap
        self._names = {address: name for name, address in self.bound.items()}
        self._is_over = False

    def address(self, name):
        return "127.0.0.1:%d" % self.sockets[name].getsockname()[1]

    def flags(self, name, seeds):
        flags = ["--bind", "127.0.0.1:%d" % self.bound[name][1], "--advertise", self.address(name)]
        for seed in seeds:
            flags += ["--seed", self.address(seed)]
        return flags

    def run(self):
        targets = {tap: name for name, tap in self.sockets.items()}
        while not self._is_over:
            for tap in select.select(list(targets), [], [], 0.2)[0]:
                try:
                    datagram, source = tap.recvfrom(65536)
                except OSError:
                    continue  # The kernel tells that a daemon is down.
                sender, target = self._names.get(source), targets[tap]
                if sender is None:
                    continue
                self.captured.append((sender, target, datagram))
                for _ in range(self.copies):
                    with contextlib.suppress(OSError):
                        self.sockets[sender].sendto(datagram, self.bound[target])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._is_over = True
        self.join(5)
        for tap in self.sockets.values():
            tap.close()


class Stranger:
    """A socket that nobody knows; it counts what it sends and what comes back."""

    def __init__(self, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                                    socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.sent = self.received = self.answers = 0

    def send(self, datagram, address):
        try:
            self.socket.sendto(datagram, address)
            self.sent += len(datagram)
        except (BlockingIOError, ConnectionRefusedError):
            pass

    def drain(self):
        while True:
            try:
                self.received += len(self.socket.recv(65536))
                self.answers += 1
            except OSError:
                return self

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def agents(arguments_by_name, **more):
    """Starts daemons d1, d2, ... with these arguments; all are gone afterwards, in any case."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory(prefix="gv-system-")))
        started = {}
        for name, arguments in arguments_by_name.items():
            (folder / name).mkdir()
            agent = Agent("--name", name, *arguments, folder=folder / name, **more)
            stack.callback(end, agent)
            started[name] = agent.start()
        yield started


def end(agent):
    """The end of a daemon in whatever state it is: politely, then not."""
    if agent.process is not None and agent.process.poll() is None:
        agent.process.terminate()
        try:
            agent.process.wait(10)
        except Exception:  # pylint: disable=broad-except
            agent.kill()


def cluster(count, *more, key=KEY, profile="fast"):
    """The arguments of `count` daemons of one overlay, all with d1 as their seed."""
    port = free_port()
    common = ["--overlay", "demo", "--key", key, "--profile", profile, *more]
    result = {"d1": [*common, "--bind", f"127.0.0.1:{port}"]}
    for index in range(2, count + 1):
        result[f"d{index}"] = [*common, "--bind", "127.0.0.1:0", "--seed", f"127.0.0.1:{port}"]
    return result


def all_see(daemons, seconds=20):
    names = list(daemons)
    wait_until(lambda: all(d.sees(*names) for d in daemons.values()), seconds,
               f"all of {names} see each other")

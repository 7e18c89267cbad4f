"""Grapevine: `grapevine agent`, its HTTP API and server-sent events. Sealed, as always."""

import re

from daemons import BINARY
from harness import KEY

from sidebyside.system import System

HTTP_PORT, GOSSIP_PORT = 9470, 9471

CHANGE = re.compile(rb'"kind":"(?P<kind>\w+)","member":\{"id":"\w+","name":"m(?P<who>\d+)"')
KINDS = {b"joined": True, b"returned": True, b"died": False, b"left": False, b"forgotten": False}


class Grapevine(System):
    name = "grapevine"
    about = "profile lan, sealed with ChaCha20-Poly1305"
    profile = "lan"
    program = BINARY
    package = "./dev bench builds it, or name the program in GRAPEVINE_BINARY"
    has_connections = False

    def __init__(self, sandbox, count, options):
        super().__init__(sandbox, count, options)
        self._program = sandbox.copy_of(BINARY)
        self._accepted = self._refused = 0

    def arguments(self, index):
        address = self.sandbox.address(index)
        folder = self.sandbox.member_folder(self.life, index)
        return [self._program, "agent", "--state", folder / "state", "--name", f"m{index}",
                "--http-bind", f"{address}:{HTTP_PORT}", "--http-anonymous", "loopback",
                "--overlay", "bench", "--bind", f"{address}:{GOSSIP_PORT}", "--key", KEY,
                "--seed", f"{self.sandbox.address(0)}:{GOSSIP_PORT}", "--profile", self.profile]

    def _stream(self, index, query, on_data):
        address = self.sandbox.address(index)
        connection = self.reactor.connect(address, HTTP_PORT, on_data)
        if connection:
            connection.send(f"GET /v1/overlays/bench/events?{query} HTTP/1.1\r\n"
                            f"Host: {address}\r\nAccept: text/event-stream\r\n\r\n".encode())
        return connection

    def open_changes(self, index):
        # A member does not announce itself to itself.
        self.alive[index].add(index)
        return self._stream(index, "members=1&events=0&from=oldest",
                            self.change_reader(index, CHANGE, KINDS))

    def open_events(self, index):
        return self._stream(index, "topic=bench", self.deliveries.feeder(index))

    def _on_answer(self, _now, data):
        self._accepted += data.count(b"HTTP/1.1 202")
        self._refused += data.count(b"HTTP/1.1 4") + data.count(b"HTTP/1.1 5")

    def open_publisher(self, index):
        return self.reactor.connect(self.sandbox.address(index), HTTP_PORT, self._on_answer)

    def request_to_publish(self, payload):
        return (b"POST /v1/overlays/bench/events?topic=bench HTTP/1.1\r\n"
                b"Host: 127.0.0.1\r\nContent-Type: text/plain\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(payload), payload))

    def refused(self):
        return self._refused


class GrapevineFast(Grapevine):
    name = "grapevine-fast"
    about = "profile fast, sealed with ChaCha20-Poly1305"
    profile = "fast"
    measures_unless_named = ("join", "idle", "detect")  # Of events it makes nothing else.

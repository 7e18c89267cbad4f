"""NATS: a full mesh of `nats-server`, one subscriber of the raw protocol at each.

A server logs when a route to another one is made and when it ends: these are its list of members.
What it tells its clients (`connect_urls`) stays incomplete after a burst, though the routes exist.
"""

import collections
import re

from sidebyside.system import CHANGE_TAIL_BYTES, System

CLIENT_PORT, ROUTE_PORT = 4222, 6222

ROUTE = re.compile(rb"127\.0\.1\.(?P<last>\d+):\d+ - rid:\d+ - "
                   rb"Route(?:r)? connection (?P<what>created|closed)")
CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"protocol":1,"lang":"raw"}\r\n'


class Nats(System):
    name = "nats"
    about = "full mesh of routes, its defaults"
    program = "nats-server"
    package = "Debian package nats-server"
    debian_package = "nats-server"
    changes_are_logs = True

    def arguments(self, index):
        address = self.sandbox.address(index)
        return ["nats-server", "-a", address, "-p", CLIENT_PORT, "--cluster_name", "bench",
                "--cluster", f"nats://{address}:{ROUTE_PORT}",
                "--routes", f"nats://{self.sandbox.address(0)}:{ROUTE_PORT}"]

    def _connect(self, index, on_data, words=b""):
        """PINGs of the server are answered on every connection, or it closes it."""
        connection = None

        def read(now, data):
            if b"PING\r\n" in data:
                connection.send(b"PONG\r\n")
            on_data(now, data)

        connection = self.reactor.connect(self.sandbox.address(index), CLIENT_PORT, read)
        if connection:
            connection.send(CONNECT + words)
        return connection

    def open_changes(self, index):
        rest, routes = b"", collections.Counter({index: 1})
        self.alive[index].add(index)

        def read(now, data):
            nonlocal rest
            data, end = rest + data, 0
            for match in ROUTE.finditer(data):
                end = match.end()
                other = int(match["last"]) - 1
                # Two servers that connect to each other at once have two routes for a moment.
                routes[other] += 1 if match["what"] == b"created" else -1
                report = self.saw_alive if routes[other] > 0 else self.saw_gone
                report(index, other, now)
            rest = data[end:][-CHANGE_TAIL_BYTES:]

        return self.open_log(index, read)

    def open_events(self, index):
        return self._connect(index, self.deliveries.feeder(index), b"SUB bench 1\r\n")

    def open_publisher(self, index):
        return self._connect(index, lambda *_: None)

    def request_to_publish(self, payload):
        return b"PUB bench %d\r\n%s\r\n" % (len(payload), payload)

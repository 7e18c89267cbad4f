"""HashiCorp Serf: `serf agent`, over its RPC protocol (MessagePack on TCP).

A member's list is read from the agent's own log (`monitor`), where a change is told at once; its
event handlers hear of it about a second later, because it coalesces.
"""

import re

from sidebyside import msgpack
from sidebyside.system import System

RPC_PORT, GOSSIP_PORT = 7373, 7946

CHANGE = re.compile(rb"serf: EventMember(?P<kind>\w+): m(?P<who>\d+) ")
KINDS = {b"Join": True, b"Failed": False, b"Leave": False, b"Reap": False}


class Serf(System):
    name = "serf"
    about = "profile lan, not encrypted (its default)"
    profile = "lan"
    program = "serf"
    version_words = ("version",)
    package = "Debian package serf"
    debian_package = "serf"

    def arguments(self, index):
        address = self.sandbox.address(index)
        arguments = ["serf", "agent", "-node", f"m{index}", "-bind", f"{address}:{GOSSIP_PORT}",
                     "-rpc-addr", f"{address}:{RPC_PORT}", "-profile", self.profile]
        if index > 0:
            arguments += ["-join", f"{self.sandbox.address(0)}:{GOSSIP_PORT}"]
        return arguments

    def _ask(self, index, on_data, *requests):
        connection = self.reactor.connect(self.sandbox.address(index), RPC_PORT, on_data)
        if connection:
            greeting = ({"Command": "handshake"}, {"Version": 1})
            for number, (header, body) in enumerate([greeting, *requests]):
                connection.send(msgpack.encode({**header, "Seq": number}) + msgpack.encode(body))
        return connection

    def open_changes(self, index):
        return self._ask(index, self.change_reader(index, CHANGE, KINDS),
                         ({"Command": "monitor"}, {"LogLevel": "INFO"}))

    def open_events(self, index):
        return self._ask(index, self.deliveries.feeder(index),
                         ({"Command": "stream"}, {"Type": "user"}))

    def open_publisher(self, index):
        return self._ask(index, lambda *_: None)

    def request_to_publish(self, payload):
        return msgpack.encode({"Command": "event", "Seq": 9}) + msgpack.encode(
            {"Name": "bench", "Payload": payload, "Coalesce": False})

"""Redis Cluster: `redis-server --cluster-enabled`; PUBLISH goes over the cluster bus to all.

Slots are spread over all members: only owners of slots have a say in who failed.
"""

import re
import time

from sidebyside.system import System
from sidebyside.trouble import Trouble

PORT = 6379
SLOT_COUNT = 16384
ASK_AGAIN_SECONDS = 0.05
ANSWER_SECONDS = 10

# "Marking node ID as failing (quorum reached)." and "FAIL message received from ID about ID".
FAILED = re.compile(rb"Marking node (?P<by_quorum>[0-9a-f]{40}) as failing"
                    rb"|FAIL message received from [0-9a-f]{40} about (?P<told>[0-9a-f]{40})")
LINE_BYTES_MAX = 512


def command(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word)
                                              for word in words)


class Redis(System):
    name = "redis"
    about = "cluster bus, cluster-node-timeout 15 s (its default), nothing written to disk"
    program = "redis-server"
    package = "Debian package redis-server"
    debian_package = "redis-server"
    changes_are_logs = True
    runs_max = 1
    detect_seconds_max = 120
    join_seconds_max = 180

    def __init__(self, sandbox, count, options):
        super().__init__(sandbox, count, options)
        self._ids = {}
        self._askers = [None] * count
        self._ask_again_at = [0] * count

    def arguments(self, index):
        address = self.sandbox.address(index)
        return ["redis-server", "--bind", address, "--port", PORT, "--cluster-enabled", "yes",
                "--cluster-announce-ip", address, "--protected-mode", "no", "--save", "",
                "--appendonly", "no", "--daemonize", "no"]

    def open_changes(self, index):
        """Only deaths are in the log; who is listed is asked by `_ask_for_list`."""
        rest = b""

        def read(now, data):
            nonlocal rest
            data, end = rest + data, 0
            for match in FAILED.finditer(data):
                end = match.end()
                subject = self._ids.get(match["by_quorum"] or match["told"])
                if subject is not None:
                    self.saw_gone(index, subject, now)
            rest = data[end:][-LINE_BYTES_MAX:]

        return self.open_log(index, read)

    # -- Forming a cluster. ----------------------------------------------------------------------

    def form(self):
        """Slots and an epoch for each, then the first is told of all others."""
        for index in range(self.count):
            first = index * SLOT_COUNT // self.count
            last = (index + 1) * SLOT_COUNT // self.count - 1
            self._ids[self._ask(index, "CLUSTER", "MYID")[-1]] = index
            self._ask(index, "CLUSTER", "SET-CONFIG-EPOCH", index + 1)
            self._ask(index, "CLUSTER", "ADDSLOTSRANGE", first, last)
        for index in range(1, self.count):
            self._ask(0, "CLUSTER", "MEET", self.sandbox.address(index), PORT)
        self._askers = [self._follow_list(index) for index in range(self.count)]

    def _ask(self, index, *words):
        """One command, its answer as lines. Waits until the member takes connections."""
        answer = bytearray()
        connections = []

        def is_answered():
            if not connections:
                connection = self.reactor.connect(self.sandbox.address(index), PORT,
                                                  lambda _, data: answer.extend(data))
                if connection:
                    connection.send(command(*words))
                    connections.append(connection)
            return answer.endswith(b"\r\n") and answer.count(b"\r\n") > answer.startswith(b"$")

        if not self.reactor.run_until(is_answered, ANSWER_SECONDS):
            raise Trouble(f"no answer to {words[:2]}: {self.last_words(index)}")
        connections[0].close()
        if answer.startswith(b"-"):
            raise Trouble(f"{words[:2]}: {answer.decode().strip()}")
        return bytes(answer).split(b"\r\n")[:-1]

    def _follow_list(self, index):
        """A connection whose answers are lists of this member."""
        answer = bytearray()

        def read(now, data):
            answer.extend(data)
            if not answer.endswith(b"\n\r\n"):
                return
            connected = {self._ids[words[0]] for line in bytes(answer).split(b"\n")
                         if len(words := line.split()) >= 8 and words[0] in self._ids
                         and words[7] == b"connected" and b"handshake" not in words[2]}
            answer.clear()
            self.saw_list(index, connected, now)

        return self.reactor.connect(self.sandbox.address(index), PORT, read)

    def everybody_lists_everybody(self):
        now = time.monotonic()
        for index in self.survivors():
            if self.complete_at[index] is None and now >= self._ask_again_at[index]:
                self._ask_again_at[index] = now + ASK_AGAIN_SECONDS
                self._askers[index].send(command("CLUSTER", "NODES"))
        return super().everybody_lists_everybody()

    # -- Events. ---------------------------------------------------------------------------------

    def open_events(self, index):
        connection = self.reactor.connect(self.sandbox.address(index), PORT,
                                          self.deliveries.feeder(index))
        if connection:
            connection.send(command("SUBSCRIBE", "bench"))
        return connection

    def open_publisher(self, index):
        return self.reactor.connect(self.sandbox.address(index), PORT, lambda *_: None)

    def request_to_publish(self, payload):
        return command("PUBLISH", "bench", payload)

    def detach(self):
        super().detach()
        self._askers = self._close_all(self._askers)

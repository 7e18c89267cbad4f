"""ZooKeeper: an ensemble of three servers; members are sessions that hold an ephemeral node each.

Every member watches the folder of these nodes, as in ZooKeeper's recipe for group membership. The
sessions are ours, over the raw protocol. A killed member is a session whose socket is closed
without a word, as the kernel does for a killed process: the servers wait out the session timeout.
"""

import pathlib
import re
import struct
import time

from sidebyside.processes import Process
from sidebyside.system import System
from sidebyside.trouble import Trouble

JAR = pathlib.Path("/usr/share/java/zookeeper.jar")
SERVER_COUNT = 3
SERVER_FIRST = 201  # Above all members.
CLIENT_PORT, PEER_PORT, ELECTION_PORT = 2181, 2888, 3888
TICK_MS = 2000
UP_SECONDS = 60
FOLDER = "/members"

CREATE, GET_CHILDREN, PING = 1, 8, 11
WATCH_XID, PING_XID, CREATE_XID, CHILDREN_XID = -1, -2, 1, 2
EPHEMERAL = 1
ALL_PERMISSIONS = 31
NODE_EXISTS = -110

CONFIGURATION = f"""\
tickTime={TICK_MS}
initLimit=10
syncLimit=5
maxClientCnxns=0
admin.enableServer=false
clientPort={CLIENT_PORT}
"""


def text(value):
    return struct.pack(">i", len(value)) + value.encode()


def request(xid, kind, body=b""):
    return struct.pack(">iii", 8 + len(body), xid, kind) + body


def create(path, flags):
    rights = struct.pack(">ii", 1, ALL_PERMISSIONS) + text("world") + text("anyone")
    return request(CREATE_XID, CREATE, text(path) + text("") + rights + struct.pack(">i", flags))


GREETING_BYTES = 45
GET_MEMBERS = request(CHILDREN_XID, GET_CHILDREN, text(FOLDER) + b"\x01")


class Session:
    """One member: an ephemeral node, and a watch on all of them."""

    def __init__(self, reactor, address, timeout_ms, index, on_list):
        self._buffer = b""
        self._is_connected = False
        self._index, self._on_list = index, on_list
        self._connection = reactor.connect(address, CLIENT_PORT, self._read)
        if self._connection:
            self._connection.send(struct.pack(">iiqiqi16s?", GREETING_BYTES, 0, 0, timeout_ms, 0,
                                              16, b"", False))

    @property
    def is_open(self):
        return self._connection is not None and self._connection.is_open

    def ping(self):
        if self.is_open and self._is_connected:
            self._connection.send(request(PING_XID, PING))

    def close(self):
        if self._connection:
            self._connection.close()

    def _read(self, now, data):
        self._buffer += data
        while len(self._buffer) >= 4:
            size = 4 + struct.unpack_from(">i", self._buffer)[0]
            if len(self._buffer) < size:
                return
            frame, self._buffer = self._buffer[4:size], self._buffer[size:]
            self._handle(now, frame)

    def _handle(self, now, frame):
        if not self._is_connected:  # The answer to the greeting is no reply.
            self._is_connected = True
            self._connection.send(create(FOLDER, 0) if self._index is None else
                                  create(f"{FOLDER}/m{self._index}", EPHEMERAL))
            return
        xid, _, error = struct.unpack_from(">iqi", frame)
        if xid == CREATE_XID and error not in (0, NODE_EXISTS):
            raise Trouble(f"ZooKeeper refuses a node: error {error}")
        if xid == CREATE_XID and self._index is None:
            self._on_list(now, set())
        elif xid in (CREATE_XID, WATCH_XID):
            # A watch fires once. It is set anew with the list that it has announced.
            self._connection.send(GET_MEMBERS)
        elif xid == CHILDREN_XID:
            names = re.findall(rb"m(\d+)", frame[20:])
            self._on_list(now, {int(name) for name in names})


class ZooKeeper(System):
    name = "zookeeper"
    timeout_ms = 2 * TICK_MS
    about = "three servers; session timeout 4 s, the least they allow (two ticks of 2 s)"
    program = "java"
    package = "Debian package zookeeper"
    debian_package = "zookeeper"
    version_words = ("-version",)
    measures = ("join", "detect")
    detect_seconds_max = 120

    def __init__(self, sandbox, count, options):
        super().__init__(sandbox, count, options)
        self._sessions = [None] * count
        self._addresses = [sandbox.address(SERVER_FIRST + number)
                           for number in range(SERVER_COUNT)]

    @classmethod
    def missing(cls):
        return super().missing() or (None if JAR.exists() else f"{JAR} ({cls.package})")

    def start(self):
        """The servers first, which are no members; the burst is that of the sessions."""
        self.processes = [self._server(number) for number in range(SERVER_COUNT)]
        self._make_folder()
        self.first_spawn_at = time.monotonic_ns()
        for index in range(self.count):
            self._sessions[index] = Session(
                self.reactor, self._addresses[index % SERVER_COUNT], self.timeout_ms, index,
                lambda now, members, index=index: self.saw_list(index, members, now))
        self.last_spawn_at = time.monotonic_ns()
        self.reactor.repeat(self.timeout_ms / 3000, self._ping)

    def _server(self, number):
        folder = self.sandbox.member_folder(self.life, SERVER_FIRST + number)
        names = "".join(f"server.{other + 1}={address}:{PEER_PORT}:{ELECTION_PORT}\n"
                        for other, address in enumerate(self._addresses))
        (folder / "zoo.cfg").write_text(
            f"{CONFIGURATION}dataDir={folder}\n"
            f"clientPortAddress={self._addresses[number]}\n{names}")
        (folder / "myid").write_text(f"{number + 1}\n")
        return Process(["java", "-Xmx256m", "-cp", JAR,
                        "org.apache.zookeeper.server.quorum.QuorumPeerMain", "zoo.cfg"], folder)

    def _make_folder(self):
        """Until every server takes sessions: a majority has elected a leader."""
        for address in self._addresses:
            made, sessions = [], []

            def is_made(address=address, made=made, sessions=sessions):
                if not sessions or not sessions[-1].is_open:
                    sessions.append(Session(self.reactor, address, self.timeout_ms, None,
                                            lambda *_: made.append(True)))
                return bool(made)

            if not self.reactor.run_until(is_made, UP_SECONDS, 0.1):
                raise Trouble(f"no session within {UP_SECONDS} s: {self.last_words()}")
            sessions[-1].close()

    def _ping(self):
        for session in self._sessions:
            session.ping()

    def attach(self):
        return True

    def kill(self, index):
        now = self.give_up(index)
        self._sessions[index].close()
        return now


class ZooKeeper30s(ZooKeeper):
    name = "zookeeper-30s"
    timeout_ms = 30000
    runs_max = 1
    about = "three servers; session timeout 30 s, the default of their own client"

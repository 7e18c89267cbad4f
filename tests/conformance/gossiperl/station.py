"""What a client and a daemon of the old protocol have in common: a socket that writes down all it
hears and says, and a clock."""

import collections
import dataclasses
import ipaddress
import select
import socket
import threading
import time

from protocol import Cipher, Malformed

TICK_SECONDS = 0.05
RECORD_MAX = 100_000

Address = collections.namedtuple("Address", "host port")


def address(text):
    """Of "127.0.0.1:6666" or "[::1]:6666"."""
    host, _, port = text.rpartition(":")
    return Address(str(ipaddress.ip_address(host.strip("[]"))), int(port))


@dataclasses.dataclass
class Heard:
    """A datagram that came. `letter` is None if it did not read, and `error` says why."""
    at: float
    source: Address
    size: int
    letter: object = None
    error: str = ""

    @property
    def type(self):
        return self.letter.type if self.letter else "unreadable"


@dataclasses.dataclass
class Said:
    at: float
    to: Address
    size: int
    letter: object


class Station:
    """Runs from `start` to `stop`, or as a `with`. `heard` and `said` grow meanwhile."""

    def __init__(self, bind, symmetric_key):
        self.cipher = Cipher(symmetric_key)
        self.lock = threading.RLock()
        self.news = threading.Condition(self.lock)
        self.heard = []
        self.said = []
        family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((bind.host, bind.port))
        self.address = Address(bind.host, self.socket.getsockname()[1])
        self._ended = threading.Event()
        self._thread = None

    def start(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    @property
    def is_running(self):
        return self._thread is not None

    def stop(self):
        """Without a word to anybody."""
        self._ended.set()
        if self._thread:
            self._thread.join()
            self._thread = None
        self.socket.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _run(self):
        while not self._ended.is_set():
            ready, _, _ = select.select([self.socket], [], [], TICK_SECONDS)
            if ready:
                datagram, source = self.socket.recvfrom(65536)
                self._take(datagram, Address(*source[:2]))
            with self.news:
                self.tick()
                self.news.notify_all()

    def _take(self, datagram, source):
        heard = Heard(time.time(), source, len(datagram))
        try:
            heard.letter = self.cipher.read(datagram)
        except Malformed as error:
            heard.error = str(error)
        with self.news:
            if len(self.heard) < RECORD_MAX:
                self.heard.append(heard)
            self.handle(heard)
            self.news.notify_all()

    def send_bytes(self, datagram, to, letter=None):
        with self.lock:
            if len(self.said) < RECORD_MAX:
                self.said.append(Said(time.time(), to, len(datagram), letter))
            self.socket.sendto(datagram, (to.host, to.port))

    def send(self, letter, to):
        self.send_bytes(self.cipher.seal(letter.envelope), to, letter)

    # What comes is given to these two, under the lock.
    def handle(self, heard):
        """A datagram has come."""

    def tick(self):
        """Some time has passed."""

    def wait(self, condition, seconds):
        """What `condition()` gives as soon as it is true, or its last answer after `seconds`."""
        end = time.monotonic() + seconds
        with self.news:
            while True:
                answer = condition()
                left = end - time.monotonic()
                if answer or left <= 0:
                    return answer
                self.news.wait(left)

    def count(self, kind, **fields):
        """How many letters of this type with these fields have come."""
        return len(self.letters(kind, **fields))

    def count_from(self, source, kind):
        with self.lock:
            return sum(heard.source == source and heard.type == kind for heard in self.heard)

    def letters(self, kind, **fields):
        with self.lock:
            return [heard.letter for heard in self.heard if heard.type == kind and
                    all(heard.letter[name] == value for name, value in fields.items())]

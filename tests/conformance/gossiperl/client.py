#!/usr/bin/env python3
"""An application of the old protocol: attaches to a daemon over loopback, as the original's client
libraries do.

usage: client.py --daemon 127.0.0.1:6666 --key KEY [--name NAME] [--secret SECRET]
                 [--subscribe TYPE,...] [--publish TYPE=TEXT] [--seconds N]

Prints what it hears until it is interrupted. Writes down whatever a daemon must not do to a client
in `violations`: answer from another port than it was asked on, send more than 1,024 bytes (the
JVM client reads no more), leave a field out, say what is only for daemons, or be wrong about the
time.
"""

import argparse
import sys
import time
import uuid

import protocol
from protocol import CLIENT_DATAGRAM_BYTES_MAX, STRING, make
from station import Address, Station, address

DAEMONS_ONLY = ("digest", "digestSubscriptions", "digestError")


def local_address(daemon):
    """Where a client of this daemon binds."""
    return Address("::1" if ":" in daemon.host else "127.0.0.1", 0)


class Client(Station):
    """One application. Nothing is sent before `attach` (or `digest`, for those who want to see the
    first ack themselves)."""

    def __init__(self, daemon, symmetric_key, name, secret=None, bind=None, keepalive=1.5):
        super().__init__(bind or local_address(daemon), symmetric_key)
        self.daemon = daemon
        self.name = name
        self.secret = secret or f"{name}-secret"
        self.keepalive = keepalive    # seconds between digests; None: none but those asked for
        self.acks_forwards = True
        self.violations = []
        self.ack_delays = []          # seconds from a digest to its ack
        self._next_digest = None
        self._digests = {}            # id -> when it was sent
        self._asked = {}              # id of a subscribe or unsubscribe -> event types
        self._published = set()

    # -- What it says --

    def digest(self, port=None, heartbeat=None):
        identifier = str(uuid.uuid4())
        with self.lock:
            self._digests[identifier] = time.time()
            if self.keepalive:
                self._next_digest = time.monotonic() + self.keepalive
        self.send(make("digest", {
            "name": self.name, "port": port or self.address.port, "id": identifier,
            "heartbeat": int(time.time()) if heartbeat is None else heartbeat,
            "secret": self.secret}), self.daemon)
        return identifier

    def attach(self, seconds=3):
        """True when the daemon has answered."""
        identifier = self.digest()
        return self.wait(lambda: self.count("digestAck", reply_id=identifier), seconds) > 0

    def fall_silent(self):
        """Vanishes without a word."""
        with self.lock:
            self.keepalive = self._next_digest = None

    def _ask(self, kind, event_types):
        identifier = str(uuid.uuid4())
        with self.lock:
            self._asked[identifier] = list(event_types)
        self.send(make(kind, {"name": self.name, "heartbeat": int(time.time()), "id": identifier,
                              "event_types": event_types, "secret": self.secret}), self.daemon)
        return identifier

    def subscribe(self, *event_types, seconds=2):
        """True when the daemon has acknowledged exactly these."""
        identifier = self._ask("digestSubscribe", event_types)
        return self.wait(lambda: self.count("digestSubscribeAck", reply_id=identifier,
                                            event_types=list(event_types)), seconds) > 0

    def unsubscribe(self, *event_types, seconds=2):
        identifier = self._ask("digestUnsubscribe", event_types)
        return self.wait(lambda: self.count("digestUnsubscribeAck", reply_id=identifier,
                                            event_types=list(event_types)), seconds) > 0

    def publish(self, kind, fields, identifier=None):
        """The id of the message; `is_acknowledged` tells whether the daemon has it."""
        letter = make(kind, fields, identifier)
        self.publish_letter(letter)
        return letter.id

    def publish_letter(self, letter):
        with self.lock:
            self._published.add(letter.id)
        self.send(letter, self.daemon)

    def is_acknowledged(self, identifier, seconds=2):
        return self.wait(lambda: self.count("digestForwardedAck", reply_id=identifier), seconds) > 0

    def acknowledge(self, identifier):
        self.send(make("digestForwardedAck", {"name": self.name, "reply_id": identifier,
                                              "secret": self.secret}), self.daemon)

    def exit(self):
        self.fall_silent()
        self.send(make("digestExit", {"name": self.name, "heartbeat": int(time.time()),
                                      "secret": self.secret}), self.daemon)

    # -- What it hears --

    def events(self):
        """(event type, member) of every member event, in order."""
        return [(letter["event_type"], letter["event_object"])
                for letter in self.letters("digestEvent")]

    def messages(self, kind):
        with self.lock:
            return [heard.letter for heard in self.heard if heard.type == kind]

    def tick(self):
        if self._next_digest and time.monotonic() >= self._next_digest:
            self.digest()

    def handle(self, heard):
        if heard.source != self.daemon:
            self._blame(f"a {heard.type} came from {heard.source}, not {self.daemon}")
        if heard.letter is None:
            self._blame(f"unreadable: {heard.error}")
            return
        letter = heard.letter
        if letter.is_application:
            if self.acks_forwards:
                self.acknowledge(letter.id)
            return
        self._blame(*protocol.faults(letter))
        # What we asked for ourselves at length is answered at length.
        asked = self._asked.get(letter.fields.get("reply_id"), [])
        if heard.size > CLIENT_DATAGRAM_BYTES_MAX and sum(map(len, asked)) < 300:
            self._blame(f"a {letter.type} of {heard.size} bytes")
        if letter.type in DAEMONS_ONLY:
            self._blame(f"a {letter.type} is not for clients")
        heartbeat = letter.fields.get("heartbeat")
        if heartbeat is not None and abs(int(heard.at) - heartbeat) > 1:
            self._blame(f"{letter.type} says {heartbeat}, and it is {heard.at:.1f}")
        self._check_reply(heard, letter)

    def _check_reply(self, heard, letter):
        if letter.type == "digestAck":
            sent = self._digests.get(letter["reply_id"])
            if sent is None:
                self._blame("an ack of a digest that we did not send")
            else:
                self.ack_delays.append(heard.at - sent)
            if not any(member["member_name"] == letter["name"] for member in letter["membership"]):
                self._blame("an ack that does not list the daemon itself")
        elif letter.type in ("digestSubscribeAck", "digestUnsubscribeAck"):
            if self._asked.get(letter["reply_id"]) != letter["event_types"]:
                self._blame(f"{letter.type} lists {letter['event_types']}")
        elif letter.type == "digestForwardedAck" and letter["reply_id"] not in self._published:
            self._blame("an ack of a message that we did not publish")

    def _blame(self, *sentences):
        self.violations += sentences


def main():
    parser = argparse.ArgumentParser(description="An application of the old protocol.")
    parser.add_argument("--daemon", type=address, required=True, metavar="IP:PORT")
    parser.add_argument("--key", required=True, help="the overlay's symmetric key")
    parser.add_argument("--name", default="python-client")
    parser.add_argument("--secret")
    parser.add_argument("--subscribe", default="", metavar="TYPE,...")
    parser.add_argument("--publish", metavar="TYPE=TEXT", help="one message, its field 1 is TEXT")
    parser.add_argument("--seconds", type=float, default=1e9)
    options = parser.parse_args()

    with Client(options.daemon, options.key, options.name, options.secret) as client:
        if not client.attach():
            sys.exit("no answer: is the daemon there, and the key right?")
        print("attached, ack after %.1f ms" % (1000 * client.ack_delays[0]))
        if options.subscribe and not client.subscribe(*options.subscribe.split(",")):
            sys.exit("the subscription was not acknowledged")
        if options.publish:
            kind, _, text = options.publish.partition("=")
            identifier = client.publish(kind, [(1, STRING, text)])
            print("published" if client.is_acknowledged(identifier) else "not acknowledged")
        seen = blamed = 0
        end = time.monotonic() + options.seconds
        try:
            while time.monotonic() < end:
                client.wait(lambda: len(client.heard) > seen, min(1, end - time.monotonic()))
                for heard in client.heard[seen:]:
                    seen += 1
                    print(f"{heard.at:.3f} {heard.size:5d} {heard.type} "
                          f"{heard.letter.fields if heard.letter else heard.error}", flush=True)
                for sentence in client.violations[blamed:]:
                    blamed += 1
                    print("VIOLATION", sentence, flush=True)
        except KeyboardInterrupt:
            pass
        client.exit()
        sys.exit(1 if client.violations else 0)


if __name__ == "__main__":
    main()

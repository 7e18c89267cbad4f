#!/usr/bin/env python3
"""Whether open pages slow down gossip: how soon a crash is told with and without them, and what a
page at rest costs.

    bench/dashboards.py [--json] [--pages 20] [--crashes 10] [--seconds 10]

A page is what its requests are: a WebSocket that follows members, records and events, and one
request a second for the counters. They are all open on one daemon. GRAPEVINE_BINARY is the program.
"""

import argparse
import base64
import json
import os
import pathlib
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "system"))

# pylint: disable=wrong-import-position
from crashes import crash, line_of, summary, watch
from harness import Failed, agents, all_see, cluster

WATCHERS = ("d1", "d2", "d3")
VICTIMS = ("d4", "d5")
POLL_SECONDS = 1


def masked(text):
    """A text frame of a client (RFC 6455, section 5.2)."""
    payload, mask = text.encode(), os.urandom(4)
    head = bytes([0x81, 0x80 | len(payload)]) if len(payload) < 126 else \
        struct.pack("!BBH", 0x81, 0x80 | 126, len(payload))
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


class Page:
    """What an open page asks of its daemon, and how many bytes it gets."""

    def __init__(self, agent):
        self.agent, self.received, self.is_over = agent, 0, False
        host, _, port = agent.run_file["http"].rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            "GET /v1/overlays/demo/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
            f"Upgrade: websocket\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: grapevine.v1, grapevine.token.{agent.token}\r\n\r\n"
        ).encode())
        answer = self.socket.recv(4096)
        if b" 101 " not in answer:
            raise Failed(f"no WebSocket: {answer[:200]}")
        self.socket.sendall(masked(json.dumps(
            {"type": "subscribe", "members": True, "records": True})))
        self.threads = [threading.Thread(target=self.read, daemon=True),
                        threading.Thread(target=self.poll, daemon=True)]
        for thread in self.threads:
            thread.start()

    def read(self):
        self.socket.settimeout(0.5)
        while not self.is_over:
            try:
                received = len(self.socket.recv(65536))
                if received == 0:
                    return
                self.received += received
            except TimeoutError:
                continue
            except OSError:
                return

    def poll(self):
        while not self.is_over:
            self.received += len(self.agent.ask_overlay("GET").text)
            time.sleep(POLL_SECONDS)

    def close(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(5)
        self.socket.close()


def measure(options):
    with agents(cluster(5)) as daemons:
        all_see(daemons)
        followers = [watch(daemons[name]) for name in WATCHERS]

        def crashes():
            took = []
            for number in range(options.crashes):
                took += crash(daemons, VICTIMS[number % 2], WATCHERS, followers)
            return took

        without = crashes()
        pages = [Page(daemons["d1"]) for _ in range(options.pages)]
        time.sleep(2)
        before = sum(page.received for page in pages)
        time.sleep(options.seconds)
        rest = (sum(page.received for page in pages) - before) / options.seconds / len(pages)
        with_pages = crashes()
        for page in pages:
            page.close()
        for follower in followers:
            follower.close()
        return {"pages": options.pages, "rest_bytes_per_second": round(rest),
                "without_ms": summary(without), "with_ms": summary(with_pages)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--crashes", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    result = measure(options)
    if options.json:
        print(json.dumps({"dashboards": result}))
        return 0
    print(line_of("a crash is told without pages", result["without_ms"]))
    print(line_of(f"... with {result['pages']} open", result["with_ms"]))
    print(f"a page at rest gets {result['rest_bytes_per_second']} bytes a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())

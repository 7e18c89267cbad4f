"""grapevine-maelstrom as Maelstrom runs it: processes, lines on pipes, and a net that drops."""

import json
import os
import pathlib
import selectors
import subprocess
import time
import unittest

from daemons import BINARY, environment

NODE = pathlib.Path(BINARY).resolve().parent / "grapevine-maelstrom"
PATIENCE = 20


class Net:
    """Maelstrom's net: nodes n0, n1, ... and one client, c0. Ends with the `with`."""

    def __init__(self, count, *arguments):
        self.names = [f"n{number}" for number in range(count)]
        self.arguments = arguments
        self.nodes = {}
        self.buffers = {}
        self.cut = lambda source, target: False
        self.answers = {}
        self.last_id = 0
        self.between_nodes = 0

    def __enter__(self):
        self.selector = selectors.DefaultSelector()
        for name in self.names:
            process = subprocess.Popen([NODE, *self.arguments], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, env=environment())
            os.set_blocking(process.stdout.fileno(), False)
            self.selector.register(process.stdout, selectors.EVENT_READ, name)
            self.nodes[name] = process
            self.buffers[name] = b""
        for name in self.names:
            self.ask(name, {"type": "init", "node_id": name, "node_ids": self.names})
        return self

    def __exit__(self, *_):
        for process in self.nodes.values():
            process.stdin.close()
        self.ends = [process.wait(timeout=PATIENCE) for process in self.nodes.values()]
        for process in self.nodes.values():
            process.stdout.close()
        self.selector.close()

    def write(self, target, line):
        self.nodes[target].stdin.write(line + b"\n")
        self.nodes[target].stdin.flush()

    def turn(self, wait):
        """Carries what the nodes say within so many seconds."""
        for key, _ in self.selector.select(wait):
            name = key.data
            self.buffers[name] += key.fileobj.read() or b""
            *lines, self.buffers[name] = self.buffers[name].split(b"\n")
            for line in lines:
                message = json.loads(line)
                target = message["dest"]
                if target in self.nodes:
                    self.between_nodes += 1
                    if not self.cut(name, target):
                        self.write(target, line)
                else:
                    self.answers[message["body"].get("in_reply_to")] = message["body"]

    def until(self, is_done, patience=PATIENCE):
        end = time.monotonic() + patience
        while not is_done():
            if time.monotonic() > end:
                raise AssertionError(f"not within {patience} s")
            self.turn(0.05)

    def ask(self, target, body):
        self.last_id += 1
        line = {"src": "c0", "dest": target, "body": {**body, "msg_id": self.last_id}}
        self.write(target, json.dumps(line).encode())
        self.until(lambda: self.last_id in self.answers)
        return self.answers.pop(self.last_id)

    def read(self, target):
        return self.ask(target, {"type": "read"})


class Maelstrom(unittest.TestCase):
    def test_echo(self):
        with Net(1) as net:
            answer = net.ask("n0", {"type": "echo", "echo": "Please echo 35"})
        self.assertEqual((answer["type"], answer["echo"]), ("echo_ok", "Please echo 35"))
        self.assertEqual(net.ends, [0])

    def test_unique_ids(self):
        with Net(3) as net:
            ids = [net.ask(name, {"type": "generate"})["id"]
                   for _ in range(50) for name in net.names]
        self.assertEqual(len(set(ids)), 150)

    def test_broadcast_through_a_partition(self):
        for mode in ("direct", "gathered", "rumor"):
            with self.subTest(mode), Net(5, "--mode", mode) as net:
                for name in net.names:
                    net.ask(name, {"type": "topology", "topology": {}})
                net.cut = lambda a, b: (a in ("n0", "n1")) != (b in ("n0", "n1"))
                for value in range(20):
                    net.ask(net.names[value % 5], {"type": "broadcast", "message": value})
                net.turn(0.5)
                self.assertLess(len(net.read("n0")["messages"]), 20)
                net.cut = lambda a, b: False
                net.until(lambda: all(set(net.read(name)["messages"]) == set(range(20))
                                      for name in net.names))

    def test_counter(self):
        with Net(3) as net:
            net.cut = lambda a, b: "n2" in (a, b)
            for number in range(30):
                net.ask(net.names[number % 3], {"type": "add", "delta": number})
            net.cut = lambda a, b: False
            total = sum(range(30))
            net.until(lambda: all(net.read(name)["value"] == total for name in net.names))
            self.assertGreater(net.between_nodes, 0)

    def test_errors_have_a_code_and_a_reason(self):
        with Net(1) as net:
            answer = net.ask("n0", {"type": "txn", "txn": []})
        self.assertEqual((answer["type"], answer["code"]), ("error", 10))
        self.assertIn("txn", answer["text"])

    def test_wrong_arguments(self):
        done = subprocess.run([NODE, "--mode", "fastest"], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no mode fastest", done.stderr)


if __name__ == "__main__":
    unittest.main()

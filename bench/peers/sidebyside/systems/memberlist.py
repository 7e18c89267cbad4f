"""HashiCorp memberlist, the library below Serf: the program in memberlist/, one per member."""

import pathlib
import re
import shutil
import subprocess

from sidebyside.system import System

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent / "memberlist"
PROGRAM = SOURCE.parent.parent.parent / "build" / "peers" / "memberlist"
CONTROL_PORT = 7373

CHANGE = re.compile(rb"(?P<kind>join|leave) m(?P<who>\d+)\n")
KINDS = {b"join": True, b"leave": False}


class Memberlist(System):
    name = "memberlist"
    about = "DefaultLANConfig, not encrypted (its default), user messages queued again once"
    program = str(PROGRAM)
    package = "golang 1.25 or newer; the library comes from the Go module proxy"
    version_words = ("-version",)

    def __init__(self, sandbox, count, options):
        super().__init__(sandbox, count, options)
        self._program = sandbox.copy_of(PROGRAM)

    @classmethod
    def missing(cls):
        """Builds the program anew, which takes no time when nothing has changed."""
        if not shutil.which("go"):
            return f"go ({cls.package})"
        PROGRAM.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["go", "build", "-o", PROGRAM, "."], cwd=SOURCE,
                              capture_output=True, text=True, check=False)
        return f"{PROGRAM.name}: {done.stderr.strip()} ({cls.package})" if done.returncode else None

    def arguments(self, index):
        address = self.sandbox.address(index)
        arguments = [self._program, "-name", f"m{index}", "-bind", address,
                     "-control", f"{address}:{CONTROL_PORT}"]
        return arguments + (["-seed", self.sandbox.address(0)] if index else [])

    def _wish(self, index, line, on_data):
        connection = self.reactor.connect(self.sandbox.address(index), CONTROL_PORT, on_data)
        if connection:
            connection.send(line)
        return connection

    def open_changes(self, index):
        return self._wish(index, b"changes\n", self.change_reader(index, CHANGE, KINDS))

    def open_events(self, index):
        return self._wish(index, b"events\n", self.deliveries.feeder(index))

    def open_publisher(self, index):
        return self._wish(index, b"publish\n", lambda *_: None)

    def request_to_publish(self, payload):
        return payload + b"\n"

"""What the system tests share: running grapevine, and the numbers of its exit codes."""

import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

BINARY = os.environ.get("GRAPEVINE_BINARY", "build/dev/grapevine")

OK, FAILED, USAGE, UNREACHABLE, NOT_FOUND, TIMED_OUT = range(6)


def environment(**more):
    """Ours without anything that would configure grapevine, and a home that is not the user's."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GRAPEVINE_")}
    clean.pop("NOTIFY_SOCKET", None)
    clean["HOME"] = "/nonexistent"
    clean.pop("XDG_STATE_HOME", None)
    clean.pop("XDG_CONFIG_HOME", None)
    clean.update(more)
    return clean


def end_with_parent():
    """In the child: the kernel ends it when the test is gone, even by a SIGKILL of ctest's."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def run(*arguments, stdin="", timeout=60, prefix=(), **more):
    """Runs grapevine to its end: returns exit code, standard output and standard error.

    `prefix` is a command that runs another, such as nsenter.
    """
    done = subprocess.run([*prefix, BINARY, *map(str, arguments)], input=stdin, text=True,
                          capture_output=True, timeout=timeout, env=environment(**more),
                          check=False)
    return done.returncode, done.stdout, done.stderr


def until(condition, patience=30):
    """Waits for what must become true; returns what it was, true or not."""
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        time.sleep(0.02)


class Daemon:
    """One `grapevine agent` with a state folder of its own. Ends with the `with`."""

    def __init__(self, *arguments, folder=None, prefix=()):
        self.prefix = list(prefix)
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="gv-system-")
        self.folder = pathlib.Path(folder or self._temporary.name)
        self.state = self.folder / "state"
        self.arguments = [str(a) for a in arguments]
        self.variables = {}
        self.process = None
        self.run_file = {}

    def start(self, patience=20):
        (self.state / "run.json").unlink(missing_ok=True)
        config = self.folder / "grapevine.toml"
        if not config.exists():
            config.write_text("")
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [*self.prefix, BINARY, "agent", "--config", str(config), "--state", str(self.state),
             "--http-bind", "127.0.0.1:0", *self.arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=environment(**self.variables),
            preexec_fn=end_with_parent)
        log.close()
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}: "
                                     f"{self.log()}")
            try:
                self.run_file = json.loads((self.state / "run.json").read_text())
                return self
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.02)
        raise AssertionError(f"the daemon was not ready in {patience} s: {self.log()}")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    @property
    def url(self):
        return "http://" + self.run_file["http"].removeprefix("http://")

    def run(self, *arguments, **more):
        """A command of grapevine to this daemon."""
        return run(*arguments, "--url", self.url, "--token-file", self.state / "token",
                   prefix=self.prefix, **more)

    def stop(self, number=signal.SIGTERM, patience=20):
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(number)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            if self._temporary:
                self._temporary.cleanup()


def taken_port(kind=socket.SOCK_DGRAM):
    """A socket bound to a port of loopback, and its port: for as long as the socket lives."""
    taken = socket.socket(socket.AF_INET, kind)
    taken.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        taken.listen()
    return taken, taken.getsockname()[1]

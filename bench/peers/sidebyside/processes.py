"""The processes under test, and what the kernel says they cost."""

import dataclasses
import os
import pathlib
import signal
import subprocess

from daemons import environment

END_SECONDS = 10
LAST_WORDS_BYTES = 400


@dataclasses.dataclass
class Cost:
    """What some processes have used so far, all their threads together."""

    cpu_seconds: float
    resident_bytes: int
    proportional_bytes: int
    wakeups: int  ## Voluntary context switches: each ends a wait.

    def __add__(self, other):
        return Cost(*(a + b for a, b in zip(dataclasses.astuple(self),
                                            dataclasses.astuple(other))))


def cpu_seconds(pid):
    """To the nanosecond: ticks (utime, stime) are too coarse for an idle daemon."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def wakeups(pid):
    return sum(int(line.split()[1])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
               for line in (task / "status").read_text().splitlines()
               if line.startswith("voluntary_ctxt_switches"))


def cost(pid):
    sizes = dict(line.split(":") for line in pathlib.Path(
        f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return Cost(cpu_seconds(pid), int(sizes["Rss"].split()[0]) * 1024,
                int(sizes["Pss"].split()[0]) * 1024, wakeups(pid))


class Process:
    """A program that was started here; it is ended by its id and by nothing else.

    `pipe`: what it says is not written to its folder but has to be read from `output`.
    """

    def __init__(self, arguments, folder, user=None, pipe=False, variables=None):
        self.folder = pathlib.Path(folder)
        self._is_expected_to_live = True
        self._heard = b""
        with open(self.folder / "log", "ab") as log:
            self._popen = subprocess.Popen(
                [str(a) for a in arguments], stdin=subprocess.DEVNULL, cwd=self.folder,
                stdout=subprocess.PIPE if pipe else log, bufsize=0,
                stderr=subprocess.STDOUT if pipe else log,
                env=environment(HOME=str(self.folder), **(variables or {})),
                user=user, group=user, extra_groups=[] if user else None)

    @property
    def pid(self):
        return self._popen.pid

    @property
    def output(self):
        return self._popen.stdout

    def has_ended_by_itself(self):
        return self._is_expected_to_live and self._popen.poll() is not None

    def has_ended(self):
        return self._popen.poll() is not None

    def heard(self, data):
        """What was read from the pipe, for `last_words`."""
        self._heard = (self._heard + data)[-LAST_WORDS_BYTES:]

    def last_words(self):
        said = (self.folder / "log").read_bytes()[-LAST_WORDS_BYTES:] or self._heard
        return said.decode(errors="replace").strip()

    def signal(self, number):
        os.kill(self._popen.pid, number)

    def kill(self):
        """As a crash: no goodbye. The instant of the signal is the caller's to note."""
        self._is_expected_to_live = False
        self._popen.kill()

    def ask_to_end(self):
        self._is_expected_to_live = False
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGCONT)
            self._popen.terminate()

    def reap(self):
        try:
            self._popen.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        if self._popen.stdout:
            self._popen.stdout.close()

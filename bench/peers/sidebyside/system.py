"""What every system under comparison can do: the one interface that the measures use.

An adapter (in systems/) says how a member is started, what it is told on its two streams, and how
an event is published. It reports what a member's own list says by `saw_alive` and `saw_gone`.

    changes   what the list of one member says: who is there, who is gone
    events    what one member delivers to a subscriber; payloads carry a marker, found by one regex

Both are connections of our one process; nothing runs beside a member to observe it.
"""

import re
import shutil
import subprocess
import time

from sidebyside.processes import Process, cost
from sidebyside.reactor import Reactor
from sidebyside.trouble import Trouble

PAYLOAD_BYTES = 64
MARKER = re.compile(rb"~([0-9a-f]{8})~")
MARKER_BYTES = 10
CHANGE_TAIL_BYTES = 512
READY_SECONDS = 60

MEASURES = ("join", "idle", "events", "rate", "detect")
TAILS = ("partition", "vanish", "loss", "stalls")


def payload_of(number):
    return (b"~%08x~" % number).ljust(PAYLOAD_BYTES, b"x")


class Deliveries:
    """Which events reached which member, and when."""

    def __init__(self):
        self.count = 0
        self._chunks = []

    def feeder(self, observer):
        """What takes the bytes of one member's stream. A marker may be split between two reads."""
        rest = b""

        def feed(now, data):
            nonlocal rest
            data = rest + data
            found = MARKER.findall(data)
            if found:
                self.count += len(found)
                self._chunks.append((now, observer, found))
            rest = data[1 - MARKER_BYTES:]

        return feed

    def take(self):
        """By event, by observer: when it came first. And how many came more than once."""
        arrived, duplicates = {}, 0
        for now, observer, found in self._chunks:
            for text in found:
                by_observer = arrived.setdefault(int(text, 16), {})
                if observer in by_observer:
                    duplicates += 1
                else:
                    by_observer[observer] = now
        self.count, self._chunks = 0, []
        return arrived, duplicates


class System:
    """A cluster of one system. Subclasses fill in what stands under "For adapters"."""

    name = ""
    about = ""  ## One line for the report: which settings.
    program = ""  ## Started for each member.
    package = ""  ## What brings that program.
    version_words = ("--version",)
    debian_package = None  ## Whose version is told too.
    measures = (*MEASURES, *TAILS)
    measures_unless_named = MEASURES
    runs_max = None  ## Fresh clusters for join and detect; fewer than asked for when each is slow.
    has_connections = True  ## Whether members speak TCP to each other.
    changes_are_logs = False  ## Read from what a member writes, by `open_log`, and never closed.
    detect_seconds_max = 60
    join_seconds_max = 120

    def __init__(self, sandbox, count, options):
        self.sandbox, self.count, self.options = sandbox, count, options
        self.reactor = Reactor()
        self.life = sandbox.new_life()
        self.processes = [None] * count
        self.alive = [set() for _ in range(count)]
        self.complete_at = [None] * count  ## When each list last became complete.
        self.gone_at = [{} for _ in range(count)]  ## By observer, by subject.
        self.killed = set()  ## By us, on purpose.
        self.deaths = []  ## Of members that live: pairs of observer and subject.
        self.deliveries = Deliveries()
        self.last_spawn_at = None
        self.first_spawn_at = None
        self._changes = [None] * count
        self._events = [None] * count
        self._publishers = [None] * count
        self._events_numbered = 0
        sandbox.route_by_user(count if self.has_connections else 0)

    @classmethod
    def missing(cls):
        """What has to be installed, or nothing."""
        return None if shutil.which(cls.program) else f"{cls.program} ({cls.package})"

    @classmethod
    def version(cls):
        done = subprocess.run([cls.program, *cls.version_words], capture_output=True, text=True,
                              check=False)
        said = (done.stdout or done.stderr).strip().splitlines()[0]
        if not cls.debian_package:
            return said
        packaged = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", cls.debian_package],
                                  capture_output=True, text=True, check=False).stdout
        return f"{said} (package {packaged})" if packaged else said

    # -- For adapters. ---------------------------------------------------------------------------

    def arguments(self, index):
        """The command line of a member."""
        raise NotImplementedError

    def open_changes(self, index):
        """A connection that tells what the list of this member says; nothing if it is too early."""
        raise NotImplementedError

    def open_events(self, index):
        """A connection on which this member delivers events, read by `deliveries.feeder`."""
        raise NotImplementedError

    def open_publisher(self, index):
        """A connection on which this member is asked to publish."""
        raise NotImplementedError

    def request_to_publish(self, payload):
        """The bytes that ask for it."""
        raise NotImplementedError

    def refused(self):
        """How many publishes were refused so far, of those that are answered."""
        return 0

    def form(self):
        """What remains to be done for members to find each other, after all are started."""

    # -- What adapters report. -------------------------------------------------------------------

    def saw_alive(self, observer, subject, now):
        alive = self.alive[observer]
        if subject in alive or subject >= self.count:
            return
        alive.add(subject)
        self.gone_at[observer].pop(subject, None)
        if len(alive) >= self.count - len(self.killed):
            self.complete_at[observer] = now

    def saw_gone(self, observer, subject, now):
        if subject in self.alive[observer]:
            self.alive[observer].discard(subject)
            if subject not in self.killed:
                self.deaths.append((observer, subject))
            self.gone_at[observer][subject] = now
            self.complete_at[observer] = None

    def saw_list(self, observer, subjects, now):
        for subject in subjects - self.alive[observer]:
            self.saw_alive(observer, subject, now)
        for subject in self.alive[observer] - subjects:
            self.saw_gone(observer, subject, now)

    def change_reader(self, observer, pattern, kinds):
        """Takes bytes and reports what matches: group `kind`, as in `kinds`, and the number `who`.

        Text that matches is used up, so that nothing is reported twice.
        """
        rest = b""

        def read(now, data):
            nonlocal rest
            data, end = rest + data, 0
            for match in pattern.finditer(data):
                end = match.end()
                is_alive = kinds.get(match["kind"])
                if is_alive is not None:
                    report = self.saw_alive if is_alive else self.saw_gone
                    report(observer, int(match["who"]), now)
            rest = data[end:][-CHANGE_TAIL_BYTES:]

        return read

    def open_log(self, index, on_data):
        """The stream of changes of a system that tells them in its log only."""
        process = self.processes[index]

        def read(now, data):
            process.heard(data)
            on_data(now, data)

        return self.reactor.add(process.output, read)

    # -- For measures. ---------------------------------------------------------------------------

    def start(self):
        """All members in one burst, once the first, by which they find each other, is up."""
        self.spawn(0)
        self.attach_when_ready([0])
        self.first_spawn_at = time.monotonic_ns()
        for index in range(1, self.count):
            self.spawn(index)
        self.last_spawn_at = time.monotonic_ns()
        self.form()

    def spawn(self, index):
        self.processes[index] = Process(
            self.arguments(index), self.sandbox.member_folder(self.life, index),
            self.sandbox.user(index), pipe=self.changes_are_logs)

    def survivors(self):
        return [index for index in range(self.count) if index not in self.killed]

    def attach(self):
        """Opens the streams of changes that can be opened now. Whether all are open."""
        is_complete = True
        for index in self.survivors():
            if self._changes[index] is None or not self._changes[index].is_open:
                self._changes[index] = self.open_changes(index)
                is_complete = is_complete and self._changes[index] is not None
        return is_complete

    def attach_when_ready(self, indexes):
        def is_attached():
            for index in indexes:
                if self._changes[index] is None:
                    self._changes[index] = self.open_changes(index)
            return all(self._changes[index] for index in indexes)

        if not self.reactor.run_until(is_attached, READY_SECONDS):
            raise Trouble(f"not ready within {READY_SECONDS} s: {self.last_words()}")

    def subscribe(self):
        def is_subscribed():
            for index in self.survivors():
                if self._events[index] is None:
                    self._events[index] = self.open_events(index)
            return all(self._events[index] for index in self.survivors())

        if not self.reactor.run_until(is_subscribed, READY_SECONDS):
            raise Trouble(f"no streams of events within {READY_SECONDS} s")

    def unsubscribe(self):
        self._events = self._close_all(self._events)
        self._publishers = self._close_all(self._publishers)

    def detach(self):
        """Nobody observes and nobody publishes from here on."""
        self.unsubscribe()
        if not self.changes_are_logs:
            self._changes = self._close_all(self._changes)

    def _close_all(self, connections):
        for connection in connections:
            if connection is not None:
                connection.close()
        return [None] * self.count

    def everybody_lists_everybody(self):
        """Asked often: it also opens the streams that could not be opened before."""
        everybody = self.count - len(self.killed)
        return self.attach() and all(len(self.alive[index]) >= everybody
                                     for index in self.survivors())

    def publish(self, index):
        """One event by this member. Returns its number, which its marker tells to `deliveries`."""
        publisher = self._publishers[index]
        if publisher is None or not publisher.is_open:
            publisher = self._publishers[index] = self.open_publisher(index)
            if publisher is None:
                raise Trouble(f"member {index} takes no connection: {self.last_words(index)}")
        self._events_numbered += 1
        publisher.send(self.request_to_publish(payload_of(self._events_numbered)))
        return self._events_numbered

    def costs(self):
        """Of each member that was not killed."""
        return [cost(self.processes[index].pid) for index in self.survivors()]

    def false_deaths_since(self, before):
        """Members that lived and were taken for dead, by whomever, behind so many `deaths`."""
        return {subject for _, subject in self.deaths[before:]}

    def give_up(self, index):
        """From now on this member counts as gone, and asks nobody. Returns the instant."""
        self.killed.add(index)
        return time.monotonic_ns()

    def kill(self, index):
        """As a crash. Returns the instant."""
        now = self.give_up(index)
        self.processes[index].kill()
        return now

    def check_health(self):
        for index, process in enumerate(self.processes):
            if process and process.has_ended_by_itself():
                raise Trouble(f"member {index} ended by itself: {self.last_words(index)}")

    def last_words(self, index=0):
        process = self.processes[index]
        return process.last_words() if process else "never started"

    def close(self):
        self.reactor.close()
        for process in self.processes:
            if process and not process.has_ended():
                process.kill()
        for process in self.processes:
            if process:
                process.reap()

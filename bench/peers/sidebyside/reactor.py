"""One epoll loop for all connections of the comparison: N streams of N members, in one process.

What it adds to a measured time is the same for every system: one wake-up, and one read per
connection that is ready. Times are nanoseconds of the monotonic clock.
"""

import errno
import os
import select
import socket
import time

READ_BYTES = 1 << 18
RECEIVE_BUFFER_BYTES = 1 << 22
CONNECT_SECONDS = 5


class Connection:
    """A socket, or the reading end of a pipe. `on_data(now, bytes)` gets what comes."""

    def __init__(self, reactor, stream, on_data, on_close=None):
        self._reactor = reactor
        self._stream = stream
        self._fd = stream.fileno()
        self._on_data = on_data
        self._on_close = on_close
        self._waiting = bytearray()
        os.set_blocking(self._fd, False)

    def fileno(self):
        return self._fd

    def send(self, data):
        """Sends now what the kernel takes, and the rest when it takes more."""
        if not self._waiting:
            try:
                sent = os.write(self._fd, data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.close()
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._reactor.modify(self, select.EPOLLIN | select.EPOLLOUT)
        self._waiting += data

    @property
    def is_blocked(self):
        return bool(self._waiting)

    def flush(self):
        try:
            del self._waiting[:os.write(self._fd, self._waiting)]
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if not self._waiting:
            self._reactor.modify(self, select.EPOLLIN)

    def receive(self):
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._on_data(time.monotonic_ns(), data)
        else:
            self.close()

    def close(self):
        if self._stream is None:
            return
        self._reactor.forget(self)
        self._stream.close()
        self._stream = None
        if self._on_close:
            self._on_close()

    @property
    def is_open(self):
        return self._stream is not None


class Reactor:
    """Waits for all connections at once. Nothing happens outside `turn`."""

    def __init__(self):
        self._epoll = select.epoll()
        self._connections = {}
        self._repeated = []  # Pairs of the next time and a function that returns the one after.

    def repeat(self, seconds, function):
        """Calls it so often, as long as somebody turns us."""
        def call():
            function()
            return time.monotonic() + seconds

        self._repeated.append([time.monotonic() + seconds, call])

    def add(self, stream, on_data, on_close=None):
        connection = Connection(self, stream, on_data, on_close)
        self._connections[connection.fileno()] = connection
        self._epoll.register(connection.fileno(), select.EPOLLIN)
        return connection

    def connect(self, host, port, on_data, on_close=None):
        """A connection, or nothing if nobody listens there (yet)."""
        stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.settimeout(CONNECT_SECONDS)
            stream.connect((host, port))
        except OSError as failure:
            stream.close()
            if failure.errno in (errno.ECONNREFUSED, errno.ECONNRESET) or \
                    isinstance(failure, TimeoutError):
                return None
            raise
        return self.add(stream, on_data, on_close)

    def modify(self, connection, events):
        self._epoll.modify(connection.fileno(), events)

    def forget(self, connection):
        self._epoll.unregister(connection.fileno())
        del self._connections[connection.fileno()]

    def turn(self, seconds):
        """Serves what is ready; waits for that at most so long."""
        for due in self._repeated:
            if due[0] <= time.monotonic():
                due[0] = due[1]()
        for next_time, _ in self._repeated:
            seconds = min(seconds, next_time - time.monotonic())
        for number, events in self._epoll.poll(max(0, seconds)):
            connection = self._connections.get(number)
            if connection is None:
                continue  # Closed by what was served before it in this turn.
            if events & select.EPOLLOUT:
                connection.flush()
            if connection.is_open and events & ~select.EPOLLOUT:
                connection.receive()

    def run(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.turn(left)

    def run_until(self, condition, seconds, often=0.01):
        """Whether the condition came true within so many seconds."""
        until = time.monotonic() + seconds
        while not condition():
            left = until - time.monotonic()
            if left <= 0:
                return False
            self.turn(min(often, left))
        return True

    def close(self):
        for connection in list(self._connections.values()):
            connection.close()
        self._epoll.close()

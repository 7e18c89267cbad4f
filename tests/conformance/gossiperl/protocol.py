"""The old protocol's bytes: envelopes, messages, Base64 and the cipher, in a hundred lines or two.

Written from the description in src/wire/gossiperl/FORMAT.md and independent of the C++ codec, so
that each can catch the other out. Two readers: `read` takes what everybody must take; `faults`
says what a careful sender would not have done (a field missing, out of order, unknown, padding
that is neither PKCS#7 nor zeros).
"""

import base64
import binascii
import dataclasses
import hashlib
import os
import struct
import uuid

from cryptography.hazmat.primitives.ciphers import Cipher as _Cipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes

BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = \
    2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15
NESTING_MAX = 32
DATAGRAM_BYTES_MAX = 65507
CLIENT_DATAGRAM_BYTES_MAX = 1024

_NUMBERS = {BYTE: ">b", DOUBLE: ">d", I16: ">h", I32: ">i", I64: ">q"}

# Entry of a list: either STRING, or the fields of a struct.
_MEMBER = [(1, "member_name", STRING), (2, "member_ip", STRING), (3, "member_port", I32),
           (4, "member_heartbeat", I64)]
_SUBSCRIPTION = [(1, "event_type", STRING), (2, "member_name", STRING), (3, "origin", STRING),
                 (4, "heartbeat", I64)]
_SUBSCRIBE = [(1, "name", STRING), (2, "heartbeat", I64), (3, "id", STRING),
              (4, "event_types", (LIST, STRING)), (5, "secret", STRING)]
_SUBSCRIBE_ACK = [(1, "heartbeat", I64), (2, "reply_id", STRING),
                  (3, "event_types", (LIST, STRING))]

# payload type -> (id, name, type) of every field, all of them required.
MESSAGES = {
    "digest": [(1, "name", STRING), (2, "port", I32), (3, "heartbeat", I64), (4, "id", STRING),
               (5, "secret", STRING)],
    "digestAck": [(1, "name", STRING), (2, "heartbeat", I64), (3, "reply_id", STRING),
                  (4, "membership", (LIST, _MEMBER))],
    "digestSubscriptions": [(1, "name", STRING), (2, "heartbeat", I64), (3, "reply_id", STRING),
                            (4, "subscriptions", (LIST, _SUBSCRIPTION))],
    "digestExit": [(1, "name", STRING), (2, "heartbeat", I64), (3, "secret", STRING)],
    "digestSubscribe": _SUBSCRIBE,
    "digestUnsubscribe": _SUBSCRIBE,
    "digestSubscribeAck": _SUBSCRIBE_ACK,
    "digestUnsubscribeAck": _SUBSCRIBE_ACK,
    "digestEvent": [(1, "event_type", STRING), (2, "event_object", STRING), (3, "heartbeat", I64)],
    "digestForwardedAck": [(1, "name", STRING), (2, "reply_id", STRING), (3, "secret", STRING)],
    "digestError": [(1, "name", STRING), (2, "heartbeat", I64), (3, "error_code", I32),
                    (4, "error_entity", STRING), (5, "error_entity_name", STRING),
                    (6, "error_message", STRING), (7, "reply_id", STRING)],
}
_ENVELOPE = [(1, "payload_type", STRING), (2, "bin_payload", STRING), (3, "id", STRING)]

MEMBER_EVENTS = ("member_in", "member_quarantine", "member_unreachable", "member_drop",
                 "member_out", "member_rejoin")
# What ends a process of the original daemon that it reaches.
CRASHING = ("digestEvent", "digestError", "digestSubscribeAck", "digestUnsubscribeAck")


class Malformed(ValueError):
    """Bytes that are no message."""


# -- Thrift's binary protocol, structs only ------------------------------------------------------

class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if count < 0 or count > len(self.data) - self.at:
            raise Malformed(f"{count} bytes wanted at {self.at}, there are {len(self.data)}")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def count(self):
        count = self.number(">i")
        if count < 0 or count > len(self.data) - self.at:
            raise Malformed(f"{count} entries announced at {self.at}")
        return count

    def value(self, kind, depth=0):
        """A value of any type: text as bytes, a struct as [(id, type, value)]."""
        if depth > NESTING_MAX:
            raise Malformed("nested too deep")
        if kind == BOOL:
            return self.number(">b") != 0
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind == STRING:
            return self.take(self.number(">i"))
        if kind == STRUCT:
            fields = []
            while (field := self.number(">B")) != 0:
                identifier = self.number(">h")
                fields.append((identifier, field, self.value(field, depth + 1)))
            return fields
        if kind in (LIST, SET):
            entry = self.number(">B")
            return (entry, [self.value(entry, depth + 1) for _ in range(self.count())])
        if kind == MAP:
            key, value = self.number(">B"), self.number(">B")
            return (key, value, [(self.value(key, depth + 1), self.value(value, depth + 1))
                                 for _ in range(self.count())])
        raise Malformed(f"no type {kind}")


def read_struct(data):
    """The fields [(id, type, value)] of the struct at the start, and how many bytes it is."""
    reader = _Reader(data)
    return reader.value(STRUCT), reader.at


def write_value(kind, value):
    if kind == BOOL:
        return b"\1" if value else b"\0"
    if kind in _NUMBERS:
        return struct.pack(_NUMBERS[kind], value)
    if kind == STRING:
        raw = value if isinstance(value, bytes) else value.encode()
        return struct.pack(">i", len(raw)) + raw
    if kind == STRUCT:
        return write_struct(value)
    if kind in (LIST, SET):
        entry, values = value
        return struct.pack(">Bi", entry, len(values)) + \
            b"".join(write_value(entry, each) for each in values)
    if kind == MAP:
        key, entry, pairs = value
        return struct.pack(">BBi", key, entry, len(pairs)) + \
            b"".join(write_value(key, k) + write_value(entry, v) for k, v in pairs)
    raise ValueError(f"no type {kind}")


def write_struct(fields):
    """[(id, type, value)] in this order, and STOP."""
    return b"".join(struct.pack(">Bh", kind, identifier) + write_value(kind, value)
                    for identifier, kind, value in fields) + b"\0"


# -- Structs of known fields ---------------------------------------------------------------------

def _to_fields(layout, values):
    fields = []
    for identifier, name, kind in layout:
        if isinstance(kind, tuple):
            entry = kind[1]
            if entry == STRING:
                fields.append((identifier, LIST, (STRING, values[name])))
            else:
                fields.append((identifier, LIST,
                               (STRUCT, [_to_fields(entry, each) for each in values[name]])))
        else:
            fields.append((identifier, kind, values[name]))
    return fields


def _text(raw):
    return raw.decode("utf-8", "surrogateescape")


def _from_fields(layout, fields):
    found = {identifier: (kind, value) for identifier, kind, value in fields}
    values = {}
    for identifier, name, kind in layout:
        got, value = found.get(identifier, (None, None))
        if got != (LIST if isinstance(kind, tuple) else kind):
            raise Malformed(f"{name} is missing or of another type")
        if isinstance(kind, tuple):
            entry, entries = value
            wanted = STRING if kind[1] == STRING else STRUCT
            if entries and entry != wanted:
                raise Malformed(f"{name} is a list of type {entry}")
            values[name] = [_text(each) if wanted == STRING else _from_fields(kind[1], each)
                            for each in entries]
        else:
            values[name] = _text(value) if kind == STRING else value
    return values


def _layout_faults(layout, fields, where):
    """What a careful writer would not have written."""
    ids = [identifier for identifier, _, _ in fields]
    wanted = [identifier for identifier, _, _ in layout]
    faults = []
    if ids != wanted:
        faults.append(f"{where} has fields {ids} instead of {wanted}")
    for identifier, _, kind in layout:
        for got, _, value in fields:
            if got != identifier or not isinstance(kind, tuple):
                continue
            entry, entries = value
            if entry != (STRING if kind[1] == STRING else STRUCT):
                faults.append(f"the list {identifier} of {where} says type {entry}")
            if kind[1] != STRING:
                for each in entries:
                    faults += _layout_faults(kind[1], each, f"an entry of {where}")
    return faults


# -- Envelopes -----------------------------------------------------------------------------------

@dataclasses.dataclass
class Letter:
    """One envelope. `fields` are by name; of an application's message [(id, type, value)]."""
    type: str
    fields: object
    id: str
    payload: bytes = b""     # the bytes of the struct within
    envelope: bytes = b""    # up to and including STOP
    tail: bytes = b""        # what came behind

    def __getitem__(self, name):
        return self.fields[name]

    @property
    def is_application(self):
        return self.type not in MESSAGES


def make(kind, fields, identifier=None):
    """A letter to send. `fields` by name, or [(id, type, value)] for an application's message."""
    identifier = identifier or str(uuid.uuid4())
    payload = write_struct(_to_fields(MESSAGES[kind], fields) if kind in MESSAGES else fields)
    return wrap(kind, payload, identifier, fields)


def wrap(kind, payload, identifier, fields=None):
    """An envelope around any bytes, right or wrong."""
    envelope = write_struct([(1, STRING, kind), (2, STRING, base64.b64encode(payload)),
                             (3, STRING, identifier)])
    return Letter(kind, fields, identifier, payload, envelope)


def read(plaintext):
    """The letter in a decrypted datagram; raises `Malformed`."""
    fields, size = read_struct(plaintext)
    outer = _from_fields(_ENVELOPE, fields)
    try:
        payload = base64.b64decode("".join(outer["bin_payload"].split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"bin_payload: {error}") from error
    kind = outer["payload_type"]
    if kind in MESSAGES:
        inner = _from_fields(MESSAGES[kind], read_struct(payload)[0])
    else:
        try:
            inner = read_struct(payload)[0]
        except Malformed:
            inner = None  # An application may put anything into its envelope.
    return Letter(kind, inner, outer["id"], payload, plaintext[:size], plaintext[size:])


def faults(letter):
    """What is wrong with the form of a letter that was read, as sentences."""
    fields, _ = read_struct(letter.envelope)
    found = []
    if not letter.is_application:
        found += _layout_faults(_ENVELOPE, fields, "the envelope")
        inner, size = read_struct(letter.payload)
        found += _layout_faults(MESSAGES[letter.type], inner, letter.type)
        if size != len(letter.payload):
            found.append(f"{len(letter.payload) - size} bytes behind the struct of {letter.type}")
        text = _from_fields(_ENVELOPE, fields)["bin_payload"]
        if text != base64.b64encode(letter.payload).decode():
            found.append("Base64 in another form than everybody reads")
        try:
            if str(uuid.UUID(letter.id)) != letter.id:
                found.append(f"envelope id {letter.id} is no lower-case UUID")
        except ValueError:
            found.append(f"envelope id {letter.id} is no UUID")
    count = len(letter.tail)
    if letter.tail != bytes([count % 256]) * count and any(letter.tail):
        found.append(f"padding {letter.tail.hex()}")
    return found


# -- The cipher ----------------------------------------------------------------------------------

class Cipher:
    """AES-256-CBC under SHA-256 of the key's text, the IV in front."""

    def __init__(self, symmetric_key):
        self.key = hashlib.sha256(symmetric_key.encode()).digest()

    def _run(self, iv, data, way):
        worker = getattr(_Cipher(algorithms.AES(self.key), modes.CBC(iv)), way)()
        return worker.update(data) + worker.finalize()

    def open(self, datagram):
        if len(datagram) < 32 or len(datagram) % 16 != 0:
            raise Malformed(f"a datagram of {len(datagram)} bytes")
        return self._run(datagram[:16], datagram[16:], "decryptor")

    def seal(self, plaintext, iv=None):
        """As the client libraries do: a random IV, PKCS#7."""
        iv = iv or os.urandom(16)
        count = 16 - len(plaintext) % 16
        return iv + self._run(iv, plaintext + bytes([count]) * count, "encryptor")

    def seal_as_original(self, plaintext):
        """As the original daemon does: its IV is the end of the text, and encrypted under itself in
        front of it; zeros up to a multiple of 32."""
        iv = plaintext[-16:]
        return self._run(iv, iv + plaintext + b"\0" * (32 - len(plaintext) % 32), "encryptor")

    def read(self, datagram):
        return read(self.open(datagram))

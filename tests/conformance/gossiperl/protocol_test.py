"""protocol.py against the recorded datagrams in tests/golden/gossiperl."""

import json
import pathlib
import unittest

import protocol
from protocol import I32, STRING, Cipher, Malformed

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "golden" / "gossiperl"
SYNTHETIC = json.loads((GOLDEN / "synthetic.json").read_text(encoding="utf-8"))
CAPTURED = json.loads((GOLDEN / "captured.json").read_text(encoding="utf-8"))
CIPHER = Cipher(SYNTHETIC["symmetric_key"])
TYPES = {"string": STRING, "i32": I32}


def fields_of(vector):
    if isinstance(vector["fields"], dict):
        return vector["fields"]
    return [(identifier, TYPES[kind], value.encode() if kind == "string" else value)
            for identifier, kind, value in vector["fields"]]


class Golden(unittest.TestCase):
    def check(self, vector, plaintext):
        letter = protocol.read(plaintext)
        self.assertEqual(letter.type, vector["type"])
        self.assertEqual(letter.id, vector["envelope_id"])
        self.assertEqual(letter.fields, fields_of(vector))
        self.assertEqual(letter.payload.hex(), vector["payload"])
        self.assertEqual(letter.envelope.hex(), vector["envelope"])
        return letter

    def test_every_recorded_datagram_reads_as_stated_and_has_no_fault(self):
        for vector in CAPTURED["vectors"]:
            with self.subTest(vector["name"]):
                letter = self.check(vector, CIPHER.open(bytes.fromhex(vector["datagram"])))
                self.assertEqual(letter.tail.hex(), vector["tail"])
                # A forwarded message carries the padding of its hops.
                if not letter.is_application:
                    self.assertEqual(protocol.faults(letter), [])

    def test_every_message_is_written_as_the_stated_bytes(self):
        for vector in SYNTHETIC["vectors"]:
            with self.subTest(vector["name"]):
                letter = protocol.make(vector["type"], fields_of(vector), vector["envelope_id"])
                self.assertEqual(letter.envelope.hex(), vector["envelope"])
                sealed = CIPHER.seal(letter.envelope, bytes.fromhex(SYNTHETIC["client_iv"]))
                self.assertEqual(sealed.hex(), vector["client_datagram"])
                self.check(vector, CIPHER.open(sealed))

    def test_the_form_of_the_original_is_written_too(self):
        for vector in SYNTHETIC["vectors"]:
            if "erlang_datagram" in vector:
                sealed = CIPHER.seal_as_original(bytes.fromhex(vector["envelope"]))
                self.assertEqual(sealed.hex(), vector["erlang_datagram"])
                self.assertEqual(sealed[:16].hex(), SYNTHETIC["first_block_of_erlang"])
            if "forwarded_datagram" in vector:
                plaintext = bytes.fromhex(vector["forwarded_plaintext"])
                self.assertEqual(CIPHER.seal_as_original(plaintext).hex(),
                                 vector["forwarded_datagram"])
                again = CIPHER.open(bytes.fromhex(vector["forwarded_datagram"]))
                self.assertEqual(CIPHER.seal_as_original(again).hex(),
                                 vector["forwarded_twice_datagram"])

    def test_no_part_of_an_envelope_is_an_envelope(self):
        for vector in SYNTHETIC["vectors"]:
            envelope = bytes.fromhex(vector["envelope"])
            for size in range(len(envelope)):
                self.assertRaises(Malformed, protocol.read, envelope[:size])

    def test_lies_about_sizes_are_refused(self):
        for length in (-1, 2**31 - 1):
            raw = b"\x0b\0\1" + length.to_bytes(4, "big", signed=True)
            self.assertRaises(Malformed, protocol.read, raw)
            raw = b"\x0f\0\1\x0c" + length.to_bytes(4, "big", signed=True)
            self.assertRaises(Malformed, protocol.read, raw)

    def test_missing_fields_are_a_fault_and_unknown_ones_too(self):
        fields = [(1, STRING, b"name"), (2, protocol.I64, 1), (3, STRING, b"secret")]
        exact = protocol.wrap("digestExit", protocol.write_struct(fields), "x")
        self.assertIn("no UUID", protocol.faults(protocol.read(exact.envelope))[0])
        more = protocol.wrap("digestExit", protocol.write_struct(fields + [(9, I32, 1)]), "x")
        self.assertEqual(len(protocol.faults(protocol.read(more.envelope))), 2)
        less = protocol.wrap("digestExit", protocol.write_struct(fields[:2]), "x")
        self.assertRaises(Malformed, protocol.read, less.envelope)


if __name__ == "__main__":
    unittest.main()

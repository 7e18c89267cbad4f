"""As much MessagePack as Serf's requests need: maps, short strings, bytes, small numbers, bools.

Strings are the "raw" of the old specification, which Serf's codec speaks.
"""


def encode(value):
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int) and 0 <= value < 128:
        return bytes([value])
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        if len(value) < 32:
            return bytes([0xa0 | len(value)]) + value
        return b"\xda" + len(value).to_bytes(2, "big") + value
    if isinstance(value, dict) and len(value) < 16:
        return bytes([0x80 | len(value)]) + b"".join(
            encode(key) + encode(item) for key, item in value.items())
    raise TypeError(f"not needed by any request: {value!r}")

#pragma once

#include <boost/json/fwd.hpp>
#include <expected>
#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace grapevine::api::gossiperl {

/// An application message that a script has published: what POST /digest says.
struct Digest {
    std::string type;
    Bytes payload;                         ///< The struct in Thrift's binary protocol.
    std::optional<std::string> recipient;  ///< "ip:port", "[ip]:port"
};

struct DigestRefusal {
    enum class Kind : unsigned char {
        incomplete,  ///< 409: it is not of this form.
        unfit,       ///< 400: a value does not fit its type, or what is built would be unfit.
    };
    Kind kind = Kind::incomplete;
    std::string text;
};

/// Reads, in any order of the keys,
///
///     {"TYPE": [{"field name": VALUE, "THRIFT_TYPE": FIELD_ID}, ...],
///      "recipient_ip": "1.2.3.4", "recipient_port": 6666}
///
/// THRIFT_TYPE is string, bool, byte, i16, i32, i64 or double; the other key of a field is only for
/// people. If both keys of a field are names of types, the second is the type, as it was.
///
/// Every value is checked against its type and range: in the old daemon one that did not fit took
/// the process down. Field ids are from 1 to 32,767, each once. The struct is written in the order
/// of the ids: per field a byte of type, two of id and the value, big-endian (a string: four bytes
/// of length and the bytes); a zero byte ends it. At most `kOldDatagramBytesMax` bytes. The names
/// of the protocol's own messages are refused: a script must not speak in the daemon's voice, and
/// four of them end a process of the original.
[[nodiscard]] std::expected<Digest, DigestRefusal> read_digest(const boost::json::object& object);

}  // namespace grapevine::api::gossiperl

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace grapevine::maelstrom {

/// One line of Maelstrom's protocol: `{"src": "c1", "dest": "n1", "body": {"type": "echo", ...}}`.
struct Message {
    std::string source;
    std::string target;
    std::string type;
    std::optional<std::int64_t> id;           ///< "msg_id": an answer names it.
    std::optional<std::int64_t> in_reply_to;  ///< It is an answer itself.
    boost::json::object body;                 ///< All of it, those three included.
};

/// Why a request was refused, with the numbers of Maelstrom's table of errors.
struct Failure {
    enum class Code : std::uint8_t {
        not_supported = 10,
        temporarily_unavailable = 11,
        malformed_request = 12,
        precondition_failed = 22,
    };
    Code code;
    std::string text;
};

/// Why a line is no message: one sentence. Without source there is nobody to tell.
using Unreadable = std::string;

/// JSON of at most kMaelstromLineBytesMax in which source, target, body and its type are what they
/// must be. Nothing else is checked.
std::expected<Message, Unreadable> parse_message(std::string_view line);

/// The line, without its line feed.
std::string print_message(std::string_view source, std::string_view target,
                          const boost::json::object& body);

}  // namespace grapevine::maelstrom

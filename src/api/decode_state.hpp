#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"

// JSON about the shared map into values; strict as decode.hpp says.
namespace grapevine::api {

/// A year: what is to live longer lives for ever.
inline constexpr std::uint64_t kStateLifetimeMaxMs = std::uint64_t{366} * 24 * 3600 * 1000;

/// What is to become of one key.
struct StateChange {
    struct Value {
        std::string bytes;
        std::optional<std::uint64_t> lifetime_ms;
    };
    struct Add {
        std::int64_t change = 0;
    };
    struct Elements {
        std::vector<std::string> added;
        std::vector<std::string> removed;
    };
    std::variant<Value, Add, Elements> what;
};

/// One of {"value": text} and {"value_base64": text}, both with "ttl_ms" if wanted;
/// {"add": n}; {"subtract": n}; {"elements_add": [...], "elements_remove": [...]}.
[[nodiscard]] Outcome<StateChange> decode_state_change(std::string_view json);

/// {"values": {key: text, ...}}: 1 to kStateSpreadCellsMax of at most kStateValueBytesMax.
[[nodiscard]] Outcome<std::vector<std::pair<std::string, std::string>>> decode_state_load(
    std::string_view json);

}  // namespace grapevine::api

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// What the outside says about the map that an overlay shares.
namespace grapevine::control {

/// Of the newest change of a key, as known here: 16 hexadecimal digits. Compared, never counted.
using StateVersion = std::string;

struct StateEntryView {
    std::string key;
    std::string type;  ///< value, counter, set
    StateVersion version;
    std::string value;   ///< Bytes.
    std::string writer;  ///< Member id, of a value; empty otherwise.
    std::int64_t count = 0;
    std::vector<std::string> elements;  ///< Sorted; the first kStateElementsMax.
    std::uint64_t element_count = 0;    ///< All of them.
    std::int64_t expires_at_ms = 0;     ///< Since 1970; 0: never.
};

struct StatePage {
    std::vector<StateEntryView> entries;
    std::string next;  ///< Ask for what is after this key; empty: that was all.
};

/// Something about the shared map of `overlay`.
struct StateCommand {
    struct Get {
        std::string key;
    };
    struct List {
        std::string prefix;
        std::string after;
        std::size_t limit = 100;
    };
    struct Put {
        std::string key;
        std::string value;
        std::optional<std::uint64_t> lifetime_ms;
        /// The version that the key must have here; empty: it must not exist.
        std::optional<StateVersion> expected;
    };
    /// At most kStateSpreadCellsMax values, which are told together.
    struct Load {
        std::vector<std::pair<std::string, std::string>> values;
    };
    struct Erase {
        std::string key;
        std::optional<StateVersion> expected;
    };
    struct Count {
        std::string key;
        std::int64_t change = 0;
    };
    struct ChangeSet {
        std::string key;
        std::vector<std::string> added;
        std::vector<std::string> removed;
    };
    std::string overlay;
    std::variant<Get, List, Put, Load, Erase, Count, ChangeSet> what;
};

}  // namespace grapevine::control

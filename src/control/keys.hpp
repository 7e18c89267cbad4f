#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What concerns a whole overlay at once: its keys, and what is wiped in it.
namespace grapevine::control {

/// Which keys of an overlay are valid here, and how far a rotation has come.
struct KeysView {
    struct Member {
        std::string id;
        std::string name;    ///< Empty: not heard of since our restart.
        std::string status;  ///< Of the membership; "unknown" likewise.
        std::int64_t status_age_ms = 0;
        /// done: has confirmed the stage; behind: an earlier one; silent: nothing; waived: it is
        /// not waited for.
        std::string step;
        std::vector<std::uint8_t> holds;
        std::optional<std::uint8_t> uses;
    };
    std::uint64_t epoch = 0;  ///< Of the last notice of rotation; 0: there was none.
    std::string stage;        ///< install, use, remove; none.
    bool is_complete = true;  ///< Nobody holds an old key any more.
    std::uint8_t sealing = 0;
    std::vector<std::uint8_t> held;  ///< The first seals.
    bool is_driving = false;         ///< This daemon makes the steps.
    /// Ids of keys in the configuration that a rotation has taken away.
    std::vector<std::uint8_t> overruled;
    std::vector<Member> members;  ///< All but ourselves.
};

struct WipeView {
    std::string part;
    std::uint64_t epoch = 0;
    std::int64_t before_ms = 0;  ///< What is older is gone; milliseconds since 1970.
};

struct ShowKeys {
    std::string overlay;
};
/// Begins a rotation, or goes on with the one that is under way.
struct RotateKeys {
    std::string overlay;
    std::optional<std::string> secret;  ///< base64url of 32 bytes; absent: a fresh one.
    std::vector<std::string> without;   ///< Members that are not waited for, by name or id.
    std::optional<std::string> operator_key;
};
/// Removes a part of the replicated state everywhere: records, events, state, state:PREFIX.
struct Wipe {
    std::string overlay;
    std::string part;
    std::string operator_key;
};
struct ListWipes {
    std::string overlay;
};

}  // namespace grapevine::control

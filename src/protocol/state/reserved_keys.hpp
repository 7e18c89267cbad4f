#pragma once

#include <string_view>

// Keys of a member's record that its daemon writes itself. Users cannot write keys that begin like
// these, and these do not count against what users may store.
namespace grapevine::protocol {

inline constexpr std::string_view kReservedPrefix = "gv.";
/// Patterns that local subscribers have and that somebody has marked, one a line.
inline constexpr std::string_view kInterestKey = "gv.interest";
/// Patterns whose events this member sends to subscribers only, one a line.
inline constexpr std::string_view kChannelsKey = "gv.channels";
/// Which keys of the overlay it holds and seals with (FORMAT.md, section 7.2).
inline constexpr std::string_view kKeysKey = "gv.keys";
/// The epoch of the last wipe of records that the member has obeyed; the first item of its record.
inline constexpr std::string_view kWipedKey = "gv.wiped";
/// Which configuration epoch the member runs, and how it does (FORMAT.md, section 7.2).
inline constexpr std::string_view kConfigKey = "gv.config";

inline bool is_reserved_key(std::string_view key) {
    return key.starts_with(kReservedPrefix);
}

}  // namespace grapevine::protocol

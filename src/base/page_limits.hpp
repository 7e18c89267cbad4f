#pragma once

#include <cstddef>

#include "base/time.hpp"

// Limits of the page in the browser and of those who log in to it. The others are in limits.hpp.
namespace grapevine {

/// One-time codes that wait to be redeemed; the oldest makes room.
inline constexpr std::size_t kLoginCodesMax = 16;
/// How long one can be redeemed.
inline constexpr Duration kLoginCodeLife = std::chrono::minutes(5);
/// Pages that are logged in; one more is refused.
inline constexpr std::size_t kLoginsMax = 64;
/// A working day and some: whoever keeps the page open longer logs in again.
inline constexpr Duration kLoginLife = std::chrono::hours(12);

/// Links between members in one answer about the topology; beyond, those of the last members are
/// left out, and the answer says so. 10,000 members have 30,000 with three rings.
inline constexpr std::size_t kTopologyLinksMax = 40'000;

}  // namespace grapevine

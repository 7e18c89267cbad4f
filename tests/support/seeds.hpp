#pragma once

#include <cstdint>
#include <functional>

namespace grapevine::testing {

/// Calls `run(seed)` for the seeds 1 .. `quick_count`, ten times as many if GRAPEVINE_SOAK=1, a
/// quarter of them under a sanitizer, or only for the one in GRAPEVINE_SEED. Stops at the first
/// seed that fails, and says how to replay it.
void for_each_seed(std::uint64_t quick_count, const std::function<void(std::uint64_t)>& run);

/// Whether more and longer runs are asked for (GRAPEVINE_SOAK=1).
bool is_soak();

}  // namespace grapevine::testing

#pragma once

#include <cstdint>
#include <span>

namespace grapevine::runtime {

/// Fills `bytes` from the random generator of the kernel: for keys, ids and seeds. Waits during
/// early boot until the generator is seeded. A kernel without getrandom is no place to make keys:
/// the process ends.
void os_random(std::span<std::uint8_t> bytes);

/// A seed for one `Random`.
std::uint64_t os_random_seed();

}  // namespace grapevine::runtime

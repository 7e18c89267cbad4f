#pragma once

#include <string>

#include "base/error.hpp"

namespace grapevine::runtime {

// What this host can be asked about itself. Each asks the kernel anew; nothing is kept.

/// Processes that run or wait for the processor or the disk, over the last minute (getloadavg),
/// per processor: above 1 there is more work than processors.
Outcome<double> load_per_processor();

/// The share of the memory that programs cannot get without pushing others out: 1 -
/// MemAvailable / MemTotal of /proc/meminfo.
Outcome<double> memory_in_use();

/// Bytes that may still be written below `path` by those who are not root.
Outcome<double> free_bytes(const std::string& path);

}  // namespace grapevine::runtime

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace grapevine::control {

/// What this host measures of itself and writes into its own record. Only the configuration of the
/// host says it, never the API: some of it runs programs.
struct Sampling {
    /// "KEY=WHAT", WHAT being load, memory, disk:PATH or exec:PROGRAM ARGUMENTS.
    std::optional<std::vector<std::string>> samples;
    std::optional<std::int64_t> interval_ms;
    /// A value is written when it differs by more than this from the one written last ...
    std::optional<std::int64_t> change_percent;
    /// ... or when that was written longer ago than this.
    std::optional<std::int64_t> refresh_ms;
    std::optional<std::int64_t> timeout_ms;  ///< Of a program.

    friend bool operator==(const Sampling&, const Sampling&) = default;
};

}  // namespace grapevine::control

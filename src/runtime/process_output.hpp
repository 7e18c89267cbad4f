#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace grapevine::runtime {

/// Runs a program to its end and gives what it wrote to standard output. No shell; its input is
/// empty and its standard error is dropped.
///
/// Refused, and the program killed if it still runs: it cannot be started, takes longer than
/// `time_max`, writes more than `bytes_max`, ends with another code than 0, or `is_cancelled`
/// becomes true (looked at ten times a second). Waits: for threads that have nothing better to do.
/// A child of the program that keeps the output open is waited for too, within `time_max`.
Outcome<std::string> output_of(const std::vector<std::string>& arguments, Duration time_max,
                               std::size_t bytes_max, const std::atomic<bool>& is_cancelled);

}  // namespace grapevine::runtime

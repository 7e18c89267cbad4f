#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace grapevine::cli {

/// What the process ends with. Scripts rely on these numbers: docs/reference/cli.md lists them.
enum class ExitCode : std::uint8_t {
    ok = 0,
    failed = 1,       ///< Refused, or it did not work.
    usage = 2,        ///< The command line makes no sense.
    unreachable = 3,  ///< No daemon answers there.
    not_found = 4,    ///< What was named does not exist.
    timed_out = 5,    ///< It did not happen in time.
};

/// Why a command ends without success, for the person who typed it.
struct Failure {
    ExitCode code = ExitCode::failed;
    std::string message;  ///< What was wrong.
    std::string cure;     ///< What would be right; may be empty.
};

template <typename T>
using Attempt = std::expected<T, Failure>;

/// "error: what\n  cure: what\n". Control characters of others are not passed to the terminal.
std::string describe(const Failure& failure);

/// Of a refusal that is not about a connection.
Failure to_failure(const Refusal& refusal);

std::unexpected<Failure> fail(ExitCode code, std::string message, std::string cure = {});

}  // namespace grapevine::cli

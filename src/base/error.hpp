#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace grapevine {

/// Why something from outside was refused: a datagram, a file, a request, a system call.
///
/// Never a bug of ours: a broken invariant asserts. Never an exception: garbage on the wire is
/// ordinary. Holds no heap memory, so refusing a packet costs nothing an attacker can use. Where a
/// person must be told more than a field's name, see `Refusal`.
struct [[nodiscard]] Error {
    enum class Code : std::uint8_t {
        truncated,        ///< The input ended before the field did.
        malformed,        ///< The field holds a value that the format forbids.
        unsupported,      ///< A version or algorithm that this build does not speak.
        unauthenticated,  ///< The seal did not open with any key of the ring.
        over_limit,       ///< Well formed, but larger than a limit in `limits.hpp`.
        system,           ///< The operating system said no; `detail` is errno.
    };

    Code code;
    std::string_view field;    ///< Static text: what was being read, such as "ping.sequence".
    std::uint32_t detail = 0;  ///< Byte offset into the input, or errno for `system`.

    friend constexpr bool operator==(const Error&, const Error&) = default;
};

/// "truncated", "malformed", ... for logs and tests.
std::string_view to_string(Error::Code code);

/// One line for a person: "ping.sequence: truncated at byte 4", "bind: Address already in use".
std::string describe(const Error& error);

template <typename T>
using Result = std::expected<T, Error>;

/// A "no" for a person: what was wrong, and what would be right. For configuration, commands and
/// requests, where clarity is worth an allocation; never used on the path of a datagram.
struct [[nodiscard]] Refusal {
    enum class Code : std::uint8_t {
        invalid,      ///< The input breaks a rule; `message` names the rule and the value.
        not_found,    ///< It names something that does not exist here.
        conflict,     ///< It does not fit the present state (name taken, port in use).
        forbidden,    ///< The caller may not.
        over_limit,   ///< A named limit is reached.
        unavailable,  ///< Not now: shutting down, disk full, no such peer reachable.
        busy,         ///< Too much at once: the same after `retry_seconds`, or less of it.
        internal,     ///< The operating system or a library failed; not the caller's fault.
    };
    Code code = Code::invalid;
    std::string message;  ///< What was wrong: "port 9471 is in use by another process".
    std::string cure;     ///< What would be right: "choose another with --bind, or stop it".
    std::string field;    ///< The key, flag or JSON path concerned; empty when none is.
    std::uint32_t retry_seconds = 0;  ///< When `busy` should be over; 0 otherwise.

    friend bool operator==(const Refusal&, const Refusal&) = default;
};

std::string_view to_string(Refusal::Code code);

/// "field: message; cure" on one line.
std::string describe(const Refusal& refusal);

template <typename T>
using Outcome = std::expected<T, Refusal>;

}  // namespace grapevine

/// Takes the value out of a `Result` or `Outcome`, or returns its error from the function around
/// it. g++ 12 has std::expected without `and_then`, and this reads better where fields follow
/// fields. Not behind something that owns memory in the same expression, as in
/// `Pair{GV_TRY(text()), GV_TRY(text())}`: g++ 12 forgets to destroy the first when the second
/// fails.
#define GV_TRY(...) GV_TRY_AS(GV_TRY_NAME(__COUNTER__), (__VA_ARGS__))

/// The same for a `Result<void>`.
#define GV_TRY_VOID(...) GV_TRY_VOID_AS(GV_TRY_NAME(__COUNTER__), (__VA_ARGS__))

// Every use has a name of its own, so that one inside the argument of another shadows nothing.
#define GV_TRY_NAME(number) GV_TRY_NAME_OF(number)
#define GV_TRY_NAME_OF(number) gv_try_result_##number
#define GV_TRY_AS(name, expression)                      \
    __extension__({                                      \
        auto name = expression;                          \
        if (!name) return std::unexpected(name.error()); \
        *std::move(name);                                \
    })
#define GV_TRY_VOID_AS(name, expression)                 \
    do {                                                 \
        auto name = expression;                          \
        if (!name) return std::unexpected(name.error()); \
    } while (false)

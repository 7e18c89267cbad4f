#include "base/error.hpp"

#include <cstring>
#include <fmt/core.h>

namespace grapevine {

std::string_view to_string(Error::Code code) {
    switch (code) {
        case Error::Code::truncated:
            return "truncated";
        case Error::Code::malformed:
            return "malformed";
        case Error::Code::unsupported:
            return "unsupported";
        case Error::Code::unauthenticated:
            return "unauthenticated";
        case Error::Code::over_limit:
            return "over limit";
        case Error::Code::system:
            return "system";
    }
    return "unknown";
}

std::string describe(const Error& error) {
    if (error.code == Error::Code::system) {
        char buffer[128];
        return fmt::format("{}: {}", error.field,
                           ::strerror_r(static_cast<int>(error.detail), buffer, sizeof buffer));
    }
    return fmt::format("{}: {} at byte {}", error.field, to_string(error.code), error.detail);
}

std::string_view to_string(Refusal::Code code) {
    switch (code) {
        case Refusal::Code::invalid:
            return "invalid";
        case Refusal::Code::not_found:
            return "not found";
        case Refusal::Code::conflict:
            return "conflict";
        case Refusal::Code::forbidden:
            return "forbidden";
        case Refusal::Code::over_limit:
            return "over limit";
        case Refusal::Code::unavailable:
            return "unavailable";
        case Refusal::Code::busy:
            return "busy";
        case Refusal::Code::internal:
            return "internal error";
    }
    return "unknown";
}

std::string describe(const Refusal& refusal) {
    std::string text = refusal.field.empty()
                           ? refusal.message
                           : fmt::format("{}: {}", refusal.field, refusal.message);
    if (!refusal.cure.empty()) text += "; " + refusal.cure;
    return text;
}

}  // namespace grapevine

#include "runtime/system_refusal.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/core.h>

namespace grapevine::runtime {
namespace {

Refusal::Code code_of(int error_number) {
    switch (error_number) {
        case EACCES:
        case EPERM:
        case EROFS:
            return Refusal::Code::forbidden;
        case ENOENT:
        case ENOTDIR:
            return Refusal::Code::not_found;
        case EADDRINUSE:
        case EEXIST:
        case EBUSY:
            return Refusal::Code::conflict;
        case EMFILE:
        case ENFILE:
            return Refusal::Code::over_limit;
        case ENOSPC:
        case EDQUOT:
        case EAGAIN:
        case ECONNREFUSED:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ETIMEDOUT:
            return Refusal::Code::unavailable;
        default:
            return Refusal::Code::internal;
    }
}

std::string_view usual_cure(int error_number) {
    switch (error_number) {
        case EACCES:
        case EPERM:
            return "check the owner and the mode, and as which user this runs";
        case EROFS:
            return "choose a folder on a file system that can be written";
        case ENOENT:
            return "check the spelling of the path";
        case ENOTDIR:
            return "a part of the path is a file; choose another path";
        case EMFILE:
        case ENFILE:
            return "raise the limit of open files (ulimit -n, LimitNOFILE=)";
        case ENOSPC:
            return "free some space on that disk";
        case EDQUOT:
            return "raise the disk quota of this user, or free some space";
        default:
            return "";
    }
}

}  // namespace

std::string error_text(int error_number) {
    char buffer[128];
    return ::strerror_r(error_number, buffer, sizeof buffer);
}

Refusal system_refusal(std::string_view what, int error_number, std::string cure) {
    if (cure.empty()) cure = usual_cure(error_number);
    return Refusal{code_of(error_number), fmt::format("{}: {}", what, error_text(error_number)),
                   std::move(cure), ""};
}

}  // namespace grapevine::runtime

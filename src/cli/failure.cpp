#include "cli/failure.hpp"

#include <fmt/core.h>

#include "cli/text.hpp"

namespace grapevine::cli {

std::string describe(const Failure& failure) {
    std::string text = fmt::format("error: {}\n", safe_text(failure.message));
    if (!failure.cure.empty()) text += fmt::format("  cure: {}\n", safe_text(failure.cure));
    return text;
}

Failure to_failure(const Refusal& refusal) {
    Failure failure;
    failure.code =
        refusal.code == Refusal::Code::not_found ? ExitCode::not_found : ExitCode::failed;
    failure.message = refusal.message;
    failure.cure = refusal.cure;
    return failure;
}

std::unexpected<Failure> fail(ExitCode code, std::string message, std::string cure) {
    return std::unexpected(Failure{code, std::move(message), std::move(cure)});
}

}  // namespace grapevine::cli

#pragma once

#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "control/control.hpp"

namespace grapevine::daemon {

/// What a pump said, as the answer to a request.
template <typename T>
Outcome<control::Answer> answer_of(Outcome<T> outcome) {
    if (!outcome) return std::unexpected(outcome.error());
    if constexpr (std::is_void_v<T>) {
        return control::Answer(control::Done{});
    } else {
        return control::Answer(std::move(*outcome));
    }
}

}  // namespace grapevine::daemon

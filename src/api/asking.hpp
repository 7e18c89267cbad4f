#pragma once

#include <cassert>
#include <memory>
#include <utility>
#include <variant>

#include "api/service.hpp"

namespace grapevine::api {

/// Asks `control`, refuses the call if it refuses, and otherwise gives its answer to `then`. `T` is
/// the alternative that control.hpp promises for the request; another one is a bug, and asserts.
template <typename T, typename Then>
void ask(Service& service, const std::shared_ptr<Call>& call, control::Request request, Then then) {
    service.control().submit(
        std::move(request), [call, then = std::move(then)](Outcome<control::Answer> answer) {
            if (!answer) {
                call->refuse(answer.error());
                return;
            }
            T* const value = std::get_if<T>(&*answer);
            assert(value != nullptr && "control.hpp says which answer belongs to which request");
            then(*call, *value);
        });
}

}  // namespace grapevine::api

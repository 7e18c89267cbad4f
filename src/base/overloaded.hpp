#pragma once

namespace grapevine {

/// One function object out of several lambdas, for std::visit: `Overloaded{[](A&) ..., [](B&)
/// ...}`.
template <typename... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};

}  // namespace grapevine

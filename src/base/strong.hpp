#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace grapevine {

/// A number that means one thing. Two instances with different tags never mix: an incarnation
/// cannot be compared with a version, nor a member id passed where a key id is due.
///
/// There is no arithmetic on purpose: an identifier is not a quantity. A type that counts has
/// `next()`, and nothing else.
template <typename Tag, typename Rep>
class Strong {
public:
    using rep = Rep;

    constexpr Strong() = default;
    constexpr explicit Strong(Rep value) : value_(value) {}

    [[nodiscard]] constexpr Rep value() const { return value_; }
    [[nodiscard]] constexpr Strong next() const { return Strong(static_cast<Rep>(value_ + 1)); }

    friend constexpr auto operator<=>(Strong, Strong) = default;

private:
    Rep value_{};
};

}  // namespace grapevine

/// For lookups only. Never iterate an unordered container where the order can reach an output.
template <typename Tag, typename Rep>
struct std::hash<grapevine::Strong<Tag, Rep>> {
    std::size_t operator()(grapevine::Strong<Tag, Rep> id) const noexcept {
        return std::hash<Rep>{}(id.value());
    }
};

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace grapevine::control {

/// Which members are meant: all conditions must hold.
///
///     dc=ams       the label dc has this value
///     dc!=ams      it has another, or the member has no such label
///     rack=r*      any letters stand for a star
///     name=web-*   the member's name; id=... its id; label:name=x the label "name"
///
/// At most kQueryFiltersMax conditions of kQueryFilterBytesMax bytes each.
class MemberFilter {
public:
    static Outcome<MemberFilter> parse(const std::vector<std::string>& texts,
                                       std::string_view field);

    using LabelOf = std::function<std::optional<std::string_view>(std::string_view key)>;
    [[nodiscard]] bool matches(std::string_view id, std::string_view name,
                               const LabelOf& label_of) const;

private:
    struct Condition {
        enum class Of : unsigned char { id, name, label };
        Of of = Of::label;
        std::string key;
        std::string pattern;
        bool is_negated = false;
    };
    static Outcome<Condition> parse_one(const std::string& text, std::string_view field);

    std::vector<Condition> conditions_;
};

/// Stars stand for any letters, also none.
[[nodiscard]] bool fits_pattern(std::string_view text, std::string_view pattern);

}  // namespace grapevine::control

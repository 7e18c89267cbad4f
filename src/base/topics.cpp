#include "base/topics.hpp"

namespace grapevine {
namespace {

/// The tokens of a text, one after the other.
class Tokens {
public:
    explicit Tokens(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool has_more() const { return has_more_; }
    std::string_view next() {
        const std::size_t dot = rest_.find('.');
        has_more_ = dot != std::string_view::npos;
        const std::string_view token = rest_.substr(0, dot);
        rest_.remove_prefix(has_more_ ? dot + 1 : rest_.size());
        return token;
    }

private:
    std::string_view rest_;
    bool has_more_ = true;
};

}  // namespace

bool topic_matches(std::string_view pattern, std::string_view topic) {
    Tokens wanted(pattern);
    Tokens tokens(topic);
    while (wanted.has_more() && tokens.has_more()) {
        const std::string_view want = wanted.next();
        if (want == ">" && !wanted.has_more()) return true;
        const std::string_view token = tokens.next();
        if (want != "*" && want != token) return false;
    }
    return wanted.has_more() == tokens.has_more();
}

bool patterns_overlap(std::string_view one, std::string_view other) {
    Tokens first(one);
    Tokens second(other);
    while (first.has_more() && second.has_more()) {
        const std::string_view a = first.next();
        const std::string_view b = second.next();
        // The other pattern has a token here, and any that follow are matched as well.
        if ((a == ">" && !first.has_more()) || (b == ">" && !second.has_more())) return true;
        if (a != "*" && b != "*" && a != b) return false;
    }
    return first.has_more() == second.has_more();
}

}  // namespace grapevine

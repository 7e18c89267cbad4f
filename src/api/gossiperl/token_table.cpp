#include "api/gossiperl/token_table.hpp"

#include <algorithm>
#include <cassert>

#include "base/limits.hpp"

namespace grapevine::api::gossiperl {
namespace {

constexpr std::size_t kUuidBytes = 16;

/// RFC 9562, section 5.4: all random but for version and variant.
std::string uuid(Bytes bytes) {
    assert(bytes.size() == kUuidBytes);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x40U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);
    std::string text = to_hex(bytes);
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, "-");
    return text;
}

}  // namespace

TokenTable::TokenTable(RandomBytes random) : random_(std::move(random)) {
    assert(random_);
}

std::string TokenTable::make(const std::string& overlay) {
    if (tokens_.size() >= kOverlaysMax && !tokens_.contains(overlay)) return {};
    Token& token = tokens_[overlay];
    token = {uuid(random_(kUuidBytes)), ++now_};
    return token.text;
}

void TokenTable::drop(const std::string& overlay) {
    tokens_.erase(overlay);
}

TokenTable::Moment TokenTable::moment() {
    return {++now_};
}

void TokenTable::keep(const std::vector<std::string>& overlays, Moment asked) {
    std::erase_if(tokens_, [&](const auto& entry) {
        return entry.second.made_at < asked.value &&
               std::ranges::find(overlays, entry.first) == overlays.end();
    });
    for (const std::string& overlay : overlays) {
        if (!tokens_.contains(overlay)) make(overlay);
    }
}

std::string_view TokenTable::find(const std::string& overlay) const {
    const auto token = tokens_.find(overlay);
    return token == tokens_.end() ? std::string_view() : std::string_view(token->second.text);
}

}  // namespace grapevine::api::gossiperl

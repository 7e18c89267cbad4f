#include "api/gossiperl/token_table.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "base/limits.hpp"
#include "client/uuid.hpp"

namespace grapevine::api::gossiperl {
namespace {

constexpr std::size_t kUuidBytes = 16;

std::string uuid(const Bytes& random) {
    assert(random.size() == kUuidBytes);
    std::array<std::uint8_t, kUuidBytes> bits{};
    std::ranges::copy(random, bits.begin());
    return client::uuid_text(bits);
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

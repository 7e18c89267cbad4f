#include "api/token_book.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>

#include "api/text.hpp"
#include "base/limits.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kPrefix = "gv_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kIdBytes = 8;
/// 32 bytes in base64url without padding are 43 letters.
constexpr std::size_t kTokenLength = kPrefix.size() + 43;

Refusal refuse(Refusal::Code code, std::string field, std::string message, std::string cure) {
    return {code, std::move(message), std::move(cure), std::move(field)};
}

/// Takes the same time whatever the first difference is.
bool equal_in_constant_time(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    unsigned difference = 0;
    for (std::size_t index = 0; index < left.size(); ++index) {
        difference |= static_cast<unsigned>(static_cast<unsigned char>(left[index])) ^
                      static_cast<unsigned>(static_cast<unsigned char>(right[index]));
    }
    return difference == 0;
}

Outcome<void> check_name(std::string_view name) {
    if (name.size() > kTokenNameBytesMax) {
        return std::unexpected(refuse(Refusal::Code::over_limit, "name",
                                      fmt::format("has {} bytes", name.size()),
                                      fmt::format("use at most {}", kTokenNameBytesMax)));
    }
    if (!is_utf8(name) || has_control_character(name)) {
        return std::unexpected(refuse(Refusal::Code::invalid, "name",
                                      "has a control character or is not valid UTF-8",
                                      "use printable text"));
    }
    return {};
}

Outcome<void> check_overlays(const std::vector<std::string>& overlays) {
    if (overlays.empty()) {
        return std::unexpected(refuse(Refusal::Code::invalid, "overlays", "no overlay is named",
                                      "name overlays, or [\"*\"] for all"));
    }
    const bool has_star = std::ranges::find(overlays, "*") != overlays.end();
    if (has_star && overlays.size() > 1) {
        return std::unexpected(refuse(Refusal::Code::invalid, "overlays",
                                      "\"*\" stands beside other names", "give [\"*\"] alone"));
    }
    for (const std::string& overlay : overlays) {
        const bool is_name = !overlay.empty() && overlay.size() <= kOverlayNameBytesMax &&
                             is_utf8(overlay) && !has_control_character(overlay);
        if (is_name) continue;
        return std::unexpected(
            refuse(Refusal::Code::invalid, "overlays", "has an entry that is no overlay name",
                   fmt::format("a name has 1 to {} bytes of text", kOverlayNameBytesMax)));
    }
    return {};
}

}  // namespace

std::string_view to_string(Scope scope) {
    switch (scope) {
        case Scope::read:
            return "read";
        case Scope::publish:
            return "publish";
        case Scope::admin:
            return "admin";
    }
    return "unknown";
}

bool TokenEntry::has_scope(Scope scope) const {
    return std::ranges::find(scopes, scope) != scopes.end() ||
           std::ranges::find(scopes, Scope::admin) != scopes.end();
}

bool TokenEntry::reaches(std::string_view overlay) const {
    return reaches_all() || std::ranges::find(overlays, overlay) != overlays.end();
}

bool TokenEntry::reaches_all() const {
    return overlays.size() == 1 && overlays.front() == "*";
}

TokenBook::TokenBook(Environment environment, std::vector<TokenEntry> entries)
    : environment_(std::move(environment)), entries_(std::move(entries)) {
    assert(environment_.random && environment_.hash && environment_.wall_now);
    assert(environment_.save && environment_.erase);
    std::ranges::sort(entries_, {}, [](const TokenEntry& entry) {
        return std::pair(entry.created_at, entry.id);
    });
}

Outcome<TokenBook::Created> TokenBook::create(std::string name, std::vector<Scope> scopes,
                                              std::vector<std::string> overlays) {
    if (scopes.empty()) {
        return std::unexpected(refuse(Refusal::Code::invalid, "scopes", "no scope is given",
                                      "give some of read, publish, admin"));
    }
    std::ranges::sort(scopes);
    scopes.erase(std::ranges::unique(scopes).begin(), scopes.end());
    GV_TRY_VOID(check_name(name));
    GV_TRY_VOID(check_overlays(overlays));
    if (entries_.size() >= kTokensMax) {
        return std::unexpected(refuse(Refusal::Code::over_limit, "",
                                      fmt::format("there are {} tokens", entries_.size()),
                                      "delete one that is no longer used"));
    }
    Created created;
    created.token = std::string(kPrefix) + to_base64url(environment_.random(kSecretBytes));
    assert(created.token.size() == kTokenLength);
    created.entry.id = to_hex(environment_.random(kIdBytes));
    created.entry.hash = environment_.hash(created.token);
    created.entry.name = std::move(name);
    created.entry.scopes = std::move(scopes);
    created.entry.overlays = std::move(overlays);
    // Entries are in order of creation even if the clock of the host was set back.
    created.entry.created_at = environment_.wall_now();
    if (!entries_.empty()) {
        created.entry.created_at = std::max(created.entry.created_at, entries_.back().created_at);
    }
    GV_TRY_VOID(environment_.save(created.entry));
    entries_.push_back(created.entry);
    return created;
}

Outcome<void> TokenBook::erase(const std::string& id) {
    const auto entry = std::ranges::find(entries_, id, &TokenEntry::id);
    if (entry == entries_.end()) {
        return std::unexpected(refuse(Refusal::Code::not_found, "id",
                                      fmt::format("there is no token {}", id),
                                      "GET /v1/tokens lists them"));
    }
    const auto is_root = [](const TokenEntry& token) {
        return token.has_scope(Scope::admin) && token.reaches_all();
    };
    if (is_root(*entry) && std::ranges::count_if(entries_, is_root) == 1) {
        return std::unexpected(refuse(
            Refusal::Code::conflict, "id", "this is the last token that is admin on all overlays",
            "create another such token first, or nobody could create one again"));
    }
    GV_TRY_VOID(environment_.erase(id));
    entries_.erase(entry);
    return {};
}

const TokenEntry* TokenBook::recognise(std::string_view token) const {
    if (token.size() != kTokenLength || !token.starts_with(kPrefix)) return nullptr;
    const std::string hash = environment_.hash(token);
    const TokenEntry* found = nullptr;
    for (const TokenEntry& entry : entries_) {
        if (equal_in_constant_time(entry.hash, hash)) found = &entry;
    }
    return found;
}

}  // namespace grapevine::api

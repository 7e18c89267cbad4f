#include "api/logins.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "api/text.hpp"
#include "base/page_limits.hpp"

namespace grapevine::api {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kIdBytes = 8;

}  // namespace

std::string Logins::offer(Instant now, Rights rights) {
    expire(now);
    if (codes_.size() >= kLoginCodesMax) codes_.erase(codes_.begin());
    std::string code = to_base64url(environment_.random(kSecretBytes));
    codes_.push_back({environment_.hash(code), std::move(rights), now + kLoginCodeLife});
    return code;
}

Outcome<Logins::Login> Logins::redeem(Instant now, std::string_view code) {
    expire(now);
    const auto offered = std::ranges::find(codes_, environment_.hash(code), &Code::hash);
    if (offered == codes_.end()) {
        return std::unexpected(Refusal{Refusal::Code::not_found,
                                       "the code is unknown, too old, or was used before",
                                       "run 'grapevine ui' again for a new link", "code"});
    }
    if (logins_.size() >= kLoginsMax) {
        return std::unexpected(Refusal{Refusal::Code::over_limit,
                                       fmt::format("{} pages are logged in", logins_.size()),
                                       "log out in one of them, or restart the daemon", ""});
    }
    Login login;
    login.token = "gv_" + to_base64url(environment_.random(kSecretBytes));
    login.entry.id = to_hex(environment_.random(kIdBytes));
    login.entry.hash = environment_.hash(login.token);
    login.entry.name = "page";
    login.entry.scopes = std::move(offered->rights.scopes);
    login.entry.overlays = std::move(offered->rights.overlays);
    logins_.push_back({login.entry, std::move(offered->rights.giver), now + kLoginLife});
    codes_.erase(offered);
    return login;
}

const TokenEntry* Logins::recognise(Instant now, std::string_view token) const {
    const std::string hash = environment_.hash(token);
    const auto found = std::ranges::find(
        logins_, hash, [](const Kept& kept) -> const std::string& { return kept.entry.hash; });
    return found == logins_.end() || found->until <= now ? nullptr : &found->entry;
}

bool Logins::end(std::string_view id) {
    return std::erase_if(logins_, [id](const Kept& kept) { return kept.entry.id == id; }) > 0;
}

std::vector<std::string> Logins::expire(Instant now) {
    std::erase_if(codes_, [now](const Code& code) { return code.until <= now; });
    return drop([now](const Kept& kept) { return kept.until <= now; });
}

std::vector<std::string> Logins::end_of_giver(std::string_view giver) {
    std::erase_if(codes_, [giver](const Code& code) { return code.rights.giver == giver; });
    return drop([giver](const Kept& kept) { return kept.giver == giver; });
}

std::vector<std::string> Logins::drop(const std::function<bool(const Kept&)>& is_over) {
    std::vector<std::string> ended;
    for (const Kept& kept : logins_) {
        if (is_over(kept)) ended.push_back(kept.entry.id);
    }
    std::erase_if(logins_, is_over);
    return ended;
}

}  // namespace grapevine::api

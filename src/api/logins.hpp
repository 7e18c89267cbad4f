#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/token_book.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace grapevine::api {

/// How a page in a browser gets a token, without anybody typing one and without one in a URL.
///
///     who has a token --offer--> a code, valid once and for kLoginCodeLife; it stands in the link
///     the page        --redeem-> a token with the same rights (or fewer), for kLoginLife
///
/// The link's code is in the fragment, which browsers send to nobody. Tokens made here are kept in
/// memory alone: a restart of the daemon ends them, and so does `end`.
///
/// Code and token are 32 random bytes each, kept as hashes. No clock: the caller says `now`.
/// Bounds: kLoginCodesMax codes, the oldest makes room; kLoginsMax logins, one more is refused.
class Logins {
public:
    struct Environment {
        std::function<Bytes(std::size_t count)> random;
        std::function<std::string(std::string_view text)> hash;
    };
    struct Rights {
        std::vector<Scope> scopes;
        std::vector<std::string> overlays;  ///< As in a TokenEntry.
        /// Id of the token that gave them; empty: of whoever came over loopback.
        std::string giver{};
    };
    struct Login {
        std::string token;  ///< Told once.
        TokenEntry entry;
    };

    explicit Logins(Environment environment) : environment_(std::move(environment)) {}

    /// The code: 43 letters of base64url.
    [[nodiscard]] std::string offer(Instant now, Rights rights);

    /// Refuses a code that is unknown, used or too old, and above kLoginsMax; then the code is
    /// kept.
    [[nodiscard]] Outcome<Login> redeem(Instant now, std::string_view code);

    /// The login of this token, or null. Valid until the next `redeem`, `end` or `expire`.
    [[nodiscard]] const TokenEntry* recognise(Instant now, std::string_view token) const;

    /// False if there is no such login (any more).
    bool end(std::string_view id);
    /// Ends what a token that is no more has given rise to; ids of the logins among it.
    std::vector<std::string> end_of_giver(std::string_view giver);

    /// Drops what is too old, and names the logins among it.
    std::vector<std::string> expire(Instant now);

    [[nodiscard]] std::size_t code_count() const { return codes_.size(); }
    [[nodiscard]] std::size_t login_count() const { return logins_.size(); }

private:
    struct Code {
        std::string hash;
        Rights rights;
        Instant until{};
    };
    struct Kept {
        TokenEntry entry;
        std::string giver;
        Instant until{};
    };
    std::vector<std::string> drop(const std::function<bool(const Kept&)>& is_over);

    Environment environment_;
    std::vector<Code> codes_;   ///< Oldest first.
    std::vector<Kept> logins_;  ///< Oldest first.
};

}  // namespace grapevine::api

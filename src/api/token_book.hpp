#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace grapevine::api {

/// What a token may do. `admin` implies the other two; `publish` does not imply `read`.
enum class Scope : std::uint8_t {
    read,     ///< Look, and follow streams.
    publish,  ///< Publish events, and set this member's record.
    admin,    ///< Change overlays, members, invitations and tokens.
};

std::string_view to_string(Scope scope);

/// A token as it is kept. The token itself is nowhere: only its hash.
struct TokenEntry {
    std::string id;    ///< 16 hexadecimal digits; says nothing about the token.
    std::string hash;  ///< Of the whole token text, as `TokenBook::Environment::hash` gives it.
    std::string name;  ///< For people.
    std::vector<Scope> scopes;
    std::vector<std::string> overlays;  ///< Names, or the single "*" for all.
    WallTime created_at;

    [[nodiscard]] bool has_scope(Scope scope) const;
    [[nodiscard]] bool reaches(std::string_view overlay) const;
    [[nodiscard]] bool reaches_all() const;

    friend bool operator==(const TokenEntry&, const TokenEntry&) = default;
};

/// Who may come in. Makes tokens, keeps their hashes, and recognises them.
///
/// A token is "gv_" and 43 letters of base64url: 32 random bytes. It is a secret of 256 bits and
/// not a password, so one SHA-256 is enough, and a search by hash leaks nothing that helps to
/// guess. Hashes are still compared in constant time, over all entries.
///
/// Deterministic: randomness, hash, clock and disk come in through `Environment`. At most
/// `kTokensMax` entries; the newest is refused.
class TokenBook {
public:
    struct Environment {
        /// That many bytes from the operating system's source.
        std::function<Bytes(std::size_t count)> random;
        /// SHA-256 as 64 hexadecimal digits.
        std::function<std::string(std::string_view text)> hash;
        std::function<WallTime()> wall_now;
        /// Durable when they return. On a refusal the book stays as it was.
        std::function<Outcome<void>(const TokenEntry&)> save;
        std::function<Outcome<void>(const std::string& id)> erase;
    };
    struct Created {
        std::string token;  ///< Shown once; it cannot be had again.
        TokenEntry entry;
    };

    /// `entries` as they were given to `save`. All five functions must be set.
    TokenBook(Environment environment, std::vector<TokenEntry> entries);

    /// Refuses: no scope, an empty, overlong or unprintable name, no overlay, "*" beside others,
    /// `kTokensMax` entries, and what `save` refuses. The daemon makes the first one ("root": admin
    /// on "*") when the book is empty.
    [[nodiscard]] Outcome<Created> create(std::string name, std::vector<Scope> scopes,
                                          std::vector<std::string> overlays);

    /// Refuses an unknown id, and the last token that is admin on all overlays, without which
    /// nobody could make another.
    [[nodiscard]] Outcome<void> erase(const std::string& id);

    /// The entry of this token, or null. Valid until the next `create` or `erase`.
    [[nodiscard]] const TokenEntry* recognise(std::string_view token) const;

    /// For others that make secrets of the same kind.
    [[nodiscard]] const Environment& environment() const { return environment_; }

    /// By time of creation, then id.
    [[nodiscard]] const std::vector<TokenEntry>& entries() const { return entries_; }

private:
    Environment environment_;
    std::vector<TokenEntry> entries_;
};

}  // namespace grapevine::api

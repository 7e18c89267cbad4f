#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace grapevine::api::gossiperl {

/// The token of every overlay: a UUID of version 4, in memory only, gone with the overlay.
///
/// Overlays come and go without us too (by the configuration file, the command line, version 1 of
/// the API), so the table follows the lists that the daemon gives: `keep` makes a token for an
/// overlay that it sees for the first time, and drops those of overlays that are gone. A list may
/// be older than what has been done since it was asked for; tokens younger than the question stay.
///
/// At most `kOverlaysMax` tokens: an overlay beyond gets none, and nobody in.
class TokenTable {
public:
    /// That many bytes from the operating system's source.
    using RandomBytes = std::function<Bytes(std::size_t count)>;
    /// When a list was asked for, in the order of what happened to this table.
    struct Moment {
        std::uint64_t value = 0;
    };

    explicit TokenTable(RandomBytes random);

    /// A fresh token for an overlay that was created just now; one it had is gone.
    std::string make(const std::string& overlay);
    void drop(const std::string& overlay);

    /// To be taken before a list of overlays is asked for.
    [[nodiscard]] Moment moment();
    /// Follows the list that was asked for at `asked`.
    void keep(const std::vector<std::string>& overlays, Moment asked);

    /// Empty if it has none: a token is never empty.
    [[nodiscard]] std::string_view find(const std::string& overlay) const;
    [[nodiscard]] std::size_t size() const { return tokens_.size(); }

private:
    struct Token {
        std::string text;
        std::uint64_t made_at = 0;
    };

    RandomBytes random_;
    std::map<std::string, Token> tokens_;
    std::uint64_t now_ = 0;
};

}  // namespace grapevine::api::gossiperl

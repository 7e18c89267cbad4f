#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/rumor/stream.hpp"

namespace grapevine::protocol {

/// What one stream knows about getting what it lacks: who claims to have it, who has said that it
/// is gone, what is asked for and not here yet, and for how long the present hole has been open.
/// Bookkeeping without decisions; memory is kSourcesMax claims and the window of requests.
class Repair {
public:
    /// "Of this stream I can give you [lowest, highest]."
    struct Claim {
        MemberId member;
        std::uint64_t lowest = 0;
        std::uint64_t highest = 0;
        std::uint32_t silences = 0;  ///< Times in a row that it was asked, and nothing came.

        [[nodiscard]] bool has(std::uint64_t sequence) const {
            return lowest <= sequence && sequence <= highest;
        }
        /// It had the event, or might have, and does not hold it any more.
        [[nodiscard]] bool denies(std::uint64_t sequence) const { return lowest > sequence; }
    };

    // -- Sources --

    /// `member` told us its frontier; replaces what we thought of it.
    void note_claim(MemberId member, std::uint64_t lowest, std::uint64_t highest);
    /// `member` sent us this event: it has it, and perhaps those below.
    void note_sent(MemberId member, std::uint64_t sequence);
    /// It was asked for `sequence`, claims to have it, and nothing came. After kSilencesMax times
    /// in a row the claim is forgotten: its member may be gone, and would keep us hoping.
    void note_silence(MemberId member, std::uint64_t sequence);
    static constexpr std::uint32_t kSilencesMax = 4;
    /// Latest first; at most kSourcesMax, the one not heard of for longest is forgotten.
    [[nodiscard]] const std::vector<Claim>& claims() const { return claims_; }
    [[nodiscard]] const Claim* claim_of(MemberId member) const;
    /// Those that claim `sequence`, latest first.
    [[nodiscard]] std::vector<MemberId> holders(std::uint64_t sequence) const;

    // -- Requests --

    void asked(Instant now, const Part& part, Load& load);
    /// True if it had been asked for and not come.
    bool arrived(const Part& part, Load& load);
    /// Forgets what was asked for at or before `limit`; it is lost, or was never there.
    void expire(Instant limit, Load& load);
    /// Forgets what is below `head`: delivered or given up.
    void drop_below(std::uint64_t head, Load& load);
    [[nodiscard]] const std::map<Part, Instant>& in_flight() const { return in_flight_; }

    // -- The hole at the head --

    struct Hole {
        std::uint64_t first = 0;
        /// What was known to exist when it opened: later events have their own patience.
        std::uint64_t known = 0;
        Instant since{};  ///< Open, or without a new part of its first event, since then.
    };
    /// Starts the clock anew if the hole at `head` is another one than before.
    void watch_hole(Instant now, std::uint64_t head, std::uint64_t known);
    void refresh_hole(Instant now) { hole_.since = now; }
    [[nodiscard]] const Hole& hole() const { return hole_; }

    // -- The present attempt --

    std::uint32_t attempt = 0;  ///< Which source is next.
    MemberId source = kNobody;  ///< Whom we asked last.
    bool has_progress = false;  ///< Something asked for came since the last attempt.
    /// The last events whose existence a frontier revealed, and no event behind them.
    std::uint64_t revealed_first = 0;
    std::uint64_t revealed_last = 0;
    Instant publisher_heard_at{};  ///< Last word of the publisher itself about this stream.

private:
    Claim& claim_for(MemberId member);

    std::vector<Claim> claims_;
    std::map<Part, Instant> in_flight_;
    Hole hole_;
};

}  // namespace grapevine::protocol

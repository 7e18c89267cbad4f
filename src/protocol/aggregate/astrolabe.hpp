#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace grapevine::protocol {

/// Where a summary of a zone comes from: the newest of its parts, and all of them together.
struct ZoneIssue {
    std::uint64_t newest = 0;  ///< Of the rows below, when that one was issued.
    std::uint64_t sum = 0;     ///< Of when all of them were; where `newest` says nothing.
    friend auto operator<=>(const ZoneIssue&, const ZoneIssue&) = default;
};

/// What is known of one zone, or of one host, by those beside it and below them. Immutable.
struct ZoneRow {
    std::string name;  ///< Among its siblings.
    ZoneIssue issue;
    Bytes attributes;  ///< Of a host what it says of itself; of a zone what was evaluated.
    std::uint64_t members = 0;
    std::vector<MemberId> representatives;
    friend bool operator==(const ZoneRow&, const ZoneRow&) = default;
};
using SharedRow = std::shared_ptr<const ZoneRow>;

/// A tree of zones, summarised upwards: everybody knows little of what is far, and all of what is
/// near.
///
/// The problem: a value of each of a hundred thousand members is more than any of them should hold,
/// and who wants to know the highest load needs one number for each region and not all of them. The
/// idea: zones within zones, named by a path. Of every zone on its own path a member holds the
/// table of its parts, one row each; a row is computed from the table below it. Rows are gossiped
/// among siblings only:
///
///     level 1   eu*  us   asia       everybody has this table
///     level 2   fra* ams  lon        ... in eu
///     level 3   me   a    b          ... in eu/fra: hosts
///               `--------------> evaluate: row "fra" of level 2 ---> row "eu" of level 1
///
/// In each round a member exchanges rows with a random sibling of its leaf zone; if it *represents*
/// its zone at a higher level, also with a representative of a random zone beside that one, there.
/// An exchange is about the tables of that level and all above, which both have; each side draws
/// what it lacks, so that a long answer comes at the pace of who asked for it:
///
///     A  ---- offer: my tables have this fingerprint ---->  B
///        <--- digests of B's rows (none if it is equal) --     and, if not, an offer of B's own
///        ---- want: these --------------------------------->
///        <--- rows ----------------------------------------
///
/// Source: van Renesse, Birman, Vogels, "Astrolabe", ACM TOCS 21(2), 2003, sections 3 and 4.
/// Representatives are the first kRepresentatives by a hash, of those of all parts. What to
/// evaluate is the caller's business (SQL is); its result must follow from the rows alone, for then
/// all who hold the same rows compute the same bytes.
///
/// Deviation: a computed row is not issued at the time of computing but carries the times of its
/// parts, so that two representatives issue the same row and not two that compete. The newest part
/// decides between two rows, then the sum of all: who lacks the news of one part is the older one.
///
/// *Dead zones vanish*: a row whose issue lies `fail_rounds` rounds back, times the height of its
/// level, by our own clock, is removed and not taken from anybody any more. So hosts issue theirs
/// every `refresh_rounds`, and their clocks agree better than that: a row that comes from a clock
/// ahead hides later ones until it vanishes, and one from more than kClockAheadMaxMs ahead is
/// refused. Rows of hosts that are known to be dead go at once (`is_gone`).
///
/// Rows are not signed: whoever holds the key of the overlay can say what it likes of a zone.
///
/// A machine (protocol/machine.hpp). Memory: kRowsMax rows per level, kLevelsMax levels; of
/// a full table the newest row is refused.
class Astrolabe {
public:
    static constexpr std::size_t kRepresentatives = 3;
    static constexpr std::size_t kRowsMax = kSummaryRowsMax;
    static constexpr std::size_t kLevelsMax = kSummaryLevelsMax;
    static constexpr std::size_t kAttributesBytesMax = kSummaryAttributesBytesMax;

    /// Rows of one table, by name. Nothing: it failed, and the row stays as it was.
    using Evaluate =
        std::function<std::optional<Bytes>(std::size_t level, const std::vector<SharedRow>& rows)>;

    struct Config {
        std::vector<std::string> path;  ///< Of zones from the top, and our own name last.
        Duration round = std::chrono::milliseconds(500);
        std::uint32_t refresh_rounds = 10;
        std::uint32_t fail_rounds = 30;
        /// Added to instants: what our clock shows at instant zero.
        Duration clock_zero{};
        std::size_t representatives = kRepresentatives;
        /// Hosts whose rows are not wanted any more; empty: there are none.
        std::function<bool(MemberId)> is_gone{};
    };

    /// "My tables of levels 1 .. `level` have this fingerprint." Answered by Digests.
    struct Offer {
        std::size_t level = 0;
        std::uint64_t fingerprint = 0;
        bool is_reply = false;  ///< Draws no offer in its turn.
    };
    struct Digest {
        std::size_t level = 0;
        std::string name;
        ZoneIssue issue;
    };
    /// All rows of levels 1 .. `level`; none: the fingerprints are equal.
    struct Digests {
        std::size_t level = 0;
        std::vector<Digest> rows;
    };
    struct RowName {
        std::size_t level = 0;
        std::string name;
    };
    /// Answered by Rows.
    struct Want {
        std::vector<RowName> rows;
    };
    struct LeveledRow {
        std::size_t level = 0;
        SharedRow row;
    };
    struct Rows {
        std::vector<LeveledRow> rows;
    };
    using Message = std::variant<Offer, Digests, Want, Rows>;
    struct Send {
        MemberId to;
        Message message;
    };
    using Action = std::variant<Send>;

    struct Counters {
        std::uint64_t exchanges = 0;
        std::uint64_t evaluated = 0;
        std::uint64_t failed = 0;  ///< Evaluations without a result.
        std::uint64_t expired = 0;
        std::uint64_t refused = 0;  ///< Rows without room or place in a table, or of the future.
    };

    /// `path` has 1 .. kLevelsMax names, none empty.
    Astrolabe(MemberId self, Config config, Evaluate evaluate, std::uint64_t seed);

    /// What we say of ourselves, from now on.
    void set_attributes(Instant now, Bytes attributes);
    /// A row that somebody has told us by another way, such as at the start: how we find the first.
    void learn(Instant now, std::size_t level, SharedRow row);
    /// Begins an exchange with somebody whose path is ours above `level`, though no row of its zone
    /// may have come yet.
    void meet(std::size_t level, MemberId member);

    void handle(Instant now, MemberId from, const Message& message);
    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const { return next_round_; }

    [[nodiscard]] std::size_t depth() const { return config_.path.size(); }
    /// Level 1 is the highest. Rows by name.
    [[nodiscard]] std::vector<SharedRow> table(std::size_t level) const;
    [[nodiscard]] SharedRow row(std::size_t level, const std::string& name) const;
    [[nodiscard]] bool represents(std::size_t level) const;
    /// It exchanges rows there.
    [[nodiscard]] bool speaks_at(std::size_t level) const {
        return level == depth() || represents(level);
    }
    /// Of the tables of levels 1 .. `level`.
    [[nodiscard]] std::uint64_t fingerprint(std::size_t level) const;
    [[nodiscard]] const std::vector<std::string>& path() const { return config_.path; }
    /// How long ago the newest part of a row was issued, by our clock; at least zero.
    [[nodiscard]] Duration age(Instant now, const ZoneRow& row) const;
    [[nodiscard]] std::size_t row_count() const;
    [[nodiscard]] const Counters& counters() const { return counters_; }
    void check_invariants() const;

private:
    using Table = std::map<std::string, SharedRow>;

    [[nodiscard]] const std::string& own_name(std::size_t level) const {
        return config_.path[level - 1];
    }
    Table& at(std::size_t level) { return tables_[level - 1]; }
    [[nodiscard]] const Table& at(std::size_t level) const { return tables_[level - 1]; }

    [[nodiscard]] std::uint64_t clock(Instant now) const;
    [[nodiscard]] bool is_over(Instant now, std::size_t level, const ZoneRow& row) const;
    [[nodiscard]] bool is_gone(std::size_t level, const ZoneRow& row) const;
    void issue(Instant now);
    /// True if it is newer than what we hold.
    bool put(Instant now, std::size_t level, SharedRow row);
    bool is_ours(std::size_t level, const std::string& name) const;
    void summarise(std::size_t from_level);
    [[nodiscard]] SharedRow summary(std::size_t level);
    void expire(Instant now);
    void exchange(std::size_t level);
    void answer(MemberId from, const Offer& offer);
    void compare(MemberId from, const Digests& theirs);
    void give(MemberId from, const Want& want);
    void take(Instant now, const Rows& rows);

    MemberId self_;
    Config config_;
    Evaluate evaluate_;
    Random random_;
    std::vector<Table> tables_;  ///< By level, from 1.
    Bytes attributes_;
    Instant next_round_{};
    std::uint32_t rounds_until_refresh_ = 0;
    std::size_t stale_from_ = 0;  ///< Rows of this level have come since the last summary.
    std::uint64_t last_issue_ = 0;
    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol

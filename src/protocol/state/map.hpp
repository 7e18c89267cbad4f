#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/state/cell.hpp"
#include "protocol/state/cell_map.hpp"
#include "protocol/state/clock.hpp"
#include "protocol/state/floor.hpp"
#include "protocol/state/range_sync.hpp"
#include "wire/messages.hpp"
#include "wire/state_map.hpp"

namespace grapevine::protocol {

/// The time of an input: the node's own, and civil time in milliseconds since 1970, by which writes
/// are dated and entries expire.
struct Moment {
    Instant now{};
    std::uint64_t unix_ms = 0;
};

/// What a user sees under one key.
struct StateEntry {
    std::string key;
    CellKind kind = CellKind::value;
    Stamp version;    ///< Of its newest change, as known here. Never zero.
    MemberId writer;  ///< Of a value; nobody otherwise.
    std::string value;
    std::int64_t count = 0;             ///< Of a counter.
    std::vector<std::string> elements;  ///< Of a set, sorted; at most kStateElementsMax.
    std::size_t element_count = 0;      ///< All of them.
    std::uint64_t expires_ms = 0;       ///< Civil time; 0: never.
};

/// The map that an overlay shares: anybody writes, everybody holds all of it.
///
/// The problem: every member shall read and write without asking anybody, also while it is cut off,
/// and all shall hold the same when they can talk again; at a cost in what has changed. Three
/// mechanisms:
///
///  1. *Spread.* A write is told as an event on a stream of its own (`Spread`; events.hpp), which
///     takes milliseconds and finds what got lost on the way while it is young.
///  2. *Repair.* A number for all that a member holds rides on every ping. Where it differs the two
///     compare ranges (range_sync.hpp), and whoever lacks something asks for it, of one member at a
///     time, so that nobody is sent the same by everybody.
///     What was written in the last kSettle is left out: it is on its way.
///  3. *Copy.* Whoever lacks more than a twentieth takes all of it as a stream (`WantCopy`): the
///     driver carries it, from `copy_page` of one to `take_copy` of the other.
///
/// Every key is made of cells that merge (cell.hpp). What is deleted is remembered until the floor
/// rises above it (floor.hpp), so that nothing deleted returns.
///
/// Sources: Demers et al. 1987, section 1.3 (recent updates first, checksums, then the rest) and
/// section 2 (death certificates); Meyer 2022; Shapiro et al. 2011.
/// Deviation from Demers: the recent updates are a stream with sequence numbers, not a list.
///
/// Hashes are made under a key, the *salt*, which the first member to write makes up and all
/// others take over, the oldest first. It keeps applications that write keys from making entries
/// whose sums agree; whoever holds the overlay's key can do worse things.
///
/// *Limits*: kStateCellsMax, kStateBytesMax, kStateFetchesMax; one comparison at a time.
/// *What can a liar do?* Write, as any member may; not more than kClockAheadMaxMs ahead.
/// A machine (protocol/machine.hpp).
class SharedMap {
public:
    struct Send {
        MemberId to;
        wire::Section section;
    };
    /// To everybody, on the stream of state; comes back to others by `take_spread`.
    struct Spread {
        Bytes body;
    };
    /// Must be on disk before anything behind it leaves us. No cell: it is gone.
    struct Persist {
        struct Write {
            std::string id;  ///< As `encode(CellId)` makes it.
            std::optional<Bytes> cell;
        };
        std::vector<Write> writes;
        bool is_meta_changed = false;  ///< Then `meta()` too.
        bool is_reset = false;         ///< First everything that is stored of the map goes.
    };
    /// What a user sees under these keys may have changed. Each once per input.
    struct Changed {
        std::vector<std::string> keys;
    };
    /// More has changed than is worth telling by key: whoever follows reads all of it again.
    struct Reloaded {
        /// A reset is: what we held was dropped first (floor.hpp).
        enum class Reason : std::uint8_t { copied, wiped, reset };
        Reason reason = Reason::copied;
        std::size_t dropped = 0;  ///< Cells.
    };
    /// Begin a full copy from this member. Answered by `copy_ended`.
    struct WantCopy {
        MemberId from;
    };
    /// Ask this member for a large cell (`answer_fetch`); comes back by `fetched`.
    struct Fetch {
        MemberId from;
        Bytes body;
    };
    using Action = std::variant<Send, Spread, Persist, Changed, Reloaded, WantCopy, Fetch>;

    /// What of the map survives a restart beside its cells.
    struct Meta {
        wire::StateSalt salt;
        FloorView floor;
        friend bool operator==(const Meta&, const Meta&) = default;
    };

    struct Counters {
        std::uint64_t writes = 0;             ///< Of our own users.
        std::uint64_t taken = 0;              ///< Cells of others that were news.
        std::uint64_t known = 0;              ///< ... that were not.
        std::uint64_t dropped_future = 0;     ///< Dated too far ahead.
        std::uint64_t dropped_malformed = 0;  ///< Cells that are none.
        std::uint64_t dropped_full = 0;       ///< No room for them.
        std::uint64_t dropped_strange = 0;    ///< Of those who have not said hello.
        std::uint64_t dropped_wiped = 0;      ///< Older than a wipe.
        std::uint64_t exchanges = 0;          ///< Comparisons that we began.
        std::uint64_t sent = 0;               ///< Cells sent because the other lacked them.
        std::uint64_t fetched = 0;            ///< Large cells asked for.
        std::uint64_t copies = 0;             ///< Full copies begun.
        std::uint64_t raises = 0;             ///< Of the floor, by us.
        std::uint64_t collected = 0;          ///< Cells let go below the floor.
        std::uint64_t redated = 0;            ///< Late deletions.
        std::uint64_t resets = 0;
    };

    /// A hash of an encoded cell under this salt.
    using Hash = std::function<StateHash(const wire::StateSalt&, ByteView)>;
    struct View {
        std::uint32_t rank = 0;     ///< Of ours among the ids of the living, from 0.
        std::uint32_t members = 1;  ///< The living, with us.
    };

    /// A comparison leaves out what is younger.
    static constexpr std::uint64_t kSettleMs = 1000;
    /// Silence of the other after which a comparison asks again, and how often.
    static constexpr Duration kPatience = std::chrono::milliseconds(250);
    static constexpr int kAttempts = 3;
    /// Two maps whose sizes differ by more than this and a twentieth do not compare ranges.
    static constexpr std::size_t kCopyCellsMin = 512;

    /// `interval`: between two comparisons. `grace`: see floor.hpp. `view`: of the membership, now.
    SharedMap(MemberId self, Duration interval, Duration grace, Hash hash,
              std::function<View()> view, std::uint64_t seed);

    /// Before anything else but wipes: what was stored. What is no cell, or has no room, is left
    /// out and counted.
    void restore(const Bytes& cell);
    void restore(const Meta& meta);

    // -- What users do. Refused as described; nothing has changed then. --

    struct PutOptions {
        std::optional<std::uint64_t> lifetime_ms;
        /// The version that the key must have here; zero: it must not exist.
        std::optional<Stamp> expected;
    };
    Outcome<Stamp> put(Moment moment, std::string_view key, std::string_view value,
                       const PutOptions& options);
    /// Several values at once, told together: at most kStateSpreadCellsMax.
    Outcome<void> put_all(Moment moment,
                          const std::vector<std::pair<std::string, std::string>>& values);
    Outcome<Stamp> erase(Moment moment, std::string_view key, std::optional<Stamp> expected);
    /// Adds to a counter, which begins at 0.
    Outcome<StateEntry> count(Moment moment, std::string_view key, std::int64_t change);
    Outcome<StateEntry> change_set(Moment moment, std::string_view key,
                                   const std::vector<std::string>& added,
                                   const std::vector<std::string>& removed);

    [[nodiscard]] std::optional<StateEntry> find(Moment moment, std::string_view key) const;
    /// By key, behind `after`; at most `entries_max`, and about `bytes_max` of keys and contents.
    [[nodiscard]] std::vector<StateEntry> list(Moment moment, std::string_view prefix,
                                               std::string_view after, std::size_t entries_max,
                                               std::size_t bytes_max) const;

    // -- What others do --

    void handle(Moment moment, MemberId from, const wire::StateHello& hello);
    void handle(Moment moment, MemberId from, const wire::StateRanges& ranges);
    void handle(Moment moment, MemberId from, const wire::StateWant& want);
    void handle(Moment moment, MemberId from, const wire::StateCells& cells);
    void take_spread(Moment moment, MemberId from, ByteView body);
    /// A ping of `peer` says what it holds.
    void compare(Moment moment, MemberId peer, std::uint64_t summary);
    void peer_left(MemberId peer);

    [[nodiscard]] Bytes answer_fetch(ByteView question) const;
    /// The answer to a `Fetch`; nothing: there was none.
    void fetched(Moment moment, std::optional<ByteView> answer);

    // -- Full copies --

    struct CopyPage {
        Bytes body;
        std::optional<wire::StatePosition> next;  ///< Nothing: that was the last.
    };
    /// Cells from `start` on, in the order of the tree, about `bytes_max`.
    [[nodiscard]] CopyPage copy_page(const wire::StatePosition& start, std::size_t bytes_max) const;
    /// False: it is no such page.
    bool take_copy(Moment moment, ByteView body);
    void copy_ended(Moment moment, bool is_whole);

    /// Everything under `prefix` that was last changed before this goes, and nothing of it is taken
    /// any more.
    void wipe(Moment moment, std::string_view prefix, Stamp before);

    /// How long lies between two comparisons, from now on.
    void use_interval(Duration interval) { interval_ = interval; }
    void advance(Moment moment);
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    /// `unix_ms` at `now` as of the last input.
    [[nodiscard]] Instant deadline() const;

    /// One number for all that we hold; zero if we hold nothing.
    [[nodiscard]] std::uint64_t summary() const;
    [[nodiscard]] Meta meta() const { return {salt_, floor_.view()}; }
    [[nodiscard]] const CellMap& cells() const { return cells_; }
    [[nodiscard]] const Floor& floor() const { return floor_; }
    [[nodiscard]] bool is_copying() const { return copying_from_ != kNobody; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    void check_invariants() const;

private:
    /// A comparison that we have begun.
    struct Exchange {
        MemberId peer;
        RangeExchange ranges;
        Instant quiet_at{};  ///< When the other has been silent for too long.
        int attempts = 0;
        bool is_heard = false;
        std::size_t unasked = 0;  ///< Cells sent that the other did not ask for.
    };
    enum class Source : std::uint8_t { told, copy };

    // map.cpp: writing and taking
    void observe(Moment moment);
    Outcome<void> check_write(std::string_view key, CellKind kind,
                              std::optional<Stamp> expected) const;
    Outcome<void> write(Cell cell);
    void told(const Cell& cell);
    void tell_spread();
    void take(const Cell& cell, Source source);
    bool keep(const Cell& cell);
    [[nodiscard]] bool is_wiped(const Cell& cell) const;
    void settle();
    void born();

    // map_sync.cpp: comparing
    void begin(MemberId peer);
    void step();
    void finish_exchange(bool is_complete);
    wire::StateHello hello(bool wants_reply) const;
    /// Follows salt and floor of the other; whether its cells may be compared with ours.
    bool agree(MemberId from, const wire::StateHello& theirs);
    bool want_copy(MemberId from);
    void push(MemberId to, const std::vector<CellMap::Handle>& handles);
    void note_agreed(MemberId member, bool is_agreed);
    void adopt_salt(const wire::StateSalt& salt);
    void reset();
    void collect();
    void expire();

    MemberId self_;
    Duration interval_;
    Hash hash_;
    std::function<View()> view_;
    Random random_;
    HybridClock clock_;
    wire::StateSalt salt_;
    Floor floor_;
    CellMap cells_;
    std::map<std::string, Stamp, std::less<>> wiped_;  ///< By prefix.

    Moment moment_;  ///< Of the last input.
    std::optional<Exchange> exchange_;
    /// Members that have said hello and may compare their cells with ours, and when they did.
    std::map<MemberId, Instant> agreed_;
    Instant next_exchange_{};
    std::uint32_t next_number_ = 0;
    MemberId copying_from_ = kNobody;
    Instant copy_allowed_at_{};  ///< After one that failed.
    std::size_t fetching_ = 0;
    Stamp expired_up_to_{};
    Stamp life_began_{};  ///< The first input.
    Stamp stored_synced_{};
    Instant upkeep_at_{};  ///< When the floor is looked at next.

    std::vector<Bytes> untold_;  ///< Our writes of this input.
    std::size_t untold_bytes_ = 0;
    std::vector<Persist::Write> unwritten_;
    bool is_meta_changed_ = false;
    std::set<std::string> changed_;
    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol

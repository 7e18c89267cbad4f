#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/time.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// The parts of the replicated state that can be wiped. Of the shared map also "state:PREFIX".
inline constexpr std::string_view kRecordsPart = "records";
inline constexpr std::string_view kEventsPart = "events";
inline constexpr std::string_view kStatePart = "state";
inline constexpr std::string_view kStatePrefixPart = "state:";

/// What a notice of kind wipe says: all of `part` that is older is gone.
struct WipeOrder {
    std::string part;
    std::uint64_t epoch = 0;
    Stamp before;
    friend bool operator==(const WipeOrder&, const WipeOrder&) = default;
};
/// Civil time of a moment of the hybrid logical clock, and the first moment of a millisecond.
WallTime wall_of(Stamp stamp);
Stamp stamp_of(WallTime wall);

bool is_wipe_part(std::string_view part);
/// The body of a notice (FORMAT.md, 7.2).
Bytes encode_wipe(Stamp before);
/// Nothing if it is none, or of a part or form that we do not know.
std::optional<WipeOrder> wipe_of(const wire::Notice& notice);

/// The few records that concern the whole overlay and that every member must hold: which keys are
/// valid, which settings, what has been wiped.
///
/// The problem: such a word must reach members that are away today, must not be undone by one who
/// slept through it, and must not be forged. The idea: one signed notice per subject (kind and
/// name), numbered by an epoch that only rises, so that merging is taking the greater of two, in
/// any order, from anybody. News spreads as a rumor; what rumors miss is found by anti-entropy,
/// because the fingerprint of all notices is a part of the number that rides on every ping, and a
/// difference makes the two compare their lists (wire::NoticeDigest).
///
/// Source: none; after the signed, epoch-numbered records that the reports on Amazon S3's outage of
/// July 2008 and Chow and van Renesse, IPTPS 2010, call for: bad state spreads as well as good, and
/// what stops it must live in the smallest layer.
///
/// It holds and compares, and obeys nothing: what a notice demands is done by those who hear of
/// `Taken`. Nor does it know of keys: whether a signature is true and its author may is for the
/// `Judge` to say, who is asked only about what would be news.
///
/// Errors: what is refused is dropped and counted, and nothing has changed.
/// Bounds: kNoticesMax notices of about 900 bytes; a subject on top is refused, so that a wipe
/// that everybody has obeyed is never displaced by a later one.
class Notices {
public:
    enum class Verdict : std::uint8_t {
        good,
        forged,    ///< The signature is false.
        stranger,  ///< It is true, and its author may not say such a thing.
    };
    using Judge = std::function<Verdict(const wire::Notice&)>;

    /// Must be on disk before anything behind it leaves us.
    struct Persist {
        wire::SharedNotice notice;
    };
    /// News: to be obeyed if its kind is known, and to be told on.
    struct Taken {
        wire::SharedNotice notice;
    };
    using Action = std::variant<Persist, Taken>;

    struct Counters {
        std::uint64_t taken = 0;
        std::uint64_t dropped_known = 0;     ///< Held already, or an earlier one than is held.
        std::uint64_t dropped_forged = 0;    ///< A false signature.
        std::uint64_t dropped_stranger = 0;  ///< By one who may not.
        std::uint64_t dropped_lead = 0;      ///< An epoch above kNoticeEpochLeadMax ahead.
        std::uint64_t dropped_full = 0;      ///< A subject above kNoticesMax.
    };

    explicit Notices(Judge judge);

    /// What was held before a restart; before everything else. Judged again: an operator may have
    /// been struck off. Causes no action.
    void restore(const std::vector<wire::Notice>& notices);

    /// From another member; true if it was news.
    bool handle(const wire::SharedNotice& notice);
    /// From here. Refused (conflict, forbidden, over_limit) for the reasons of the counters.
    Outcome<void> propose(const wire::SharedNotice& notice);

    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }

    [[nodiscard]] const wire::Notice* find(wire::NoticeKind kind, std::string_view name = {}) const;
    /// The notice of that slot, for a rumor about it.
    [[nodiscard]] wire::SharedNotice in_slot(std::uint64_t slot) const;
    /// What the next notice of this subject has to bear.
    [[nodiscard]] std::uint64_t next_epoch(wire::NoticeKind kind, std::string_view name = {}) const;
    [[nodiscard]] std::vector<wire::SharedNotice> all() const;

    /// What has been wiped, by part.
    [[nodiscard]] std::vector<WipeOrder> wipes() const;
    /// What of `part` is older than this must not be held, taken or told. Zero: all may be.
    [[nodiscard]] Stamp wiped_before(std::string_view part) const;

    // -- Anti-entropy --
    [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }
    [[nodiscard]] wire::NoticeDigest digest(bool is_reply) const;
    struct Difference {
        std::vector<wire::SharedNotice> lacking;  ///< The other side lacks these.
        bool is_behind = false;                   ///< We lack something of the other side.
    };
    [[nodiscard]] Difference compare(const wire::NoticeDigest& theirs) const;

    [[nodiscard]] const Counters& counters() const { return counters_; }
    void check_invariants() const;

    /// Part of the protocol: FORMAT.md, 6.28.
    static std::uint64_t slot_of(const wire::Notice& notice);
    static std::uint64_t mark_of(const wire::Notice& notice);

private:
    using Key = std::pair<std::uint8_t, std::string>;
    enum class Fit : std::uint8_t { news, known, lead, full };

    [[nodiscard]] Fit judge_place(const wire::Notice& notice) const;
    void hold(const wire::SharedNotice& notice);

    Judge judge_;
    std::map<Key, wire::SharedNotice> notices_;
    std::uint64_t fingerprint_ = 0;
    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/detector.hpp"
#include "protocol/peers.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// How a member and we reach each other. The numbers travel (query/reachability.hpp).
enum class Path : std::uint8_t {
    unknown = 0,   ///< Never tried from here.
    both = 1,      ///< It answers us.
    in_only = 2,   ///< It speaks to us, but our pings stay unanswered.
    out_only = 3,  ///< It hears us, and nothing of it arrives here. See below.
    relayed = 4,   ///< It answers others for us, and never us.
    none = 5,      ///< Neither.
};
inline constexpr std::array<std::string_view, 6> kPathNames = {"unknown",  "both",    "in only",
                                                               "out only", "relayed", "none"};
std::string_view to_string(Path path);

/// Finds out how each member is reached, so that a blocked port, a NAT or a one-way link is called
/// by its name instead of showing as a member that comes and goes.
///
/// The problem: a detector asks "is it alive?", and is right to be content with an answer that
/// others relay. But then nobody learns that two hosts cannot speak to each other, until an
/// application finds out. The idea: every relayed answer is a hint. The member is then *examined*:
///
///     ping .. ping .. ping .. (up to 8, half a ping timeout apart)      no ack: a bad examination
///       ping-req through a near helper, and through a random one        ack of a helper: relayed
///     an ack to any of the pings ends it at once: a good examination
///
/// Two bad examinations in a row change the path, and two good ones (or direct answers in the
/// detector's rounds) change it back; in between, a member in trouble is examined every 5 s. Why so
/// many pings? With 30% of datagrams lost each way, one ping of two stays unanswered; eight do in
/// one of 220 examinations, and two examinations in one of 48,000.
///
/// What kind of trouble it is, the rest tells: who has spoken to us since it began is *in only*;
/// who answered helpers is *relayed*; the others are *none*, and soon dead. That somebody hears us
/// whom we do not hear, only that one knows, and it cannot tell us: *out only* is never said here,
/// but follows when a third one hears both (query/reachability.hpp). Whoever goes on speaking to us
/// while we believe it dead is *in only*, too: its door is closed, not its house empty.
///
/// Reports, and judges nothing: suspicion and death are Membership's. A machine
/// (protocol/machine.hpp); its probes carry sequences of their own (`is_ours`), by which the
/// node knows their answers from those of the detector. Memory: kPathsMax entries of 72 bytes, the
/// healthy one that was touched longest ago is displaced; kExaminationsMax examinations at once.
class Paths {
public:
    /// Ours are those with bit 30 and without bits 29 and 31: see ring_sequence.hpp.
    static constexpr std::uint32_t kSequencesFrom = 0x4000'0000;
    static constexpr std::uint32_t kSequencesEnd = 0x6000'0000;
    static bool is_ours(ProbeSequence sequence) {
        return sequence.value() >= kSequencesFrom && sequence.value() < kSequencesEnd;
    }

    struct SendProbe {
        MemberId to;
        ProbeMessage message;  ///< A ping (the node fills in its summary) or a ping-req.
    };
    /// It answered a ping of ours directly.
    struct Measured {
        MemberId member;
        Duration round_trip{};
    };
    /// Not told when a path becomes known for the first time and all is well.
    struct Changed {
        MemberId member;
        Path path;
    };
    using Action = std::variant<SendProbe, Measured, Changed>;

    struct Counters {
        std::uint64_t examinations = 0;
        std::uint64_t examinations_bad = 0;
        std::uint64_t changes = 0;
    };

    struct Known {
        Path path = Path::unknown;
        /// What the last examination alone says; `path` waits for a second one.
        Path latest = Path::unknown;
        Instant checked{};  ///< When it was last found to be so.
    };

    Paths(MemberId self, const ProtocolConfig& config, const Peers& peers, std::uint64_t seed);

    /// Any authenticated packet of it.
    void heard(Instant now, MemberId member);
    /// The detector got an answer: from itself, or from a helper.
    void answered(Instant now, MemberId member);
    void relayed(Instant now, MemberId member);
    /// The detector got none, not even through others.
    void missed(Instant now, MemberId member);
    /// It died or left; `forget` when it has come back, or is forgotten.
    void gone(Instant now, MemberId member);
    void forget(MemberId member);

    /// Acks and nacks with a sequence of ours; others are none of its business.
    void handle(Instant now, MemberId from, const ProbeMessage& message);

    /// Examines `member` now, unless it was checked within `age_max` or waits for it already.
    void examine(Instant now, MemberId member, Duration age_max);
    /// Whether an examination of it is under way or waits for its turn.
    [[nodiscard]] bool is_examining(MemberId member) const;
    /// Helpers to prefer: those near us. One of the two that are asked is drawn from all.
    void prefer(std::vector<MemberId> near) { near_ = std::move(near); }

    void configure(const ProtocolConfig& config);
    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] Known of(Instant now, MemberId member) const;
    /// The longest that an examination takes once it has begun.
    [[nodiscard]] Duration examination_time() const { return (kPings - 1) * gap_ + patience_; }
    /// Members whose path is known not to be `both`, ascending; the dead are not among them unless
    /// they speak.
    [[nodiscard]] std::vector<MemberId> troubled() const;
    [[nodiscard]] const Counters& counters() const { return counters_; }
    void check_invariants() const;

private:
    static constexpr std::uint32_t kPings = 8;
    /// Sequences of one examination: its pings, then its ping-reqs.
    static constexpr std::uint32_t kSequencesEach = 16;

    struct Entry {
        MemberId member;
        Instant touched{};
        Instant heard = kNever;
        Instant relayed = kNever;
        Instant checked{};
        Instant
            since{};  ///< Begin of the first bad examination; of one that is gone: of its speech.
        Instant due = kNever;  ///< Next examination.
        Path path = Path::unknown;
        std::uint8_t bad = 0;   ///< Examinations in a row.
        std::uint8_t good = 0;  ///< The same.
        bool is_gone = false;

        [[nodiscard]] bool is_healthy() const { return path == Path::both && bad == 0; }
    };
    struct Examination {
        MemberId member;
        std::uint32_t first = 0;  ///< Sequence of its first ping.
        std::uint32_t sent = 0;
        std::array<Instant, kPings> sent_at{};
        Instant began{};
        Instant due{};
        bool is_relayed = false;
    };

    Entry& entry(Instant now, MemberId member);
    Entry* find(MemberId member);
    [[nodiscard]] const Entry* find(MemberId member) const;
    void begin(Instant now, MemberId member);
    void begin_waiting(Instant now);
    void send_next(Instant now, Examination& examination);
    void finish_bad(Instant now, const Examination& examination);
    void good(Instant now, Entry& entry);
    [[nodiscard]] static Path trouble_of(Instant now, const Entry& entry);
    void classify(Instant now, Entry& entry);
    void change(Entry& entry, Path path);
    void schedule(const Entry& entry);

    const MemberId self_;
    Duration gap_;
    Duration patience_;
    Duration lateness_max_;
    const Peers& peers_;
    Random random_;
    std::vector<Entry> entries_;  ///< By member.
    std::vector<Examination> examinations_;
    std::deque<MemberId> waiting_;  ///< At most kPathsMax; more are not taken.
    std::vector<MemberId> near_;
    Instant next_due_ = kNever;  ///< Of all entries; may be too early, never too late.
    std::uint32_t next_sequence_ = kSequencesFrom;
    std::deque<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol

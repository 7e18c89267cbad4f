#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
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
#include "protocol/query/kinds.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Asks other members something and collects their answers; and hands what others ask to those who
/// know the answer.
///
/// The problem: to show a whole overlay (who got an event from whom, who reaches whom) somebody has
/// to put a question to every member, over datagrams that get lost, without drowning in answers
/// that all come at once, and without waiting for those that will never answer. The idea is the
/// simplest that is bounded on both sides:
///
///     asker                                           the one who is asked
///     ask ------- question(number, kind, body) ------> Asked, if this number is new from it
///      |  silent: again after 300 ms, 600, ... 2.4 s    |
///      |<--------- answer part(number, 0 of n) ---------+- answer(...)
///      |  the question, again, for parts 1 to n - 1 ---->|
///      |<--------- answer parts -------------------------+
///      |  a part is lost: the question, for that part -->| the same bytes
///     Gathered at the deadline, or when nobody is left to wait for
///
/// *Pace.* The asker draws the answers: at most kGatherBurst parts are asked for in kPace, over all
/// questions, first ones and repeated ones together. So 10,000 members are asked in six seconds and
/// not in one burst of the network's size, and however long their answers are, 1.6 MB/s come.
///
/// *Once.* The number is random, so that a restarted asker is not given the answer to a question of
/// its earlier life. Who is asked remembers the number and its answer until it has not been asked
/// for `kHeldLife`: a repeated question draws the same bytes, so that parts of two tellings always
/// fit together.
///
/// *Who does not answer* is named: silent at the deadline; at once if the view says that it is
/// gone. What a kind means, and whether it is known, is none of our business: nobody calls `answer`
/// for a kind that is not known, and the asker is left without a word.
///
/// *What can a liar do?* An answer counts only from the member that was asked, and once. A flood of
/// questions costs its sender its own allowance of kAnswerPartsPerSecond and us one table entry
/// (kQuestionsHeldMax, the oldest displaced); too much to hold (kGatherBytesMax) is dropped, and
/// who sent it is named silent in the end.
///
/// *When are answers told?* All at the end, or each as it comes; then nothing of it is held.
///
/// A machine (protocol/machine.hpp).
class Gather {
public:
    struct Send {
        MemberId to;
        wire::Section section;  ///< Question or AnswerPart.
    };
    /// `from`, perhaps ourselves, wants to know. Told once per question, however often it is
    /// repeated; to be answered by `answer`, now or later, or not at all.
    struct Asked {
        MemberId from;
        std::uint64_t number = 0;
        std::uint8_t kind = 0;
        Bytes body;
    };
    struct Answer {
        MemberId member;
        Bytes body;
        /// Between the question and the first part of its answer, and when that came. No round
        /// trip if the question was repeated before: which one was answered cannot be told.
        std::optional<Duration> round_trip;
        Instant answered_at{};
    };
    enum class Telling : std::uint8_t { at_the_end, as_they_come };
    /// One answer to a question that is told as they come.
    struct Answered {
        std::uint64_t number = 0;
        std::uint8_t kind = 0;
        Answer answer;
    };
    /// The end of a question of ours: everybody that was asked is in one of the lists, by id, or
    /// has been told of by `Answered`.
    struct Gathered {
        std::uint64_t number = 0;
        std::uint8_t kind = 0;
        std::vector<Answer> answers;
        std::vector<MemberId> silent;
    };
    using Action = std::variant<Send, Asked, Answered, Gathered>;

    struct Counters {
        std::uint64_t asked = 0;          ///< Questions sent, without repeated ones.
        std::uint64_t repeated = 0;       ///< Questions sent again.
        std::uint64_t answered = 0;       ///< Whole answers that came.
        std::uint64_t silent = 0;         ///< Members that were named silent.
        std::uint64_t questions = 0;      ///< Questions that came, repeated ones too.
        std::uint64_t parts_sent = 0;     ///< Of our answers.
        std::uint64_t dropped_stray = 0;  ///< Parts that belong to no question of ours.
        std::uint64_t dropped_full = 0;   ///< Parts for which there was no room.
        std::uint64_t refused_rate = 0;   ///< Questions not taken, since their asker asks too much.
        std::uint64_t displaced = 0;      ///< Questions and answers forgotten to make room.
    };

    /// How far apart bursts of questions are.
    static constexpr Duration kPace = std::chrono::milliseconds(10);
    /// Silence after which a question is repeated. Above the round trips of one planet, so that
    /// nobody is asked twice who is merely far away.
    static constexpr Duration kRetryFirst = std::chrono::milliseconds(300);
    /// After so many questions the silence doubles with each, up to the most. With 10% of datagrams
    /// lost, one of 200 members leaves three questions of 300 ms unanswered, one of 4,000 five.
    static constexpr std::uint32_t kRetriesEven = 4;
    static constexpr Duration kRetryMax = std::chrono::milliseconds(2400);
    /// The same for further parts, of a member whose round trip is known: three round trips, and
    /// not less than this.
    static constexpr Duration kRetryPartMin = std::chrono::milliseconds(60);
    /// The longest that a question may stay open; longer ones are cut.
    static constexpr Duration kPatienceMax = std::chrono::minutes(2);
    /// How long questions of others, and our answers, are remembered since they were last heard of:
    /// ten pauses between two repetitions and more.
    static constexpr Duration kHeldLife = std::chrono::seconds(30);
    static_assert(kHeldLife > 10 * kRetryMax);

    Gather(MemberId self, std::uint64_t seed);

    /// Puts a question to each of `targets` (twice named is asked once; we may be among them) and
    /// ends in `Gathered` with the number that is returned, at `deadline` at the latest. Refused:
    /// kGathersMax questions open, more than kMembersMax targets, a body above kQuestionBytesMax;
    /// nothing has changed then.
    Outcome<std::uint64_t> ask(Instant now, const std::vector<MemberId>& targets, QuestionKind kind,
                               Bytes body, Instant deadline, Telling telling = Telling::at_the_end);

    /// Nobody wants to know any more: the question ends without a word. One that is not open is
    /// none of our business.
    void cancel(std::uint64_t number);

    /// The answer to an `Asked`; at most kAnswerBytesMax. Nothing happens if the question has been
    /// forgotten by now, or was answered already.
    void answer(Instant now, MemberId to, std::uint64_t number, Bytes body);

    void handle(Instant now, MemberId from, const wire::Question& question);
    void handle(Instant now, MemberId from, const wire::AnswerPart& part);

    /// `member` cannot be asked any more: it is dead, has left or is not known.
    void peer_left(Instant now, MemberId member);

    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] std::size_t open_count() const { return open_.size(); }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    /// One of those that a question was put to, and has neither answered nor been given up.
    struct Target {
        Instant due{};  ///< When it is asked (again); kNever for ourselves.
        Instant asked_at{};
        Duration retry = kRetryFirst;
        std::uint32_t attempts = 0;
        std::vector<Bytes> parts;  ///< Empty before the first.
        std::size_t parts_here = 0;
        std::size_t next = 0;  ///< Those before it have been asked for in this round.
        std::size_t bytes = 0;
        std::optional<Duration> round_trip;
        Instant answered_at{};
    };
    /// A question of ours.
    struct Open {
        std::uint8_t kind = 0;
        Telling telling = Telling::at_the_end;
        Bytes body;
        Instant deadline{};
        std::map<MemberId, Target> waiting;
        std::map<MemberId, Answer> answers;
        std::set<MemberId> silent;
    };
    using Questions = std::map<std::uint64_t, Open>;
    /// A question of somebody else.
    struct Held {
        Instant since{};
        bool is_answered = false;
        Bytes body;
        std::uint64_t parts = 0;  ///< That were wanted before there was an answer.
    };
    using HeldKey = std::pair<MemberId, std::uint64_t>;

    std::size_t put(Instant now, std::uint64_t number, Open& question, MemberId member,
                    std::size_t room);
    static std::uint64_t pick_parts(Target& target, std::size_t room);
    void set_due(std::uint64_t number, MemberId member, Target& target, Instant due);
    /// False if it brought nothing.
    bool take_part(Instant now, Target& target, const wire::AnswerPart& part);
    void complete(Instant now, Questions::iterator question, MemberId member, Bytes body);
    void drop_target(std::uint64_t number, Open& question, MemberId member);
    bool finish_if_done(Questions::iterator question);
    void finish(Questions::iterator question);

    void tell(Instant now, MemberId to, std::uint64_t number, const Held& held,
              std::uint64_t parts);
    void remember(Instant now, std::pair<const HeldKey, Held>& held);
    void make_room();
    void forget_held(std::map<HeldKey, Held>::iterator held);
    /// How many of `wanted` units `asker` may still have; they are spent.
    std::size_t spend(Instant now, MemberId asker, std::size_t wanted);

    MemberId self_;
    Random random_;

    Questions open_;
    std::set<std::tuple<Instant, std::uint64_t, MemberId>> due_;
    Instant burst_at_{};  ///< No question leaves before.
    std::size_t gathered_bytes_ = 0;

    std::map<HeldKey, Held> held_;
    std::set<std::pair<Instant, HeldKey>> held_order_;
    std::size_t held_bytes_ = 0;
    /// When each asker's allowance will be whole again; those with a whole one are not listed.
    std::map<MemberId, Instant> spent_until_;

    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol

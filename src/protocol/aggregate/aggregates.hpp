#pragma once

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
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/aggregate/averaging.hpp"
#include "protocol/aggregate/extrema.hpp"
#include "protocol/aggregate/push_sum.hpp"
#include "protocol/peers.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Runs of gossip aggregation on demand: how many members are there, and what is the mean, sum or
/// extreme of a number that they hold, without anybody asking everybody.
///
/// The problem: the primitives (averaging.hpp, push_sum.hpp, extrema.hpp) are steps between two
/// members. Something has to start them everywhere, give them rounds, and say when it is over. The
/// papers restart in *epochs*, so that an old error ends with its epoch and newcomers wait for the
/// next. Here an epoch is begun when somebody wants to know:
///
///     starter           one member             another
///     begin --- step ---> joins with its ---- step ---> joins ...      each step says what the run
///       |  <-- reply ---  own number                                   is about, and its round
///       :  a round: one step to a random member
///     Estimate after so many rounds            everybody else forgets it some rounds later
///
/// Who hears of a run while it spreads takes part; in its last rounds, in which it mixes, it is too
/// late, and steps are answered by "nothing moved", so that newcomers neither dilute an answer nor
/// hold anybody up.
///
/// *Counting* by averaging needs members that begin with 1: the starter, and kStarters of all
/// others on average, each with an instance of its own, of which the median counts. *Sum* is mean
/// times count; the mean is taken over those that have the number.
///
/// *How long?* A run reaches everybody in some log2(N) + ln(N) rounds; then so many more that the
/// error is that which is stated. *How wrong?* `error` is the relative standard deviation that the
/// formulas of the papers give for a tenth of the datagrams lost.
///
/// *What can a liar do?* Anything to the answer: mass has no signature. To us it can do no more
/// than kAggregateRunsMax runs of one datagram per round each.
///
/// A machine (protocol/machine.hpp).
class Aggregates {
public:
    using Step = wire::AggregateStep;
    using Method = Step::Method;
    using Of = Step::Of;

    struct Send {
        MemberId to;
        Step step;
    };
    /// The end of a run of ours.
    struct Estimate {
        std::uint64_t run = 0;
        std::optional<double> value;  ///< Nothing: no member that took part has the number.
        double error = 0;             ///< Relative standard deviation, as computed beforehand.
        std::uint32_t rounds = 0;
        std::optional<double> contributors;  ///< About so many have the number; if it was counted.
    };
    using Action = std::variant<Send, Estimate>;
    /// Our own number; nothing if we have none under that key.
    using ValueOf = std::function<std::optional<double>(std::string_view key)>;

    struct Counters {
        std::uint64_t begun = 0;   ///< Runs of ours.
        std::uint64_t joined = 0;  ///< Of others.
        std::uint64_t steps_sent = 0;
        std::uint64_t passed_over = 0;  ///< Steps of runs that we take no part in.
        std::uint64_t dropped = 0;      ///< Steps that fit no run of that name.
        std::uint64_t given_up = 0;     ///< Exchanges whose partner did not reply.
    };

    /// Members that begin an instance of a count, on average, beside the starter.
    static constexpr double kStarters = 3;
    /// Rounds after the end in which others are still answered.
    static constexpr std::uint32_t kLinger = 10;
    /// So often an exchange is offered to one partner. Why so often? Whoever gives up does not know
    /// whether the other has moved its half. With 10% of datagrams lost, one exchange in 16 million
    /// stays without a reply so long; one that has died is given up when that is known.
    static constexpr std::uint32_t kOffersMax = 10;

    /// `round`: how long one takes; longer than most round trips. `peers` outlives us.
    Aggregates(MemberId self, const Peers& peers, Duration round, ValueOf value_of,
               std::uint64_t seed);

    /// Refused: what the method cannot do, kAggregateRunsMax runs.
    Outcome<std::uint64_t> begin(Instant now, Method method, Of of, std::string key);

    void handle(Instant now, MemberId from, const Step& step);
    void peer_left(MemberId member);

    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] std::size_t run_count() const { return runs_.size(); }
    void check_invariants() const;

    /// How many rounds a run of this method takes among so many members.
    static std::uint32_t rounds_for(Method method, std::size_t members);

private:
    /// The largest or smallest: idempotent, as are minima.
    struct Extreme {
        std::optional<double> value;
    };
    struct Run {
        Step about;  ///< Without amounts: what every step of ours begins with.
        std::uint32_t round = 0;
        Instant next{};
        std::variant<Averaging, PushSum, Extrema, Extreme> state;
        std::uint32_t offers = 0;  ///< Of the exchange that is open.
        bool is_told = false;
    };
    /// Starter and number.
    using RunId = std::pair<MemberId, std::uint64_t>;

    [[nodiscard]] Run make_run(Instant now, const Step& about);
    void set_next(Instant now, Run& run);
    Run* join(Instant now, const Step& step);
    void turn(Instant now, Run& run);
    void send_step(MemberId to, const Run& run, Step::Part part, Step step);

    void turn(Run& run, Averaging& averaging);
    void turn(Run& run, PushSum& sum);
    void turn(Run& run, Extrema& extrema);
    void turn(Run& run, Extreme& extreme);
    void take(Run& run, Averaging& averaging, MemberId from, const Step& step);
    void take(Run& run, PushSum& sum, MemberId from, const Step& step);
    void take(Run& run, Extrema& extrema, MemberId from, const Step& step);
    void take(Run& run, Extreme& extreme, MemberId from, const Step& step);
    void decline(MemberId from, const Step& step);

    void tell(Run& run);
    void estimate(const Run& run, const Averaging& averaging, Estimate& estimate) const;
    void estimate(const Run& run, const PushSum& sum, Estimate& estimate) const;
    [[nodiscard]] std::optional<MemberId> pick();

    MemberId self_;
    const Peers& peers_;
    Duration round_;
    ValueOf value_of_;
    Random random_;
    std::map<RunId, Run> runs_;
    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol

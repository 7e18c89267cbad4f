#include "protocol/aggregate/aggregates.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <fmt/core.h>
#include <utility>

#include "base/limits.hpp"
#include "base/overloaded.hpp"

namespace grapevine::protocol {
namespace {

using Step = wire::AggregateStep;
using Method = Step::Method;
using Of = Step::Of;

// What is averaged of each member.
constexpr std::size_t kValue = 0;   ///< Its number, or 0.
constexpr std::size_t kHas = 1;     ///< 1 if it has one.
constexpr std::size_t kSquare = 2;  ///< Of its number; push-sum only.
constexpr std::size_t kSummed = 3;  ///< How many that makes for push-sum.

/// Rounds behind those in which everybody hears of the run.
constexpr std::uint32_t kAveragingRounds = 22;
constexpr std::uint32_t kSumRounds = 25;
constexpr std::uint32_t kExtremaRounds = 8;

/// By how much the variance falls in a round if a tenth of the datagrams is lost: .303 and .525
/// without loss, and one exchange in five waits a round.
constexpr double kAveragingFactor = 0.4;
constexpr double kSumFactor = 0.55;
/// Part of the datagrams that `error` reckons with.
constexpr double kLoss = 0.1;

/// How far apart the timers of members are spread, as part of a round.
constexpr double kSpread = 0.2;

/// Until everybody has heard of a run: who has not says nothing, so steps are pushes, which double
/// those that know until half do, and from then on leave 1 of e out in each round. One run in
/// 20,000 leaves out a member; with a tenth of the steps lost, one in 5,000.
std::uint32_t spread_rounds(std::size_t members) {
    constexpr double kBeyond = 10;
    const double last = std::log(static_cast<double>(members));
    return static_cast<std::uint32_t>(std::bit_width(members)) +
           static_cast<std::uint32_t>(std::ceil(last + kBeyond));
}

std::uint32_t mixing_rounds(Method method) {
    switch (method) {
        case Method::push_pull:
            return kAveragingRounds;
        case Method::push_sum:
            return kSumRounds;
        case Method::extrema:
            return kExtremaRounds;
    }
    return kAveragingRounds;
}

Refusal cannot(std::string message, std::string cure) {
    return {Refusal::Code::invalid, std::move(message), std::move(cure), "method"};
}

Outcome<void> check_question(Method method, Of of, const std::string& key) {
    if (of != Of::count && key.empty()) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "is missing",
                                       "name the key of the members' records, as mean:load", "of"});
    }
    const bool is_extreme = of == Of::max || of == Of::min;
    if (method == Method::push_sum && of != Of::mean) {
        return std::unexpected(
            cannot("push-sum finds means only: where the weight begins at one member, a lost "
                   "message takes a large part of it",
                   "ask with push-pull or extrema"));
    }
    if (method == Method::extrema && of == Of::mean) {
        return std::unexpected(cannot("extrema propagation finds counts, sums and extremes",
                                      "ask with push-pull or push-sum"));
    }
    if (method == Method::push_pull && is_extreme) {
        return std::unexpected(cannot("averaging does not find extremes", "ask with extrema"));
    }
    return {};
}

Averaging::Amounts amounts_of(const Step& step) {
    Averaging::Amounts amounts{step.values, {}};
    for (const auto& [starter, amount] : step.instances) amounts.instances[starter] = amount;
    return amounts;
}

void put(Step& step, const Averaging::Amounts& amounts) {
    step.values = amounts.values;
    for (const auto& [starter, amount] : amounts.instances) {
        step.instances.push_back({starter, amount});
    }
}

}  // namespace

Aggregates::Aggregates(MemberId self, const Peers& peers, Duration round, ValueOf value_of,
                       std::uint64_t seed)
    : self_(self), peers_(peers), round_(round), value_of_(std::move(value_of)), random_(seed) {}

std::uint32_t Aggregates::rounds_for(Method method, std::size_t members) {
    return spread_rounds(members) + mixing_rounds(method);
}

// -- Runs --

Outcome<std::uint64_t> Aggregates::begin(Instant now, Method method, Of of, std::string key) {
    GV_TRY_VOID(check_question(method, of, key));
    if (runs_.size() >= kAggregateRunsMax) {
        return std::unexpected(Refusal{Refusal::Code::over_limit,
                                       fmt::format("{} estimates are being made", runs_.size()),
                                       "ask again in some seconds", ""});
    }
    Step about;
    about.starter = self_;
    about.run = random_.next();
    about.method = method;
    about.of = of;
    about.key = std::move(key);
    about.rounds = static_cast<std::uint8_t>(rounds_for(method, peers_.peer_count() + 1));
    Run run = make_run(now, about);
    run.next = now;
    runs_.insert_or_assign({self_, about.run}, std::move(run));
    ++counters_.begun;
    advance(now);
    return about.run;
}

Aggregates::Run Aggregates::make_run(Instant now, const Step& about) {
    const auto number = about.key.empty() ? std::nullopt : value_of_(about.key);
    const bool takes_part = about.key.empty() || number;
    const double value = number.value_or(0);
    Run run{about, about.round, {}, Extreme{number}, 0, false};
    if (about.method == Method::push_sum) {
        run.state = PushSum({value, takes_part ? 1.0 : 0.0, value * value});
    } else if (about.method == Method::push_pull) {
        Averaging::Amounts own{{value, takes_part ? 1.0 : 0.0}, {}};
        const double members = static_cast<double>(peers_.peer_count() + 1);
        const bool is_starter = about.starter == self_ || random_.chance(kStarters / members);
        if (is_starter) own.instances[self_] = 1;
        run.state = Averaging(std::move(own));
    } else if (about.of == Of::count || about.of == Of::sum) {
        const double rate = about.of == Of::sum ? value : (takes_part ? 1 : 0);
        run.state = Extrema(rate, random_);
    }
    set_next(now, run);
    return run;
}

void Aggregates::set_next(Instant now, Run& run) {
    const double stretch = 1 - kSpread / 2 + kSpread * random_.unit();
    run.next = now + std::chrono::duration_cast<Duration>(round_ * stretch);
}

Aggregates::Run* Aggregates::join(Instant now, const Step& step) {
    const RunId id{step.starter, step.run};
    const auto found = runs_.find(id);
    if (found != runs_.end()) {
        const Step& about = found->second.about;
        const bool is_same = about.method == step.method && about.of == step.of &&
                             about.key == step.key && about.rounds == step.rounds;
        if (!is_same) ++counters_.dropped;
        return is_same ? &found->second : nullptr;
    }
    const bool is_late = step.round + mixing_rounds(step.method) > step.rounds;
    const bool is_legal = check_question(step.method, step.of, step.key).has_value();
    if (is_late || !is_legal || step.starter == self_ || runs_.size() >= kAggregateRunsMax) {
        ++counters_.passed_over;
        return nullptr;
    }
    Step about = step;
    about.values.clear();
    about.instances.clear();
    about.minima.clear();
    ++counters_.joined;
    return &runs_.emplace(id, make_run(now, about)).first->second;
}

void Aggregates::handle(Instant now, MemberId from, const Step& step) {
    Run* const run = join(now, step);
    if (run == nullptr) return decline(from, step);
    std::visit([&](auto& state) { take(*run, state, from, step); }, run->state);
}

/// We take no part, but nobody shall wait for us.
void Aggregates::decline(MemberId from, const Step& step) {
    if (step.method != Method::push_pull || step.part != Step::Part::offer) return;
    Step reply = step;
    reply.part = Step::Part::reply;
    std::ranges::fill(reply.values, 0);
    reply.instances.clear();
    ++counters_.steps_sent;
    outbox_.push(Send{from, std::move(reply)});
}

void Aggregates::peer_left(MemberId member) {
    for (auto& [id, run] : runs_) {
        if (auto* averaging = std::get_if<Averaging>(&run.state)) averaging->peer_left(member);
    }
}

void Aggregates::advance(Instant now) {
    for (auto& [id, run] : runs_) {
        if (run.next <= now) turn(now, run);
    }
    std::erase_if(runs_, [](const auto& entry) {
        return entry.second.round >= entry.second.about.rounds + kLinger;
    });
}

Instant Aggregates::deadline() const {
    Instant next = kNever;
    for (const auto& [id, run] : runs_) next = std::min(next, run.next);
    return next;
}

void Aggregates::turn(Instant now, Run& run) {
    ++run.round;
    set_next(now, run);
    if (run.round >= run.about.rounds) {
        if (!run.is_told) tell(run);
        return;
    }
    std::visit([&](auto& state) { turn(run, state); }, run.state);
}

std::optional<MemberId> Aggregates::pick() {
    const auto picked = peers_.pick(random_, 1);
    if (picked.empty()) return std::nullopt;
    return picked.front();
}

void Aggregates::send_step(MemberId to, const Run& run, Step::Part part, Step step) {
    step.starter = run.about.starter;
    step.run = run.about.run;
    step.method = run.about.method;
    step.of = run.about.of;
    step.key = run.about.key;
    step.rounds = run.about.rounds;
    step.round = static_cast<std::uint8_t>(std::min<std::uint32_t>(run.round, run.about.rounds));
    step.part = part;
    ++counters_.steps_sent;
    outbox_.push(Send{to, std::move(step)});
}

// -- A round --

void Aggregates::turn(Run& run, Averaging& averaging) {
    if (averaging.open_with() != kNobody && run.offers >= kOffersMax) {
        averaging.give_up();
        ++counters_.given_up;
    }
    std::optional<Averaging::Offer> offer = averaging.repeat();
    MemberId to = averaging.open_with();
    if (!offer) {
        const auto picked = pick();
        if (!picked) return;
        to = *picked;
        run.offers = 0;
        offer = averaging.begin(to);
        if (!offer) return;
    }
    ++run.offers;
    Step step;
    step.sequence = offer->sequence;
    put(step, offer->has);
    send_step(to, run, Step::Part::offer, std::move(step));
}

void Aggregates::turn(Run& run, PushSum& sum) {
    const auto to = pick();
    // Alone we keep what we have.
    if (!to) return;
    const PushSum::Share share = sum.split();
    Step step;
    step.values = share.sums;
    step.values.push_back(share.weight);
    send_step(*to, run, Step::Part::offer, std::move(step));
}

void Aggregates::turn(Run& run, Extrema& extrema) {
    const auto to = pick();
    if (!to) return;
    Step step;
    step.minima = extrema.minima();
    send_step(*to, run, Step::Part::offer, std::move(step));
}

void Aggregates::turn(Run& run, Extreme& extreme) {
    const auto to = pick();
    if (!to) return;
    Step step;
    if (extreme.value) step.values = {*extreme.value};
    send_step(*to, run, Step::Part::offer, std::move(step));
}

// -- A step of somebody else --

void Aggregates::take(Run& run, Averaging& averaging, MemberId from, const Step& step) {
    if (step.part == Step::Part::reply) {
        averaging.handle(from, Averaging::Reply{step.sequence, amounts_of(step)});
        return;
    }
    // Ours is over, and so is theirs soon.
    const auto reply = averaging.handle(from, Averaging::Offer{step.sequence, amounts_of(step)});
    if (!reply) {
        ++counters_.dropped;
        return;
    }
    Step answer;
    answer.sequence = reply->sequence;
    put(answer, reply->moved);
    send_step(from, run, Step::Part::reply, std::move(answer));
}

void Aggregates::take(Run& run, PushSum& sum, MemberId, const Step& step) {
    // Afterwards nobody looks, and the rest of the mass is of no use to anybody.
    if (step.values.size() != kSummed + 1 || run.is_told) return;
    sum.take({{step.values.begin(), step.values.end() - 1}, step.values.back()});
}

void Aggregates::take(Run& run, Extrema& extrema, MemberId from, const Step& step) {
    extrema.merge(step.minima);
    if (step.part == Step::Part::reply || extrema.minima() == step.minima) return;
    Step answer;
    answer.minima = extrema.minima();
    send_step(from, run, Step::Part::reply, std::move(answer));
}

void Aggregates::take(Run& run, Extreme& extreme, MemberId from, const Step& step) {
    const auto theirs = step.values.empty() ? std::nullopt : std::optional(step.values.front());
    const auto better = [&](double a, double b) { return run.about.of == Of::max ? a > b : a < b; };
    if (theirs && (!extreme.value || better(*theirs, *extreme.value))) extreme.value = theirs;
    if (step.part == Step::Part::reply || extreme.value == theirs) return;
    Step answer;
    answer.values = {*extreme.value};
    send_step(from, run, Step::Part::reply, std::move(answer));
}

// -- The end --

void Aggregates::tell(Run& run) {
    run.is_told = true;
    if (run.about.starter != self_) return;
    Estimate told;
    told.run = run.about.run;
    told.rounds = run.about.rounds;
    std::visit(Overloaded{
                   [&](const Averaging& averaging) { estimate(run, averaging, told); },
                   [&](const PushSum& sum) { estimate(run, sum, told); },
                   [&](const Extrema& extrema) {
                       told.value = extrema.estimate();
                       told.error = Extrema::deviation();
                   },
                   [&](const Extreme& extreme) { told.value = extreme.value; },
               },
               run.state);
    outbox_.push(told);
}

void Aggregates::estimate(const Run& run, const Averaging& averaging, Estimate& told) const {
    const auto members = count_of(averaging.now().instances);
    const double value = averaging.now().values[kValue];
    const double has = averaging.now().values[kHas];
    const double mixed = mixing_rounds(run.about.method);
    // At first one has 1 and the others 0: the relative variance is their number.
    told.error = std::sqrt(members.value_or(1) * std::pow(kAveragingFactor, mixed));
    if (members) told.contributors = *members * has;
    // Less than one member in ten thousand has it, or nobody.
    constexpr double kHasMin = 1e-4;
    const bool is_held = has > kHasMin;
    if (run.about.of == Of::count) {
        told.value = told.contributors;
    } else if (is_held) {
        told.value = run.about.of == Of::mean ? value / has : value * members.value_or(0);
        if (run.about.of == Of::sum && !members) told.value.reset();
    }
}

void Aggregates::estimate(const Run& run, const PushSum& sum, Estimate& told) const {
    const double has = sum.mean(kHas);
    constexpr double kHasMin = 1e-4;
    if (!(has > kHasMin)) return;
    const double mean = sum.mean(kValue) / has;
    told.value = mean;
    const double variance = std::max(0.0, sum.mean(kSquare) / has - mean * mean);
    const std::size_t members = peers_.peer_count() + 1;
    const double mixed = mixing_rounds(run.about.method);
    // What is lost in a round shifts the mean by half of a member's weight times its deviation, for
    // each message lost; deviations fall with the rounds. Weights are uneven: their mean square is
    // about 2.
    const double lost = std::sqrt(2 * kLoss / static_cast<double>(members) / (1 - kSumFactor)) / 2;
    const double relative = mean == 0 ? 0 : std::sqrt(variance) / std::abs(mean);
    told.error = relative * (std::sqrt(std::pow(kSumFactor, mixed)) + lost);
}

void Aggregates::check_invariants() const {
    assert(runs_.size() <= kAggregateRunsMax);
    for (const auto& [id, run] : runs_) {
        assert(run.about.starter == id.first && run.about.run == id.second);
        assert(run.round < run.about.rounds + kLinger);
        assert(run.is_told == (run.round >= run.about.rounds));
    }
}

}  // namespace grapevine::protocol

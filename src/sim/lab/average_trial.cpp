#include "sim/lab/average_trial.hpp"

#include <cmath>
#include <utility>

namespace grapevine::sim::lab {
namespace {

/// Twenty digits fewer are as equal as double numbers become.
constexpr double kEqual = 1e-20;
/// An offer, reply or share with one number: a frame, a run's name, a sequence and the number.
constexpr std::size_t kSectionBytes = 3 + 12 + 4 + 8;

}  // namespace

AverageTrial::AverageTrial(const Settings& settings)
    : LinkedTrial(settings), is_push_sum_(settings.choice("method") == "push-sum") {
    populate();
    measure();
    variance_begin_ = variance_;
    variance_end_ = variance_ * kEqual;
}

double AverageTrial::draw_value(HostIndex member) {
    const double spread = settings().number("spread");
    const std::string_view shape = settings().choice("values");
    if (shape == "peak") return member == 0 ? spread : 0;
    if (shape == "halves") return member % 2 == 0 ? spread : 0;
    return random().unit() * spread;
}

void AverageTrial::added(HostIndex member) {
    members_.emplace_back().own = draw_value(member);
}

void AverageTrial::born(HostIndex member) {
    Member& one = members_[member];
    one.averaging = protocol::Averaging({{one.own}, {}});
    one.push_sum = protocol::PushSum({one.own});
    film().set_state(member, State::removed);
    show(member);
    // Push-sum is defined in common rounds; in an exchange of both each begins when it likes.
    const Duration interval = settings().interval();
    const Duration phase = is_push_sum_ ? interval - now().time_since_epoch() % interval
                                        : between(random(), Duration::zero(), interval);
    wake_at(member, now() + phase);
}

void AverageTrial::left(HostIndex member, HostIndex who) {
    members_[member].averaging.peer_left(id_of(who));
    show(member);
}

void AverageTrial::wake(HostIndex member) {
    wake_at(member, now() + settings().interval());
    if (now() - measured_at_ >= settings().interval()) measure();
    const auto partners = roster().pick(member, random(), 1, kNobody);
    if (partners.empty()) return;
    const HostIndex partner = index_of(partners[0]);
    const std::size_t bytes = kFrameBytes + kSectionBytes;
    if (is_push_sum_) {
        send(member, partner, members_[member].push_sum.split(), Errand::push, bytes);
        show(member);
        return;
    }
    protocol::Averaging& averaging = members_[member].averaging;
    averaging.give_up();
    if (auto offer = averaging.begin(partners[0])) {
        send(member, partner, *std::move(offer), Errand::push, bytes);
    }
}

void AverageTrial::arrive(HostIndex from, HostIndex to, AverageLoad& load) {
    Member& one = members_[to];
    if (const auto* offer = std::get_if<protocol::Averaging::Offer>(&load)) {
        auto reply = one.averaging.handle(id_of(from), *offer);
        if (reply) send(to, from, *std::move(reply), Errand::answer, kFrameBytes + kSectionBytes);
    } else if (const auto* reply = std::get_if<protocol::Averaging::Reply>(&load)) {
        one.averaging.handle(id_of(from), *reply);
    } else {
        one.push_sum.take(std::get<protocol::PushSum::Share>(load));
    }
    show(to);
}

double AverageTrial::estimate(HostIndex member) const {
    const Member& one = members_[member];
    return is_push_sum_ ? one.push_sum.mean(0) : one.averaging.now().values[0];
}

void AverageTrial::show(HostIndex member) {
    film().set_value(member, estimate(member));
}

void AverageTrial::measure() {
    measured_at_ = now();
    double up = 0;
    double sum = 0;
    for (HostIndex member = 0; member < count(); ++member) {
        if (!is_up(member)) continue;
        ++up;
        sum += estimate(member);
    }
    mean_ = up > 0 ? sum / up : 0;
    double squares = 0;
    for (HostIndex member = 0; member < count(); ++member) {
        if (!is_up(member)) continue;
        const double deviation = estimate(member) - mean_;
        squares += deviation * deviation;
    }
    variance_ = up > 0 ? squares / up : 0;
}

std::vector<Point> AverageTrial::points(Moment) const {
    return {{"variance", variance_},
            {"relative_variance", variance_begin_ > 0 ? variance_ / variance_begin_ : 0},
            {"mean", mean_},
            {"messages_per_member", per_member(datagrams())},
            {"bytes_per_member", per_member(bytes())},
            {"lost", static_cast<double>(lost())}};
}

std::vector<Point> AverageTrial::summary() const {
    std::vector<Point> all = points(now());
    const auto rounds = static_cast<double>(now().time_since_epoch() / settings().interval());
    double truth = 0;
    double up = 0;
    for (HostIndex member = 0; member < count(); ++member) {
        if (!is_up(member)) continue;
        truth += members_[member].own;
        ++up;
    }
    all.push_back({"rounds", rounds});
    all.push_back({"true_mean", up > 0 ? truth / up : 0});
    // Per interval; the theory's is 1 / (2 sqrt e) for push-pull.
    const bool is_measured = rounds > 0 && variance_ > 0 && variance_begin_ > 0;
    if (is_measured) {
        all.push_back({"factor", std::pow(variance_ / variance_begin_, 1 / rounds)});
    }
    return all;
}

}  // namespace grapevine::sim::lab

// Estimates that a native overlay makes together. See pump.hpp.

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <optional>
#include <span>
#include <utility>

#include "base/nearest.hpp"
#include "daemon/pump.hpp"

namespace grapevine::daemon {
namespace {

using Method = protocol::Aggregates::Method;
using Of = protocol::Aggregates::Of;

// In the order of their numbers, from 1.
constexpr std::array<std::string_view, 5> kOfNames = {"count", "mean", "sum", "max", "min"};
constexpr std::array<std::string_view, 3> kMethodNames = {"push-pull", "push-sum", "extrema"};

template <typename Enum>
Outcome<Enum> parse(std::span<const std::string_view> names, const std::string& name,
                    std::string_view field) {
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<Enum>(found - names.begin() + 1);
    return std::unexpected(Refusal{Refusal::Code::invalid, fmt::format("\"{}\" is not known", name),
                                   nearest_cure(name, names), std::string(field)});
}

}  // namespace

void Pump::estimate(const control::ShowEstimate& wanted,
                    std::function<void(Outcome<control::EstimateView>)> done) {
    const auto of = parse<Of>(kOfNames, wanted.of, "of");
    if (!of) return done(std::unexpected(of.error()));
    const bool is_extreme = *of == Of::max || *of == Of::min;
    const std::string fitting(is_extreme ? "extrema" : "push-pull");
    const std::string name = wanted.method.empty() ? fitting : wanted.method;
    const auto method = parse<Method>(kMethodNames, name, "method");
    if (!method) return done(std::unexpected(method.error()));
    const Instant now = loop_.now();
    const auto run = overlay_->estimate(now, *method, *of, wanted.key);
    if (!run) {
        (void)drain();
        return done(std::unexpected(run.error()));
    }
    control::EstimateView view;
    view.of = wanted.of;
    view.key = wanted.key;
    view.method = name;
    estimating_.emplace(*run, Estimating{std::move(view), now, std::move(done)});
    (void)drain();
}

void Pump::on_estimated(const overlay::Overlay::Estimated& told) {
    const auto found = estimating_.find(told.run);
    if (found == estimating_.end()) return;
    Estimating waiting = std::move(found->second);
    estimating_.erase(found);
    waiting.view.value = told.value;
    waiting.view.error = told.error;
    waiting.view.rounds = told.rounds;
    waiting.view.contributors = told.contributors;
    waiting.view.took_us =
        std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - waiting.begun).count();
    waiting.done(std::move(waiting.view));
}

}  // namespace grapevine::daemon

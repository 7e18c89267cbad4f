#include "cli/demo_ledger.hpp"

#include <algorithm>

namespace grapevine::cli {

void DemoLedger::detach(Instant now, std::size_t daemon) {
    if (!is_attached_[daemon]) return;
    is_attached_[daemon] = false;
    for (auto event = open_.begin(); event != open_.end();) {
        Open& open = event->second;
        if (open.is_due[daemon] && now - open.published_at < kSettle) {
            open.is_due[daemon] = false;
            --open.due_count;
            --expected_;
        }
        event = open.due_count == 0 ? open_.erase(event) : std::next(event);
    }
}

void DemoLedger::publish(Instant now, std::uint64_t number) {
    Open open{now, is_attached_, 0};
    open.due_count = static_cast<std::size_t>(std::ranges::count(is_attached_, true));
    ++published_;
    expected_ += open.due_count;
    if (open.due_count == 0) return;
    open_.emplace(number, std::move(open));
    if (open_.size() > kOpenMax) open_.erase(open_.begin());
}

void DemoLedger::withdraw(std::uint64_t number) {
    const auto event = open_.find(number);
    --published_;
    if (event == open_.end()) return;
    expected_ -= event->second.due_count;
    open_.erase(event);
}

void DemoLedger::deliver(Instant now, std::size_t daemon, std::uint64_t number) {
    const auto event = open_.find(number);
    if (event == open_.end() || !event->second.is_due[daemon]) return;
    Open& open = event->second;
    open.is_due[daemon] = false;
    ++delivered_;
    latencies_.push_back(now - open.published_at);
    if (latencies_.size() > kLatenciesMax) latencies_.pop_front();
    if (--open.due_count == 0) open_.erase(event);
}

std::optional<Duration> DemoLedger::latency(double fraction) const {
    if (latencies_.empty()) return std::nullopt;
    std::vector<Duration> sorted(latencies_.begin(), latencies_.end());
    const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(sorted.size() - 1));
    std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(rank));
    return sorted[rank];
}

}  // namespace grapevine::cli

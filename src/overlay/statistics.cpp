#include "overlay/statistics.hpp"

#include <algorithm>
#include <chrono>

#include "base/limits.hpp"

namespace grapevine::overlay {
namespace {

using control::gossiperl::Series;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kOtherKinds = "other";

constexpr Duration kSecond = seconds(1);
constexpr Duration kMinute = minutes(1);
constexpr Duration kFiveMinutes = minutes(5);

std::int64_t bucket_of(Instant now, Duration width) {
    return now.time_since_epoch() / width;
}

}  // namespace

template <std::size_t Count>
void Statistics::Ring<Count>::add(std::int64_t index, std::size_t bytes) {
    constexpr auto kCount = static_cast<std::int64_t>(Count);
    // What the ring has passed over meanwhile was empty; more than once round is once round.
    for (std::int64_t passed = std::max(latest + 1, index - kCount + 1); passed <= index;
         ++passed) {
        buckets[static_cast<std::size_t>(passed % kCount)] = {};
    }
    latest = index;
    Sum& bucket = buckets[static_cast<std::size_t>(index % kCount)];
    ++bucket.packets;
    bucket.bytes += bytes;
}

template <std::size_t Count>
Statistics::Sum Statistics::Ring<Count>::sum(std::int64_t index, std::int64_t count) const {
    constexpr auto kCount = static_cast<std::int64_t>(Count);
    Sum sum;
    const std::int64_t oldest = std::max({std::int64_t{0}, index - count + 1, latest - kCount + 1});
    for (std::int64_t at = oldest; at <= latest; ++at) {
        const Sum& bucket = buckets[static_cast<std::size_t>(at % kCount)];
        sum.packets += bucket.packets;
        sum.bytes += bucket.bytes;
    }
    return sum;
}

void Statistics::Counter::add(Instant now, std::size_t bytes) {
    ++total.packets;
    total.bytes += bytes;
    seconds.add(bucket_of(now, kSecond), bytes);
    minutes.add(bucket_of(now, kMinute), bytes);
    five_minutes.add(bucket_of(now, kFiveMinutes), bytes);
}

const std::array<Statistics::Window, 9> Statistics::kWindows = {{
    {"total", [](const Counter& counter, Instant) { return counter.total; }},
    {"1d",
     [](const Counter& counter, Instant now) {
         return counter.five_minutes.sum(bucket_of(now, kFiveMinutes), hours(24) / kFiveMinutes);
     }},
    {"12h",
     [](const Counter& counter, Instant now) {
         return counter.five_minutes.sum(bucket_of(now, kFiveMinutes), hours(12) / kFiveMinutes);
     }},
    {"6h",
     [](const Counter& counter, Instant now) {
         return counter.five_minutes.sum(bucket_of(now, kFiveMinutes), hours(6) / kFiveMinutes);
     }},
    {"3h",
     [](const Counter& counter, Instant now) {
         return counter.five_minutes.sum(bucket_of(now, kFiveMinutes), hours(3) / kFiveMinutes);
     }},
    {"1h",
     [](const Counter& counter, Instant now) {
         return counter.minutes.sum(bucket_of(now, kMinute), hours(1) / kMinute);
     }},
    {"30m", [](const Counter& counter,
               Instant now) { return counter.minutes.sum(bucket_of(now, kMinute), 30); }},
    {"10m", [](const Counter& counter,
               Instant now) { return counter.minutes.sum(bucket_of(now, kMinute), 10); }},
    {"1m",
     [](const Counter& counter, Instant now) {
         return counter.seconds.sum(bucket_of(now, kSecond), minutes(1) / kSecond);
     }},
}};

Statistics::Counter& Statistics::counter_of(Counters& counters, std::string_view kind) {
    const auto found = counters.find(kind);
    if (found != counters.end()) return found->second;
    // The last place is for all others.
    const bool is_full = counters.size() + 1 >= kStatisticsSeriesMax;
    return counters[std::string(is_full ? kOtherKinds : kind)];
}

void Statistics::count(Instant now, std::string_view kind, Direction direction, std::size_t bytes) {
    latest_ = std::max(latest_, now);
    counter_of(direction == Direction::in ? incoming_ : outgoing_, kind).add(latest_, bytes);
}

void Statistics::count_failure(Instant now, std::string_view series) {
    latest_ = std::max(latest_, now);
    counter_of(failures_, series).add(latest_, 0);
}

template <typename SumOf>
std::vector<Series> Statistics::list(const SumOf& sum_of) const {
    std::vector<Series> all;
    all.reserve(incoming_.size() + outgoing_.size() + failures_.size());
    for (const auto& [kind, counter] : incoming_) {
        const Sum sum = sum_of(counter);
        all.push_back({kind + "-in", sum.packets, sum.bytes});
    }
    for (const auto& [kind, counter] : outgoing_) {
        const Sum sum = sum_of(counter);
        all.push_back({kind + "-out", sum.packets, sum.bytes});
    }
    for (const auto& [name, counter] : failures_) {
        all.push_back({name, sum_of(counter).packets, std::nullopt});
    }
    std::ranges::sort(all, {}, &Series::name);
    return all;
}

std::optional<std::vector<Series>> Statistics::view(Instant now, std::string_view window) const {
    const auto found = std::ranges::find(kWindows, window, &Window::name);
    if (found == kWindows.end()) return std::nullopt;
    const Instant at = std::max(latest_, now);
    return list([&](const Counter& counter) { return found->sum(counter, at); });
}

std::vector<Series> Statistics::take_new() {
    std::vector<Series> all = list([](const Counter& counter) {
        return Sum{counter.total.packets - counter.taken.packets,
                   counter.total.bytes - counter.taken.bytes};
    });
    std::erase_if(all, [](const Series& series) { return series.packets == 0; });
    for (Counters* const counters : {&incoming_, &outgoing_, &failures_}) {
        for (auto& [kind, counter] : *counters) counter.taken = counter.total;
    }
    return all;
}

Outcome<control::gossiperl::StatisticsView> view_of(const Statistics& statistics, Instant now,
                                                    const std::string& window) {
    auto series = statistics.view(now, window);
    if (!series) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "there is no such window",
                                       "ask for total, 1d, 12h, 6h, 3h, 1h, 30m, 10m or 1m",
                                       "window"});
    }
    return control::gossiperl::StatisticsView{window, *std::move(series)};
}

}  // namespace grapevine::overlay

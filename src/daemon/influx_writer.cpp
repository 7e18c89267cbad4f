#include "daemon/influx_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <fmt/core.h>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <thread>

#include "base/limits.hpp"
#include "runtime/clock.hpp"
#include "runtime/http_client.hpp"
#include "runtime/log.hpp"

namespace grapevine::daemon {
namespace {

constexpr std::string_view kArea = "statistics";
/// An error text of the server; points draw no more than a few words.
constexpr std::size_t kAnswerBytesMax = 64 * 1024;
/// Overlays come and go; to ask for a database again costs one request.
constexpr std::size_t kDatabasesMax = 1024;

enum class Fate : std::uint8_t { taken, refused, failed };

}  // namespace

struct InfluxWriter::State {
    State(InfluxSettings settings_wanted, Pace pace_wanted)
        : settings(std::move(settings_wanted)), pace(pace_wanted), next_log(clock.now()) {}

    // -- Any thread --

    void push(const std::string& overlay, std::vector<control::gossiperl::Series> series,
              WallTime at) {
        const std::scoped_lock lock(mutex);
        for (auto& one : series) {
            if (counters.points_waiting >= kInfluxQueueMax) {
                ++counters.points_dropped_full;
                continue;
            }
            incoming.push_back({overlay, std::move(one), at});
            ++counters.points_waiting;
        }
        wake.notify_one();
    }

    // -- The writer's thread --

    void serve() {
        Duration pause = pace.batch;
        while (take_incoming(pause)) pause = send_all() ? pace.batch : next_pause();
    }

    /// Waits for points, and then for more of them. False if it is over.
    bool take_incoming(Duration pause) {
        std::vector<InfluxPoint> taken;
        {
            std::unique_lock lock(mutex);
            wake.wait(lock, [this] { return is_over || counters.points_waiting > 0; });
            if (wake.wait_for(lock, pause, [this] { return is_over; })) return false;
            taken.swap(incoming);
        }
        for (InfluxPoint& point : taken) backlog[point.overlay].push_back(std::move(point));
        return true;
    }

    Duration next_pause() {
        retry = std::clamp(retry * 2, pace.retry_min, pace.retry_max);
        return retry;
    }

    /// Sends what waits, overlay by overlay, beginning after the one with which it last had to
    /// stop: one that the server cannot take keeps no other back. False if it had to stop.
    bool send_all() {
        while (!backlog.empty()) {
            auto entry = backlog.upper_bound(last_overlay);
            if (entry == backlog.end()) entry = backlog.begin();
            last_overlay = entry->first;
            std::vector<InfluxPoint>& points = entry->second;
            const std::size_t count = std::min(points.size(), kInfluxBatchMax);
            const Fate fate = send(last_overlay, std::span(points).first(count));
            if (!note(fate, count)) return false;
            if (fate == Fate::failed) return false;
            points.erase(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(count));
            if (points.empty()) backlog.erase(entry);
        }
        return true;
    }

    /// Counts, and says what went wrong. False if it is over.
    bool note(Fate fate, std::size_t count) {
        const std::scoped_lock lock(mutex);
        if (is_over) return false;
        if (fate == Fate::failed) {
            ++counters.requests_failed;
        } else {
            counters.points_waiting -= count;
            (fate == Fate::taken ? counters.points_written : counters.points_dropped_refused) +=
                count;
            retry = Duration{};
        }
        const bool is_overflowing = counters.points_dropped_full > dropped_full_said;
        if (fate == Fate::taken) trouble = influx_place(settings) + " is too slow";
        if ((fate != Fate::taken || is_overflowing) && clock.now() >= next_log) {
            next_log = clock.now() + pace.log;
            dropped_full_said = counters.points_dropped_full;
            // Under the lock: as long as it is not over, the log is there.
            runtime::log::warn(kArea, "{}: {} points wait, {} were refused, {} had no room",
                               trouble, counters.points_waiting, counters.points_dropped_refused,
                               counters.points_dropped_full);
        }
        return true;
    }

    Fate send(const std::string& overlay, std::span<const InfluxPoint> batch) {
        if (!databases.contains(overlay)) {
            const InfluxRequest creation = influx_creation(settings, overlay);
            // Refused may mean that it is there (409), or that we may write and not create: the
            // points will show.
            if (!creation.url.empty() && post(creation) == Fate::failed) return Fate::failed;
            if (databases.size() >= kDatabasesMax) databases.clear();
            databases.insert(overlay);
        }
        return post(influx_write(settings, batch));
    }

    Fate post(const InfluxRequest& request) {
        runtime::HttpClientOptions options;
        options.timeout = settings.timeout;
        options.body_bytes_max = kAnswerBytesMax;
        options.cure_when_absent = "is InfluxDB running there?";
        runtime::HttpHeaders headers;
        if (!request.authorization.empty()) {
            headers.push_back({"authorization", request.authorization});
        }
        const auto answer = runtime::HttpClient(std::move(options))
                                .request("POST", request.url, headers, request.body);
        if (!answer) {
            // What is wrong with the URL would be shown with it.
            const bool is_url = answer.error().code == Refusal::Code::invalid;
            trouble = is_url ? fmt::format("{} is no host and port", influx_place(settings))
                             : describe(answer.error());
            return Fate::failed;
        }
        if (answer->status / 100 == 2) return Fate::taken;
        trouble = fmt::format("{} answered {}", influx_place(settings), answer->status);
        // Too many requests is no judgement of ours either.
        constexpr unsigned kTooMany = 429;
        return answer->status >= 500 || answer->status == kTooMany ? Fate::failed : Fate::refused;
    }

    const InfluxSettings settings;
    const Pace pace;
    const runtime::SteadyClock clock;

    std::mutex mutex;
    std::condition_variable wake;
    std::vector<InfluxPoint> incoming;
    Counters counters;  ///< What waits: incoming and backlog together.
    bool is_over = false;

    // Of the writer's thread alone.
    std::map<std::string, std::vector<InfluxPoint>> backlog;  ///< By overlay, oldest first.
    std::string last_overlay;
    Instant next_log;
    std::uint64_t dropped_full_said = 0;
    Duration retry{};
    std::string trouble;  ///< What happened last, for the log; never a URL, which holds passwords.
    std::set<std::string> databases;  ///< Known to be there, by overlay.
};

InfluxWriter::InfluxWriter(InfluxSettings settings) : InfluxWriter(std::move(settings), Pace{}) {}

InfluxWriter::InfluxWriter(InfluxSettings settings, Pace pace)
    : state_(std::make_shared<State>(std::move(settings), pace)) {
    // Detached, because a name that is looked up cannot be interrupted and the daemon's end must
    // not wait.
    std::thread([state = state_] { state->serve(); }).detach();
}

InfluxWriter::~InfluxWriter() {
    {
        const std::scoped_lock lock(state_->mutex);
        state_->is_over = true;
    }
    state_->wake.notify_all();
}

void InfluxWriter::write(const std::string& overlay, std::vector<control::gossiperl::Series> series,
                         WallTime at) {
    state_->push(overlay, std::move(series), at);
}

InfluxWriter::Counters InfluxWriter::counters() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->counters;
}

}  // namespace grapevine::daemon

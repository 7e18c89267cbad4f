#include "cli/demo_traffic.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <iostream>
#include <set>

#include "cli/json.hpp"
#include "cli/remote.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds kRetryPause(50);
constexpr Duration kSilenceMax = std::chrono::seconds(35);
constexpr double kPublishTimeoutSeconds = 5;

/// A console without an environment: a demo must not be led astray by GRAPEVINE_URL.
Console quiet_console() {
    return Console{std::cout, std::cerr, std::cin, {}, false, false, false};
}

}  // namespace

DemoTraffic::DemoTraffic(const DemoCluster& cluster, double events_per_second)
    : cluster_(cluster),
      events_per_second_(events_per_second),
      ledger_(cluster.size()),
      views_(cluster.size()),
      publishes_(cluster.size(), false) {}

DemoTraffic::~DemoTraffic() {
    stop();
    for (std::thread& thread : threads_) thread.join();
}

void DemoTraffic::start() {
    for (std::size_t daemon = 0; daemon < cluster_.size(); ++daemon) {
        threads_.emplace_back([this, daemon] { subscribe(daemon); });
    }
    threads_.emplace_back([this] { publish_all(); });
}

void DemoTraffic::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
}

void DemoTraffic::include(std::size_t daemon) {
    const std::lock_guard lock(mutex_);
    ledger_.attach(daemon);
    publishes_[daemon] = true;
}

void DemoTraffic::publish_elsewhere(std::size_t daemon) {
    const std::lock_guard lock(mutex_);
    publishes_[daemon] = false;
}

void DemoTraffic::exclude(std::size_t daemon) {
    const std::lock_guard lock(mutex_);
    publishes_[daemon] = false;
    ledger_.detach(clock_.now(), daemon);
    views_[daemon].clear();
}

void DemoTraffic::pause_publishing() {
    const std::lock_guard lock(mutex_);
    publishes_.assign(publishes_.size(), false);
}

std::vector<std::vector<Sighting>> DemoTraffic::sightings() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::vector<Sighting>> all;
    for (const auto& view : views_) {
        std::vector<Sighting>& row = all.emplace_back();
        for (std::size_t member = 0; member < cluster_.size(); ++member) {
            const auto found = view.find(cluster_.name(member));
            row.push_back(found == view.end() ? Sighting{} : found->second);
        }
    }
    return all;
}

TrafficCounts DemoTraffic::counts() const {
    const std::lock_guard lock(mutex_);
    return TrafficCounts{ledger_.published(), ledger_.expected(),   ledger_.delivered(),
                         ledger_.gaps(),      ledger_.latency(0.5), ledger_.latency(0.99),
                         publish_failure_};
}

void DemoTraffic::pause(std::chrono::milliseconds duration) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, duration, [this] { return is_stopping_.load(); });
}

void DemoTraffic::subscribe(std::size_t daemon) {
    const Console console = quiet_console();
    while (!is_stopping_) {
        const auto connection = cluster_.connection(daemon);
        auto remote = connection ? Remote::open(*connection, console)
                                 : std::unexpected(Failure{ExitCode::unreachable, {}, {}});
        if (!remote) {
            pause(kRetryPause);
            continue;
        }
        const std::string path =
            fmt::format("/v1/overlays/{}/events?topic=demo.%3E&members=1&from=now", kDemoOverlay);
        EventLines lines;
        bool has_members = false;
        // Whatever ends the stream: the daemon was stopped or killed, or will be found broken by
        // the story when nothing arrives.
        (void)remote->follow(path, kSilenceMax, [&](std::string_view line) {
            // Changes are told from the first line on, so a table fetched now misses nothing.
            if (!has_members) has_members = fetch_members(daemon, *connection);
            if (const auto event = lines.take(line)) take(daemon, *event);
            return has_members && !is_stopping_;
        });
        {
            const std::lock_guard lock(mutex_);
            if (!is_stopping_) ledger_.detach(clock_.now(), daemon);
        }
        pause(kRetryPause);
    }
}

bool DemoTraffic::fetch_members(std::size_t daemon, const Connection& connection) {
    const Console console = quiet_console();
    auto remote = Remote::open(connection, console);
    if (!remote) return false;
    const auto answer = remote->get(fmt::format("/v1/overlays/{}/members", kDemoOverlay));
    if (!answer) return false;
    const std::lock_guard lock(mutex_);
    std::set<std::string> present;
    for (const json::value& member : items_at(*answer, "members")) {
        const std::string name = text_at(member, "name");
        present.insert(name);
        see(daemon, name, text_at(member, "status"));
    }
    std::erase_if(views_[daemon],
                  [&present](const auto& entry) { return !present.contains(entry.first); });
    return true;
}

void DemoTraffic::take(std::size_t daemon, const ServerEvent& event) {
    const Instant now = clock_.now();
    if (event.kind == "gap") {
        const std::lock_guard lock(mutex_);
        ledger_.gap();
        return;
    }
    const bool is_about_members = event.kind == "member" || event.kind == "members";
    if (event.kind != "event" && !is_about_members) return;
    const json::value item = parsed(event.data);
    const std::lock_guard lock(mutex_);
    if (event.kind == "event") {
        const auto number = number_at(parsed(text_at(item, "payload")), "number");
        ledger_.deliver(now, daemon, static_cast<std::uint64_t>(number));
        return;
    }
    const bool is_gone = text_at(item, "kind") == "forgotten";
    const auto see_member = [&](const json::value& member) {
        see(daemon, text_at(member, "name"), is_gone ? std::string() : text_at(member, "status"));
    };
    if (event.kind == "member") return see_member(value_at(item, "member"));
    for (const json::value& member : items_at(item, "members")) see_member(member);
}

void DemoTraffic::see(std::size_t observer, const std::string& member, const std::string& status) {
    Sighting& sighting = views_[observer][member];
    if (sighting.status == status) return;
    sighting = Sighting{status, clock_.now()};
}

std::optional<std::size_t> DemoTraffic::next_publisher() {
    for (std::size_t step = 1; step <= publishes_.size(); ++step) {
        const std::size_t candidate = (last_publisher_ + step) % publishes_.size();
        if (!publishes_[candidate]) continue;
        last_publisher_ = candidate;
        return candidate;
    }
    return std::nullopt;
}

void DemoTraffic::publish_all() {
    const Console console = quiet_console();
    const auto period =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / events_per_second_));
    Instant next = clock_.now();
    while (!is_stopping_) {
        std::optional<std::size_t> publisher;
        std::uint64_t number = 0;
        {
            const std::lock_guard lock(mutex_);
            publisher = next_publisher();
            if (publisher) {
                number = next_number_++;
                // Before it is handed over: a subscriber may have it before we have the answer.
                ledger_.publish(clock_.now(), number);
            }
        }
        if (publisher) {
            std::string failure = "it is not ready";
            if (auto connection = cluster_.connection(*publisher)) {
                connection->timeout_seconds = kPublishTimeoutSeconds;
                auto remote = Remote::open(*connection, console);
                const auto receipt =
                    remote
                        ? remote->send_bytes(
                              "POST",
                              fmt::format("/v1/overlays/{}/events?topic=demo.tick", kDemoOverlay),
                              fmt::format("{{\"number\":{}}}", number), "application/octet-stream")
                        : std::unexpected(remote.error());
                failure = receipt ? std::string() : receipt.error().message;
            }
            if (!failure.empty()) {
                const std::lock_guard lock(mutex_);
                ledger_.withdraw(number);
                publish_failure_ =
                    fmt::format("{} took no event: {}", cluster_.name(*publisher), failure);
            }
        }
        // Late events are not made up for in a burst.
        next = std::max(next + period, clock_.now());
        pause(std::chrono::duration_cast<std::chrono::milliseconds>(next - clock_.now()));
    }
}

}  // namespace grapevine::cli

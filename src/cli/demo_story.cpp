#include "cli/demo_story.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <fmt/core.h>
#include <functional>
#include <ostream>
#include <thread>
#include <unistd.h>

#include "cli/demo_cluster.hpp"
#include "cli/demo_traffic.hpp"
#include "cli/demo_view.hpp"

namespace grapevine::cli {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// How long each step may take before it has failed. Many times what it takes on an idle host: a
// demo on a busy laptop or in CI must not fail by being slow.
constexpr Duration kReadyMax = 20s;
constexpr Duration kConvergedMax = 30s;
constexpr Duration kDetectedMaxFast = 15s;
constexpr Duration kDetectedMaxLan = 60s;
constexpr Duration kReturnedMax = 30s;
constexpr Duration kDrainMax = 10s;

/// Events flow for so long before somebody is killed: long enough to see it.
constexpr Duration kCalm = 3s;
/// The victim publishes nothing in its last moments: an event that a daemon has taken and not yet
/// passed on dies with it, which is not what is shown here.
constexpr Duration kLastMoments = DemoLedger::kSettle + 100ms;
constexpr Duration kMourning = 1s;

constexpr std::chrono::milliseconds kFrame(100);
/// While something is measured, and so looked for more often.
constexpr std::chrono::milliseconds kGlance(10);

volatile std::sig_atomic_t g_signal = 0;

extern "C" void note_signal(int number) {
    g_signal = number;
}

/// Ctrl-C and its kin become a flag while this lives; a reader that went away becomes a failed
/// write instead of our end.
class SignalGuard {
public:
    SignalGuard() {
        g_signal = 0;
        for (std::size_t index = 0; index < kSignals.size(); ++index) {
            struct sigaction action{};
            action.sa_handler = kSignals[index] == SIGPIPE ? SIG_IGN : note_signal;
            ::sigaction(kSignals[index], &action, &before_[index]);
        }
    }
    ~SignalGuard() {
        for (std::size_t index = 0; index < kSignals.size(); ++index) {
            ::sigaction(kSignals[index], &before_[index], nullptr);
        }
    }
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;

private:
    static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    std::array<struct sigaction, kSignals.size()> before_{};
};

std::int64_t to_ms(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// What `--json` ends with; null where it did not come to it.
struct Numbers {
    std::optional<std::int64_t> converged_ms;
    std::optional<std::int64_t> detected_first_ms;
    std::optional<std::int64_t> detected_last_ms;
    std::optional<std::int64_t> rejoined_ms;
};

json::value or_null(const std::optional<std::int64_t>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

/// In place only on a terminal on which the whole picture has room: the matrix, a line for each
/// daemon, and some twenty around it.
bool can_draw(const DemoOptions& options, const Console& console) {
    const bool is_terminal = options.is_json ? console.is_err_terminal : console.is_out_terminal;
    const std::size_t rows = terminal_rows(options.is_json ? STDERR_FILENO : STDOUT_FILENO);
    return is_terminal && rows >= options.members + 22;
}

class Story {
public:
    Story(const DemoOptions& options, Console& console, DemoCluster& cluster)
        : options_(options),
          cluster_(cluster),
          traffic_(cluster, options.rate),
          view_(options.is_json ? console.err : console.out, can_draw(options, console),
                options.is_json ? console.err_paint() : console.out_paint()),
          victim_(options.members / 2) {
        picture_.title =
            fmt::format("Grapevine demo: {} daemons on this host, profile {}, state in {}",
                        options.members, options.profile, cluster.folder().string());
        for (std::size_t index = 0; index < cluster.size(); ++index) {
            picture_.names.push_back(cluster.name(index));
        }
    }

    Attempt<void> tell() {
        GV_TRY_VOID(assemble());
        GV_TRY_VOID(kill_one());
        GV_TRY_VOID(bring_it_back());
        GV_TRY_VOID(stay());
        return drain();
    }

    /// After `tell`, whether it worked or not.
    void finish() {
        traffic_.stop();
        draw();
        cluster_.stop_all(10s);
    }

    [[nodiscard]] std::string to_json() const {
        const TrafficCounts counts = traffic_.counts();
        json::object object;
        object["members"] = options_.members;
        object["converged_ms"] = or_null(numbers_.converged_ms);
        object["events_published"] = counts.published;
        object["events_delivered"] = counts.delivered;
        object["events_expected"] = counts.expected;
        object["gaps"] = counts.gaps;
        object["detected_first_ms"] = or_null(numbers_.detected_first_ms);
        object["detected_last_ms"] = or_null(numbers_.detected_last_ms);
        object["rejoined_ms"] = or_null(numbers_.rejoined_ms);
        return json::serialize(object) + "\n";
    }

private:
    // -- The steps -------------------------------------------------------------------------------

    Attempt<void> assemble() {
        begun_at_ = traffic_.now();
        traffic_.start();
        GV_TRY_VOID(cluster_.start(0));
        GV_TRY_VOID(until_ready(0));
        for (std::size_t index = 1; index < cluster_.size(); ++index) {
            GV_TRY_VOID(cluster_.start(index));
        }
        for (std::size_t index = 1; index < cluster_.size(); ++index) {
            GV_TRY_VOID(until_ready(index));
        }
        GV_TRY_VOID(wait("waiting for all to see each other", kConvergedMax,
                         "not all daemons came to see all others alive",
                         [this] { return is_converged(); }));
        numbers_.converged_ms = to_ms(traffic_.now() - begun_at_);
        note(fmt::format("all {} daemons see each other, {} ms after the first was started",
                         cluster_.size(), *numbers_.converged_ms));
        for (std::size_t index = 0; index < cluster_.size(); ++index) traffic_.include(index);
        return pass("events are flowing", kCalm);
    }

    Attempt<void> kill_one() {
        const std::string& name = cluster_.name(victim_);
        traffic_.publish_elsewhere(victim_);
        GV_TRY_VOID(pass(fmt::format("{} is about to be killed", name), kLastMoments));
        const Instant killed_at = traffic_.now();
        cluster_.kill(victim_);
        traffic_.exclude(victim_);
        note(fmt::format("{} is killed (SIGKILL: it says no goodbye)", name));
        const Duration limit = options_.profile == "fast" ? kDetectedMaxFast : kDetectedMaxLan;
        GV_TRY_VOID(wait(fmt::format("waiting for the others to notice that {} is dead", name),
                         limit, fmt::format("not all survivors noticed that {} is dead", name),
                         [this] { return sightings_of_death().size() + 1 == cluster_.size(); }));
        const auto seen = sightings_of_death();
        numbers_.detected_first_ms = to_ms(*std::ranges::min_element(seen) - killed_at);
        numbers_.detected_last_ms = to_ms(*std::ranges::max_element(seen) - killed_at);
        note(fmt::format("the first survivor knew after {} ms, the last after {} ms",
                         *numbers_.detected_first_ms, *numbers_.detected_last_ms));
        return pass("the survivors go on", kMourning);
    }

    Attempt<void> bring_it_back() {
        const std::string& name = cluster_.name(victim_);
        const Instant started_at = traffic_.now();
        GV_TRY_VOID(cluster_.start(victim_));
        note(fmt::format("{} is started again, with the same state folder", name));
        GV_TRY_VOID(until_ready(victim_));
        GV_TRY_VOID(wait(fmt::format("waiting for {} to be back", name), kReturnedMax,
                         fmt::format("{} was not taken back by all", name),
                         [this] { return is_converged(); }));
        numbers_.rejoined_ms = to_ms(traffic_.now() - started_at);
        note(fmt::format("{} is back: all see each other {} ms after its start", name,
                         *numbers_.rejoined_ms));
        traffic_.include(victim_);
        return {};
    }

    Attempt<void> stay() {
        is_story_told_ = true;
        if (!options_.seconds) {
            show_hints();
            return pass("it stays up until Ctrl-C", Duration::max());
        }
        if (*options_.seconds >= 5) show_hints();
        return pass(
            fmt::format("it stays up for {} s", *options_.seconds),
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*options_.seconds)));
    }

    /// The last events must have time to arrive before they are called lost.
    Attempt<void> drain() {
        traffic_.pause_publishing();
        // The publisher may be in the middle of one.
        std::this_thread::sleep_for(kFrame);
        g_signal = 0;
        GV_TRY_VOID(wait("waiting for the last events", kDrainMax, "not all events were delivered",
                         [this] { return is_all_delivered(); }));
        const TrafficCounts counts = traffic_.counts();
        note(render_counts(counts));
        if (counts.gaps > 0) {
            return fail(ExitCode::failed, fmt::format("{} gaps were told", counts.gaps));
        }
        if (!counts.publish_failure.empty()) {
            return fail(ExitCode::failed, counts.publish_failure);
        }
        return {};
    }

    // -- What they are made of -------------------------------------------------------------------

    Attempt<void> until_ready(std::size_t index) {
        Failure failure;
        GV_TRY_VOID(wait(fmt::format("starting {}", cluster_.name(index)), kReadyMax,
                         fmt::format("{} did not become ready", cluster_.name(index)),
                         [this, index, &failure] {
                             const auto is_ready = cluster_.is_ready(index);
                             if (!is_ready) failure = is_ready.error();
                             return !is_ready || *is_ready;
                         }));
        if (!failure.message.empty()) return std::unexpected(failure);
        return {};
    }

    /// Until `is_true`, drawing all the while. Fails with `complaint` when that takes too long.
    Attempt<void> wait(std::string what, Duration limit, const std::string& complaint,
                       const std::function<bool()>& is_true) {
        const Instant until = traffic_.now() + limit;
        picture_.waiting_for = std::move(what);
        while (!is_true()) {
            GV_TRY_VOID(look());
            if (traffic_.now() >= until) {
                return fail(ExitCode::failed,
                            fmt::format("{} within {} s ({}; {} views alive)", complaint,
                                        to_ms(limit) / 1000, render_counts(traffic_.counts()),
                                        render_views(traffic_.sightings())),
                            "is the host very busy? try again, or look into the daemons' logs by "
                            "running one yourself: grapevine agent");
            }
            std::this_thread::sleep_for(kGlance);
        }
        picture_.waiting_for.clear();
        return {};
    }

    Attempt<void> pass(std::string what, Duration duration) {
        const Instant begun = traffic_.now();
        picture_.waiting_for = std::move(what);
        while (traffic_.now() - begun < duration) {
            if (is_story_told_ && g_signal != 0) return {};
            GV_TRY_VOID(look());
            std::this_thread::sleep_for(std::min<Duration>(kFrame, duration));
        }
        picture_.waiting_for.clear();
        return {};
    }

    /// Draws if it is time to, and finds out whether to go on.
    Attempt<void> look() {
        if (g_signal != 0) {
            return fail(ExitCode::failed, fmt::format("ended by {} before the story was told",
                                                      g_signal == SIGINT ? "Ctrl-C" : "a signal"));
        }
        GV_TRY_VOID(cluster_.check());
        if (const Instant now = traffic_.now(); now - drawn_at_ >= kFrame) {
            drawn_at_ = now;
            draw();
        }
        return {};
    }

    void draw() {
        picture_.addresses.clear();
        for (std::size_t index = 0; index < cluster_.size(); ++index) {
            const auto connection = cluster_.connection(index);
            picture_.addresses.push_back(connection ? connection->url : std::string());
        }
        picture_.sightings = traffic_.sightings();
        picture_.counts = traffic_.counts();
        view_.show(picture_, traffic_.now());
    }

    void note(const std::string& text) {
        const double seconds = std::chrono::duration<double>(traffic_.now() - begun_at_).count();
        picture_.story.push_back(fmt::format("{:6.1f} s {}", seconds, text));
    }

    void show_hints() {
        const auto connection = cluster_.connection(0);
        if (!connection) return;
        // Short lines: one that is wider than the terminal cannot be copied from it.
        const std::string program = cluster_.program().string();
        picture_.hints = {"Try in another terminal:",
                          fmt::format("  export GRAPEVINE_URL={}", connection->url),
                          fmt::format("  export GRAPEVINE_TOKEN_FILE={}", connection->token_file),
                          fmt::format("  {} members --watch", program),
                          fmt::format("  {} subscribe", program),
                          fmt::format("  {} publish hello 'to all of you'", program)};
    }

    [[nodiscard]] bool is_converged() const {
        const auto sightings = traffic_.sightings();
        return std::ranges::all_of(sightings, [](const auto& row) {
            return std::ranges::all_of(
                row, [](const Sighting& sighting) { return sighting.status == "alive"; });
        });
    }

    [[nodiscard]] bool is_all_delivered() const {
        const TrafficCounts counts = traffic_.counts();
        return counts.delivered == counts.expected;
    }

    /// When each survivor came to hold the victim dead.
    [[nodiscard]] std::vector<Instant> sightings_of_death() const {
        std::vector<Instant> times;
        const auto sightings = traffic_.sightings();
        for (std::size_t observer = 0; observer < sightings.size(); ++observer) {
            const Sighting& sighting = sightings[observer][victim_];
            if (observer != victim_ && sighting.status == "dead") times.push_back(sighting.since);
        }
        return times;
    }

    const DemoOptions& options_;
    DemoCluster& cluster_;
    DemoTraffic traffic_;
    DemoView view_;
    DemoPicture picture_;
    Numbers numbers_;
    std::size_t victim_;
    Instant begun_at_{};
    Instant drawn_at_{};
    bool is_story_told_ = false;
};

}  // namespace

Attempt<void> run_demo(const DemoOptions& options, Console& console) {
    const SignalGuard guard;
    const auto cluster = GV_TRY(DemoCluster::make(options));
    Story story(options, console, *cluster);
    const auto told = story.tell();
    story.finish();
    if (options.is_json) console.out << story.to_json() << std::flush;
    return told;
}

}  // namespace grapevine::cli

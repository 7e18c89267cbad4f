#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <map>
#include <ostream>
#include <thread>

#include "base/bytes.hpp"
#include "cli/commands.hpp"
#include "cli/event_lines.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"
#include "runtime/clock.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

/// A stream sends something every 15 s; after two of these it is dead, whatever TCP believes.
constexpr Duration kSilenceMax = std::chrono::seconds(35);
constexpr std::chrono::milliseconds kRetryPause(1000);

std::string payload_of(const json::value& item) {
    if (value_at(item, "payload_base64").is_null()) return text_at(item, "payload");
    const auto bytes = from_base64(text_at(item, "payload_base64"));
    return bytes ? std::string(as_text(*bytes)) : std::string();
}

std::string line_of(const ServerEvent& event, const Paint& paint) {
    const json::value item = parsed(event.data);
    if (event.kind == "event") {
        const std::string remark =
            truth_at(item, "causal_unknown")
                ? paint(Style::warning, "  (what it comes after was not seen in time)")
                : std::string();
        return fmt::format("{}  {}  {}  {}\n",
                           paint(Style::dim, format_wall_time(number_at(item, "published_at_ms"))),
                           paint(Style::strong, safe_text(text_at(item, "topic"))),
                           paint(Style::dim, safe_text(text_at(item, "publisher"))),
                           safe_text(payload_of(item)) + remark);
    }
    if (event.kind == "gap") {
        return fmt::format(
            "{}\n", paint(Style::bad, fmt::format("gap: events {} to {} of {} cannot be had "
                                                  "any more",
                                                  text_at(item, "first"), text_at(item, "last"),
                                                  safe_text(text_at(item, "publisher")))));
    }
    if (event.kind == "missed") {
        const std::string count = text_at(item, "missed");
        return fmt::format(
            "{}\n",
            paint(Style::bad,
                  fmt::format("missed: {} fell out of the daemon's log before we read it",
                              count.empty() ? std::string("something") : count + " items")));
    }
    return {};
}

/// One subscription over as many connections as it takes.
class Subscription {
public:
    Subscription(const SubscribeOptions& options, Console& console, Remote remote)
        : options_(options), console_(console), remote_(std::move(remote)) {}

    Attempt<void> run() {
        const Duration patience = std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(options_.give_up_seconds));
        if (patience > Duration::zero()) deadline_ = clock_.now() + patience;
        for (;;) {
            const std::string path = GV_TRY(next_path());
            const auto followed = remote_.follow(
                path, silence_max(), [this](std::string_view line) { return take(line); });
            if (failure_) return std::unexpected(*failure_);
            if (followed && *followed) return {};
            if (is_over()) return std::unexpected(gave_up());
            // Before the first line it is a mistake of the user; later it is a restart of the
            // daemon, which a subscriber with a cursor survives.
            const bool can_retry =
                has_begun_ && (followed || followed.error().code != ExitCode::failed);
            if (!followed && !can_retry) return std::unexpected(followed.error());
            if (!has_told_) {
                console_.err << "the connection was lost; trying again\n" << std::flush;
                has_told_ = true;
            }
            std::this_thread::sleep_for(kRetryPause);
        }
    }

private:
    Attempt<std::string> next_path() {
        std::string query;
        const auto add = [&query](std::string_view key, std::string_view value) {
            query += fmt::format("{}{}={}", query.empty() ? "?" : "&", key, percent_encoded(value));
        };
        for (const std::string& pattern : options_.patterns) add("topic", pattern);
        const std::string cursor = lines_.cursor().empty() ? options_.cursor : lines_.cursor();
        if (cursor.empty()) {
            add("from", options_.from);
        } else {
            add("cursor", cursor);
        }
        return remote_.overlay_path("/events" + query);
    }

    [[nodiscard]] bool is_over() const { return deadline_ && clock_.now() >= *deadline_; }

    [[nodiscard]] Duration silence_max() const {
        if (!deadline_) return kSilenceMax;
        const Duration left = *deadline_ - clock_.now();
        return std::clamp<Duration>(left, std::chrono::milliseconds(1), kSilenceMax);
    }

    [[nodiscard]] Failure gave_up() const {
        return Failure{ExitCode::timed_out,
                       fmt::format("{} of {} events came in {} s", count_, options_.count,
                                   options_.give_up_seconds),
                       {}};
    }

    /// False when enough was seen.
    bool take(std::string_view line) {
        has_begun_ = true;
        has_told_ = false;
        if (is_over()) {
            failure_ = gave_up();
            return false;
        }
        const auto event = lines_.take(line);
        if (!event || event->kind.empty()) return true;
        if (event->kind == "ended") return take_end(text_at(parsed(event->data), "reason"));
        console_.out << (options_.is_json ? event->data + "\n"
                                          : line_of(*event, console_.out_paint()))
                     << std::flush;
        if (!console_.out) return false;
        if (event->kind == "event") ++count_;
        return options_.count == 0 || count_ < options_.count;
    }

    bool take_end(const std::string& reason) {
        if (reason == "shutting_down") return true;
        if (reason == "overlay_removed") {
            failure_ = Failure{ExitCode::not_found, "the overlay was removed", {}};
        } else {
            failure_ =
                Failure{ExitCode::failed, fmt::format("the daemon ended it: {}", reason), {}};
        }
        return false;
    }

    const SubscribeOptions& options_;
    Console& console_;
    Remote remote_;
    runtime::SteadyClock clock_;
    std::optional<Instant> deadline_;
    EventLines lines_;
    std::optional<Failure> failure_;
    std::uint64_t count_ = 0;
    bool has_begun_ = false;
    bool has_told_ = false;
};

/// The table of members, kept up to date by the changes of a stream.
class MemberWatch {
public:
    MemberWatch(const MembersOptions& options, Console& console, Remote remote)
        : options_(options), console_(console), remote_(std::move(remote)) {}

    Attempt<void> run() {
        for (;;) {
            const std::string path =
                GV_TRY(remote_.overlay_path("/events?events=0&members=1&from=now"));
            has_table_ = false;
            EventLines lines;
            const auto followed = remote_.follow(path, kSilenceMax, [&](std::string_view line) {
                // The stream is open: whatever changes from now on will be told, so a table that
                // is fetched now misses nothing.
                if (!has_table_ && !fetch()) return false;
                if (const auto event = lines.take(line)) take(*event);
                return static_cast<bool>(console_.out);
            });
            if (failure_) return std::unexpected(*failure_);
            if (followed && *followed) return {};
            if (!followed && (!has_begun_ || followed.error().code == ExitCode::failed)) {
                return std::unexpected(followed.error());
            }
            std::this_thread::sleep_for(kRetryPause);
        }
    }

private:
    bool fetch() {
        const auto path = remote_.overlay_path(members_query(options_));
        const auto answer = path ? remote_.get(*path) : std::unexpected(path.error());
        if (!answer) {
            failure_ = answer.error();
            return false;
        }
        has_table_ = true;
        has_begun_ = true;
        members_.clear();
        for (const json::value& member : items_at(*answer, "members")) put(member);
        if (options_.is_json) {
            for (const auto& [key, entry] : members_) {
                console_.out << json::serialize(
                                    json::object{{"kind", "present"}, {"member", entry.member}})
                             << "\n";
            }
            console_.out << std::flush;
        } else {
            draw();
        }
        return true;
    }

    void take(const ServerEvent& event) {
        const bool is_group = event.kind == "members";
        if (event.kind != "member" && !is_group) return;
        const json::value item = parsed(event.data);
        std::vector<json::value> members;
        if (is_group) {
            for (const json::value& member : items_at(item, "members")) members.push_back(member);
        } else {
            members.push_back(value_at(item, "member"));
        }
        take(event, item, members);
    }

    /// One item: a member, or several that went together.
    void take(const ServerEvent& event, const json::value& item,
              const std::vector<json::value>& members) {
        std::string names;
        bool is_wanted = false;
        for (const json::value& member : members) {
            if (!passes(member)) continue;
            is_wanted = true;
            names +=
                fmt::format("{}{}", names.empty() ? "" : ", ", safe_text(text_at(member, "name")));
        }
        if (options_.is_json) {
            if (is_wanted) console_.out << event.data << "\n" << std::flush;
            return;
        }
        const std::string kind = text_at(item, "kind");
        for (const json::value& member : members) {
            members_.erase(key_of(member));
            if (kind != "forgotten" && passes(member)) put(member);
        }
        if (console_.is_out_terminal) {
            draw();
            return;
        }
        if (!is_wanted) return;
        const bool is_path = kind == "path" && members.size() == 1;
        const std::string path =
            is_path ? "  " + safe_text(text_at(members.front(), "path")) : std::string();
        console_.out << fmt::format("{}  {}  {}{}\n",
                                    format_wall_time(number_at(item, "seen_at_ms")),
                                    safe_text(kind), names, path)
                     << std::flush;
    }

    void draw() {
        json::array members;
        for (const auto& [key, entry] : members_) {
            json::value member = entry.member;
            const auto waited =
                std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - entry.seen_at);
            if (member.is_object()) {
                member.get_object()["status_age_ms"] =
                    number_at(member, "status_age_ms") + waited.count();
            }
            members.push_back(std::move(member));
        }
        // Home, then erase what is below: without flicker, and the scrollback stays.
        if (console_.is_out_terminal) console_.out << "\x1b[H\x1b[J";
        console_.out << members_table(json::object{{"members", std::move(members)}},
                                      console_.out_paint())
                     << std::flush;
    }

    static std::pair<std::string, std::string> key_of(const json::value& member) {
        return {text_at(member, "name"), text_at(member, "id")};
    }

    void put(const json::value& member) {
        // A member that changed its name must not stay under the old one.
        const std::string id = text_at(member, "id");
        std::erase_if(members_, [&id](const auto& entry) { return entry.first.second == id; });
        members_[key_of(member)] = Entry{member, clock_.now()};
    }

    [[nodiscard]] bool passes(const json::value& member) const {
        const auto& statuses = options_.statuses;
        const std::string status = text_at(member, "status");
        const bool has_status = statuses.empty() || std::find(statuses.begin(), statuses.end(),
                                                              status) != statuses.end();
        const json::value& labels = value_at(member, "labels");
        return has_status && std::all_of(options_.labels.begin(), options_.labels.end(),
                                         [&labels](const std::string& label) {
                                             const std::size_t equals = label.find('=');
                                             return equals != std::string::npos &&
                                                    text_at(labels, label.substr(0, equals)) ==
                                                        label.substr(equals + 1);
                                         });
    }

    struct Entry {
        json::value member;
        Instant seen_at{};
    };

    const MembersOptions& options_;
    Console& console_;
    Remote remote_;
    runtime::SteadyClock clock_;
    std::map<std::pair<std::string, std::string>, Entry> members_;
    std::optional<Failure> failure_;
    bool has_table_ = false;
    bool has_begun_ = false;
};

}  // namespace

Attempt<void> subscribe(const SubscribeOptions& options, Console& console) {
    return Subscription(options, console, GV_TRY(Remote::open(options.connection, console))).run();
}

Attempt<void> watch_members(const MembersOptions& options, Console& console) {
    if (console.is_out_terminal && !options.is_json) console.out << "\x1b[2J";
    return MemberWatch(options, console, GV_TRY(Remote::open(options.connection, console))).run();
}

}  // namespace grapevine::cli

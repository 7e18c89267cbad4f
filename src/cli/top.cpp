#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <ostream>
#include <thread>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/in_place.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"
#include "cli/top_view.hpp"
#include "runtime/clock.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

constexpr int kStandardOutput = 1;

/// Asks the daemon once per picture: three short requests, at the pace of the pictures.
class Top {
public:
    Top(const TopOptions& options, Console& console, Remote remote)
        : options_(options), console_(console), remote_(std::move(remote)) {}

    Attempt<void> run() {
        for (std::uint64_t shown = 0;; ++shown) {
            if (options_.count > 0 && shown == options_.count) return {};
            if (shown > 0) std::this_thread::sleep_for(pause());
            GV_TRY_VOID(fetch());
            show();
            if (!console_.out) return {};
        }
    }

private:
    [[nodiscard]] std::chrono::duration<double> pause() const {
        return std::chrono::duration<double>(options_.interval_seconds);
    }

    Attempt<void> fetch() {
        const json::value overlay = GV_TRY(get(""));
        const json::value members = GV_TRY(get("/members"));
        const std::string from = cursor_.empty() ? "&from=now" : "&cursor=" + cursor_;
        const json::value news = GV_TRY(get("/events?members=1&events=0" + from));
        cursor_ = percent_encoded(text_at(news, "next"));
        view_.update(clock_.now(), overlay, members);
        view_.add_news(news);
        return {};
    }

    Attempt<json::value> get(std::string_view rest) {
        const std::string path = GV_TRY(remote_.overlay_path(rest));
        return remote_.get(path);
    }

    void show() {
        if (options_.is_json) {
            console_.out << json::serialize(view_.to_json()) << "\n" << std::flush;
        } else if (console_.is_out_terminal) {
            in_place_.show(console_.out,
                           view_.render(console_.out_paint(), terminal_rows(kStandardOutput)));
        } else {
            console_.out << view_.render(console_.out_paint(), 0) << "\n" << std::flush;
        }
    }

    const TopOptions& options_;
    Console& console_;
    Remote remote_;
    runtime::SteadyClock clock_;
    TopView view_;
    InPlace in_place_;
    std::string cursor_;
};

}  // namespace

Attempt<void> top(const TopOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    return Top(options, console, std::move(remote)).run();
}

}  // namespace grapevine::cli

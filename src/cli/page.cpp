#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"
#include "runtime/process.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

/// What hands the link to a browser is gone sooner; a browser that it had to start may stay.
constexpr Duration kOpenMax = std::chrono::seconds(5);

/// False if there is nowhere to show it, or the desktop could not.
bool open_in_browser(const std::string& link, const Console& console) {
    const bool has_desktop =
        !console.variable("DISPLAY").empty() || !console.variable("WAYLAND_DISPLAY").empty();
    if (!has_desktop) return false;
    runtime::ProcessOptions options;
    options.arguments = {"xdg-open", link};
    options.standard_output = runtime::OutputTarget::discard();
    options.standard_error = runtime::OutputTarget::discard();
    auto opener = runtime::ChildProcess::spawn(options);
    if (!opener) return false;
    const auto ended = opener->wait_for(kOpenMax);
    return ended && ended->is_success();
}

}  // namespace

Attempt<void> open_page(const UiOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    json::object wish;
    if (options.is_read_only) wish["scopes"] = json::array{"read"};
    const json::value offer = GV_TRY(remote.send("POST", "/v1/logins", wish));
    const std::string link = remote.origin() + text_at(offer, "path") +
                             (options.route.empty() ? "" : "&to=" + options.route);
    if (options.is_json) {
        const json::object answer{{"link", link},
                                  {"expires_in_s", number_at(offer, "expires_in_s")}};
        console.out << json::serialize(answer) << "\n";
        return {};
    }
    const bool is_shown =
        !options.is_printed_only && console.is_out_terminal && open_in_browser(link, console);
    console.out << link << "\n";
    console.err << (is_shown ? "opened in the browser; if it is not there, use the link\n"
                             : "open this link in a browser on this host\n")
                << fmt::format("it works once, for {} minutes\n",
                               number_at(offer, "expires_in_s") / 60);
    return {};
}

}  // namespace grapevine::cli

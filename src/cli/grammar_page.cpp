#include <CLI/App.hpp>

#include "cli/grammar.hpp"

namespace grapevine::cli {
namespace {

constexpr double kIntervalMinSeconds = 0.2;
constexpr double kIntervalMaxSeconds = 60;

}  // namespace

void add_page_flags(CLI::App* app, UiOptions& options) {
    app->add_flag("--read-only", options.is_read_only,
                  "The page may look and change nothing, whatever the token allows.");
    app->add_flag("--print", options.is_printed_only, "Print the link, and start no browser.");
    add_json(app, options.is_json);
    add_connection(app, options.connection, WithOverlay::no);
}

void Grammar::add_pictures() {
    CLI::App* ui = add(root_, "ui", "Open the page of the daemon in a browser.");
    add_page_flags(ui, all_.ui);
    choose(ui, all_.ui);

    CLI::App* app = add(root_, "top", "Watch an overlay in the terminal.");
    TopOptions& options = all_.top;
    app->add_option("--interval", options.interval_seconds, "Seconds from one picture to the next.")
        ->type_name("SECONDS")
        ->check(CLI::Range(kIntervalMinSeconds, kIntervalMaxSeconds))
        ->capture_default_str();
    app->add_option("-n,--count", options.count, "End after so many pictures; 0 goes on.")
        ->type_name("N")
        ->capture_default_str();
    add_json(app, options.is_json);
    add_connection(app, options.connection);
    choose(app, options);
}

}  // namespace grapevine::cli

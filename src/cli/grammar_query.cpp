#include <CLI/App.hpp>

#include "cli/grammar.hpp"
#include "daemon/config_values.hpp"

namespace grapevine::cli {
namespace {

constexpr std::int64_t kTimeoutMaxMs = 120'000;

}  // namespace

void Grammar::add_query() {
    CLI::App* app = add(root_, "query", "Ask all members something.");
    QueryOptions& options = all_.query;
    app->add_option("name", options.name,
                    "What: version, keys, clock, config, reachability, or what applications "
                    "answer.")
        ->type_name("NAME")
        ->required();
    CLI::Option* payload =
        app->add_option("--payload", options.payload, "What goes with the question.")
            ->type_name("TEXT");
    app->add_option("--file", options.file, "Read that from this file; - is standard input.")
        ->type_name("FILE")
        ->excludes(payload);
    app->add_option("--filter", options.filters,
                    "Only members with this label, as dc=ams, dc!=ams or name=web-*. May be "
                    "repeated; all must hold.")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_json(app, options.is_json);
    add_connection(app, options.connection);
    // Here it is the question that must not take longer.
    app->remove_option(app->get_option("--timeout"));
    app->add_option("--timeout", options.timeout,
                    "How long to wait for members that do not answer, up to 2m.")
        ->type_name("DURATION")
        ->capture_default_str();
    app->callback([this, app] {
        finish_ = [this, app]() -> Attempt<Command> {
            const auto timeout = daemon::parse_duration_ms(all_.query.timeout);
            if (!timeout || *timeout < 1 || *timeout > kTimeoutMaxMs) {
                return fail(ExitCode::usage, "--timeout: write 1ms to 2m, such as 500ms or 5s",
                            see_help(*app));
            }
            all_.query.timeout_ms = *timeout;
            return Command(all_.query);
        };
    });
}

void Grammar::add_estimate() {
    CLI::App* app = add(root_, "estimate", "Estimate something about all members, by gossip.");
    EstimateOptions& options = all_.estimate;
    app->add_option("what", options.what,
                    "count, or with a key of the members' records count:KEY, mean:KEY, sum:KEY, "
                    "max:KEY, min:KEY.")
        ->type_name("WHAT")
        ->capture_default_str();
    app->add_option("--method", options.method,
                    "push-pull, push-sum or extrema; what fits when not given.")
        ->type_name("METHOD");
    add_json(app, options.is_json);
    options.connection.timeout_seconds = 60;
    add_connection(app, options.connection);
    app->callback(
        [this] { finish_ = [this]() -> Attempt<Command> { return Command(all_.estimate); }; });
}

}  // namespace grapevine::cli

#include <CLI/CLI.hpp>
#include <string>

#include "cli/grammar.hpp"

namespace grapevine::cli {

void add_connection(CLI::App* app, Connection& to, WithOverlay with_overlay) {
    const std::string group = "Connection";
    app->add_option("--url", to.url,
                    "The daemon's HTTP API; else $GRAPEVINE_URL or http://127.0.0.1:9470.")
        ->type_name("URL")
        ->group(group);
    app->add_option("--token", to.token, "Access token; else $GRAPEVINE_TOKEN.")
        ->type_name("TOKEN")
        ->group(group);
    app->add_option("--token-file", to.token_file,
                    "File that holds it; else $GRAPEVINE_TOKEN_FILE or the one in the daemon's "
                    "state folder.")
        ->type_name("FILE")
        ->group(group);
    if (with_overlay == WithOverlay::yes) {
        app->add_option("-o,--overlay", to.overlay,
                        "Which overlay; else $GRAPEVINE_OVERLAY or the only one.")
            ->type_name("NAME")
            ->group(group);
    }
    app->add_option("--ca", to.ca_file,
                    "PEM file of authorities to trust for https; else $GRAPEVINE_CA.")
        ->type_name("FILE")
        ->group(group);
    app->add_flag("--insecure", to.is_insecure, "Trust any certificate: for a first look only.")
        ->group(group);
    app->add_option("--timeout", to.timeout_seconds, "Seconds to wait for an answer.")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str()
        ->group(group);
}

void add_json(CLI::App* app, bool& is_json) {
    app->add_flag("--json", is_json, "Print JSON, for scripts.");
}

}  // namespace grapevine::cli

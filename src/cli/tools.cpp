#include <boost/json/object.hpp>
#include <fmt/core.h>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "daemon/agent.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::cli {

namespace json = boost::json;

Attempt<int> agent(const AgentOptions& options, Console& console) {
    daemon::ConfigSources sources = daemon::sources_of_process();
    sources.environment = console.environment;
    sources.flags = options.flags;
    sources.config_file = options.config_file;
    const auto config = daemon::load_config(sources);
    if (!config) {
        // All but the last, which is returned like the failure of any command.
        const auto& refusals = config.error();
        for (std::size_t index = 0; index + 1 < refusals.size(); ++index) {
            console.err << describe(to_failure(refusals[index]));
        }
        Failure last = to_failure(refusals.back());
        last.code = ExitCode::failed;
        return std::unexpected(std::move(last));
    }
    if (options.is_check) {
        // A daemon that runs says them in its log.
        for (const std::string& warning : config->warnings) {
            console.err << fmt::format("warning: {}\n", safe_text(warning));
        }
        console.out << daemon::describe_config(*config);
        return 0;
    }
    return daemon::run_agent(*config);
}

Attempt<void> generate_key(const KeysOptions& options, Console& console) {
    daemon::KeyText key;
    key.id = static_cast<std::uint8_t>(options.id);
    runtime::os_random(key.secret);
    if (options.is_json) {
        console.out << pretty(json::object{{"key", daemon::format_key(key)}, {"id", options.id}});
        return {};
    }
    console.out << daemon::format_key(key) << "\n";
    return {};
}

Attempt<void> show_version(const VersionOptions& options, Console& console) {
    if (options.is_json) {
        console.out << pretty(json::object{{"version", GRAPEVINE_VERSION}});
        return {};
    }
    console.out << "grapevine " << GRAPEVINE_VERSION << "\n";
    return {};
}

}  // namespace grapevine::cli

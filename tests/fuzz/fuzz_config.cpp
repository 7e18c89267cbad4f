#include <cstdlib>

#include "daemon/config.hpp"

// A configuration file may hold anything: loading it never crashes, every refusal says what is
// wrong, and what is accepted is described in a form that is accepted again.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    daemon::ConfigSources sources;
    sources.environment = {{"HOME", "/users/ann"}};
    sources.host_name = "host";
    const std::string_view text = as_text(ByteView(data, size));
    const auto config = daemon::load_config_text(sources, text, "/etc/grapevine.toml");
    if (!config) {
        if (config.error().empty()) std::abort();
        for (const Refusal& refusal : config.error()) {
            if (refusal.message.empty()) std::abort();
        }
        return 0;
    }
    // Keys are not described, and seeds without keys are refused.
    for (const auto& overlay : config->overlays) {
        if (overlay.keys) return 0;
    }
    const std::string described = daemon::describe_config(*config);
    const auto again = daemon::load_config_text(sources, described, "/etc/grapevine.toml");
    if (!again || daemon::describe_config(*again) != described) std::abort();
    return 0;
}

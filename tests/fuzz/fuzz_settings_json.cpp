#include <cstdlib>
#include <string_view>

#include "daemon/settings_json.hpp"

// A settings.json may hold anything: reading it never crashes, every refusal says what is wrong,
// and what is accepted is fit to be used.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto settings = daemon::read_settings_text(text, "/etc/gossiperl/settings.json");
    if (!settings) {
        if (settings.error().message.empty()) std::abort();
        return 0;
    }
    if (settings->rest_bind.port == 0) std::abort();
    if (settings->rest_tls && !settings->rest_tls->key_file.starts_with('/')) std::abort();
    for (const auto& login : {settings->credentials.rest_user, settings->credentials.superuser}) {
        if (login && (login->username.empty() || login->password.empty())) std::abort();
    }
    if (settings->influx && (settings->influx->host.empty() || settings->influx->port == 0)) {
        std::abort();
    }
    return 0;
}

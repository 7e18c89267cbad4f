#include "daemon/old_rest.hpp"

#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "daemon/http_adapter.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::daemon {
namespace {

const char* const kDefaultSettings = "/etc/gossiperl/settings.json";

Bytes random_bytes(std::size_t count) {
    Bytes bytes(count);
    runtime::os_random(bytes);
    return bytes;
}

}  // namespace

Outcome<std::optional<SettingsJson>> OldRest::read() const {
    // A file that somebody named must be there; the usual one need not.
    if (config_.settings_file.empty()) return read_settings({kDefaultSettings});
    auto settings = GV_TRY(read_settings({config_.settings_file}));
    if (settings) return settings;
    return std::unexpected(Refusal{Refusal::Code::not_found,
                                   config_.settings_file + " does not exist",
                                   "name the settings.json of the original, or leave it out",
                                   "gossiperl.settings"});
}

Outcome<std::unique_ptr<OldRest>> OldRest::open(runtime::Loop& loop, control::Control& control,
                                                const GossiperlConfig& config,
                                                std::uint32_t connections_max) {
    std::unique_ptr<OldRest> rest(new OldRest(loop, config));
    auto found = GV_TRY(rest->read());
    if (!found) {
        runtime::log::warn("gossiperl",
                           "there is no {}: the old REST API has no logins, and answers 412",
                           kDefaultSettings);
    }
    rest->settings_ = std::move(found).value_or(SettingsJson{});
    for (const std::string& warning : rest->settings_.warnings) {
        runtime::log::warn("gossiperl", "{}", warning);
    }
    api::gossiperl::Api::Environment environment;
    environment.credentials = rest->settings_.credentials;
    environment.random = random_bytes;
    environment.reread = [raw = rest.get()]() -> Outcome<std::optional<api::gossiperl::Credentials>> {
        const auto settings = GV_TRY(raw->read());
        if (!settings) return std::nullopt;
        return settings->credentials;
    };
    rest->api_ = std::make_unique<api::gossiperl::Api>(control, std::move(environment));

    runtime::HttpServerOptions options;
    options.bind = config.rest_bind.value_or(rest->settings_.rest_bind);
    options.connections_max = connections_max;
    options.body_bytes_max = kOldRequestBodyBytesMax;
    if (rest->settings_.rest_tls) {
        options.tls = runtime::HttpTls{rest->settings_.rest_tls->certificate_file,
                                       rest->settings_.rest_tls->key_file};
    }
    rest->server_.emplace(GV_TRY(runtime::HttpServer::listen(
        loop, options,
        [raw = rest.get()](runtime::HttpRequest request,
                           std::shared_ptr<runtime::Responder> responder) {
            raw->api_->handle(runtime::wall_now(), to_api(std::move(request)),
                              to_exchange(raw->loop_, std::move(responder)));
        })));
    runtime::log::info("gossiperl", "the old REST API is on {}://{}",
                       rest->is_tls() ? "https" : "http", to_string(rest->bound()));
    if (!rest->is_tls() && !rest->bound().is_loopback()) {
        runtime::log::warn("gossiperl",
                           "the old REST API is open to the network without TLS: passwords and "
                           "keys travel in the clear; set rest_ssl in settings.json");
    }
    return rest;
}

void OldRest::stop_accepting() {
    server_->stop_accepting();
}

}  // namespace grapevine::daemon

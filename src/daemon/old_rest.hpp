#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/gossiperl/api.hpp"
#include "control/control.hpp"
#include "daemon/config.hpp"
#include "daemon/settings_json.hpp"
#include "runtime/http_server.hpp"
#include "runtime/loop.hpp"

namespace grapevine::daemon {

/// The REST API of the original with all that belongs to it: settings.json, the logins in it, and a
/// server of its own where that says. Lives on `loop`; outlived by `control`.
class OldRest {
public:
    /// Reads the settings and listens. Refuses what is wrong with either.
    static Outcome<std::unique_ptr<OldRest>> open(runtime::Loop& loop, control::Control& control,
                                                  const GossiperlConfig& config,
                                                  std::uint32_t connections_max);

    /// For requests that came to the daemon's own server; see `api::gossiperl::Api::owns`.
    [[nodiscard]] api::gossiperl::Api& api() { return *api_; }
    [[nodiscard]] const Endpoint& bound() const { return server_->bound(); }
    [[nodiscard]] bool is_tls() const { return settings_.rest_tls.has_value(); }
    /// Where statistics go, if settings.json says so.
    [[nodiscard]] const std::optional<InfluxSettings>& influx() const { return settings_.influx; }
    void stop_accepting();

private:
    OldRest(runtime::Loop& loop, GossiperlConfig config) : loop_(loop), config_(std::move(config)) {}
    [[nodiscard]] Outcome<std::optional<SettingsJson>> read() const;

    runtime::Loop& loop_;
    GossiperlConfig config_;
    SettingsJson settings_;
    std::unique_ptr<api::gossiperl::Api> api_;
    std::optional<runtime::HttpServer> server_;
};

}  // namespace grapevine::daemon

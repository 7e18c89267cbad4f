#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "control/control.hpp"

namespace grapevine::daemon {

/// From where a configuration is read. Strongest first: flags, environment, file, defaults. Holds
/// everything that loading depends on, so that loading it again (SIGHUP) and testing it need no
/// process around.
struct ConfigSources {
    /// By key name ("http.bind", "overlay.seeds"), in the order given. A list may be given several
    /// times. Overlay keys concern the overlay that "overlay.name" names.
    std::vector<std::pair<std::string, std::string>> flags;
    /// The whole environment. An unknown name that begins with GRAPEVINE_ is a warning and not a
    /// refusal: container platforms invent names (GRAPEVINE_SERVICE_HOST for a service of that
    /// name), and a daemon that would not start because of them is worse than a misspelled one.
    std::map<std::string, std::string> environment;
    /// From --config. Must exist then; the default path need not.
    std::optional<std::string> config_file;
    bool is_root = false;
    std::string host_name;  ///< The default of `name`.
};

/// The environment, identity and host name of this process.
ConfigSources sources_of_process();

struct HttpConfig {
    Endpoint bind;                ///< Port 0 picks one.
    std::string tls_certificate;  ///< PEM file; empty with `tls_key`: plain HTTP.
    std::string tls_key;
    std::string token_file;  ///< The administrator's token; made at first start.
    std::uint32_t connections_max = 0;
    bool is_open_on_loopback = false;  ///< Who comes over loopback needs no token.
    bool is_metrics_open = false;      ///< GET /metrics over loopback needs no token.
};

/// What serves scripts and clients of gossiperl.
struct GossiperlConfig {
    bool is_rest_on = false;            ///< The old REST API, with what settings.json says.
    std::string settings_file;          ///< Empty: /etc/gossiperl/settings.json if there is one.
    std::optional<Endpoint> rest_bind;  ///< Instead of what settings.json says.
};

struct LogConfig {
    std::string level;   ///< debug, info, warn, error, off
    std::string format;  ///< text, json
};

/// Everything that a user decides about a daemon, checked: paths are absolute, names legal, keys
/// well formed, ports free of clashes among themselves. Whether the operating system agrees (port
/// in use, folder writable) shows at start.
struct Config {
    std::string name;          ///< Of this host; the default member name of its overlays.
    std::string state_folder;  ///< Identity, tokens, overlays made at run time.
    std::uint32_t workers = 1;
    HttpConfig http;
    LogConfig log;
    GossiperlConfig gossiperl;
    control::Labels labels;  ///< Of every overlay; an overlay's own labels win key by key.

    /// By name. `bind`, `profile`, `cipher`, `member_name`, `labels` (merged), `retention_*` are
    /// always set. `keys` may be absent only if there are no seeds: the daemon then makes a key at
    /// the first start and keeps it. `advertise` may be absent: the addresses of `bind`.
    std::vector<control::OverlaySpec> overlays;

    std::optional<std::string> join_token;  ///< From --join; checked by `parse_invitation`.

    std::string config_file;            ///< As read; empty when there is none.
    std::vector<std::string> warnings;  ///< One line each: legal, but probably not meant.
    ConfigSources sources;              ///< For loading it again.
};

/// Reads, merges and checks. On refusal every problem found, in the order of the sources: what a
/// person can repair in one go is told in one go. `Refusal::message` begins with the place
/// ("/etc/grapevine/grapevine.toml:4:8", "--http-bind", "GRAPEVINE_HTTP_BIND"), `field` is the key.
std::expected<Config, std::vector<Refusal>> load_config(const ConfigSources& sources);

/// The same for a text in place of the file; `place` names it in refusals. For tests and fuzzing.
std::expected<Config, std::vector<Refusal>> load_config_text(const ConfigSources& sources,
                                                             std::string_view text,
                                                             std::string_view place);

/// The keys that differ between two configurations and take effect only at a restart.
std::vector<std::string> keys_needing_restart(const Config& running, const Config& next);

/// The effective configuration in the syntax of the file, without secrets; for `agent --check`.
std::string describe_config(const Config& config);

/// /etc/grapevine/grapevine.toml for root, else $XDG_CONFIG_HOME/grapevine/grapevine.toml.
std::string default_config_file(const ConfigSources& sources);

/// /var/lib/grapevine for root, else $XDG_STATE_HOME/grapevine.
std::string default_state_folder(const ConfigSources& sources);

/// The administrator's token of a daemon with this state folder, unless `http.token_file` says
/// otherwise: "STATE/token".
std::string default_token_file(std::string_view state_folder);

}  // namespace grapevine::daemon

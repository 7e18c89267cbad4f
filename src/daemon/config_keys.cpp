#include "daemon/config_keys.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "base/limits.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {

namespace {

constexpr std::array<std::string_view, 5> kLevels = {"debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 2> kFormats = {"text", "json"};
constexpr std::array<std::string_view, 2> kAnonymous = {"refused", "loopback"};
constexpr std::array<std::string_view, 2> kMetrics = {"open", "token"};

using Spec = control::OverlaySpec;

std::string text(KeyValue& value) {
    return std::get<std::string>(std::move(value));
}
std::int64_t integer(const KeyValue& value) {
    return std::get<std::int64_t>(value);
}
std::vector<std::string> list(KeyValue& value) {
    return std::get<std::vector<std::string>>(std::move(value));
}

const std::array kKeys = {
    // -- The daemon ------------------------------------------------------------------------------
    Key{.name = "config",
        .type = KeyType::path,
        .default_text = "/etc/grapevine/grapevine.toml for root, else "
                        "$XDG_CONFIG_HOME/grapevine/grapevine.toml",
        .description = "The file to read. It must exist if it is named here.",
        .flag = "--config",
        .environment = "GRAPEVINE_CONFIG",
        .where = Key::Where::not_in_file,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec*, KeyValue) {}},
    Key{.name = "join",
        .type = KeyType::text,
        .default_text = "none",
        .description = "An invitation (from `grapevine invite`) to accept at start. The overlay is "
                       "kept; to repeat it does nothing. Overlay flags beside it "
                       "(--bind, --label) are about that overlay, and must then be given at every "
                       "start.",
        .flag = "--join",
        .environment = "GRAPEVINE_JOIN",
        .where = Key::Where::not_in_file,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config& config, Spec*, KeyValue value) { config.join_token = text(value); }},
    Key{.name = "name",
        .type = KeyType::text,
        .default_text = "the host name",
        .description = "The name of this host: its member name in every overlay that does not set "
                       "another. 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.",
        .flag = "--name",
        .environment = "GRAPEVINE_NAME",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config& config, Spec*, KeyValue value) { config.name = text(value); }},
    Key{.name = "state",
        .type = KeyType::path,
        .default_text = "/var/lib/grapevine for root, else $XDG_STATE_HOME/grapevine",
        .description = "The folder for what must survive a restart: identities, incarnations, "
                       "records, tokens, overlays made at run time. One daemon per folder.",
        .flag = "--state",
        .environment = "GRAPEVINE_STATE",
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config& config, Spec*, KeyValue value) { config.state_folder = text(value); }},
    Key{.name = "workers",
        .type = KeyType::integer,
        .default_text = "1",
        .description = "Threads among which the overlays are spread. One overlay uses one.",
        .flag = "--workers",
        .environment = "GRAPEVINE_WORKERS",
        .min = 1,
        .max = 64,
        .set = [](Config& config, Spec*,
                  KeyValue value) { config.workers = static_cast<std::uint32_t>(integer(value)); }},
    Key{.name = "labels",
        .type = KeyType::labels,
        .default_text = "none",
        .description = "Told to the members of every overlay, such as rack and dc. An overlay's "
                       "own labels win. At most 16, together 512 bytes.",
        .flag = "--host-label",
        .environment = "GRAPEVINE_LABELS",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config& config, Spec*,
                  KeyValue value) { config.labels = std::get<control::Labels>(value); }},

    // -- HTTP ------------------------------------------------------------------------------------
    Key{.name = "http.bind",
        .type = KeyType::address,
        .default_text = "127.0.0.1:9470",
        .description = "Where the HTTP API listens. Port 0 picks one and writes it to "
                       "STATE/run.json. Beyond loopback, set TLS too.",
        .flag = "--http-bind",
        .environment = "GRAPEVINE_HTTP_BIND",
        .set =
            [](Config& config, Spec*, KeyValue value) {
                // Parsed once already: the type says so.
                config.http.bind = Endpoint::parse(text(value)).value_or(Endpoint{});
            }},
    Key{.name = "http.tls_certificate",
        .type = KeyType::path,
        .default_text = "none",
        .description = "PEM file with the certificate chain of the API. With http.tls_key.",
        .flag = "--http-tls-certificate",
        .environment = "GRAPEVINE_HTTP_TLS_CERTIFICATE",
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config& config, Spec*,
                  KeyValue value) { config.http.tls_certificate = text(value); }},
    Key{.name = "http.tls_key",
        .type = KeyType::path,
        .default_text = "none",
        .description = "PEM file with the private key of that certificate.",
        .flag = "--http-tls-key",
        .environment = "GRAPEVINE_HTTP_TLS_KEY",
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config& config, Spec*, KeyValue value) { config.http.tls_key = text(value); }},
    Key{.name = "http.token_file",
        .type = KeyType::path,
        .default_text = "STATE/token",
        .description = "Where the administrator's token is kept, readable by the owner only. Made "
                       "at the first start.",
        .flag = "--http-token-file",
        .environment = "GRAPEVINE_HTTP_TOKEN_FILE",
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config& config, Spec*, KeyValue value) { config.http.token_file = text(value); }},
    Key{.name = "http.anonymous",
        .type = KeyType::choice,
        .default_text = "refused",
        .description = "Who may come without a token: nobody, or whoever connects over loopback "
                       "(every user of this host, with all rights).",
        .flag = "--http-anonymous",
        .environment = "GRAPEVINE_HTTP_ANONYMOUS",
        .choices = kAnonymous,
        .set = [](Config& config, Spec*,
                  KeyValue value) { config.http.is_open_on_loopback = text(value) == "loopback"; }},
    Key{.name = "http.metrics",
        .type = KeyType::choice,
        .default_text = "open",
        .description = "Whether GET /metrics over loopback needs a token.",
        .flag = "--http-metrics",
        .environment = "GRAPEVINE_HTTP_METRICS",
        .choices = kMetrics,
        .set = [](Config& config, Spec*,
                  KeyValue value) { config.http.is_metrics_open = text(value) == "open"; }},
    Key{.name = "http.connections_max",
        .type = KeyType::integer,
        .default_text = "256",
        .description = "Connections served at once, streams included; more are told to come back.",
        .flag = "--http-connections-max",
        .environment = "GRAPEVINE_HTTP_CONNECTIONS_MAX",
        .min = 1,
        .max = 65536,
        .set =
            [](Config& config, Spec*, KeyValue value) {
                config.http.connections_max = static_cast<std::uint32_t>(integer(value));
            }},

    // -- The log ---------------------------------------------------------------------------------
    Key{.name = "log.level",
        .type = KeyType::choice,
        .default_text = "info",
        .description = "The least severe messages that are written. None is per datagram.",
        .flag = "--log-level",
        .environment = "GRAPEVINE_LOG_LEVEL",
        .change = Key::Change::at_reload,
        .choices = kLevels,
        .set = [](Config& config, Spec*, KeyValue value) { config.log.level = text(value); }},
    Key{.name = "log.format",
        .type = KeyType::choice,
        .default_text = "text",
        .description = "Lines for people or JSON objects for collectors; on standard error.",
        .flag = "--log-format",
        .environment = "GRAPEVINE_LOG_FORMAT",
        .choices = kFormats,
        .set = [](Config& config, Spec*, KeyValue value) { config.log.format = text(value); }},

    // -- Overlays --------------------------------------------------------------------------------
    Key{.name = "overlay.name",
        .type = KeyType::text,
        .default_text = "the only overlay of the file",
        .description = "Which overlay the flags and variables below are about; one that the file "
                       "does not have is added. In the file it is the name of the table. 1 to 64 "
                       "of a-z, 0-9, '.', '_' and '-'.",
        .flag = "--overlay",
        .environment = "GRAPEVINE_OVERLAY_NAME",
        .where = Key::Where::not_in_file,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec*, KeyValue) {}},
    Key{.name = "overlay.protocol",
        .type = KeyType::choice,
        .default_text = "grapevine",
        .description = "What its members speak: ours, or the old one of gossiperl daemons.",
        .flag = "--protocol",
        .environment = "GRAPEVINE_OVERLAY_PROTOCOL",
        .choices = kProtocolNames,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->protocol = text(value); }},
    Key{.name = "overlay.bind",
        .type = KeyType::address,
        .default_text = "0.0.0.0:9471",
        .description = "The UDP address of this overlay. [::]:9471 takes IPv6 and IPv4. Port 0 "
                       "picks one and writes it to STATE/run.json.",
        .flag = "--bind",
        .environment = "GRAPEVINE_OVERLAY_BIND",
        .change = Key::Change::at_restart,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->bind = text(value); }},
    Key{.name = "overlay.client_key",
        .type = KeyType::text,
        .default_text = "none: old clients are not served",
        .description = "The symmetric key of gossiperl clients that attach to this native overlay "
                       "over loopback, as they have it in their own settings.",
        .flag = "--client-key",
        .environment = "GRAPEVINE_OVERLAY_CLIENT_KEY",
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->client_key = text(value); }},
    Key{.name = "overlay.client_port",
        .type = KeyType::integer,
        .default_text = "the port of bind + 1000; in a gossiperl overlay with multicast + 1",
        .description = "The UDP port on loopback for gossiperl clients.",
        .flag = "--client-port",
        .environment = "GRAPEVINE_OVERLAY_CLIENT_PORT",
        .kind_of_default = Key::Default::worked_out,
        .min = 1,
        .max = 65535,
        .set =
            [](Config&, Spec* spec, KeyValue value) {
                spec->client_port = static_cast<std::uint16_t>(integer(value));
            }},
    Key{.name = "overlay.advertise",
        .type = KeyType::list,
        .default_text = "the addresses of bind",
        .description = "Addresses by which others reach this host, best first, at most 4. Needed "
                       "behind NAT. Port 0 means the port of bind.",
        .flag = "--advertise",
        .environment = "GRAPEVINE_OVERLAY_ADVERTISE",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->advertise = list(value); }},
    Key{.name = "overlay.seeds",
        .type = KeyType::list,
        .default_text = "none",
        .description = "HOST:PORT of members to find the others by; names are resolved again and "
                       "again. At most 64. One that answers is enough.",
        .flag = "--seed",
        .environment = "GRAPEVINE_OVERLAY_SEEDS",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->seeds = list(value); }},
    Key{.name = "overlay.keys",
        .type = KeyType::list,
        .default_text = "made at the first start, if there are no seeds and no multicast",
        .description = "ID:SECRET as `grapevine keys generate` prints it, at most 8. The first "
                       "seals what we send, all open what we receive. Flags are seen by every user "
                       "of the host: prefer the file. `open` in place of a key lets in everybody "
                       "who knows the name of the overlay.",
        .flag = "--key",
        .environment = "GRAPEVINE_OVERLAY_KEYS",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->keys = list(value); }},
    Key{.name = "overlay.operators",
        .type = KeyType::list,
        .default_text = "none",
        .description =
            "Public keys of those who may decide for the whole overlay, as `grapevine "
            "operator new` prints them, at most 8; the same on all members. Without "
            "them every member may rotate keys, and nobody may wipe or roll out settings.",
        .flag = "--operator",
        .environment = "GRAPEVINE_OVERLAY_OPERATORS",
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->operators = list(value); }},
    Key{.name = "overlay.multicast",
        .type = KeyType::text,
        .default_text = "off",
        .description = "Whether hosts of one network find each other without seeds, by announcing "
                       "themselves: on (in 239.255.94.71:9470, with an IPv6 bind in "
                       "[ff15::9471:9470]:9470), off, or another group with a port. It needs a "
                       "key that all have; without any overlay, `agent --multicast` makes the one "
                       "named lan, which is open to everybody.",
        .flag = "--multicast",
        .environment = "GRAPEVINE_OVERLAY_MULTICAST",
        .change = Key::Change::at_restart,
        .alone = "on",
        .set = [](Config&, Spec* spec, KeyValue value) { spec->multicast = text(value); }},
    Key{.name = "overlay.profile",
        .type = KeyType::choice,
        .default_text = "lan",
        .description = "How eagerly failures are detected: fast (well below a second, twice the "
                       "bytes), lan, wan (long and uneven round trips).",
        .flag = "--profile",
        .environment = "GRAPEVINE_OVERLAY_PROFILE",
        .choices = kProfileNames,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->profile = text(value); }},
    Key{.name = "overlay.cipher",
        .type = KeyType::choice,
        .default_text = "chacha20-poly1305",
        .description = "The same on all members. AES is faster where the processor has it.",
        .flag = "--cipher",
        .environment = "GRAPEVINE_OVERLAY_CIPHER",
        .choices = kCipherNames,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->cipher = text(value); }},
    Key{.name = "overlay.member_name",
        .type = KeyType::text,
        .default_text = "name",
        .description = "Our name in this overlay. 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.",
        .flag = "--member-name",
        .environment = "GRAPEVINE_OVERLAY_MEMBER_NAME",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec, KeyValue value) { spec->member_name = text(value); }},
    Key{.name = "overlay.labels",
        .type = KeyType::labels,
        .default_text = "labels",
        .description = "Our labels in this overlay, added to those of the host.",
        .flag = "--label",
        .environment = "GRAPEVINE_OVERLAY_LABELS",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { spec->labels = std::get<control::Labels>(value); }},
    Key{.name = "overlay.retention_age",
        .type = KeyType::duration,
        .default_text = "5m",
        .description = "How long events are kept for subscribers that were away. 1s to 7d.",
        .flag = "--retention-age",
        .environment = "GRAPEVINE_OVERLAY_RETENTION_AGE",
        .min = static_cast<std::int64_t>(kRetentionAgeMinMs),
        .max = static_cast<std::int64_t>(kRetentionAgeMaxMs),
        .set = [](Config&, Spec* spec,
                  KeyValue value) { spec->retention_age_ms = integer(value); }},
    Key{.name = "overlay.retention_bytes",
        .type = KeyType::size,
        .default_text = "16MiB",
        .description = "How many bytes of events are kept, in memory. 1MiB to 4GiB.",
        .flag = "--retention-bytes",
        .environment = "GRAPEVINE_OVERLAY_RETENTION_BYTES",
        .min = static_cast<std::int64_t>(kRetentionBytesMin),
        .max = static_cast<std::int64_t>(kRetentionBytesMax),
        .set =
            [](Config&, Spec* spec, KeyValue value) {
                spec->retention_bytes = static_cast<std::uint64_t>(integer(value));
            }},
};

std::string_view table_of(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

}  // namespace

std::string_view Key::last_name() const {
    const std::size_t dot = name.find('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::span<const Key> config_keys() {
    static const std::vector<Key> all = [] {
        std::vector<Key> keys(kKeys.begin(), kKeys.end());
        const auto detection = detection_keys();
        keys.insert(keys.end(), detection.begin(), detection.end());
        const auto dissemination = dissemination_keys();
        keys.insert(keys.end(), dissemination.begin(), dissemination.end());
        const auto sampling = sampling_keys();
        keys.insert(keys.end(), sampling.begin(), sampling.end());
        const auto old = gossiperl_keys();
        keys.insert(keys.end(), old.begin(), old.end());
        return keys;
    }();
    return all;
}

const Key* find_key(std::string_view name) {
    const auto found =
        std::ranges::find_if(config_keys(), [name](const Key& key) { return key.name == name; });
    return found == config_keys().end() ? nullptr : &*found;
}

std::vector<std::string_view> names_in_table(std::string_view table) {
    std::vector<std::string_view> names;
    for (const Key& key : config_keys()) {
        if (key.where == Key::Where::not_in_file) continue;
        const std::string_view of = table_of(key.name);
        if (of == table) names.push_back(key.last_name());
        // Tables are names of the top level too.
        if (table.empty() && !of.empty() && std::ranges::find(names, of) == names.end()) {
            names.push_back(of);
        }
    }
    return names;
}

std::string config_reference() {
    std::string text;
    std::string_view table = "-";
    for (const Key& key : config_keys()) {
        if (table_of(key.name) != table) {
            table = table_of(key.name);
            text += table.empty()        ? std::string("### Top level\n\n")
                    : table == "overlay" ? std::string("### `[overlay.NAME]`\n\n")
                                         : fmt::format("### `[{}]`\n\n", table);
            text += "| key | flag, environment | default | changes | meaning |\n";
            text += "|---|---|---|---|---|\n";
        }
        const bool is_in_file = key.where == Key::Where::everywhere;
        std::string meaning(key.description);
        if (!key.choices.empty()) {
            meaning += " One of:";
            for (const std::string_view choice : key.choices) {
                meaning += fmt::format(" `{}`", choice);
            }
            meaning += ".";
        }
        if (key.type == KeyType::integer) {
            meaning += fmt::format(" {} to {}.", key.min, key.max);
        }
        text += fmt::format(
            "| {} | `{}` `{}` | {} | {} | {} |\n",
            is_in_file ? fmt::format("`{}`", key.last_name()) : std::string("(not in the file)"),
            key.flag, key.environment,
            key.kind_of_default == Key::Default::fixed ? fmt::format("`{}`", key.default_text)
                                                       : std::string(key.default_text),
            key.change == Key::Change::at_reload ? "at reload" : "at restart", meaning);
        const bool is_last = &key == &config_keys().back() || table_of((&key + 1)->name) != table;
        if (is_last && &key != &config_keys().back()) text += "\n";
    }
    return text;
}

}  // namespace grapevine::daemon

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/gossiperl/credentials.hpp"
#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace grapevine::daemon {

/// Where statistics go besides this process.
struct InfluxSettings {
    enum class Dialect : std::uint8_t {
        v08,  ///< /db/OVERLAY/series, a database per overlay: the only one the original spoke.
        v1,   ///< /write?db=DATABASE, line protocol: InfluxDB 1.x and what imitates it.
        v2,   ///< /api/v2/write?org=&bucket=, line protocol: InfluxDB 2 and 3.
    };
    Dialect dialect = Dialect::v08;
    bool is_https = false;
    std::string host = "localhost";
    std::uint16_t port = 8086;
    std::string username = "root";               ///< v08 and v1; empty: without.
    std::string password = "root";               ///< v08 and v1.
    std::string database;                        ///< v1; empty: one per overlay, by its name.
    std::string org;                             ///< v2
    std::string bucket;                          ///< v2
    std::string token;                           ///< v2
    Duration timeout = std::chrono::seconds(5);  ///< For connecting, and for an answer.
};

/// What the settings.json of the original daemon says.
struct SettingsJson {
    struct Tls {
        std::string certificate_file;
        std::string key_file;
    };

    std::string file;
    Endpoint rest_bind = Endpoint::v4(0, 0, 0, 0, 8080);
    std::optional<Tls> rest_tls;  ///< Nothing: plain HTTP.
    api::gossiperl::Credentials credentials;
    std::optional<InfluxSettings> influx;  ///< Nothing: statistics are only kept here.
    /// What was not understood or does nothing here, for the log.
    std::vector<std::string> warnings;
};

/// Reads the text of a settings.json. `file` names it, and the paths in it count from its folder.
///
///     rest_ip              "0.0.0.0"      an IP literal
///     rest_port            8080
///     rest_num_acceptors                  taken, and without effect
///     rest_ssl             plain HTTP     {certfile, keyfile, cacertfile}; the last is only taken
///     superuser, rest_user nobody         {username, password}
///     statictics_backend   off            or statistics_backend: {enabled, engine, options}
///
/// The engine is "gossiperl_statistics_influxdb", and its options are the object under the key of
/// that name or of that name and "_configuration" (where the original did not find them): host,
/// port, username, password, protocol ("http", "https"), timeout (ms, or "infinite"). Ours, for
/// current servers: api_version ("0.8", "1", "2"), database, org, bucket, token.
///
/// Deviation: keys may stand in any order, and what is there but of another type or form is
/// refused, with its place and never with its value; the original then went on without TLS, without
/// passwords, without statistics. Keys that nobody knows are warnings.
[[nodiscard]] Outcome<SettingsJson> read_settings_text(std::string_view text,
                                                       const std::string& file);

/// Reads the first of these files that exists; nothing if none does. One that exists and cannot be
/// read is refused. At most `kSettingsJsonBytesMax`.
[[nodiscard]] Outcome<std::optional<SettingsJson>> read_settings(
    const std::vector<std::string>& files);

}  // namespace grapevine::daemon

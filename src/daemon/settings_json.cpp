#include "daemon/settings_json.hpp"

#include <algorithm>
#include <boost/json/value.hpp>
#include <cassert>
#include <filesystem>
#include <fmt/core.h>
#include <initializer_list>

#include "api/json_value.hpp"
#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/nearest.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/files.hpp"

namespace grapevine::daemon {
namespace {

namespace json = boost::json;
using api::gossiperl::Login;

constexpr std::string_view kEngine = "gossiperl_statistics_influxdb";
constexpr std::string_view kOptions = "gossiperl_statistics_influxdb_configuration";
/// Longer waiting would only let the queue overflow.
constexpr std::int64_t kTimeoutMsMax = 60'000;

std::string_view view_of(json::string_view text) {
    return {text.data(), text.size()};
}

/// One object of the file, with the place of its keys: "rest_ssl.certfile".
class Section {
public:
    Section(const std::string& file, std::string place, const json::object& object)
        : file_(file), place_(std::move(place)), object_(object) {}

    [[nodiscard]] std::unexpected<Refusal> refuse(std::string_view key, std::string_view expected,
                                                  std::string message = "") const {
        if (message.empty()) message = "is of another type";
        return std::unexpected(
            Refusal{Refusal::Code::invalid, fmt::format("{}: {} {}", file_, place_of(key), message),
                    fmt::format("give {}, or leave it out", expected), place_of(key)});
    }

    [[nodiscard]] bool has(std::string_view key) const {
        return object_.if_contains({key.data(), key.size()}) != nullptr;
    }

    [[nodiscard]] Outcome<std::optional<std::string>> text(std::string_view key,
                                                           std::string_view expected) const {
        const json::value* const value = find(key);
        if (value == nullptr) return std::nullopt;
        if (!value->is_string()) return refuse(key, expected);
        const std::string_view text = view_of(value->get_string());
        if (text.empty() || text.size() > kOldTextBytesMax) {
            return refuse(key, expected,
                          fmt::format("does not have 1 to {} bytes", kOldTextBytesMax));
        }
        return std::string(text);
    }

    [[nodiscard]] Outcome<std::optional<std::int64_t>> whole(std::string_view key,
                                                             std::int64_t minimum,
                                                             std::int64_t maximum) const {
        const json::value* const value = find(key);
        if (value == nullptr) return std::nullopt;
        const std::string expected = fmt::format("a whole number from {} to {}", minimum, maximum);
        if (!value->is_int64() && !value->is_uint64()) return refuse(key, expected);
        if (value->is_uint64() || value->get_int64() < minimum || value->get_int64() > maximum) {
            return refuse(key, expected, "is out of range");
        }
        return value->get_int64();
    }

    [[nodiscard]] Outcome<std::optional<bool>> truth(std::string_view key) const {
        const json::value* const value = find(key);
        if (value == nullptr) return std::nullopt;
        if (!value->is_bool()) return refuse(key, "true or false");
        return value->get_bool();
    }

    [[nodiscard]] Outcome<std::optional<Section>> section(std::string_view key) const {
        const json::value* const value = find(key);
        if (value == nullptr) return std::nullopt;
        if (!value->is_object()) return refuse(key, "an object");
        return Section(file_, place_of(key), value->get_object());
    }

    /// Both, or a refusal that says which is missing.
    [[nodiscard]] Outcome<std::string> needed_text(std::string_view key,
                                                   std::string_view expected) const {
        std::optional<std::string> text = GV_TRY(this->text(key, expected));
        if (text) return *std::move(text);
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       fmt::format("{}: {} is missing", file_, place_of(key)),
                                       fmt::format("give {}", expected), place_of(key)});
    }

    void warn_of_unknown(std::initializer_list<std::string_view> known,
                         std::vector<std::string>& warnings) const {
        const std::vector<std::string_view> names(known);
        for (const auto& pair : object_) {
            const std::string_view key = view_of(pair.key());
            if (std::ranges::find(names, key) != names.end()) continue;
            if (warnings.size() >= kWarningsMax) return;
            warnings.push_back(fmt::format("{}: {} is unknown and ignored; {}", file_,
                                           place_of(printable(key)), nearest_cure(key, names)));
        }
    }

    [[nodiscard]] std::string place_of(std::string_view key) const {
        return place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key);
    }
    [[nodiscard]] const std::string& file() const { return file_; }

private:
    /// More would not be read by anybody.
    static constexpr std::size_t kWarningsMax = 32;

    [[nodiscard]] const json::value* find(std::string_view key) const {
        return object_.if_contains({key.data(), key.size()});
    }

    const std::string& file_;
    std::string place_;
    const json::object& object_;
};

std::string absolute(const std::string& path, const std::string& file) {
    return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

Outcome<void> read_bind(const Section& top, SettingsJson& settings) {
    if (const auto ip = GV_TRY(top.text("rest_ip", "an IP address"))) {
        const bool is_v6 = ip->find(':') != std::string::npos;
        const auto endpoint =
            Endpoint::parse(is_v6 ? fmt::format("[{}]:1", *ip) : fmt::format("{}:1", *ip));
        if (!endpoint) return top.refuse("rest_ip", "an IP address", "is no IP address");
        settings.rest_bind = *endpoint;
        settings.rest_bind.port = 8080;
    }
    if (const auto port = GV_TRY(top.whole("rest_port", 1, 65'535))) {
        settings.rest_bind.port = static_cast<std::uint16_t>(*port);
    }
    if (GV_TRY(top.whole("rest_num_acceptors", 1, 1'000'000))) {
        settings.warnings.push_back(
            fmt::format("{}: rest_num_acceptors has no effect here", top.file()));
    }
    return {};
}

Outcome<std::optional<SettingsJson::Tls>> read_tls(const Section& top,
                                                   std::vector<std::string>& warnings) {
    const auto section = GV_TRY(top.section("rest_ssl"));
    if (!section) return std::nullopt;
    section->warn_of_unknown({"certfile", "keyfile", "cacertfile"}, warnings);
    SettingsJson::Tls tls;
    tls.certificate_file =
        absolute(GV_TRY(section->needed_text("certfile", "the path of a PEM file")), top.file());
    tls.key_file =
        absolute(GV_TRY(section->needed_text("keyfile", "the path of a PEM file")), top.file());
    if (GV_TRY(section->text("cacertfile", "the path of a PEM file"))) {
        warnings.push_back(fmt::format(
            "{}: rest_ssl.cacertfile is not read; append the chain to certfile", top.file()));
    }
    return tls;
}

Outcome<std::optional<Login>> read_login(const Section& top, std::string_view key,
                                         std::vector<std::string>& warnings) {
    const auto section = GV_TRY(top.section(key));
    if (!section) return std::nullopt;
    section->warn_of_unknown({"username", "password"}, warnings);
    Login login{GV_TRY(section->needed_text("username", "a name")),
                GV_TRY(section->needed_text("password", "a password"))};
    // HTTP's Basic scheme ends the name at the first colon: nobody could ever come in.
    if (login.username.find(':') != std::string::npos) {
        return section->refuse("username", "a name without a colon", "has a colon");
    }
    return login;
}

Outcome<InfluxSettings::Dialect> read_dialect(const Section& options) {
    using Dialect = InfluxSettings::Dialect;
    constexpr std::string_view kExpected = "\"0.8\", \"1\" or \"2\"";
    const std::string text = GV_TRY(options.text("api_version", kExpected)).value_or("0.8");
    if (text == "0.8") return Dialect::v08;
    if (text == "1") return Dialect::v1;
    if (text == "2") return Dialect::v2;
    return options.refuse("api_version", kExpected, "is none of them");
}

Outcome<Duration> read_timeout(const Section& options, Duration otherwise) {
    // The original's default, in words that are its and not JSON's.
    if (const auto text = options.text("timeout", ""); text && *text) {
        if (**text == "infinite" || **text == "infinity") return otherwise;
    }
    const auto ms = GV_TRY(options.whole("timeout", 1, kTimeoutMsMax));
    return ms ? Duration(std::chrono::milliseconds(*ms)) : otherwise;
}

Outcome<InfluxSettings> read_influx(const Section& options, std::vector<std::string>& warnings) {
    options.warn_of_unknown({"host", "port", "username", "password", "protocol", "timeout",
                             "api_version", "database", "org", "bucket", "token"},
                            warnings);
    InfluxSettings influx;
    influx.dialect = GV_TRY(read_dialect(options));
    influx.timeout = GV_TRY(read_timeout(options, influx.timeout));
    const std::string protocol =
        GV_TRY(options.text("protocol", "\"http\" or \"https\"")).value_or("http");
    if (protocol != "http" && protocol != "https") {
        return options.refuse("protocol", "\"http\" or \"https\"", "is neither");
    }
    influx.is_https = protocol == "https";
    influx.host = GV_TRY(options.text("host", "a host name")).value_or(influx.host);
    const bool is_host = std::ranges::all_of(influx.host, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '.' || letter == '-' ||
               letter == '_' || letter == ':' || letter == '%';
    });
    if (!is_host) return options.refuse("host", "a host name or an IP address", "is no host name");
    if (const auto port = GV_TRY(options.whole("port", 1, 65'535))) {
        influx.port = static_cast<std::uint16_t>(*port);
    }
    influx.username = GV_TRY(options.text("username", "a name")).value_or(influx.username);
    influx.password = GV_TRY(options.text("password", "a password")).value_or(influx.password);
    influx.database = GV_TRY(options.text("database", "a name")).value_or("");
    influx.org = GV_TRY(options.text("org", "a name")).value_or("");
    influx.bucket = GV_TRY(options.text("bucket", "a name")).value_or("");
    influx.token = GV_TRY(options.text("token", "a token")).value_or("");
    if (influx.dialect == InfluxSettings::Dialect::v2) {
        for (const std::string_view key : {"bucket", "org", "token"}) {
            GV_TRY_VOID(options.needed_text(key, "what the server calls it"));
        }
        const bool is_header = std::ranges::all_of(
            influx.token, [](char letter) { return letter > ' ' && letter <= '~'; });
        if (!is_header) return options.refuse("token", "a token", "has letters of no token");
    }
    return influx;
}

Outcome<std::optional<InfluxSettings>> read_statistics(const Section& top,
                                                       std::vector<std::string>& warnings) {
    if (top.has("statictics_backend") && top.has("statistics_backend")) {
        return top.refuse("statistics_backend", "one of the two spellings",
                          "stands there in both spellings");
    }
    const std::string_view key =
        top.has("statictics_backend") ? "statictics_backend" : "statistics_backend";
    const auto section = GV_TRY(top.section(key));
    if (!section) return std::nullopt;
    section->warn_of_unknown({"enabled", "engine", kEngine, kOptions}, warnings);
    const bool is_enabled = GV_TRY(section->truth("enabled")).value_or(false);
    const std::string engine =
        GV_TRY(section->text("engine", "the name of an engine")).value_or("");
    const auto own = GV_TRY(section->section(kEngine));
    const auto shipped = GV_TRY(section->section(kOptions));
    // Read even if nothing is enabled: a mistake is a mistake.
    const json::object none;
    const Section absent(top.file(), section->place_of(kOptions), none);
    InfluxSettings influx = GV_TRY(read_influx(own ? *own : shipped ? *shipped : absent, warnings));
    if (own && shipped) {
        warnings.push_back(fmt::format("{}: {} is not read, because {} is there too", top.file(),
                                       section->place_of(kOptions), section->place_of(kEngine)));
    }
    if (!is_enabled) return std::nullopt;
    if (engine != kEngine) {
        warnings.push_back(fmt::format("{}: statistics are not written: the engine is not {}",
                                       top.file(), kEngine));
        return std::nullopt;
    }
    return influx;
}

Outcome<json::value> parse(std::string_view text, const std::string& file) {
    auto value = api::parse_json(text);
    if (!value) {
        // The original took out all line feeds first, so one may stand within a text.
        std::string line(text);
        std::erase(line, '\n');
        auto joined = api::parse_json(line);
        if (joined) value = std::move(joined);
    }
    if (!value) {
        return std::unexpected(Refusal{
            Refusal::Code::invalid, fmt::format("{}: {}", file, value.error().message),
            "write one object of JSON (RFC 8259) in UTF-8", printable(value.error().field)});
    }
    if (!value->is_object()) {
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       fmt::format("{}: is not an object", file),
                                       "write one object of JSON: {\"rest_port\": 8080}", ""});
    }
    return value;
}

}  // namespace

Outcome<SettingsJson> read_settings_text(std::string_view text, const std::string& file) {
    const json::value value = GV_TRY(parse(text, file));
    SettingsJson settings;
    settings.file = file;
    const Section top(settings.file, "", value.get_object());
    std::vector<std::string>& warnings = settings.warnings;
    top.warn_of_unknown({"rest_ip", "rest_port", "rest_num_acceptors", "rest_ssl", "superuser",
                         "rest_user", "statictics_backend", "statistics_backend"},
                        warnings);
    GV_TRY_VOID(read_bind(top, settings));
    settings.rest_tls = GV_TRY(read_tls(top, warnings));
    settings.credentials.rest_user = GV_TRY(read_login(top, "rest_user", warnings));
    settings.credentials.superuser = GV_TRY(read_login(top, "superuser", warnings));
    settings.influx = GV_TRY(read_statistics(top, warnings));
    return settings;
}

Outcome<std::optional<SettingsJson>> read_settings(const std::vector<std::string>& files) {
    for (const std::string& file : files) {
        const auto content = runtime::read_file(file, kSettingsJsonBytesMax);
        if (!content && content.error().code == Refusal::Code::not_found) continue;
        if (!content) return std::unexpected(content.error());
        return GV_TRY(read_settings_text(as_text(*content), file));
    }
    return std::nullopt;
}

}  // namespace grapevine::daemon

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <string_view>
#include <unistd.h>

#include "daemon/config.hpp"
#include "daemon/config_values.hpp"
#include "daemon/detection_settings.hpp"
#include "daemon/dissemination_settings.hpp"
#include "daemon/overlay_spec.hpp"

// What is said about a loaded configuration, and where one comes from.
namespace grapevine::daemon {

namespace {

/// A TOML basic string.
std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            result += fmt::format("\\u{:04x}", byte);
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string quoted_list(const std::vector<std::string>& texts) {
    std::string result = "[";
    for (const std::string& text : texts) {
        if (result.size() > 1) result += ", ";
        result += quoted(text);
    }
    return result + "]";
}

std::string label_table(const control::Labels& labels) {
    std::string result = "{";
    for (const auto& [key, value] : labels) {
        result +=
            fmt::format("{} {} = {}", result.size() > 1 ? "," : "", quoted(key), quoted(value));
    }
    return result + " }";
}

std::string describe_gossiperl(const control::gossiperl::Settings& settings) {
    const auto time = [](std::int64_t seconds) {
        return quoted(format_duration_ms(seconds * 1000));
    };
    std::string text = "# symmetric_key, secret: not shown\n";
    if (settings.multicast) {
        text += fmt::format("multicast = {}\nmulticast_ttl = {}\n", quoted(settings.multicast->ip),
                            settings.multicast->ttl);
    }
    text += fmt::format("rack_name = {}\n", quoted(settings.rack_name));
    text += fmt::format("quarantine_after = {}\n", time(settings.quarantine_after));
    text += fmt::format("max_quarantined = {}\n", time(settings.max_quarantined));
    text += fmt::format("drop_unreachable_after = {}\n", time(settings.drop_unreachable_after));
    text += fmt::format("redelivery_retry_every = {}\n", time(settings.redelivery_retry_every));
    text += fmt::format("redelivery_retry_max = {}\n", settings.redelivery_retry_max);
    text += fmt::format("gossip_round_every = {}\n", time(settings.gossip_round_every));
    text += fmt::format("drop_stale_subscriptions_after = {}\n",
                        time(settings.drop_stale_subscriptions_after));
    text += fmt::format("local_delivery = \"{}\"\n", settings.is_local_delivery ? "on" : "off");
    text += fmt::format("announce_exit = \"{}\"\n", settings.is_exit_announced ? "on" : "off");
    return text;
}

std::string describe_sampling(const control::Sampling& sampling) {
    std::string text;
    const auto add_duration = [&text](std::string_view key,
                                      const std::optional<std::int64_t>& milliseconds) {
        if (milliseconds) {
            text += fmt::format("{} = {}\n", key, quoted(format_duration_ms(*milliseconds)));
        }
    };
    if (sampling.samples) text += fmt::format("samples = {}\n", quoted_list(*sampling.samples));
    add_duration("sample_interval", sampling.interval_ms);
    if (sampling.change_percent) {
        text += fmt::format("sample_change = {}\n", *sampling.change_percent);
    }
    add_duration("sample_refresh", sampling.refresh_ms);
    add_duration("sample_timeout", sampling.timeout_ms);
    return text;
}

std::string describe_overlay(const control::OverlaySpec& spec) {
    std::string text =
        fmt::format("\n[overlay.{}]\n",
                    spec.name.find('.') == std::string::npos ? spec.name : quoted(spec.name));
    if (is_gossiperl(spec)) {
        text += "protocol = \"gossiperl\"\n";
        text += fmt::format("bind = {}\n", quoted(*spec.bind));
        text += fmt::format("seeds = {}\n", quoted_list(*spec.seeds));
        text += fmt::format("member_name = {}\n", quoted(*spec.member_name));
        text += describe_gossiperl(*spec.gossiperl);
        text +=
            fmt::format("retention_age = {}\n", quoted(format_duration_ms(*spec.retention_age_ms)));
        text += fmt::format("retention_bytes = {}\n", quoted(format_size(*spec.retention_bytes)));
        return text;
    }
    text += fmt::format("bind = {}\n", quoted(*spec.bind));
    if (spec.advertise) text += fmt::format("advertise = {}\n", quoted_list(*spec.advertise));
    text += fmt::format("seeds = {}\n", quoted_list(*spec.seeds));
    if (spec.multicast) text += fmt::format("multicast = {}\n", quoted(*spec.multicast));
    if (spec.keys) {
        std::string ids;
        for (const std::string& key : *spec.keys) {
            ids += fmt::format(" {}", key.substr(0, key.find(':')));
        }
        text += fmt::format("# keys:{} (secrets not shown)\n", ids);
    } else {
        text += "# keys: made at the first start, then kept in the state folder\n";
    }
    if (spec.operators) text += fmt::format("operators = {}\n", quoted_list(*spec.operators));
    text += fmt::format("profile = {}\n", quoted(*spec.profile));
    text += describe_detection(spec);
    text += describe_dissemination(spec);
    text += describe_sampling(spec.sampling);
    text += fmt::format("cipher = {}\n", quoted(*spec.cipher));
    text += fmt::format("member_name = {}\n", quoted(*spec.member_name));
    if (!spec.labels->empty()) text += fmt::format("labels = {}\n", label_table(*spec.labels));
    text += fmt::format("retention_age = {}\n", quoted(format_duration_ms(*spec.retention_age_ms)));
    text += fmt::format("retention_bytes = {}\n", quoted(format_size(*spec.retention_bytes)));
    return text;
}

}  // namespace

ConfigSources sources_of_process() {
    ConfigSources sources;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        sources.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    sources.is_root = ::geteuid() == 0;
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) == 0) sources.host_name = name;
    return sources;
}

std::vector<std::string> keys_needing_restart(const Config& running, const Config& next) {
    std::vector<std::string> keys;
    const auto note = [&keys](bool is_different, std::string name) {
        if (is_different) keys.push_back(std::move(name));
    };
    note(running.state_folder != next.state_folder, "state");
    note(running.workers != next.workers, "workers");
    note(running.http.bind != next.http.bind, "http.bind");
    note(running.http.tls_certificate != next.http.tls_certificate, "http.tls_certificate");
    note(running.http.tls_key != next.http.tls_key, "http.tls_key");
    note(running.http.token_file != next.http.token_file, "http.token_file");
    note(running.http.is_open_on_loopback != next.http.is_open_on_loopback, "http.anonymous");
    note(running.http.is_metrics_open != next.http.is_metrics_open, "http.metrics");
    note(running.http.connections_max != next.http.connections_max, "http.connections_max");
    note(running.log.format != next.log.format, "log.format");
    note(running.gossiperl.is_rest_on != next.gossiperl.is_rest_on, "gossiperl.rest");
    note(running.gossiperl.settings_file != next.gossiperl.settings_file, "gossiperl.settings");
    note(running.gossiperl.rest_bind != next.gossiperl.rest_bind, "gossiperl.rest_bind");
    for (const control::OverlaySpec& spec : next.overlays) {
        const auto before =
            std::ranges::find(running.overlays, spec.name, &control::OverlaySpec::name);
        if (before == running.overlays.end()) continue;
        const std::string prefix = fmt::format("overlay.{}.", spec.name);
        note(before->protocol != spec.protocol, prefix + "protocol");
        note(before->bind != spec.bind, prefix + "bind");
        note(before->client_key != spec.client_key, prefix + "client_key");
        note(before->client_port != spec.client_port, prefix + "client_port");
        note(before->multicast != spec.multicast, prefix + "multicast");
        note(before->profile != spec.profile, prefix + "profile");
        note(before->detection != spec.detection, prefix + "detector");
        note(before->dissemination != spec.dissemination, prefix + "dissemination");
        note(before->cipher != spec.cipher, prefix + "cipher");
        note(before->retention_age_ms != spec.retention_age_ms, prefix + "retention_age");
        note(before->retention_bytes != spec.retention_bytes, prefix + "retention_bytes");
    }
    return keys;
}

std::string describe_config(const Config& config) {
    std::string text;
    if (!config.config_file.empty()) text += fmt::format("# from {}\n", config.config_file);
    text += fmt::format("name = {}\n", quoted(config.name));
    text += fmt::format("state = {}\n", quoted(config.state_folder));
    text += fmt::format("workers = {}\n", config.workers);
    if (!config.labels.empty()) text += fmt::format("labels = {}\n", label_table(config.labels));
    text += fmt::format("\n[http]\nbind = {}\n", quoted(to_string(config.http.bind)));
    if (!config.http.tls_certificate.empty()) {
        text += fmt::format("tls_certificate = {}\ntls_key = {}\n",
                            quoted(config.http.tls_certificate), quoted(config.http.tls_key));
    }
    text += fmt::format("token_file = {}\n", quoted(config.http.token_file));
    text += fmt::format("anonymous = \"{}\"\n",
                        config.http.is_open_on_loopback ? "loopback" : "refused");
    text += fmt::format("metrics = \"{}\"\n", config.http.is_metrics_open ? "open" : "token");
    text += fmt::format("connections_max = {}\n", config.http.connections_max);
    text += fmt::format("\n[log]\nlevel = {}\nformat = {}\n", quoted(config.log.level),
                        quoted(config.log.format));
    if (config.gossiperl.is_rest_on) {
        text += "\n[gossiperl]\nrest = \"on\"\n";
        if (!config.gossiperl.settings_file.empty()) {
            text += fmt::format("settings = {}\n", quoted(config.gossiperl.settings_file));
        }
        if (config.gossiperl.rest_bind) {
            text += fmt::format("rest_bind = {}\n", quoted(to_string(*config.gossiperl.rest_bind)));
        }
    }
    for (const control::OverlaySpec& spec : config.overlays) text += describe_overlay(spec);
    return text;
}

}  // namespace grapevine::daemon

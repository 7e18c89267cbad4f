#include "daemon/config.hpp"

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <fmt/core.h>
#include <set>

#include "base/limits.hpp"
#include "base/nearest.hpp"
#include "daemon/config_file.hpp"
#include "daemon/config_keys.hpp"
#include "daemon/config_values.hpp"
#include "daemon/gossiperl_settings.hpp"
#include "daemon/invitation.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/files.hpp"

namespace grapevine::daemon {

namespace {

namespace fs = std::filesystem;

/// 256 overlays with long lists stay far below; anything above is not a configuration.
constexpr std::size_t kConfigFileBytesMax = 1024 * 1024;

/// The overlay of `grapevine agent --multicast`.
constexpr std::string_view kLanOverlay = "lan";

/// Variables of the command line, which the daemon may inherit.
constexpr std::array<std::string_view, 7> kCommandLineVariables = {
    "GRAPEVINE_URL", "GRAPEVINE_TOKEN",  "GRAPEVINE_TOKEN_FILE",  "GRAPEVINE_OVERLAY",
    "GRAPEVINE_CA",  "GRAPEVINE_BINARY", "GRAPEVINE_SERVICE_HOST"};

std::string variable(const ConfigSources& sources, const std::string& name) {
    const auto found = sources.environment.find(name);
    return found == sources.environment.end() ? std::string() : found->second;
}

/// $XDG_..., or its default below the home folder (XDG Base Directory Specification 0.8).
std::string user_folder(const ConfigSources& sources, const std::string& name,
                        std::string_view below_home) {
    const std::string set = variable(sources, name);
    // The specification: relative paths in these variables are to be ignored.
    if (set.starts_with('/')) return set + "/grapevine";
    return fmt::format("{}/{}/grapevine", variable(sources, "HOME"), below_home);
}

std::string absolute_path(const std::string& path, const std::string& folder) {
    std::error_code error;
    fs::path result(path);
    if (result.is_relative() && !folder.empty()) result = fs::path(folder) / result;
    const fs::path absolute = fs::absolute(result, error);
    return (error ? result : absolute).lexically_normal().string();
}

Outcome<KeyValue> parse_value(const Key& key, const Assignment& assignment) {
    if (key.type == KeyType::list) return KeyValue(assignment.texts);
    if (key.type == KeyType::labels) {
        control::Labels labels;
        for (const std::string& text : assignment.texts) {
            labels.push_back(GV_TRY(parse_label(text)));
        }
        GV_TRY_VOID(check_labels(labels));
        return KeyValue(std::move(labels));
    }
    assert(!assignment.texts.empty());
    const std::string& text = assignment.texts.back();
    const auto refuse = [](std::string message, std::string cure) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid, std::move(message), std::move(cure), {}});
    };
    const auto check_range = [&](std::int64_t value, const std::string& min,
                                 const std::string& max) -> Outcome<KeyValue> {
        if (value >= key.min && value <= key.max) return KeyValue(value);
        return refuse(fmt::format("'{}' is out of range", printable(text)),
                      fmt::format("write a value from {} to {}", min, max));
    };
    switch (key.type) {
        case KeyType::integer:
            return KeyValue(GV_TRY(parse_integer(text, key.min, key.max)));
        case KeyType::size:
            return check_range(static_cast<std::int64_t>(GV_TRY(parse_size(text))),
                               format_size(static_cast<std::uint64_t>(key.min)),
                               format_size(static_cast<std::uint64_t>(key.max)));
        case KeyType::duration:
            return check_range(GV_TRY(parse_duration_ms(text)), format_duration_ms(key.min),
                               format_duration_ms(key.max));
        case KeyType::address:
            if (!Endpoint::parse(text)) {
                return refuse(fmt::format("'{}' is not an address with a port", printable(text)),
                              fmt::format("write one such as {} or [::1]:9470", key.default_text));
            }
            break;
        case KeyType::choice:
            if (std::ranges::find(key.choices, text) == key.choices.end()) {
                return refuse(fmt::format("'{}' is not known", printable(text)),
                              nearest_cure(text, key.choices));
            }
            break;
        case KeyType::path:
            if (text.empty()) return refuse("is empty", "name a path, or leave the key out");
            return KeyValue(absolute_path(text, assignment.folder));
        default:
            break;
    }
    return KeyValue(text);
}

/// Collects assignments from all sources, weakest first, and makes the configuration of them.
class Merger {
public:
    explicit Merger(const ConfigSources& sources) {
        config_.sources = sources;
        std::string token = variable(sources, "GRAPEVINE_JOIN");
        for (const auto& [name, value] : sources.flags) {
            if (name == "join") token = value;
        }
        // One that cannot be read is refused by `check`.
        if (auto invitation = parse_invitation(token)) invitation_ = *std::move(invitation);
    }

    std::expected<Config, std::vector<Refusal>> run(FileContent file) {
        refusals_ = std::move(file.refusals);
        for (auto& [name, place] : file.overlays) add_overlay(name, place);
        apply_defaults();
        for (const Assignment& assignment : file.assignments) apply(assignment);
        apply_all(from_environment());
        apply_all(from_flags());
        complete();
        check();
        if (!refusals_.empty()) return std::unexpected(std::move(refusals_));
        return std::move(config_);
    }

private:
    void refuse(std::string_view place, std::string_view key, std::string_view what,
                std::string cure, Refusal::Code code = Refusal::Code::invalid) {
        const std::string where = place.empty() ? std::string() : fmt::format("{}: ", place);
        refusals_.push_back(Refusal{code,
                                    key.empty() ? fmt::format("{}{}", where, what)
                                                : fmt::format("{}{}: {}", where, key, what),
                                    std::move(cure), std::string(key)});
    }

    control::OverlaySpec& add_overlay(const std::string& name, const std::string& place) {
        const auto at =
            std::ranges::lower_bound(config_.overlays, name, {}, &control::OverlaySpec::name);
        if (at != config_.overlays.end() && at->name == name) return *at;
        places_[fmt::format("overlay.{}", name)] = place;
        control::OverlaySpec spec;
        spec.name = name;
        return *config_.overlays.insert(at, std::move(spec));
    }

    void apply_defaults() {
        for (const Key& key : config_keys()) {
            if (key.kind_of_default != Key::Default::fixed || key.is_of_overlay()) continue;
            set_default(key, nullptr);
        }
    }

    void set_default(const Key& key, control::OverlaySpec* spec) {
        const Assignment assignment{&key, {}, {}, {std::string(key.default_text)}, {}};
        auto value = parse_value(key, assignment);
        assert(value && "a default of the table must be legal");
        key.set(config_, spec, std::move(*value));
    }

    void apply_all(const std::vector<Assignment>& assignments) {
        for (const Assignment& assignment : assignments) apply(assignment);
    }

    void apply(const Assignment& assignment) {
        const Key& key = *assignment.key;
        control::OverlaySpec* spec = nullptr;
        std::string shown(key.name);
        if (key.is_of_overlay()) {
            spec = &add_overlay(assignment.overlay, assignment.place);
            shown = fmt::format("overlay.{}.{}", assignment.overlay, key.last_name());
        }
        auto value = parse_value(key, assignment);
        if (!value) {
            refuse(assignment.place, shown, value.error().message, value.error().cure,
                   value.error().code);
            return;
        }
        places_[shown] = assignment.place;
        key.set(config_, spec, std::move(*value));
    }

    /// Which overlay a source's overlay keys are about; refuses when that cannot be told.
    std::optional<std::string> overlay_of(const std::string& named, std::string_view place) {
        if (!named.empty()) {
            const auto checked = check_overlay_name(named);
            if (checked) return named;
            refuse(place, "overlay.name", checked.error().message, checked.error().cure);
            return std::nullopt;
        }
        if (config_.overlays.size() == 1) return config_.overlays.front().name;
        if (config_.overlays.empty() && invitation_) return invitation_->overlay;
        if (config_.overlays.empty() && is_multicast_asked_for()) {
            is_lan_implied_ = true;
            return std::string(kLanOverlay);
        }
        refuse(place, "",
               config_.overlays.empty()
                   ? std::string("there is no overlay that this could be about")
                   : std::string("it is not said which overlay this is about"),
               "name it with --overlay NAME");
        return std::nullopt;
    }

    /// By a flag or a variable; the file names its overlays.
    [[nodiscard]] bool is_multicast_asked_for() const {
        std::string asked = variable(config_.sources, "GRAPEVINE_OVERLAY_MULTICAST");
        for (const auto& [name, value] : config_.sources.flags) {
            if (name == "overlay.multicast") asked = value;
        }
        return !asked.empty() && asked != "off";
    }

    std::vector<Assignment> from_environment() {
        std::vector<Assignment> assignments;
        const std::string named = variable(config_.sources, "GRAPEVINE_OVERLAY_NAME");
        for (const auto& [name, value] : config_.sources.environment) {
            if (!name.starts_with("GRAPEVINE_")) continue;
            const Key* key = find_by_variable(name);
            if (key == nullptr) {
                warn_of_unknown(name);
                continue;
            }
            // Set but empty is how shells and unit files say "not set".
            if (value.empty()) continue;
            add(assignments, *key, name, value, named);
        }
        if (!named.empty()) name_overlay(named, "GRAPEVINE_OVERLAY_NAME");
        return assignments;
    }

    std::vector<Assignment> from_flags() {
        std::vector<Assignment> assignments;
        std::string named = variable(config_.sources, "GRAPEVINE_OVERLAY_NAME");
        for (const auto& [name, value] : config_.sources.flags) {
            if (name == "overlay.name") named = value;
        }
        for (const auto& [name, value] : config_.sources.flags) {
            const Key* key = find_key(name);
            assert(key != nullptr && "flags are made from the table");
            add(assignments, *key, std::string(key->flag), value, named);
        }
        return assignments;
    }

    static const Key* find_by_variable(std::string_view name) {
        const auto keys = config_keys();
        const auto found =
            std::ranges::find_if(keys, [name](const Key& key) { return key.environment == name; });
        return found == keys.end() ? nullptr : &*found;
    }

    void warn_of_unknown(std::string_view name) {
        if (std::ranges::find(kCommandLineVariables, name) != kCommandLineVariables.end()) return;
        std::vector<std::string_view> known;
        for (const Key& key : config_keys()) known.push_back(key.environment);
        const auto nearest = nearest_name(name, known);
        if (!nearest) return;
        config_.warnings.push_back(
            fmt::format("the environment variable {} means nothing here; did you mean {}?",
                        printable(name), *nearest));
    }

    void name_overlay(const std::string& named, std::string_view place) {
        if (const auto overlay = overlay_of(named, place)) {
            add_overlay(*overlay, std::string(place));
        }
    }

    void add(std::vector<Assignment>& assignments, const Key& key, const std::string& place,
             const std::string& value, const std::string& named) {
        if (key.name == "config") return;
        if (key.name == "overlay.name") {
            name_overlay(value, place);
            return;
        }
        std::string overlay;
        if (key.is_of_overlay()) {
            const auto known = overlay_of(named, place);
            if (!known) return;
            overlay = *known;
        }
        const bool is_many = key.type == KeyType::list || key.type == KeyType::labels;
        const std::vector<std::string> texts =
            is_many ? split_list(value) : std::vector<std::string>{value};
        if (is_many) {
            // A list given repeatedly grows; other sources' lists are replaced.
            for (Assignment& earlier : assignments) {
                if (earlier.key != &key || earlier.overlay != overlay) continue;
                earlier.texts.insert(earlier.texts.end(), texts.begin(), texts.end());
                return;
            }
        }
        assignments.push_back(Assignment{&key, overlay, place, texts, {}});
    }

    /// Fills in what the sources left open and what follows from other keys.
    void complete() {
        const ConfigSources& sources = config_.sources;
        if (config_.name.empty() && !places_.contains("name")) config_.name = sources.host_name;
        if (config_.state_folder.empty()) config_.state_folder = default_state_folder(sources);
        if (config_.http.token_file.empty()) {
            config_.http.token_file = default_token_file(config_.state_folder);
        }
        for (control::OverlaySpec& spec : config_.overlays) {
            accept_invitation(spec);
            if (is_lan_implied_ && spec.name == kLanOverlay && !spec.keys && !is_gossiperl(spec)) {
                spec.keys = {std::string(kOpenKey)};
            }
            if (!spec.bind) spec.bind = kDefaultOverlayBind;
            for (const Key& key : config_keys()) {
                const bool is_native = !is_gossiperl(spec);
                const bool is_unset =
                    (key.name == "overlay.protocol" && !spec.protocol) ||
                    (key.name == "overlay.profile" && is_native && !spec.profile) ||
                    (key.name == "overlay.cipher" && is_native && !spec.cipher) ||
                    (key.name == "overlay.retention_age" && !spec.retention_age_ms) ||
                    (key.name == "overlay.retention_bytes" && !spec.retention_bytes);
                if (is_unset) set_default(key, &spec);
            }
            if (!spec.member_name) spec.member_name = config_.name;
            if (!spec.seeds) spec.seeds.emplace();
            if (is_gossiperl(spec)) {
                complete_gossiperl(spec);
                continue;
            }
            control::Labels own = spec.labels.value_or(control::Labels{});
            for (const auto& label : config_.labels) {
                const bool is_own = std::ranges::any_of(
                    own, [&label](const auto& other) { return other.first == label.first; });
                if (!is_own) own.push_back(label);
            }
            std::ranges::sort(own);
            spec.labels = std::move(own);
        }
    }

    void complete_gossiperl(control::OverlaySpec& spec) {
        auto settings = gossiperl_settings_of(spec);
        if (settings) {
            spec.gossiperl = std::move(*settings);
            return;
        }
        const Refusal& refusal = settings.error();
        const std::string key = fmt::format("overlay.{}.{}", spec.name, refusal.field);
        refuse(place_of(key), key, refusal.message, refusal.cure);
    }

    /// Flags beside --join say more about the overlay of the invitation: it is then ours to define,
    /// with what the invitation says of it.
    void accept_invitation(control::OverlaySpec& spec) const {
        if (!invitation_ || spec.name != invitation_->overlay || spec.keys) return;
        const control::OverlaySpec invited = to_spec(*invitation_);
        spec.keys = invited.keys;
        if (!spec.seeds) spec.seeds = invited.seeds;
        if (!spec.operators) spec.operators = invited.operators;
        if (!spec.cipher) spec.cipher = invited.cipher;
        if (!spec.profile) spec.profile = invited.profile;
        if (!spec.detection.detector) spec.detection.detector = invited.detection.detector;
    }

    [[nodiscard]] std::string place_of(const std::string& key) const {
        const auto found = places_.find(key);
        return found == places_.end() ? std::string() : found->second;
    }

    void check() {
        if (const auto checked = check_member_name(config_.name); !checked) {
            const bool is_host_name = !places_.contains("name");
            refuse(place_of("name"), "name", checked.error().message,
                   is_host_name ? "the host name is no legal member name: set one with --name"
                                : checked.error().cure);
        }
        check_http();
        if (config_.overlays.size() > kOverlaysMax) {
            refuse("", "overlay",
                   fmt::format("{} overlays, more than {}", config_.overlays.size(), kOverlaysMax),
                   "run a second daemon", Refusal::Code::over_limit);
        }
        for (control::OverlaySpec& spec : config_.overlays) check_overlay(spec);
        check_ports();
        if (config_.join_token) {
            if (const auto parsed = parse_invitation(*config_.join_token); !parsed) {
                refuse(place_of("join"), "join", parsed.error().message, parsed.error().cure);
            }
        }
    }

    void check_http() {
        const HttpConfig& http = config_.http;
        if (http.tls_certificate.empty() != http.tls_key.empty()) {
            const bool is_key_missing = http.tls_key.empty();
            const std::string given = is_key_missing ? "http.tls_certificate" : "http.tls_key";
            const std::string missing = is_key_missing ? "http.tls_key" : "http.tls_certificate";
            refuse(place_of(given), given, fmt::format("is set without {}", missing),
                   fmt::format("set {} too, or neither", missing));
        }
        if (!http.bind.is_loopback() && http.tls_certificate.empty()) {
            config_.warnings.push_back(fmt::format(
                "http.bind {} is open to the network without TLS: tokens travel in the clear; "
                "set http.tls_certificate and http.tls_key, or bind to loopback",
                to_string(http.bind)));
        }
    }

    void check_overlay(control::OverlaySpec& spec) {
        const std::string prefix = fmt::format("overlay.{}", spec.name);
        for (const Refusal& refusal : check_overlay_spec(spec)) {
            const std::string key = fmt::format("{}.{}", prefix, refusal.field);
            std::string place = place_of(key);
            // The name of the host and its labels are told where they were given.
            if (place.empty() && refusal.field == "member_name") continue;
            if (place.empty()) place = place_of(prefix);
            refuse(place, key, refusal.message, refusal.cure, refusal.code);
        }
        const bool has_seeds = !is_gossiperl(spec) && spec.seeds && !spec.seeds->empty();
        if (has_seeds && !spec.keys) {
            refuse(place_of(prefix + ".seeds"), prefix,
                   "has seeds but no keys, and would never be let in",
                   "copy the keys of a member, or use an invitation: grapevine agent --join TOKEN",
                   Refusal::Code::invalid);
        } else if (has_multicast(spec) && !spec.keys) {
            const Refusal refusal = no_key_for_multicast();
            refuse(place_of(prefix + ".multicast"), prefix, refusal.message, refusal.cure);
        }
        expand_open_key(spec);
        if (is_open(spec)) config_.warnings.push_back(open_warning(spec.name));
    }

    /// UDP ports: the same port on the same address, or on all addresses, cannot be had twice.
    void check_ports() {
        std::vector<std::pair<Endpoint, std::string>> taken;
        for (const control::OverlaySpec& spec : config_.overlays) {
            const auto bind = Endpoint::parse(*spec.bind);
            if (!bind || bind->port == 0) continue;
            const std::string key = fmt::format("overlay.{}.bind", spec.name);
            for (const auto& [other, name] : taken) {
                if (!clash(*bind, other)) continue;
                std::string place = place_of(key);
                if (place.empty()) place = place_of(fmt::format("overlay.{}", spec.name));
                refuse(place, key,
                       fmt::format("port {} is already that of overlay {}", bind->port, name),
                       "give every overlay a port of its own", Refusal::Code::conflict);
                break;
            }
            taken.emplace_back(*bind, spec.name);
        }
    }

    static bool clash(const Endpoint& left, const Endpoint& right) {
        if (left.port != right.port) return false;
        if (left == right) return true;
        const auto covers = [](const Endpoint& wide, const Endpoint& narrow) {
            return wide.is_unspecified() && (!wide.is_v4() || narrow.is_v4());
        };
        return covers(left, right) || covers(right, left);
    }

    Config config_;
    std::optional<Invitation> invitation_;  ///< Of --join.
    bool is_lan_implied_ = false;           ///< --multicast alone, without any overlay.
    std::vector<Refusal> refusals_;
    std::map<std::string, std::string> places_;  ///< Where each key got its value.
};

/// The file to read; nothing when none is asked for and the default one does not exist.
std::optional<std::string> file_to_read(const ConfigSources& sources) {
    if (sources.config_file) return absolute_path(*sources.config_file, {});
    if (const std::string named = variable(sources, "GRAPEVINE_CONFIG"); !named.empty()) {
        return absolute_path(named, {});
    }
    std::string usual = default_config_file(sources);
    std::error_code error;
    if (fs::exists(usual, error)) return usual;
    // A folder that we may not look into is a problem to tell, not a missing file.
    if (error && error != std::errc::no_such_file_or_directory) return usual;
    return std::nullopt;
}

void warn_of_readable_secrets(Config& config) {
    const bool has_keys =
        std::ranges::any_of(config.overlays, [](const control::OverlaySpec& spec) {
            return spec.keys || spec.client_key || spec.gossiperl;
        });
    std::error_code error;
    const fs::perms mode = fs::status(config.config_file, error).permissions();
    const bool is_open = (mode & fs::perms::others_read) != fs::perms::none;
    if (error || !has_keys || !is_open) return;
    config.warnings.push_back(
        fmt::format("{} may hold overlay keys and every user of this host can read it; "
                    "chmod 600 {}",
                    config.config_file, config.config_file));
}

}  // namespace

Outcome<KeyValue> parse_key_value(const Key& key, const std::string& text) {
    Assignment assignment;
    assignment.texts = {text};
    return parse_value(key, assignment);
}

std::string default_config_file(const ConfigSources& sources) {
    if (sources.is_root) return "/etc/grapevine/grapevine.toml";
    return user_folder(sources, "XDG_CONFIG_HOME", ".config") + "/grapevine.toml";
}

std::string default_state_folder(const ConfigSources& sources) {
    if (sources.is_root) return "/var/lib/grapevine";
    return user_folder(sources, "XDG_STATE_HOME", ".local/state");
}

std::string default_token_file(std::string_view state_folder) {
    return fmt::format("{}/token", state_folder);
}

std::expected<Config, std::vector<Refusal>> load_config(const ConfigSources& sources) {
    const auto file = file_to_read(sources);
    if (!file) return Merger(sources).run(FileContent{});
    const auto content = runtime::read_file(*file, kConfigFileBytesMax);
    if (!content) {
        Refusal refusal = content.error();
        refusal.field = "config";
        return std::unexpected(std::vector{std::move(refusal)});
    }
    auto config = load_config_text(sources, as_text(*content), *file);
    if (config) {
        config->config_file = *file;
        warn_of_readable_secrets(*config);
    }
    return config;
}

std::expected<Config, std::vector<Refusal>> load_config_text(const ConfigSources& sources,
                                                             std::string_view text,
                                                             std::string_view place) {
    return Merger(sources).run(read_config_text(text, place));
}

}  // namespace grapevine::daemon

#include "daemon/rollout_settings.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>

#include "base/nearest.hpp"
#include "base/overloaded.hpp"
#include "daemon/config_keys.hpp"
#include "daemon/config_values.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {
namespace {

using overlay::LiveSetting;

const Key& key_of(const LiveSetting& setting) {
    const Key* key = find_key("overlay." + std::string(setting.name));
    assert(key != nullptr && "live settings are keys of the configuration");
    return *key;
}

std::unexpected<Refusal> refuse(Refusal::Code code, std::string message, std::string cure,
                                std::string field = "settings") {
    return std::unexpected(Refusal{code, std::move(message), std::move(cure), std::move(field)});
}

std::unexpected<Refusal> no_live_setting(const std::string& name) {
    std::vector<std::string_view> names;
    for (const LiveSetting& setting : overlay::live_settings()) names.push_back(setting.name);
    if (find_key("overlay." + name) != nullptr) {
        return refuse(Refusal::Code::invalid,
                      fmt::format("'{}' cannot be changed in a running overlay", printable(name)),
                      "set it in the configuration of every daemon");
    }
    return refuse(Refusal::Code::invalid, fmt::format("'{}' is no setting", printable(name)),
                  nearest_cure(name, names));
}

Outcome<std::uint64_t> number_of(const Key& key, const std::string& text) {
    const auto value = parse_key_value(key, text);
    if (!value) {
        return refuse(value.error().code,
                      fmt::format("{}: {}", key.last_name(), value.error().message),
                      value.error().cure);
    }
    // What the file's rules say beyond the form: the same check as for every overlay.
    Config config;
    control::OverlaySpec spec;
    spec.name = "overlay";
    key.set(config, &spec, *value);
    if (const auto refusals = check_overlay_spec(spec); !refusals.empty()) {
        const Refusal& first = refusals.front();
        return refuse(first.code, fmt::format("{}: {}", key.last_name(), first.message),
                      first.cure);
    }
    if (const auto* choice = std::get_if<std::string>(&*value)) {
        const auto place = std::ranges::find(key.choices, *choice);
        assert(place != key.choices.end());
        return static_cast<std::uint64_t>(place - key.choices.begin());
    }
    return static_cast<std::uint64_t>(std::get<std::int64_t>(*value));
}

Outcome<void> set_pace(overlay::RolloutOrder& order, const control::ProposeRollout& wanted) {
    const std::uint64_t share = wanted.canary_permille.value_or(order.canary_share);
    if (share < overlay::kCanaryShareMin || share > overlay::kCanaryShareMax) {
        return refuse(Refusal::Code::over_limit, "the share of canaries is out of range",
                      "write 1 to 1000 of 1000 members (0.1% to 100%)", "canary_permille");
    }
    order.canary_share = static_cast<std::uint16_t>(share);
    using std::chrono::milliseconds;
    constexpr auto kMin = duration_cast<milliseconds>(overlay::kHealthIntervalMin).count();
    constexpr auto kMax = duration_cast<milliseconds>(overlay::kHealthIntervalMax).count();
    if (!wanted.health_interval_ms) return {};
    const std::uint64_t interval = *wanted.health_interval_ms;
    if (interval < static_cast<std::uint64_t>(kMin) ||
        interval > static_cast<std::uint64_t>(kMax)) {
        return refuse(Refusal::Code::over_limit, "the health interval is out of range",
                      fmt::format("write {} to {} milliseconds", kMin, kMax), "health_interval_ms");
    }
    order.health_interval = std::chrono::milliseconds(static_cast<std::int64_t>(interval));
    return {};
}

}  // namespace

Outcome<overlay::RolloutOrder> rollout_order(const control::ProposeRollout& wanted) {
    overlay::RolloutOrder order;
    GV_TRY_VOID(set_pace(order, wanted));
    for (const auto& [name, text] : wanted.settings) {
        const LiveSetting* setting = overlay::find_live_setting(name);
        if (setting == nullptr) return no_live_setting(name);
        auto& change = order.changes[setting->id];
        if (!text.empty()) change = GV_TRY(number_of(key_of(*setting), text));
    }
    if (order.changes.empty()) {
        return refuse(Refusal::Code::invalid, "nothing is to be set",
                      "name a setting, such as retention_age=10m");
    }
    return order;
}

std::string live_setting_name(std::uint8_t id) {
    const LiveSetting* setting = overlay::find_live_setting(id);
    return setting != nullptr ? std::string(setting->name) : fmt::format("setting {}", id);
}

std::string live_value_text(std::uint8_t id, std::uint64_t value) {
    const LiveSetting* setting = overlay::find_live_setting(id);
    if (setting == nullptr || value > setting->max) return fmt::format("{}", value);
    const Key& key = key_of(*setting);
    switch (key.type) {
        case KeyType::choice:
            return std::string(key.choices[value]);
        case KeyType::size:
            return format_size(value);
        case KeyType::duration:
            return format_duration_ms(static_cast<std::int64_t>(value));
        default:
            return fmt::format("{}", value);
    }
}

std::vector<control::RolloutView::Setting> rollout_settings(const overlay::RolloutPlan& plan) {
    overlay::LiveValues all = plan.base;
    all.insert(plan.next.begin(), plan.next.end());
    std::vector<control::RolloutView::Setting> settings;
    for (const auto& [id, either] : all) {
        const auto text_in = [wanted = id](const overlay::LiveValues& values) {
            const auto found = values.find(wanted);
            return found == values.end() ? std::string() : live_value_text(wanted, found->second);
        };
        settings.push_back({live_setting_name(id), text_in(plan.base), text_in(plan.next)});
    }
    return settings;
}

}  // namespace grapevine::daemon

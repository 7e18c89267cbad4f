#include "sim/lab/settings.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <fmt/core.h>
#include <utility>

#include "base/limits.hpp"
#include "base/nearest.hpp"

namespace grapevine::sim::lab {
namespace {

using Type = Setting::Type;

/// All settings of one experiment as text: a dozen, of which none is longer than 40 bytes.
constexpr std::size_t kSettingsBytesMax = 1024;

Refusal refusal(std::string_view field, std::string message, std::string cure,
                Refusal::Code code = Refusal::Code::invalid) {
    return {code, std::move(message), std::move(cure), std::string(field)};
}

std::string number_text(double value) {
    if (value == std::floor(value) && std::abs(value) <= kWholeMax) {
        return fmt::format("{}", static_cast<std::int64_t>(value));
    }
    return fmt::format("{}", value);
}

int digit_of(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
    return -1;
}

/// Percent-encoding undone (RFC 3986, section 2.1); what is no encoding stays as it is.
std::string decoded(std::string_view text) {
    std::string plain;
    for (std::size_t index = 0; index < text.size(); ++index) {
        const bool is_code = text[index] == '%' && index + 2 < text.size() &&
                             digit_of(text[index + 1]) >= 0 && digit_of(text[index + 2]) >= 0;
        if (!is_code) {
            plain += text[index];
            continue;
        }
        plain += static_cast<char>(digit_of(text[index + 1]) * 16 + digit_of(text[index + 2]));
        index += 2;
    }
    return plain;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(std::string_view link) {
    if (const std::size_t mark = link.find_last_of("?#"); mark != std::string_view::npos) {
        link.remove_prefix(mark + 1);
    }
    Pairs pairs;
    while (!link.empty()) {
        const std::size_t end = link.find('&');
        const std::string_view pair = link.substr(0, end);
        link = end == std::string_view::npos ? std::string_view() : link.substr(end + 1);
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        pairs.emplace_back(decoded(pair.substr(0, equals)), decoded(value));
    }
    return pairs;
}

Outcome<Kind> kind_of(const Pairs& pairs) {
    std::vector<std::string_view> names;
    for (const Experiment& experiment : catalogue()) names.push_back(experiment.name);
    for (const auto& [key, value] : pairs) {
        if (key != "experiment") continue;
        const auto found = std::ranges::find(names, value);
        if (found == names.end()) {
            return std::unexpected(refusal(
                "experiment", fmt::format("there is no experiment \"{}\"", value.substr(0, 40)),
                nearest_cure(value, names)));
        }
        return static_cast<Kind>(found - names.begin());
    }
    return std::unexpected(
        refusal("experiment", "the link names no experiment", "begin it with experiment=rumor"));
}

Outcome<double> parse_number(const Setting& setting, std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_number =
        error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
    const bool is_whole = setting.type != Type::integer || value == std::floor(value);
    if (is_number && is_whole && value >= setting.minimum && value <= setting.maximum) {
        return value + 0.0;  // No negative zero: equal settings have equal texts.
    }
    return std::unexpected(
        refusal(setting.name, fmt::format("{} cannot be \"{}\"", setting.name, text.substr(0, 40)),
                fmt::format("give a {} from {} to {}",
                            setting.type == Type::integer ? "whole number" : "number",
                            number_text(setting.minimum), number_text(setting.maximum))));
}

Outcome<double> parse_value(const Setting& setting, std::string_view text) {
    if (setting.type == Type::integer || setting.type == Type::number) {
        return parse_number(setting, text);
    }
    if (setting.type == Type::boolean) {
        if (text == "true") return 1;
        if (text == "false") return 0;
        return std::unexpected(
            refusal(setting.name, fmt::format("\"{}\" is neither yes nor no", text.substr(0, 40)),
                    "give true or false"));
    }
    std::vector<std::string_view> values;
    for (const Choice& choice : setting.choices) values.push_back(choice.value);
    const auto found = std::ranges::find(values, text);
    if (found != values.end()) return static_cast<double>(found - values.begin());
    return std::unexpected(
        refusal(setting.name, fmt::format("{} cannot be \"{}\"", setting.name, text.substr(0, 40)),
                nearest_cure(text, values)));
}

}  // namespace

Settings::Settings(Kind kind) : kind_(kind) {
    for (const Setting& setting : experiment().settings) values_.push_back(setting.fallback);
}

Outcome<Settings> Settings::parse_link(std::string_view link) {
    if (link.size() > kLabLinkBytesMax) {
        return std::unexpected(refusal("link", fmt::format("the link has {} bytes", link.size()),
                                       fmt::format("at most {}", kLabLinkBytesMax),
                                       Refusal::Code::over_limit));
    }
    const Pairs pairs = pairs_of(link);
    Settings settings(GV_TRY(kind_of(pairs)));
    std::vector<std::string_view> seen;
    for (const auto& [key, value] : pairs) {
        if (std::ranges::find(seen, key) != seen.end()) {
            return std::unexpected(
                refusal(key, fmt::format("{} is given twice", key), "give it once"));
        }
        seen.push_back(key);
        if (key == "experiment") continue;
        if (key != "actions") {
            GV_TRY_VOID(settings.set(key, value));
            continue;
        }
        std::string_view rest = value;
        while (!rest.empty()) {
            const std::size_t end = rest.find(';');
            GV_TRY_VOID(settings.add(GV_TRY(parse_timed_action(rest.substr(0, end)))));
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        }
    }
    return settings;
}

std::string Settings::to_link() const {
    std::string link = fmt::format("experiment={}", experiment().name);
    for (std::size_t index = 0; index < values_.size(); ++index) {
        link += fmt::format("&{}={}", experiment().settings[index].name, text(index));
    }
    for (std::size_t index = 0; index < actions_.size(); ++index) {
        link += (index == 0 ? "&actions=" : ";") + to_string(actions_[index]);
    }
    return link;
}

Outcome<std::size_t> Settings::find(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const Setting& setting : experiment().settings) names.push_back(setting.name);
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    names.push_back("actions");
    return std::unexpected(
        refusal(name.substr(0, 40),
                fmt::format("{} has no setting \"{}\"", experiment().name, name.substr(0, 40)),
                nearest_cure(name, names)));
}

double Settings::number(std::string_view name) const {
    const auto index = find(name);
    assert(index && "the experiment has this setting");
    return values_[*index];
}

std::size_t Settings::whole(std::string_view name) const {
    const double value = number(name);
    assert(value >= 0 && value == std::floor(value));
    return static_cast<std::size_t>(value);
}

std::string_view Settings::choice(std::string_view name) const {
    const auto index = find(name);
    assert(index && experiment().settings[*index].type == Type::choice);
    return experiment().settings[*index].choices[static_cast<std::size_t>(values_[*index])].value;
}

Duration Settings::duration(std::string_view name) const {
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double, std::milli>(number(name)));
}

std::string Settings::text(std::size_t index) const {
    const Setting& setting = experiment().settings[index];
    if (setting.type == Type::boolean) return values_[index] != 0 ? "true" : "false";
    if (setting.type != Type::choice) return number_text(values_[index]);
    return std::string(setting.choices[static_cast<std::size_t>(values_[index])].value);
}

Outcome<void> Settings::set(std::string_view name, std::string_view text) {
    const std::size_t index = GV_TRY(find(name));
    values_[index] = GV_TRY(parse_value(experiment().settings[index], text));
    return {};
}

Outcome<void> Settings::add(TimedAction timed) {
    const std::size_t bytes = to_string(timed).size() + 1;
    if (actions_.size() >= kLabActionsMax ||
        action_bytes_ + bytes > kLabLinkBytesMax - kSettingsBytesMax) {
        return std::unexpected(refusal("actions", "the run has too many actions for one link",
                                       fmt::format("at most {}; start anew", kLabActionsMax),
                                       Refusal::Code::over_limit));
    }
    const auto known = experiment().actions;
    if (std::ranges::find(known, name_of(timed.action.what)) == known.end()) {
        return std::unexpected(refusal(
            "action",
            fmt::format("{} knows no \"{}\"", experiment().name, name_of(timed.action.what)),
            nearest_cure(name_of(timed.action.what), known)));
    }
    const auto behind = std::ranges::upper_bound(actions_, timed.at_ms, {}, &TimedAction::at_ms);
    actions_.insert(behind, std::move(timed));
    action_bytes_ += bytes;
    return {};
}

}  // namespace grapevine::sim::lab

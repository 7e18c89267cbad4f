#include "daemon/dissemination_settings.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <span>

#include "base/limits.hpp"
#include "base/nearest.hpp"
#include "client/topic_pattern.hpp"
#include "daemon/config_values.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {

namespace {

using control::DisseminationNumber;
using control::DisseminationText;
using Direction = protocol::MongeringConfig::Direction;

static_assert(control::kDisseminations == protocol::kDisseminationNames);
static_assert(static_cast<std::size_t>(Direction::push_pull) + 1 ==
              control::kRumorDirections.size());

/// "_ms" of the names in JSON; the configuration has durations with a unit.
constexpr std::string_view kUnit = "_ms";

std::string text_of(const DisseminationNumber& number, std::int64_t value) {
    return number.name.ends_with(kUnit) ? fmt::format("{} ms", value) : fmt::format("{}", value);
}

std::size_t place_of(const std::string& name, std::span<const std::string_view> choices) {
    const auto found = std::ranges::find(choices, name);
    assert(found != choices.end() && "checked");
    return static_cast<std::size_t>(found - choices.begin());
}

}  // namespace

std::vector<Refusal> check_dissemination(const control::Dissemination& dissemination) {
    std::vector<Refusal> refusals;
    for (const DisseminationText& text : control::kDisseminationTexts) {
        const auto& value = dissemination.*text.field;
        if (!value || std::ranges::find(text.choices, *value) != text.choices.end()) continue;
        refusals.push_back({Refusal::Code::invalid,
                            fmt::format("'{}' is not known", printable(*value)),
                            nearest_cure(*value, text.choices), std::string(text.name)});
    }
    for (const DisseminationNumber& number : control::kDisseminationNumbers) {
        const auto& value = dissemination.*number.field;
        if (!value || (*value >= number.min && *value <= number.max)) continue;
        refusals.push_back({Refusal::Code::over_limit, "is out of range",
                            fmt::format("write {} to {}", text_of(number, number.min),
                                        text_of(number, number.max)),
                            std::string(number.name)});
    }
    const auto& topics = dissemination.subscriber_topics;
    if (topics && topics->size() > kSubscriberTopicsMax) {
        refusals.push_back(
            {Refusal::Code::over_limit,
             fmt::format("{} patterns, more than {}", topics->size(), kSubscriberTopicsMax),
             "use wildcards, as in \"metrics.>\"", "subscriber_topics"});
    }
    for (const std::string& topic : topics.value_or(std::vector<std::string>{})) {
        const auto pattern = client::TopicPattern::parse(topic);
        if (pattern) continue;
        Refusal refusal = pattern.error();
        refusal.field = "subscriber_topics";
        refusals.push_back(std::move(refusal));
    }
    return refusals;
}

void merge_dissemination(control::Dissemination& base, const control::Dissemination& next) {
    for (const DisseminationText& text : control::kDisseminationTexts) {
        if (next.*text.field) base.*text.field = next.*text.field;
    }
    for (const DisseminationNumber& number : control::kDisseminationNumbers) {
        if (next.*number.field) base.*number.field = next.*number.field;
    }
    if (next.subscriber_topics) base.subscriber_topics = next.subscriber_topics;
}

void apply_dissemination(const control::Dissemination& dissemination,
                         protocol::ProtocolConfig& config) {
    if (const auto& name = dissemination.dissemination) {
        config.dissemination =
            static_cast<protocol::Dissemination>(place_of(*name, control::kDisseminations));
    }
    protocol::MongeringConfig& rumor = config.mongering;
    if (const auto& name = dissemination.rumor_direction) {
        rumor.direction = static_cast<Direction>(place_of(*name, control::kRumorDirections));
    }
    if (const auto& name = dissemination.rumor_feedback) {
        rumor.has_feedback = place_of(*name, control::kRumorFeedbacks) == 0;
    }
    if (const auto& name = dissemination.rumor_removal) {
        rumor.has_counter = place_of(*name, control::kRumorRemovals) == 0;
    }
    if (dissemination.rumor_k) rumor.k = static_cast<std::uint8_t>(*dissemination.rumor_k);
    if (dissemination.rumor_fanout) {
        rumor.fanout = static_cast<std::uint8_t>(*dissemination.rumor_fanout);
    }
    if (dissemination.rumor_interval_ms) {
        rumor.interval = std::chrono::milliseconds(*dissemination.rumor_interval_ms);
    }
}

std::string dissemination_of(const control::OverlaySpec& spec) {
    if (is_gossiperl(spec)) return "";
    return spec.dissemination.dissemination.value_or(std::string(control::kDisseminations.front()));
}

std::string describe_dissemination(const control::OverlaySpec& spec) {
    std::string text = fmt::format("dissemination = \"{}\"\n", dissemination_of(spec));
    for (const DisseminationText& choice : control::kDisseminationTexts) {
        const auto& value = spec.dissemination.*choice.field;
        if (!value || choice.field == &control::Dissemination::dissemination) continue;
        text += fmt::format("{} = \"{}\"\n", choice.name, *value);
    }
    for (const DisseminationNumber& number : control::kDisseminationNumbers) {
        const auto& value = spec.dissemination.*number.field;
        if (!value) continue;
        if (number.name.ends_with(kUnit)) {
            text += fmt::format("{} = \"{}\"\n",
                                number.name.substr(0, number.name.size() - kUnit.size()),
                                format_duration_ms(*value));
        } else {
            text += fmt::format("{} = {}\n", number.name, *value);
        }
    }
    const auto& topics = spec.dissemination.subscriber_topics;
    if (!topics || topics->empty()) return text;
    // Patterns have no letters that would have to be escaped but these two.
    std::string list;
    for (const std::string& topic : *topics) {
        list += list.empty() ? "\"" : ", \"";
        for (const char letter : topic) {
            if (letter == '"' || letter == '\\') list += '\\';
            list += letter;
        }
        list += '"';
    }
    text += fmt::format("subscriber_topics = [{}]\n", list);
    return text;
}

}  // namespace grapevine::daemon

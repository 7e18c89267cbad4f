#include <array>

#include "daemon/config_keys.hpp"

// How events reach everybody. Choices and ranges are those of control/dissemination.hpp.
namespace grapevine::daemon {
namespace {

using Spec = control::OverlaySpec;
using control::Dissemination;

constexpr control::DisseminationNumber range_of(std::string_view name) {
    for (const control::DisseminationNumber& number : control::kDisseminationNumbers) {
        if (number.name == name) return number;
    }
    return {};
}

template <std::optional<std::string> Dissemination::* field>
void set_text(Config&, Spec* spec, KeyValue value) {
    spec->dissemination.*field = std::get<std::string>(value);
}

template <std::optional<std::int64_t> Dissemination::* field>
void set_number(Config&, Spec* spec, KeyValue value) {
    spec->dissemination.*field = std::get<std::int64_t>(value);
}

const std::array kKeys = {
    Key{.name = "overlay.dissemination",
        .type = KeyType::choice,
        .default_text = "tree",
        .description =
            "How events reach everybody. `tree`: one copy per member, along a tree that forms by "
            "itself (Plumtree); `rumor`: rumor mongering (Demers et al. 1987), some six to nine "
            "copies per member and no structure that churn could break. Best the same on all "
            "members; mixed, everything arrives all the same.",
        .flag = "--dissemination",
        .environment = "GRAPEVINE_OVERLAY_DISSEMINATION",
        .kind_of_default = Key::Default::worked_out,
        .choices = control::kDisseminations,
        .set = set_text<&Dissemination::dissemination>},
    Key{.name = "overlay.rumor_direction",
        .type = KeyType::choice,
        .default_text = "push-pull",
        .description = "Dissemination rumor: members tell what is hot, ask for it, or both. With "
                       "pull alone everybody asks in every interval, for ever.",
        .flag = "--rumor-direction",
        .environment = "GRAPEVINE_OVERLAY_RUMOR_DIRECTION",
        .kind_of_default = Key::Default::worked_out,
        .choices = control::kRumorDirections,
        .set = set_text<&Dissemination::rumor_direction>},
    Key{.name = "overlay.rumor_feedback",
        .type = KeyType::choice,
        .default_text = "on",
        .description = "Dissemination rumor: on, interest is lost to those who say that they knew; "
                       "off (blind), whatever came of it. The same on all members: who is not "
                       "answered goes on telling.",
        .flag = "--rumor-feedback",
        .environment = "GRAPEVINE_OVERLAY_RUMOR_FEEDBACK",
        .kind_of_default = Key::Default::worked_out,
        .choices = control::kRumorFeedbacks,
        .set = set_text<&Dissemination::rumor_feedback>},
    Key{.name = "overlay.rumor_removal",
        .type = KeyType::choice,
        .default_text = "counter",
        .description = "Dissemination rumor: interest is lost after rumor_k useless contacts in a "
                       "row (counter), or in each with the chance 1 in rumor_k (coin).",
        .flag = "--rumor-removal",
        .environment = "GRAPEVINE_OVERLAY_RUMOR_REMOVAL",
        .kind_of_default = Key::Default::worked_out,
        .choices = control::kRumorRemovals,
        .set = set_text<&Dissemination::rumor_removal>},
    Key{.name = "overlay.rumor_k",
        .type = KeyType::integer,
        .default_text = "3",
        .description = "Dissemination rumor: more copies, and fewer members left to the repair.",
        .flag = "--rumor-k",
        .environment = "GRAPEVINE_OVERLAY_RUMOR_K",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("rumor_k").min,
        .max = range_of("rumor_k").max,
        .set = set_number<&Dissemination::rumor_k>},
    Key{.name = "overlay.rumor_fanout",
        .type = KeyType::integer,
        .default_text = "3",
        .description = "Dissemination rumor: partners of a member in one interval.",
        .flag = "--rumor-fanout",
        .environment = "GRAPEVINE_OVERLAY_RUMOR_FANOUT",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("rumor_fanout").min,
        .max = range_of("rumor_fanout").max,
        .set = set_number<&Dissemination::rumor_fanout>},
    Key{.name = "overlay.rumor_interval",
        .type = KeyType::duration,
        .default_text = "100ms",
        .description = "Dissemination rumor: how often a member with something to tell draws "
                       "partners. A lone event does not wait for it. 10ms to 1m.",
        .flag = "--rumor-interval",
        .environment = "GRAPEVINE_OVERLAY_RUMOR_INTERVAL",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("rumor_interval_ms").min,
        .max = range_of("rumor_interval_ms").max,
        .set = set_number<&Dissemination::rumor_interval_ms>},
    Key{.name = "overlay.subscriber_topics",
        .type = KeyType::list,
        .default_text = "none",
        .description =
            "Patterns of topics, such as `metrics.>`, whose events, where they are published here, "
            "go to those members only on which somebody reads them; others neither get nor keep "
            "them. At most 16; of two that match, the first counts. Needed at publishers only.",
        .flag = "--subscriber-topic",
        .environment = "GRAPEVINE_OVERLAY_SUBSCRIBER_TOPICS",
        .kind_of_default = Key::Default::worked_out,
        .set =
            [](Config&, Spec* spec, KeyValue value) {
                spec->dissemination.subscriber_topics =
                    std::get<std::vector<std::string>>(std::move(value));
            }},
};

}  // namespace

std::span<const Key> dissemination_keys() {
    return kKeys;
}

}  // namespace grapevine::daemon

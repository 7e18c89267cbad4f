#include "wire/gossiperl/messages.hpp"

#include <algorithm>
#include <array>

namespace grapevine::wire::gossiperl {
namespace {

/// In the order of `Message`, whose last alternative is everything else.
constexpr std::array<std::string_view, 11> kInternalTypes = {
    "digest",          "digestAck",          "digestSubscriptions", "digestExit",
    "digestSubscribe", "digestUnsubscribe",  "digestSubscribeAck",  "digestUnsubscribeAck",
    "digestEvent",     "digestForwardedAck", "digestError"};
static_assert(std::variant_size_v<Message> == kInternalTypes.size() + 1);
static_assert(std::is_same_v<std::variant_alternative_t<1, Message>, DigestAck>);
static_assert(std::is_same_v<std::variant_alternative_t<5, Message>, DigestUnsubscribe>);
static_assert(std::is_same_v<std::variant_alternative_t<10, Message>, DigestError>);

constexpr std::array<std::string_view, 6> kMemberEvents = {
    "member_in",   "member_quarantine", "member_unreachable",
    "member_drop", "member_out",        "member_rejoin"};

}  // namespace

std::string_view payload_type(const Message& message) {
    if (const auto* const application = std::get_if<Application>(&message)) {
        return application->type;
    }
    return kInternalTypes.at(message.index());
}

bool is_internal_type(std::string_view payload_type) {
    return std::ranges::find(kInternalTypes, payload_type) != kInternalTypes.end();
}

bool is_member_event(std::string_view event_type) {
    return std::ranges::find(kMemberEvents, event_type) != kMemberEvents.end();
}

}  // namespace grapevine::wire::gossiperl

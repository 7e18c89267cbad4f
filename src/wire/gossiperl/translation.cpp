#include "wire/gossiperl/translation.hpp"

#include "base/limits.hpp"

namespace grapevine::wire::gossiperl {
namespace {

constexpr std::int32_t kPortMax = 65'535;

Result<std::int32_t> take_port(std::int32_t port, std::string_view field) {
    if (port < 1 || port > kPortMax) {
        return std::unexpected(Error{Error::Code::malformed, field, 0});
    }
    return port;
}

/// The codec has refused longer lists before they were allocated; here is what it counts on.
template <typename List>
Result<void> check_size(const List& list, std::string_view field) {
    if (list.size() > kOldListMax) {
        return std::unexpected(Error{Error::Code::over_limit, field, 0});
    }
    return {};
}

Result<std::vector<std::string>> take_types(std::vector<std::string>& from,
                                            std::string_view field) {
    GV_TRY_VOID(check_size(from, field));
    for (const std::string& type : from) {
        if (type.size() > kOldTextBytesMax) {
            return std::unexpected(Error{Error::Code::over_limit, field, 0});
        }
    }
    return std::move(from);
}

Result<DigestMember> take_member(thrift::DigestMember& from) {
    return DigestMember{
        .member_name = GV_TRY(take_text(from.member_name, "digestAck.membership.member_name")),
        .member_ip = GV_TRY(take_text(from.member_ip, "digestAck.membership.member_ip")),
        .member_port = GV_TRY(take_port(from.member_port, "digestAck.membership.member_port")),
        .member_heartbeat = from.member_heartbeat};
}

Result<DigestSubscription> take_subscription(thrift::DigestSubscription& from) {
    return DigestSubscription{
        .event_type =
            GV_TRY(take_text(from.event_type, "digestSubscriptions.subscriptions.event_type")),
        .member_name =
            GV_TRY(take_text(from.member_name, "digestSubscriptions.subscriptions.member_name")),
        .origin = GV_TRY(take_text(from.origin, "digestSubscriptions.subscriptions.origin")),
        .heartbeat = from.heartbeat};
}

}  // namespace

Result<std::string> take_text(std::string& from, std::string_view field) {
    if (from.size() > kOldTextBytesMax) {
        return std::unexpected(Error{Error::Code::over_limit, field, 0});
    }
    return std::move(from);
}

Result<Message> take(thrift::Digest& from) {
    return Digest{.name = GV_TRY(take_text(from.name, "digest.name")),
                  .port = GV_TRY(take_port(from.port, "digest.port")),
                  .heartbeat = from.heartbeat,
                  .id = GV_TRY(take_text(from.id, "digest.id")),
                  .secret = GV_TRY(take_text(from.secret, "digest.secret"))};
}

Result<Message> take(thrift::DigestAck& from) {
    DigestAck message{.name = GV_TRY(take_text(from.name, "digestAck.name")),
                      .heartbeat = from.heartbeat,
                      .reply_id = GV_TRY(take_text(from.reply_id, "digestAck.reply_id"))};
    GV_TRY_VOID(check_size(from.membership, "digestAck.membership"));
    message.membership.reserve(from.membership.size());
    for (auto& member : from.membership) message.membership.push_back(GV_TRY(take_member(member)));
    return message;
}

Result<Message> take(thrift::DigestSubscriptions& from) {
    DigestSubscriptions message{
        .name = GV_TRY(take_text(from.name, "digestSubscriptions.name")),
        .heartbeat = from.heartbeat,
        .reply_id = GV_TRY(take_text(from.reply_id, "digestSubscriptions.reply_id"))};
    GV_TRY_VOID(check_size(from.subscriptions, "digestSubscriptions.subscriptions"));
    message.subscriptions.reserve(from.subscriptions.size());
    for (auto& subscription : from.subscriptions) {
        message.subscriptions.push_back(GV_TRY(take_subscription(subscription)));
    }
    return message;
}

Result<Message> take(thrift::DigestExit& from) {
    return DigestExit{.name = GV_TRY(take_text(from.name, "digestExit.name")),
                      .heartbeat = from.heartbeat,
                      .secret = GV_TRY(take_text(from.secret, "digestExit.secret"))};
}

Result<Message> take(thrift::DigestSubscribe& from) {
    return DigestSubscribe{
        .name = GV_TRY(take_text(from.name, "digestSubscribe.name")),
        .heartbeat = from.heartbeat,
        .id = GV_TRY(take_text(from.id, "digestSubscribe.id")),
        .event_types = GV_TRY(take_types(from.event_types, "digestSubscribe.event_types")),
        .secret = GV_TRY(take_text(from.secret, "digestSubscribe.secret"))};
}

Result<Message> take(thrift::DigestUnsubscribe& from) {
    return DigestUnsubscribe{
        .name = GV_TRY(take_text(from.name, "digestUnsubscribe.name")),
        .heartbeat = from.heartbeat,
        .id = GV_TRY(take_text(from.id, "digestUnsubscribe.id")),
        .event_types = GV_TRY(take_types(from.event_types, "digestUnsubscribe.event_types")),
        .secret = GV_TRY(take_text(from.secret, "digestUnsubscribe.secret"))};
}

Result<Message> take(thrift::DigestSubscribeAck& from) {
    return DigestSubscribeAck{
        .heartbeat = from.heartbeat,
        .reply_id = GV_TRY(take_text(from.reply_id, "digestSubscribeAck.reply_id")),
        .event_types = GV_TRY(take_types(from.event_types, "digestSubscribeAck.event_types"))};
}

Result<Message> take(thrift::DigestUnsubscribeAck& from) {
    return DigestUnsubscribeAck{
        .heartbeat = from.heartbeat,
        .reply_id = GV_TRY(take_text(from.reply_id, "digestUnsubscribeAck.reply_id")),
        .event_types = GV_TRY(take_types(from.event_types, "digestUnsubscribeAck.event_types"))};
}

Result<Message> take(thrift::DigestEvent& from) {
    return DigestEvent{
        .event_type = GV_TRY(take_text(from.event_type, "digestEvent.event_type")),
        .event_object = GV_TRY(take_text(from.event_object, "digestEvent.event_object")),
        .heartbeat = from.heartbeat};
}

Result<Message> take(thrift::DigestForwardedAck& from) {
    return DigestForwardedAck{
        .name = GV_TRY(take_text(from.name, "digestForwardedAck.name")),
        .reply_id = GV_TRY(take_text(from.reply_id, "digestForwardedAck.reply_id")),
        .secret = GV_TRY(take_text(from.secret, "digestForwardedAck.secret"))};
}

Result<Message> take(thrift::DigestError& from) {
    return DigestError{
        .name = GV_TRY(take_text(from.name, "digestError.name")),
        .heartbeat = from.heartbeat,
        .error_code = from.error_code,
        .error_entity = GV_TRY(take_text(from.error_entity, "digestError.error_entity")),
        .error_entity_name =
            GV_TRY(take_text(from.error_entity_name, "digestError.error_entity_name")),
        .error_message = GV_TRY(take_text(from.error_message, "digestError.error_message")),
        .reply_id = GV_TRY(take_text(from.reply_id, "digestError.reply_id"))};
}

thrift::Digest to_thrift(const Digest& message) {
    thrift::Digest to;
    to.name = message.name;
    to.port = message.port;
    to.heartbeat = message.heartbeat;
    to.id = message.id;
    to.secret = message.secret;
    return to;
}

thrift::DigestAck to_thrift(const DigestAck& message) {
    thrift::DigestAck to;
    to.name = message.name;
    to.heartbeat = message.heartbeat;
    to.reply_id = message.reply_id;
    to.membership.reserve(message.membership.size());
    for (const DigestMember& member : message.membership) {
        auto& entry = to.membership.emplace_back();
        entry.member_name = member.member_name;
        entry.member_ip = member.member_ip;
        entry.member_port = member.member_port;
        entry.member_heartbeat = member.member_heartbeat;
    }
    return to;
}

thrift::DigestSubscriptions to_thrift(const DigestSubscriptions& message) {
    thrift::DigestSubscriptions to;
    to.name = message.name;
    to.heartbeat = message.heartbeat;
    to.reply_id = message.reply_id;
    to.subscriptions.reserve(message.subscriptions.size());
    for (const DigestSubscription& subscription : message.subscriptions) {
        auto& entry = to.subscriptions.emplace_back();
        entry.event_type = subscription.event_type;
        entry.member_name = subscription.member_name;
        entry.origin = subscription.origin;
        entry.heartbeat = subscription.heartbeat;
    }
    return to;
}

thrift::DigestExit to_thrift(const DigestExit& message) {
    thrift::DigestExit to;
    to.name = message.name;
    to.heartbeat = message.heartbeat;
    to.secret = message.secret;
    return to;
}

thrift::DigestSubscribe to_thrift(const DigestSubscribe& message) {
    thrift::DigestSubscribe to;
    to.name = message.name;
    to.heartbeat = message.heartbeat;
    to.id = message.id;
    to.event_types = message.event_types;
    to.secret = message.secret;
    return to;
}

thrift::DigestUnsubscribe to_thrift(const DigestUnsubscribe& message) {
    thrift::DigestUnsubscribe to;
    to.name = message.name;
    to.heartbeat = message.heartbeat;
    to.id = message.id;
    to.event_types = message.event_types;
    to.secret = message.secret;
    return to;
}

thrift::DigestSubscribeAck to_thrift(const DigestSubscribeAck& message) {
    thrift::DigestSubscribeAck to;
    to.heartbeat = message.heartbeat;
    to.reply_id = message.reply_id;
    to.event_types = message.event_types;
    return to;
}

thrift::DigestUnsubscribeAck to_thrift(const DigestUnsubscribeAck& message) {
    thrift::DigestUnsubscribeAck to;
    to.heartbeat = message.heartbeat;
    to.reply_id = message.reply_id;
    to.event_types = message.event_types;
    return to;
}

thrift::DigestEvent to_thrift(const DigestEvent& message) {
    thrift::DigestEvent to;
    to.event_type = message.event_type;
    to.event_object = message.event_object;
    to.heartbeat = message.heartbeat;
    return to;
}

thrift::DigestForwardedAck to_thrift(const DigestForwardedAck& message) {
    thrift::DigestForwardedAck to;
    to.name = message.name;
    to.reply_id = message.reply_id;
    to.secret = message.secret;
    return to;
}

thrift::DigestError to_thrift(const DigestError& message) {
    thrift::DigestError to;
    to.name = message.name;
    to.heartbeat = message.heartbeat;
    to.error_code = message.error_code;
    to.error_entity = message.error_entity;
    to.error_entity_name = message.error_entity_name;
    to.error_message = message.error_message;
    to.reply_id = message.reply_id;
    return to;
}

}  // namespace grapevine::wire::gossiperl

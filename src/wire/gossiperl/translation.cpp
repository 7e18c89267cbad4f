#include "wire/gossiperl/translation.hpp"

#include "base/limits.hpp"

namespace grapevine::wire::gossiperl {
namespace {

constexpr std::int32_t kPortMax = 65'535;

Result<void> check_port(std::int32_t port, std::string_view field) {
    if (port >= 1 && port <= kPortMax) return {};
    return std::unexpected(Error{Error::Code::malformed, field, 0});
}

/// The codec has refused longer lists before they were allocated; here is what callers count on.
template <typename List>
Result<void> check_size(const List& list, std::string_view field) {
    if (list.size() <= kOldListMax) return {};
    return std::unexpected(Error{Error::Code::over_limit, field, 0});
}

Result<void> check_types(const std::vector<std::string>& types, std::string_view field) {
    GV_TRY_VOID(check_size(types, field));
    for (const std::string& type : types) GV_TRY_VOID(check_text(type, field));
    return {};
}

Result<void> check(const thrift::DigestMember& from) {
    GV_TRY_VOID(check_text(from.member_name, "digestAck.membership.member_name"));
    GV_TRY_VOID(check_text(from.member_ip, "digestAck.membership.member_ip"));
    return check_port(from.member_port, "digestAck.membership.member_port");
}

Result<void> check(const thrift::DigestSubscription& from) {
    GV_TRY_VOID(check_text(from.event_type, "digestSubscriptions.subscriptions.event_type"));
    GV_TRY_VOID(check_text(from.member_name, "digestSubscriptions.subscriptions.member_name"));
    return check_text(from.origin, "digestSubscriptions.subscriptions.origin");
}

}  // namespace

Result<void> check_text(std::string_view text, std::string_view field) {
    if (text.size() <= kOldTextBytesMax) return {};
    return std::unexpected(Error{Error::Code::over_limit, field, 0});
}

Result<Message> take(thrift::Digest& from) {
    GV_TRY_VOID(check_text(from.name, "digest.name"));
    GV_TRY_VOID(check_port(from.port, "digest.port"));
    GV_TRY_VOID(check_text(from.id, "digest.id"));
    GV_TRY_VOID(check_text(from.secret, "digest.secret"));
    return Digest{.name = std::move(from.name),
                  .port = from.port,
                  .heartbeat = from.heartbeat,
                  .id = std::move(from.id),
                  .secret = std::move(from.secret)};
}

Result<Message> take(thrift::DigestAck& from) {
    GV_TRY_VOID(check_text(from.name, "digestAck.name"));
    GV_TRY_VOID(check_text(from.reply_id, "digestAck.reply_id"));
    GV_TRY_VOID(check_size(from.membership, "digestAck.membership"));
    DigestAck message{.name = std::move(from.name),
                      .heartbeat = from.heartbeat,
                      .reply_id = std::move(from.reply_id)};
    message.membership.reserve(from.membership.size());
    for (thrift::DigestMember& member : from.membership) {
        GV_TRY_VOID(check(member));
        message.membership.push_back({.member_name = std::move(member.member_name),
                                      .member_ip = std::move(member.member_ip),
                                      .member_port = member.member_port,
                                      .member_heartbeat = member.member_heartbeat});
    }
    return message;
}

Result<Message> take(thrift::DigestSubscriptions& from) {
    GV_TRY_VOID(check_text(from.name, "digestSubscriptions.name"));
    GV_TRY_VOID(check_text(from.reply_id, "digestSubscriptions.reply_id"));
    GV_TRY_VOID(check_size(from.subscriptions, "digestSubscriptions.subscriptions"));
    DigestSubscriptions message{.name = std::move(from.name),
                                .heartbeat = from.heartbeat,
                                .reply_id = std::move(from.reply_id)};
    message.subscriptions.reserve(from.subscriptions.size());
    for (thrift::DigestSubscription& subscription : from.subscriptions) {
        GV_TRY_VOID(check(subscription));
        message.subscriptions.push_back({.event_type = std::move(subscription.event_type),
                                         .member_name = std::move(subscription.member_name),
                                         .origin = std::move(subscription.origin),
                                         .heartbeat = subscription.heartbeat});
    }
    return message;
}

Result<Message> take(thrift::DigestExit& from) {
    GV_TRY_VOID(check_text(from.name, "digestExit.name"));
    GV_TRY_VOID(check_text(from.secret, "digestExit.secret"));
    return DigestExit{.name = std::move(from.name),
                      .heartbeat = from.heartbeat,
                      .secret = std::move(from.secret)};
}

Result<Message> take(thrift::DigestSubscribe& from) {
    GV_TRY_VOID(check_text(from.name, "digestSubscribe.name"));
    GV_TRY_VOID(check_text(from.id, "digestSubscribe.id"));
    GV_TRY_VOID(check_types(from.event_types, "digestSubscribe.event_types"));
    GV_TRY_VOID(check_text(from.secret, "digestSubscribe.secret"));
    return DigestSubscribe{.name = std::move(from.name),
                           .heartbeat = from.heartbeat,
                           .id = std::move(from.id),
                           .event_types = std::move(from.event_types),
                           .secret = std::move(from.secret)};
}

Result<Message> take(thrift::DigestUnsubscribe& from) {
    GV_TRY_VOID(check_text(from.name, "digestUnsubscribe.name"));
    GV_TRY_VOID(check_text(from.id, "digestUnsubscribe.id"));
    GV_TRY_VOID(check_types(from.event_types, "digestUnsubscribe.event_types"));
    GV_TRY_VOID(check_text(from.secret, "digestUnsubscribe.secret"));
    return DigestUnsubscribe{.name = std::move(from.name),
                             .heartbeat = from.heartbeat,
                             .id = std::move(from.id),
                             .event_types = std::move(from.event_types),
                             .secret = std::move(from.secret)};
}

Result<Message> take(thrift::DigestSubscribeAck& from) {
    GV_TRY_VOID(check_text(from.reply_id, "digestSubscribeAck.reply_id"));
    GV_TRY_VOID(check_types(from.event_types, "digestSubscribeAck.event_types"));
    return DigestSubscribeAck{.heartbeat = from.heartbeat,
                              .reply_id = std::move(from.reply_id),
                              .event_types = std::move(from.event_types)};
}

Result<Message> take(thrift::DigestUnsubscribeAck& from) {
    GV_TRY_VOID(check_text(from.reply_id, "digestUnsubscribeAck.reply_id"));
    GV_TRY_VOID(check_types(from.event_types, "digestUnsubscribeAck.event_types"));
    return DigestUnsubscribeAck{.heartbeat = from.heartbeat,
                                .reply_id = std::move(from.reply_id),
                                .event_types = std::move(from.event_types)};
}

Result<Message> take(thrift::DigestEvent& from) {
    GV_TRY_VOID(check_text(from.event_type, "digestEvent.event_type"));
    GV_TRY_VOID(check_text(from.event_object, "digestEvent.event_object"));
    return DigestEvent{.event_type = std::move(from.event_type),
                       .event_object = std::move(from.event_object),
                       .heartbeat = from.heartbeat};
}

Result<Message> take(thrift::DigestForwardedAck& from) {
    GV_TRY_VOID(check_text(from.name, "digestForwardedAck.name"));
    GV_TRY_VOID(check_text(from.reply_id, "digestForwardedAck.reply_id"));
    GV_TRY_VOID(check_text(from.secret, "digestForwardedAck.secret"));
    return DigestForwardedAck{.name = std::move(from.name),
                              .reply_id = std::move(from.reply_id),
                              .secret = std::move(from.secret)};
}

Result<Message> take(thrift::DigestError& from) {
    GV_TRY_VOID(check_text(from.name, "digestError.name"));
    GV_TRY_VOID(check_text(from.error_entity, "digestError.error_entity"));
    GV_TRY_VOID(check_text(from.error_entity_name, "digestError.error_entity_name"));
    GV_TRY_VOID(check_text(from.error_message, "digestError.error_message"));
    GV_TRY_VOID(check_text(from.reply_id, "digestError.reply_id"));
    return DigestError{.name = std::move(from.name),
                       .heartbeat = from.heartbeat,
                       .error_code = from.error_code,
                       .error_entity = std::move(from.error_entity),
                       .error_entity_name = std::move(from.error_entity_name),
                       .error_message = std::move(from.error_message),
                       .reply_id = std::move(from.reply_id)};
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

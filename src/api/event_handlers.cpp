#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "api/asking.hpp"
#include "api/decode.hpp"
#include "api/encode.hpp"
#include "api/event_stream.hpp"
#include "api/feed.hpp"
#include "api/handlers.hpp"
#include "api/service.hpp"
#include "api/socket_session.hpp"
#include "base/limits.hpp"

namespace grapevine::api {
namespace {

constexpr std::size_t kPageItemsDefault = 100;

/// "1", "true", "0", "false"; `otherwise` when the key is absent.
Outcome<bool> read_truth(const Call& call, std::string_view key, bool otherwise) {
    const auto value = call.query_value(key);
    if (!value) return otherwise;
    if (*value == "1" || *value == "true") return true;
    if (*value == "0" || *value == "false") return false;
    return std::unexpected(Refusal{Refusal::Code::invalid,
                                   fmt::format("\"{}\" is neither 1 nor 0", *value), "give 1 or 0",
                                   std::string(key)});
}

Outcome<EventBody> read_event(const Call& call) {
    const auto topic = call.query_value("topic");
    if (call.body_type() == "application/json") {
        const bool has_more = call.query_value("trace") || call.query_value("after");
        if (!topic && !has_more) return decode_event(call.request.body);
        if (!topic) {
            return std::unexpected(Refusal{Refusal::Code::invalid,
                                           "a JSON body says itself how it is published",
                                           "put \"trace\" and \"after\" into the JSON",
                                           call.query_value("trace") ? "trace" : "after"});
        }
        return std::unexpected(
            Refusal{Refusal::Code::invalid, "a JSON body names its topic itself",
                    "to publish the JSON as it is, send it as application/octet-stream", "topic"});
    }
    if (!topic) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid, "is missing",
                    "give ?topic=, or send {\"topic\", \"payload\"} as application/json", "topic"});
    }
    GV_TRY_VOID(check_topic(*topic, "topic"));
    GV_TRY_VOID(check_payload(call.request.body.size(), "payload"));
    const ByteView bytes = as_bytes(call.request.body);
    const bool is_traced = GV_TRY(read_truth(call, "trace", false));
    auto after = GV_TRY(read_event_ids(call.query_values("after"), "after"));
    return EventBody{*topic, Bytes(bytes.begin(), bytes.end()), is_traced, std::move(after)};
}

struct FollowRequest {
    control::Log::Filter filter;
    FeedStart start;
};

Outcome<FollowRequest> read_follow(const Call& call) {
    FollowRequest follow;
    const Events events =
        GV_TRY(read_truth(call, "events", true)) ? Events::wanted : Events::unwanted;
    follow.filter.topics = GV_TRY(check_topics(call.query_values("topic"), events, "topic"));
    follow.filter.with_members = GV_TRY(read_truth(call, "members", false));
    follow.filter.with_records = GV_TRY(read_truth(call, "records", false));
    follow.filter.state_prefixes = call.query_values("state");
    if (follow.filter.state_prefixes.size() > kStreamTopicsMax) {
        return std::unexpected(Refusal{Refusal::Code::over_limit,
                                       "there are too many prefixes of keys",
                                       fmt::format("give at most {}", kStreamTopicsMax), "state"});
    }
    auto cursor = call.query_value("cursor");
    auto from = call.query_value("from");
    // A browser that reconnects repeats its first target, and adds what it saw last: that is newer.
    for (const auto& [name, value] : call.request.headers) {
        if (name != "last-event-id" || value.empty()) continue;
        cursor = value;
        from = std::nullopt;
    }
    follow.start = GV_TRY(parse_feed_start(cursor, from, "cursor"));
    return follow;
}

enum class Wanted : std::uint8_t { stream, page, neither };

/// What the client accepts; a stream when it accepts both or says nothing.
Wanted wanted(const Request& request) {
    bool has_accept = false;
    bool takes_page = false;
    for (const auto& [name, value] : request.headers) {
        if (name != "accept") continue;
        has_accept = true;
        for (const std::string_view element : split_list(value)) {
            const std::string type = media_type(element);
            if (type == "text/event-stream" || type == "text/*" || type == "*/*") {
                // An explicit wish for JSON goes before a wildcard.
                if (type != "*/*" || !takes_page) return Wanted::stream;
            }
            takes_page = takes_page || type == "application/json" || type == "application/*";
        }
    }
    if (!has_accept) return Wanted::stream;
    return takes_page ? Wanted::page : Wanted::neither;
}

Outcome<std::size_t> read_page_limit(const Call& call) {
    const auto limit = call.query_value("limit");
    if (!limit) return kPageItemsDefault;
    const auto number = parse_whole(*limit);
    if (number && *number > 0 && *number <= kPageItemsMax) return *number;
    return std::unexpected(Refusal{Refusal::Code::invalid,
                                   fmt::format("\"{}\" is not a limit", *limit),
                                   fmt::format("give 1 to {}", kPageItemsMax), "limit"});
}

Refusal no_overlay(const std::string& name) {
    return {Refusal::Code::not_found, fmt::format("there is no overlay \"{}\"", name),
            "GET /v1/overlays lists them", "overlay"};
}

void reply_page(const Call& call, Feed feed) {
    const auto limit = read_page_limit(call);
    if (!limit) return call.refuse(limit.error());
    const auto items = feed.read(*limit, kPageBytesMax);
    call.reply(encode_page(items, feed.cursor()));
}

}  // namespace

void handle_publish(Service& service, const CallPointer& call) {
    auto event = read_event(*call);
    if (!event) return call->refuse(event.error());
    control::Publish publish{call->path_value("overlay"), std::move(event->topic),
                             std::move(event->payload), event->is_traced, std::move(event->after)};
    ask<control::PublishReceipt>(service, call, std::move(publish),
                                 [](const Call& asked, const control::PublishReceipt& receipt) {
                                     asked.reply(encode(receipt));
                                 });
}

void handle_events(Service& service, const CallPointer& call) {
    const Wanted want = wanted(call->request);
    if (want == Wanted::neither) {
        Problem problem;
        problem.kind = ProblemKind::not_acceptable;
        problem.detail = "the Accept header allows neither of the types that are available";
        problem.cure = "accept text/event-stream for a stream, application/json for one page";
        problem.field = "accept";
        return call->refuse(problem);
    }
    if (want == Wanted::stream && call->query_value("limit")) {
        return call->refuse(Refusal{Refusal::Code::invalid, "a stream has no limit",
                                    "for one page, send \"Accept: application/json\"", "limit"});
    }
    auto follow = read_follow(*call);
    if (!follow) return call->refuse(follow.error());
    const std::string& overlay = call->path_value("overlay");
    auto log = service.control().log(overlay);
    if (!log) return call->refuse(no_overlay(overlay));
    Feed feed(log, std::move(follow->filter), follow->start, std::nullopt);
    if (want == Wanted::page) return reply_page(*call, std::move(feed));

    const auto room = service.check_room_for_stream();
    if (!room) return call->refuse(room.error());
    Response head;
    head.headers.emplace_back("content-type", "text/event-stream");
    head.headers.emplace_back("cache-control", "no-store");
    // nginx would otherwise hold items back until its buffer is full.
    head.headers.emplace_back("x-accel-buffering", "no");
    auto stream = std::make_shared<EventStream>(service.control(), std::move(log), overlay,
                                                call->caller.token ? call->caller.token->id : "",
                                                std::move(feed),
                                                call->exchange->start_stream(std::move(head)));
    service.add_stream(call->now, stream);
    stream->start();
}

void handle_socket(Service& service, const CallPointer& call) {
    const auto subprotocol = check_websocket(call->request, "GET .../events for a plain stream");
    if (!subprotocol) return call->refuse(subprotocol.error());
    const std::string& overlay = call->path_value("overlay");
    auto log = service.control().log(overlay);
    if (!log) return call->refuse(no_overlay(overlay));
    const auto room = service.check_room_for_stream();
    if (!room) return call->refuse(room.error());
    auto session =
        std::make_shared<SocketSession>(service.control(), std::move(log), overlay, call->caller,
                                        call->exchange->accept_websocket(*subprotocol));
    service.add_stream(call->now, session);
    session->start();
}

}  // namespace grapevine::api

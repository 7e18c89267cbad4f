#include <algorithm>
#include <fmt/core.h>

#include "api/aggregate_stream.hpp"
#include "api/asking.hpp"
#include "api/decode.hpp"
#include "api/encode.hpp"
#include "api/handlers.hpp"
#include "api/service.hpp"

namespace grapevine::api {
namespace {

void reply_aggregate(const Call& asked, const control::AggregateView& view) {
    asked.reply(encode(view));
}

}  // namespace

void handle_sql(Service& service, const CallPointer& call) {
    auto body = decode_sql(call->request.body);
    if (!body) return call->refuse(body.error());
    ask<control::TableView>(
        service, call,
        control::RunSql{call->path_value("overlay"), std::move(body->sql),
                        std::move(body->parameters)},
        [](const Call& asked, const control::TableView& view) { asked.reply(encode(view)); });
}

void handle_list_aggregates(Service& service, const CallPointer& call) {
    ask<std::vector<control::AggregateView>>(
        service, call, control::ListAggregates{call->path_value("overlay")},
        [](const Call& asked, const std::vector<control::AggregateView>& views) {
            asked.reply(encode(views));
        });
}

void handle_show_aggregate(Service& service, const CallPointer& call) {
    ask<control::AggregateView>(
        service, call,
        control::ShowAggregate{call->path_value("overlay"), call->path_value("name")},
        reply_aggregate);
}

void handle_set_aggregate(Service& service, const CallPointer& call) {
    auto spec = decode_aggregate(call->request.body, call->path_value("name"));
    if (!spec) return call->refuse(spec.error());
    ask<control::AggregateView>(
        service, call, control::SetAggregate{call->path_value("overlay"), std::move(*spec)},
        reply_aggregate);
}

void handle_erase_aggregate(Service& service, const CallPointer& call) {
    ask<control::Done>(
        service, call,
        control::EraseAggregate{call->path_value("overlay"), call->path_value("name")},
        [](const Call& asked, const control::Done&) { asked.reply({}); });
}

void handle_follow_aggregate(Service& service, const CallPointer& call) {
    const std::string& overlay = call->path_value("overlay");
    const std::string& name = call->path_value("name");
    auto aggregates = service.control().aggregates(overlay);
    if (!aggregates) {
        return call->refuse(
            Refusal{Refusal::Code::not_found,
                    fmt::format("there is no overlay \"{}\" with aggregates", overlay),
                    "GET /v1/overlays lists them", "overlay"});
    }
    if (!aggregates->find(name)) {
        return call->refuse(Refusal{Refusal::Code::not_found,
                                    fmt::format("there is no aggregate \"{}\"", name),
                                    "list them with: grapevine aggregate list", "name"});
    }
    const auto room = service.check_room_for_stream();
    if (!room) return call->refuse(room.error());
    Response head;
    head.headers.emplace_back("content-type", "text/event-stream");
    head.headers.emplace_back("cache-control", "no-store");
    // nginx would otherwise hold items back until its buffer is full.
    head.headers.emplace_back("x-accel-buffering", "no");
    auto stream =
        std::make_shared<AggregateStream>(service.control(), std::move(aggregates), overlay,
                                          call->caller.token ? call->caller.token->id : "", name,
                                          call->exchange->start_stream(std::move(head)));
    service.add_stream(call->now, stream);
    stream->start();
}

}  // namespace grapevine::api

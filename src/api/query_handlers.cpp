// Queries to all members, and the applications that answer them.

#include <fmt/core.h>
#include <limits>
#include <utility>
#include <vector>

#include "api/asking.hpp"
#include "api/decode.hpp"
#include "api/encode.hpp"
#include "api/handlers.hpp"
#include "api/query_stream.hpp"
#include "api/service.hpp"
#include "api/text.hpp"
#include "base/limits.hpp"
#include "base/overloaded.hpp"

namespace grapevine::api {
namespace {

bool wants_stream(const Request& request) {
    for (const auto& [name, value] : request.headers) {
        if (name != "accept") continue;
        for (const std::string_view element : split_list(value)) {
            if (media_type(element) == "text/event-stream") return true;
        }
    }
    return false;
}

std::shared_ptr<QueryStream> open_stream(Service& service, const Call& call) {
    Response head;
    head.headers.emplace_back("content-type", "text/event-stream");
    head.headers.emplace_back("cache-control", "no-store");
    // nginx would otherwise hold items back until its buffer is full.
    head.headers.emplace_back("x-accel-buffering", "no");
    auto stream = std::make_shared<QueryStream>(service.control(), call.path_value("overlay"),
                                                call.caller.token ? call.caller.token->id : "",
                                                call.exchange->start_stream(std::move(head)));
    service.add_stream(call.now, stream);
    stream->start();
    return stream;
}

/// One query on its way: refused, answered by one document, or told as a stream. Kept by the
/// control until its end.
class Asking : public std::enable_shared_from_this<Asking> {
public:
    Asking(std::weak_ptr<Service> service, CallPointer call, bool is_stream)
        : service_(std::move(service)), call_(std::move(call)), is_stream_(is_stream) {}

    void begin(control::Control& control, control::AskQuery wanted) {
        auto source = control.query(std::move(wanted),
                                    [self = shared_from_this()](Outcome<control::QueryItem> item) {
                                        self->take(std::move(item));
                                    });
        if (is_over_) return;
        // Without a stream nobody tells us that the client has gone: it runs to its end.
        if (stream_) {
            stream_->hold(std::move(source));
        } else {
            source_ = std::move(source);
        }
    }

private:
    void take(Outcome<control::QueryItem> item) {
        if (is_over_) return;
        if (!item) {
            is_over_ = true;
            refuse(item.error());
        } else if (is_stream_ && !stream_ && !open()) {
            is_over_ = true;
        } else {
            std::visit(Overloaded{
                           [this](control::QueryAnswer& answer) { take(std::move(answer)); },
                           [this](const control::QueryEnd& end) { take(end); },
                       },
                       *item);
        }
        if (is_over_) const auto source = std::exchange(source_, nullptr);
    }

    void take(control::QueryAnswer answer) {
        if (is_stream_) {
            stream_->tell("answer", encode(answer));
        } else {
            answers_.push_back(std::move(answer));
        }
    }

    void take(const control::QueryEnd& end) {
        is_over_ = true;
        if (is_stream_) {
            stream_->tell("end", encode(end));
            stream_->finish();
        } else {
            call_->reply(encode(answers_, end));
        }
    }

    /// The stream begins with the first thing that it tells, so that a refusal has its status.
    bool open() {
        const auto service = service_.lock();
        if (!service) return false;
        if (const auto room = service->check_room_for_stream(); !room) {
            call_->refuse(room.error());
            return false;
        }
        stream_ = open_stream(*service, *call_);
        stream_->hold(std::exchange(source_, nullptr));
        return true;
    }

    void refuse(const Refusal& refusal) {
        if (!stream_) return call_->refuse(refusal);
        stream_->end(refusal.code == Refusal::Code::unavailable ? "unavailable" : "refused");
    }

    std::weak_ptr<Service> service_;
    CallPointer call_;
    bool is_stream_;
    bool is_over_ = false;
    std::shared_ptr<QueryStream> stream_;
    std::shared_ptr<void> source_;
    std::vector<control::QueryAnswer> answers_;
};

Outcome<Bytes> read_answer(const Call& call) {
    if (call.body_type() == "application/json") return decode_query_answer(call.request.body);
    const ByteView bytes = as_bytes(call.request.body);
    return Bytes(bytes.begin(), bytes.end());
}

}  // namespace

void handle_ask_query(Service& service, const CallPointer& call) {
    auto wanted = decode_query(call->request.body);
    if (!wanted) return call->refuse(wanted.error());
    wanted->overlay = call->path_value("overlay");
    std::make_shared<Asking>(service.weak_from_this(), call, wants_stream(call->request))
        ->begin(service.control(), *std::move(wanted));
}

void handle_serve_queries(Service& service, const CallPointer& call) {
    const auto name = call->query_value("name");
    if (!name) {
        return call->refuse(Refusal{Refusal::Code::invalid, "is missing",
                                    "give ?name=, the queries that are answered", "name"});
    }
    if (const auto room = service.check_room_for_stream(); !room) {
        return call->refuse(room.error());
    }
    // The name is checked by the desk, before there is a stream: what comes goes to it once there
    // is.
    const auto slot = std::make_shared<std::weak_ptr<QueryStream>>();
    auto source = service.control().serve(call->path_value("overlay"), *name,
                                          [slot](const control::QueryCall& query) {
                                              const auto stream = slot->lock();
                                              if (!stream) return;
                                              stream->tell("query", encode(query));
                                              if (stream->unsent_bytes() > kSocketUnsentBytesMax)
                                                  stream->end("not_reading");
                                          });
    if (!source) return call->refuse(source.error());
    const auto stream = open_stream(service, *call);
    *slot = stream;
    stream->tell("serving", encode_serving(*name));
    stream->hold(*std::move(source));
}

void handle_answer_query(Service& service, const CallPointer& call) {
    auto payload = read_answer(*call);
    if (!payload) return call->refuse(payload.error());
    if (payload->size() > kQueryAnswerBytesMax) {
        return call->refuse(
            Refusal{Refusal::Code::over_limit, fmt::format("has {} bytes", payload->size()),
                    fmt::format("at most {} are possible", kQueryAnswerBytesMax), "payload"});
    }
    control::AnswerQuery answer{call->path_value("overlay"), call->path_value("query"),
                                *std::move(payload)};
    ask<control::Done>(service, call, std::move(answer),
                       [](const Call& asked, const control::Done&) { asked.reply(""); });
}

void handle_estimate(Service& service, const CallPointer& call) {
    control::ShowEstimate wanted;
    wanted.overlay = call->path_value("overlay");
    wanted.of = call->query_value("of").value_or("count");
    wanted.key = call->query_value("key").value_or("");
    wanted.method = call->query_value("method").value_or("");
    if (wanted.key.size() > kRecordKeyBytesMax) {
        return call->refuse(
            Refusal{Refusal::Code::over_limit, fmt::format("has {} bytes", wanted.key.size()),
                    fmt::format("keys have at most {}", kRecordKeyBytesMax), "key"});
    }
    ask<control::EstimateView>(
        service, call, std::move(wanted),
        [](const Call& asked, const control::EstimateView& view) { asked.reply(encode(view)); });
}

}  // namespace grapevine::api

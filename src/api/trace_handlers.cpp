#include <fmt/core.h>
#include <limits>

#include "api/asking.hpp"
#include "api/encode.hpp"
#include "api/handlers.hpp"
#include "api/service.hpp"
#include "api/text.hpp"

namespace grapevine::api {
namespace {

constexpr std::int64_t kPatienceDefaultMs = 2000;
constexpr std::uint64_t kPatienceMaxMs = 30'000;

/// The event that the path names. Read as its id is, so that both have the same rules.
Outcome<control::EventId> read_event_id(const Call& call) {
    std::string text = fmt::format("{}-{}-{}", call.path_value("publisher"),
                                   call.path_value("epoch"), call.path_value("sequence"));
    if (const auto channel = call.query_value("channel"); channel && *channel != "0") {
        text += "-" + *channel;
    }
    return control::parse_event_id(text, "event");
}

Outcome<std::int64_t> read_patience(const Call& call) {
    const auto text = call.query_value("patience_ms");
    if (!text) return kPatienceDefaultMs;
    const auto number = parse_whole(*text);
    if (number && *number > 0 && *number <= kPatienceMaxMs) {
        return static_cast<std::int64_t>(*number);
    }
    return std::unexpected(Refusal{Refusal::Code::invalid,
                                   fmt::format("\"{}\" is not a number of milliseconds", *text),
                                   fmt::format("give 1 to {}", kPatienceMaxMs), "patience_ms"});
}

}  // namespace

void handle_trace(Service& service, const CallPointer& call) {
    auto event = read_event_id(*call);
    if (!event) return call->refuse(event.error());
    const auto patience = read_patience(*call);
    if (!patience) return call->refuse(patience.error());
    ask<control::TraceView>(
        service, call,
        control::TraceEvent{call->path_value("overlay"), std::move(*event), *patience},
        [](const Call& asked, const control::TraceView& view) { asked.reply(encode(view)); });
}

}  // namespace grapevine::api

#include <fmt/core.h>

#include "api/asking.hpp"
#include "api/encode.hpp"
#include "api/handlers.hpp"
#include "api/service.hpp"
#include "api/text.hpp"

namespace grapevine::api {
namespace {

constexpr std::uint64_t kAgeMaxMs = 3'600'000;

}  // namespace

void handle_round_trip(Service& service, const CallPointer& call) {
    control::ShowRoundTrip wanted{call->path_value("overlay"),
                                  call->query_value("from").value_or(""),
                                  call->query_value("to").value_or("")};
    ask<control::RoundTripView>(
        service, call, std::move(wanted),
        [](const Call& asked, const control::RoundTripView& view) { asked.reply(encode(view)); });
}

void handle_reachability(Service& service, const CallPointer& call) {
    control::ShowReachability wanted{call->path_value("overlay")};
    if (const auto age = call->query_value("age_ms")) {
        const auto number = parse_whole(*age);
        if (!number || *number > kAgeMaxMs) {
            return call->refuse(Refusal{Refusal::Code::invalid,
                                        fmt::format("\"{}\" is no age", *age),
                                        fmt::format("give 0 to {}", kAgeMaxMs), "age_ms"});
        }
        wanted.age_max_ms = static_cast<std::int64_t>(*number);
    }
    ask<control::ReachabilityView>(service, call, std::move(wanted),
                                   [](const Call& asked, const control::ReachabilityView& view) {
                                       asked.reply(encode(view));
                                   });
}

}  // namespace grapevine::api

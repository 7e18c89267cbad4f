#include "api/asking.hpp"
#include "api/encode.hpp"
#include "api/handlers.hpp"
#include "api/service.hpp"

namespace grapevine::api {

void handle_round_trip(Service& service, const CallPointer& call) {
    control::ShowRoundTrip wanted{call->path_value("overlay"),
                                  call->query_value("from").value_or(""),
                                  call->query_value("to").value_or("")};
    ask<control::RoundTripView>(
        service, call, std::move(wanted),
        [](const Call& asked, const control::RoundTripView& view) { asked.reply(encode(view)); });
}

}  // namespace grapevine::api

#include <memory>
#include <utility>

#include "api/access.hpp"
#include "api/handlers.hpp"
#include "api/lab_session.hpp"
#include "api/service.hpp"

namespace grapevine::api {
namespace {

Refusal no_lab() {
    return {Refusal::Code::unavailable, "this daemon has no lab",
            "run experiments with: grapevine lab run", ""};
}

}  // namespace

void handle_lab(Service& service, const CallPointer& call) {
    const control::Lab* const lab = service.control().lab();
    if (lab == nullptr) return call->refuse(no_lab());
    call->reply(lab->catalogue());
}

void handle_lab_stream(Service& service, const CallPointer& call) {
    const auto subprotocol = check_websocket(call->request, "run: grapevine lab run LINK");
    if (!subprotocol) return call->refuse(subprotocol.error());
    control::Lab* const lab = service.control().lab();
    if (lab == nullptr) return call->refuse(no_lab());
    const auto room = service.check_room_for_stream();
    if (!room) return call->refuse(room.error());
    // The desk first: with no place left the client gets an answer that it can read.
    auto session = std::make_shared<LabSession>(call->caller);
    auto desk = lab->open(session->taker());
    if (!desk) return call->refuse(desk.error());
    session->start(*std::move(desk), call->exchange->accept_websocket(*subprotocol));
    service.add_stream(call->now, session);
}

}  // namespace grapevine::api

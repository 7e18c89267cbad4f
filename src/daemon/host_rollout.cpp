// What is set for a whole overlay. See host.hpp.

#include "daemon/answer.hpp"
#include "daemon/host.hpp"

namespace grapevine::daemon {

void Host::handle(control::ShowRollout request, Callback callback) {
    ask(
        request.overlay, [](OverlayPump& pump) { return answer_of(pump.rollout()); },
        std::move(callback));
}

void Host::handle(control::ProposeRollout request, Callback callback) {
    const std::string overlay = request.overlay;
    ask(
        overlay,
        [wanted = std::move(request)](OverlayPump& pump) {
            return answer_of(pump.propose_rollout(wanted));
        },
        std::move(callback));
}

void Host::handle(control::ReturnRollout request, Callback callback) {
    ask(
        request.overlay, [](OverlayPump& pump) { return answer_of(pump.return_rollout()); },
        std::move(callback));
}

void Host::handle(control::ShowSummary request, Callback callback) {
    ask(
        request.overlay, [](OverlayPump& pump) { return answer_of(pump.summary()); },
        std::move(callback));
}

void Host::handle(control::SetSummary request, Callback callback) {
    const std::string overlay = request.overlay;
    ask(
        overlay,
        [wanted = std::move(request)](OverlayPump& pump) {
            return answer_of(pump.set_summary(wanted));
        },
        std::move(callback));
}

void Host::handle(control::SetZoneValue request, Callback callback) {
    const std::string overlay = request.overlay;
    ask(
        overlay,
        [wanted = std::move(request)](OverlayPump& pump) {
            return answer_of(pump.set_zone_value(wanted));
        },
        std::move(callback));
}

}  // namespace grapevine::daemon

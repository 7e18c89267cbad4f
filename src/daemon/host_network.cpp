// Questions about the network, which the members of an overlay are asked. See host.hpp.

#include "daemon/answer.hpp"
#include "daemon/host.hpp"

namespace grapevine::daemon {

void Host::handle(control::ShowRoundTrip request, Callback callback) {
    inquire(
        request.overlay,
        [from = request.from, to = request.to](OverlayPump& pump, Callback done) {
            pump.round_trip(from, to, [done](Outcome<control::RoundTripView> view) {
                done(answer_of(std::move(view)));
            });
        },
        std::move(callback));
}

void Host::handle(control::ShowReachability request, Callback callback) {
    inquire(
        request.overlay,
        [age_max = request.age_max_ms](OverlayPump& pump, Callback done) {
            pump.reachability(std::chrono::milliseconds(age_max),
                              [done](Outcome<control::ReachabilityView> view) {
                                  done(answer_of(std::move(view)));
                              });
        },
        std::move(callback));
}

void Host::handle(control::ShowTopology request, Callback callback) {
    inquire(
        request.overlay, [](OverlayPump& pump, Callback done) { done(answer_of(pump.topology())); },
        std::move(callback));
}

void Host::handle(control::ShowEstimate request, Callback callback) {
    const std::string overlay = request.overlay;
    inquire(
        overlay,
        [request = std::move(request)](OverlayPump& pump, Callback done) {
            pump.estimate(request, [done](Outcome<control::EstimateView> view) {
                done(answer_of(std::move(view)));
            });
        },
        std::move(callback));
}

}  // namespace grapevine::daemon

// What concerns a whole overlay: its keys, and what is wiped in it. See host.hpp.

#include "daemon/answer.hpp"
#include "daemon/host.hpp"

namespace grapevine::daemon {

void Host::handle(control::ShowKeys request, Callback callback) {
    ask(
        request.overlay, [](OverlayPump& pump) { return answer_of(pump.keys()); },
        std::move(callback));
}

void Host::handle(control::RotateKeys request, Callback callback) {
    const std::string overlay = request.overlay;
    ask(
        overlay,
        [wanted = std::move(request)](OverlayPump& pump) {
            return answer_of(pump.rotate_keys(wanted));
        },
        std::move(callback));
}

void Host::handle(control::Wipe request, Callback callback) {
    const std::string overlay = request.overlay;
    ask(
        overlay,
        [wanted = std::move(request)](OverlayPump& pump) { return answer_of(pump.wipe(wanted)); },
        std::move(callback));
}

void Host::handle(control::ListWipes request, Callback callback) {
    ask(
        request.overlay, [](OverlayPump& pump) { return control::Answer(pump.wipes()); },
        std::move(callback));
}

}  // namespace grapevine::daemon

#include <fmt/core.h>
#include <utility>

#include "daemon/answer.hpp"
#include "daemon/gossiperl_settings.hpp"
#include "daemon/host.hpp"
#include "daemon/overlay_spec.hpp"

// What the old REST API asks of the host.
namespace grapevine::daemon {
namespace {

/// Answers `Done` where the host answers with a view.
control::Control::Callback done_for(control::Control::Callback callback) {
    return [callback = std::move(callback)](Outcome<control::Answer> answer) {
        if (answer) return callback(control::Answer(control::Done{}));
        callback(std::move(answer));
    };
}

control::OverlaySpec spec_of(const std::string& name, control::gossiperl::Settings settings) {
    control::OverlaySpec spec;
    spec.name = name;
    spec.protocol = "gossiperl";
    spec.gossiperl = std::move(settings);
    return spec;
}

/// Refuses what cannot be changed while the overlay runs, and takes over what was worked out.
Outcome<void> keep_identity(control::gossiperl::Settings& next,
                            const control::gossiperl::Settings& running) {
    const auto fixed = [](bool is_same, std::string_view field) -> Outcome<void> {
        if (is_same) return {};
        return std::unexpected(
            Refusal{Refusal::Code::conflict,
                    fmt::format("{} cannot be changed while the overlay runs", field),
                    "remove the overlay and add it again", std::string(field)});
    };
    if (!next.member_name) next.member_name = running.member_name;
    if (!next.ip) next.ip = running.ip;
    if (next.multicast && running.multicast) {
        next.ip = running.ip;
        if (next.multicast->local_port == 0) {
            next.multicast->local_port = running.multicast->local_port;
        }
    }
    GV_TRY_VOID(fixed(next.ip == running.ip, "ip"));
    GV_TRY_VOID(fixed(next.iface == running.iface, "iface"));
    GV_TRY_VOID(fixed(next.port == running.port, "port"));
    GV_TRY_VOID(fixed(next.member_name == running.member_name, "member_name"));
    return fixed(next.multicast == running.multicast, "multicast");
}

}  // namespace

void Host::handle(control::gossiperl::ShowSettings request, Callback callback) {
    ask(
        request.overlay, [](OverlayPump& pump) { return answer_of(pump.old_settings()); },
        std::move(callback));
}

void Host::handle(control::gossiperl::ListMembers request, Callback callback) {
    ask(
        request.overlay, [](OverlayPump& pump) { return answer_of(pump.old_members()); },
        std::move(callback));
}

void Host::handle(control::gossiperl::ListSubscriptions request, Callback callback) {
    ask(
        request.overlay, [](OverlayPump& pump) { return answer_of(pump.old_subscriptions()); },
        std::move(callback));
}

void Host::handle(control::gossiperl::ShowStatistics request, Callback callback) {
    ask(
        request.overlay,
        [window = request.window](OverlayPump& pump) { return answer_of(pump.statistics(window)); },
        std::move(callback));
}

void Host::handle(control::gossiperl::SendDigest request, Callback callback) {
    auto payload = std::make_shared<Bytes>(std::move(request.payload));
    ask(
        request.overlay,
        [type = request.type, payload, recipient = request.recipient](OverlayPump& pump) {
            return answer_of(pump.send_digest(type, std::move(*payload), recipient));
        },
        std::move(callback));
}

void Host::handle(control::gossiperl::Create request, Callback callback) {
    create(spec_of(request.overlay, std::move(request.settings)), Origin::session,
           done_for(std::move(callback)));
}

void Host::handle(control::gossiperl::Change request, Callback callback) {
    const auto entry = find(request.overlay);
    if (!entry) return callback(std::unexpected(entry.error()));
    if (!is_gossiperl((*entry)->spec)) {
        return callback(std::unexpected(
            Refusal{Refusal::Code::conflict,
                    fmt::format("'{}' does not speak the gossiperl protocol", request.overlay),
                    "change it over /v1/overlays", "overlay"}));
    }
    if ((*entry)->origin == Origin::file) {
        return callback(std::unexpected(Refusal{
            Refusal::Code::conflict,
            fmt::format("overlay '{}' is defined in the configuration file", request.overlay),
            "change it there and reload with SIGHUP (systemctl reload grapevine)", "overlay"}));
    }
    const auto refusals = check_gossiperl_settings(request.settings);
    if (!refusals.empty()) return callback(std::unexpected(refusals.front()));
    // Only the pump knows what was worked out: a made up name, a port that 0 became.
    handle(control::gossiperl::ShowSettings{request.overlay},
           [this, self = self_, name = request.overlay, settings = std::move(request.settings),
            callback = std::move(callback)](Outcome<control::Answer> answer) mutable {
               if (*self == nullptr) return;
               if (!answer) return callback(std::move(answer));
               const auto& running = std::get<control::gossiperl::Settings>(*answer);
               if (auto kept = keep_identity(settings, running); !kept) {
                   return callback(std::unexpected(kept.error()));
               }
               const auto found = find(name);
               if (!found) return callback(std::unexpected(found.error()));
               control::OverlaySpec next = (*found)->spec;
               // The comparison with what runs must not see a difference that is none.
               (*found)->spec.gossiperl = running;
               next.gossiperl = std::move(settings);
               change(name, next, done_for(std::move(callback)));
           });
}

}  // namespace grapevine::daemon

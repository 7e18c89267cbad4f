#include "daemon/host.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <fstream>
#include <unistd.h>
#include <utility>

#include "daemon/answer.hpp"
#include "daemon/detection_settings.hpp"
#include "daemon/dissemination_settings.hpp"
#include "daemon/invitation.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"

namespace grapevine::daemon {
namespace {

/// Alive members whose addresses an invitation carries besides our own.
constexpr std::size_t kInvitationPeersMax = 3;

Refusal no_overlay(const std::string& name) {
    return {Refusal::Code::not_found, fmt::format("there is no overlay '{}' here", name),
            "list them with: grapevine overlay list", "overlay"};
}

}  // namespace

std::int64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::int64_t total_pages = 0;
    std::int64_t resident_pages = 0;
    file >> total_pages >> resident_pages;
    return file ? resident_pages * ::sysconf(_SC_PAGESIZE) : 0;
}

void Host::submit(control::Request request, Callback callback) {
    if (is_stopping_) {
        callback(std::unexpected(Refusal{Refusal::Code::unavailable, "the daemon is shutting down",
                                         "ask again when it has been started", ""}));
        return;
    }
    std::visit([&](auto& wanted) { handle(std::move(wanted), std::move(callback)); }, request);
}

std::shared_ptr<control::Log> Host::log(const std::string& overlay) {
    const auto found = entries_.find(overlay);
    return found == entries_.end() ? nullptr : found->second.log;
}

std::map<std::string, std::string> Host::bound() const {
    std::map<std::string, std::string> addresses;
    for (const auto& [name, entry] : entries_) {
        if (entry.state == State::running) addresses[name] = entry.bound;
    }
    return addresses;
}

Outcome<void> Host::check_native(const Entry& entry) {
    if (!is_gossiperl(entry.spec)) return {};
    return std::unexpected(
        Refusal{Refusal::Code::conflict,
                fmt::format("'{}' is an overlay of the gossiperl protocol", entry.spec.name),
                "change it in the configuration file, or over the old REST API", "overlay"});
}

Outcome<Host::Entry*> Host::find(const std::string& overlay) {
    const auto found = entries_.find(overlay);
    if (found == entries_.end()) return std::unexpected(no_overlay(overlay));
    return &found->second;
}

Outcome<Host::Entry*> Host::find_running(const std::string& overlay) {
    Entry* const entry = GV_TRY(find(overlay));
    if (entry->state == State::running) return entry;
    const bool has_left = entry->state == State::left;
    return std::unexpected(
        Refusal{Refusal::Code::unavailable,
                has_left ? fmt::format("this daemon has left the overlay '{}'", overlay)
                         : fmt::format("the overlay '{}' is still starting", overlay),
                has_left ? "restart the daemon to come back" : "ask again in a moment", "overlay"});
}

void Host::ask(const std::string& overlay, Question question, Callback callback) {
    inquire(
        overlay,
        [question = std::move(question)](OverlayPump& pump, const Callback& done) {
            done(question(pump));
        },
        std::move(callback));
}

void Host::inquire(const std::string& overlay, Inquiry inquiry, Callback callback) {
    const auto entry = find_running(overlay);
    if (!entry) {
        callback(std::unexpected(entry.error()));
        return;
    }
    // The callback goes back to this thread as a whole: what it holds must not end on the worker.
    Callback done = [self = self_, &loop = loop_,
                     callback = std::move(callback)](Outcome<control::Answer> answer) mutable {
        loop.post([answer = std::move(answer), callback = std::move(callback), self]() mutable {
            if (*self != nullptr) callback(std::move(answer));
        });
    };
    (*entry)->worker->post([pump = (*entry)->pump, inquiry = std::move(inquiry),
                            done = std::move(done)]() mutable { inquiry(*pump, std::move(done)); });
}

void Host::tell_interest(const std::string& name) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.pump == nullptr) return;
    const Entry& entry = found->second;
    entry.worker->post([pump = entry.pump, patterns = entry.log->wanted()]() mutable {
        pump->set_interest(std::move(patterns));
    });
}

// -- Looking --

void Host::handle(control::Info, Callback callback) {
    control::InfoView view;
    view.version = GRAPEVINE_VERSION;
    view.node_name = config_.name;
    view.uptime_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now().time_since_epoch())
            .count();
    view.resident_bytes = resident_bytes();
    view.overlays = entries_.size();
    view.state_folder = config_.state_folder;
    view.config_file = config_.config_file;
    const bool is_settled = std::ranges::none_of(
        entries_, [](const auto& named) { return named.second.state == State::starting; });
    view.is_ready = is_started_ && is_settled && !store_.is_failing();
    callback(control::Answer(std::move(view)));
}

control::OverlayView Host::stub_view(const Entry& entry) const {
    control::OverlayView view;
    view.name = entry.spec.name;
    complete_view(view, entry);
    view.member_name = entry.spec.member_name.value_or(config_.name);
    view.seeds = entry.spec.seeds.value_or(std::vector<std::string>{});
    view.cipher = entry.spec.cipher.value_or("");
    return view;
}

void Host::complete_view(control::OverlayView& view, const Entry& entry) const {
    view.profile = entry.spec.profile.value_or("");
    view.detector = detector_of(entry.spec);
    view.dissemination = dissemination_of(entry.spec);
    view.subscriber_topics =
        entry.spec.dissemination.subscriber_topics.value_or(std::vector<std::string>{});
    view.protocol = entry.spec.protocol.value_or("");
    view.origin = entry.origin == Origin::file  ? "file"
                  : entry.origin == Origin::api ? "api"
                                                : "session";
    switch (entry.state) {
        case State::starting:
            view.state = "starting";
            break;
        case State::running:
            view.state = "running";
            break;
        case State::left:
            view.state = "left";
            break;
    }
    if (is_gossiperl(entry.spec)) return;
    view.counters.emplace_back("sql_answered_total", entry.sql.answered);
    view.counters.emplace_back("sql_refused_total", entry.sql.refused);
    view.counters.emplace_back("sql_aborted_total", entry.sql.aborted);
    const Sampler::Counters samples = sampler_.counters(entry.spec.name);
    view.counters.emplace_back("samples_taken_total", samples.taken);
    view.counters.emplace_back("samples_written_total", samples.written);
    view.counters.emplace_back("samples_failed_total", samples.failed);
    if (!entry.aggregates) return;
    const AggregateKeeper::Counters& aggregates = entry.aggregates->counters();
    view.counters.emplace_back("aggregates", entry.aggregates->size());
    view.counters.emplace_back("aggregate_rounds_total", aggregates.rounds);
    view.counters.emplace_back("aggregate_computed_total", aggregates.computed);
    view.counters.emplace_back("aggregate_failed_total", aggregates.failed);
    view.counters.emplace_back("aggregate_changed_total", aggregates.changed);
}

void Host::collect(std::function<void(std::vector<control::OverlayView>)> done) {
    struct Gathering {
        std::vector<control::OverlayView> views;
        std::size_t missing = 0;
        std::function<void(std::vector<control::OverlayView>)> done;
    };
    const auto gathering = std::make_shared<Gathering>();
    gathering->done = std::move(done);
    gathering->missing = entries_.size();
    gathering->views.resize(entries_.size());
    if (entries_.empty()) {
        gathering->done({});
        return;
    }
    std::size_t index = 0;
    for (const auto& [name, entry] : entries_) {
        const std::size_t place = index++;
        gathering->views[place] = stub_view(entry);
        handle(control::ShowOverlay{name}, [gathering, place](Outcome<control::Answer> answer) {
            if (answer) {
                gathering->views[place] = std::get<control::OverlayView>(*answer);
            }
            if (--gathering->missing == 0) gathering->done(std::move(gathering->views));
        });
    }
}

void Host::handle(control::ListOverlays, Callback callback) {
    collect([callback = std::move(callback)](std::vector<control::OverlayView> views) {
        callback(control::Answer(std::move(views)));
    });
}

void Host::handle(control::ShowOverlay request, Callback callback) {
    const auto entry = find(request.overlay);
    if (entry && (*entry)->state != State::running) {
        callback(control::Answer(stub_view(**entry)));
        return;
    }
    ask(
        request.overlay, [](OverlayPump& pump) { return control::Answer(pump.view()); },
        [this, self = self_, name = request.overlay,
         callback = std::move(callback)](Outcome<control::Answer> answer) {
            if (*self == nullptr) return;
            const auto found = entries_.find(name);
            if (answer && found != entries_.end()) {
                complete_view(std::get<control::OverlayView>(*answer), found->second);
            }
            callback(std::move(answer));
        });
}

void Host::handle(control::ListMembers request, Callback callback) {
    ask(
        request.overlay, [](OverlayPump& pump) { return control::Answer(pump.members()); },
        std::move(callback));
}

void Host::handle(control::ShowMember request, Callback callback) {
    ask(
        request.overlay,
        [member = request.member](OverlayPump& pump) { return answer_of(pump.member(member)); },
        std::move(callback));
}

void Host::handle(control::GetRecord request, Callback callback) {
    ask(
        request.overlay,
        [member = request.member](OverlayPump& pump) { return answer_of(pump.record(member)); },
        std::move(callback));
}

void Host::handle(control::Metrics, Callback callback) {
    handle(control::Info{},
           [this, self = self_, callback = std::move(callback)](Outcome<control::Answer> info) {
               if (*self == nullptr) return;
               collect([info = std::get<control::InfoView>(*info),
                        callback](std::vector<control::OverlayView> views) {
                   callback(control::Answer(render_metrics(views, info)));
               });
           });
}

// -- Doing --

void Host::handle(control::ForgetMember request, Callback callback) {
    ask(
        request.overlay,
        [member = request.member](OverlayPump& pump) { return answer_of(pump.forget(member)); },
        std::move(callback));
}

void Host::handle(control::SetRecord request, Callback callback) {
    ask(
        request.overlay,
        [key = request.key, value = request.value](OverlayPump& pump) {
            return answer_of(pump.set_record(key, value));
        },
        std::move(callback));
}

void Host::handle(control::EraseRecord request, Callback callback) {
    ask(
        request.overlay,
        [key = request.key](OverlayPump& pump) { return answer_of(pump.erase_record(key)); },
        std::move(callback));
}

void Host::handle(control::StateCommand request, Callback callback) {
    auto command = std::make_shared<control::StateCommand>(std::move(request));
    ask(
        command->overlay, [command](OverlayPump& pump) { return pump.state(*command); },
        std::move(callback));
}

void Host::handle(control::Publish request, Callback callback) {
    const std::string overlay = request.overlay;
    auto wanted = std::make_shared<control::Publish>(std::move(request));
    inquire(
        overlay,
        [wanted](OverlayPump& pump, const Callback& done) {
            // Answered now, or when it is this event's turn.
            pump.publish_in_turn(std::move(*wanted),
                                 [done](Outcome<control::PublishReceipt> receipt) {
                                     done(answer_of(std::move(receipt)));
                                 });
        },
        std::move(callback));
}

void Host::handle(control::TraceEvent request, Callback callback) {
    const std::string overlay = request.overlay;
    inquire(
        overlay,
        [request = std::move(request)](OverlayPump& pump, Callback done) {
            pump.trace(request, [done = std::move(done)](Outcome<control::TraceView> view) {
                done(answer_of(std::move(view)));
            });
        },
        std::move(callback));
}

void Host::handle(control::JoinSeeds request, Callback callback) {
    for (const std::string& seed : request.seeds) {
        if (auto checked = check_seed(seed); !checked) {
            callback(std::unexpected(checked.error()));
            return;
        }
    }
    const auto entry = find(request.overlay);
    if (!entry) {
        callback(std::unexpected(entry.error()));
        return;
    }
    if (auto native = check_native(**entry); !native) {
        callback(std::unexpected(native.error()));
        return;
    }
    control::OverlaySpec& spec = (*entry)->spec;
    std::vector<std::string> seeds = spec.seeds.value_or(std::vector<std::string>{});
    for (const std::string& seed : request.seeds) {
        if (std::ranges::find(seeds, seed) == seeds.end()) seeds.push_back(seed);
    }
    if (seeds.size() > kSeedsMax) {
        callback(std::unexpected(Refusal{
            Refusal::Code::over_limit, fmt::format("an overlay has at most {} seeds", kSeedsMax),
            "change the overlay's seeds instead: grapevine overlay change", "seeds"}));
        return;
    }
    spec.seeds = std::move(seeds);
    if ((*entry)->origin == Origin::api) {
        if (auto saved = definitions_.save(spec); !saved) {
            callback(std::unexpected(saved.error()));
            return;
        }
    }
    ask(
        request.overlay,
        [seeds = request.seeds](OverlayPump& pump) { return answer_of(pump.join(seeds)); },
        std::move(callback));
}

void Host::handle(control::JoinToken request, Callback callback) {
    join(request.token, std::move(callback));
}

void Host::join(const std::string& token, Callback callback) {
    const auto invitation = parse_invitation(token);
    if (!invitation) {
        callback(std::unexpected(invitation.error()));
        return;
    }
    const auto found = entries_.find(invitation->overlay);
    if (found == entries_.end()) {
        create(to_spec(*invitation), Origin::api, std::move(callback));
        return;
    }
    // In it already, perhaps with another key: that would be another overlay of the same name.
    const auto own_keys = found->second.spec.keys.value_or(std::vector<std::string>{});
    const bool is_same = std::ranges::any_of(invitation->keys, [&](const KeyText& key) {
        return std::ranges::find(own_keys, format_key(key)) != own_keys.end();
    });
    if (is_same) return add_seeds(*invitation, std::move(callback));
    // After a rotation the ring is no more that of the configuration.
    ask(
        invitation->overlay,
        [invited = *invitation](OverlayPump& pump) -> Outcome<control::Answer> {
            const std::vector<KeyText> ring = pump.ring();
            if (std::ranges::find_first_of(ring, invited.keys) != ring.end()) {
                return control::Answer(control::Done{});
            }
            return std::unexpected(Refusal{
                Refusal::Code::conflict,
                fmt::format("this daemon is in another overlay named '{}', with another key",
                            invited.overlay),
                "remove that one first: grapevine overlay remove", "token"});
        },
        [this, self = self_, invited = *invitation,
         callback = std::move(callback)](Outcome<control::Answer> answer) mutable {
            if (*self == nullptr) return;
            if (!answer) return callback(std::move(answer));
            add_seeds(invited, std::move(callback));
        });
}

void Host::add_seeds(const Invitation& invitation, Callback callback) {
    handle(control::JoinSeeds{invitation.overlay, invitation.seeds},
           [this, self = self_, name = invitation.overlay,
            callback = std::move(callback)](Outcome<control::Answer> answer) {
               if (*self == nullptr) return;
               if (!answer) return callback(std::move(answer));
               handle(control::ShowOverlay{name}, callback);
           });
}

void Host::handle(control::Invite request, Callback callback) {
    const auto entry = find(request.overlay);
    if (!entry) {
        callback(std::unexpected(entry.error()));
        return;
    }
    if (auto native = check_native(**entry); !native) {
        callback(std::unexpected(native.error()));
        return;
    }
    for (const std::string& seed : request.seeds) {
        if (auto checked = check_seed(seed); !checked) {
            callback(std::unexpected(checked.error()));
            return;
        }
    }
    Invitation invitation;
    invitation.overlay = request.overlay;
    invitation.cipher = *(*entry)->spec.cipher;
    invitation.profile = *(*entry)->spec.profile;
    invitation.detector = (*entry)->spec.detection.detector.value_or("");
    for (const std::string& text : (*entry)->spec.operators.value_or(std::vector<std::string>{})) {
        invitation.operators.push_back(text);
    }
    ask(
        request.overlay,
        [invitation, seeds = std::move(request.seeds)](OverlayPump& pump) mutable {
            invitation.seeds = std::move(seeds);
            // Those that are valid now: a rotation may have come further than the configuration.
            invitation.keys = pump.ring();
            if (invitation.seeds.empty()) {
                // Ourselves, and a few others for the day on which we are gone.
                invitation.seeds = pump.view().advertise;
                std::size_t peers = 0;
                for (const control::MemberView& member : pump.members()) {
                    if (member.is_self || member.status != "alive") continue;
                    if (peers++ == kInvitationPeersMax) break;
                    invitation.seeds.push_back(member.addresses.front());
                }
            }
            return control::Answer(format_invitation(invitation));
        },
        std::move(callback));
}

}  // namespace grapevine::daemon

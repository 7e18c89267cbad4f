#include <algorithm>
#include <fmt/core.h>
#include <tuple>
#include <utility>

#include "daemon/gossiperl_pump.hpp"
#include "daemon/host.hpp"
#include "daemon/overlay_spec.hpp"
#include "daemon/pump.hpp"
#include "daemon/saved_sessions.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/os_random.hpp"
#include "storage/overlay_image.hpp"

// How overlays begin, change and end. Everything here happens on the thread of the API, but the
// opening and closing of a pump, which happens on its worker.
namespace grapevine::daemon {
namespace {

/// Overlays that are made without saying where take the first free port from here on: a host can be
/// in many, and an invitation cannot know which ports it has left.
constexpr std::uint16_t kDefaultPort = 9471;
constexpr std::uint16_t kDefaultPortLast = kDefaultPort + kOverlaysMax - 1;

/// What of an overlay of the old protocol is settled when its sockets are opened.
auto sockets_of(const control::OverlaySpec& spec) {
    const control::gossiperl::Settings& settings = *spec.gossiperl;
    return std::tie(settings.ip, settings.iface, settings.port, settings.multicast,
                    settings.member_name, settings.incoming_data_buffer_size,
                    settings.outgoing_data_buffer_size);
}

/// Whether the change from `before` to `after` needs a new pump: another socket, cipher or timing.
bool needs_restart(const control::OverlaySpec& before, const control::OverlaySpec& after) {
    if (is_gossiperl(before)) return sockets_of(before) != sockets_of(after);
    return before.client_key != after.client_key || before.client_port != after.client_port ||
           before.is_local_delivery != after.is_local_delivery || before.bind != after.bind ||
           before.multicast != after.multicast || before.cipher != after.cipher ||
           before.operators != after.operators || before.profile != after.profile ||
           before.detection != after.detection || before.dissemination != after.dissemination ||
           before.retention_age_ms != after.retention_age_ms ||
           before.retention_bytes != after.retention_bytes;
}

bool is_same(const control::OverlaySpec& a, const control::OverlaySpec& b) {
    return a.protocol == b.protocol && !needs_restart(a, b) && a.gossiperl == b.gossiperl &&
           a.advertise == b.advertise && a.seeds == b.seeds && a.keys == b.keys &&
           a.member_name == b.member_name && a.labels == b.labels && a.sampling == b.sampling;
}

}  // namespace

Host::Host(runtime::Loop& loop, Workers& workers, StoreGate& store, runtime::Resolver& resolver,
           Config config)
    : loop_(loop),
      workers_(workers),
      store_(store),
      resolver_(resolver),
      config_(std::move(config)),
      definitions_(store),
      sql_thread_(loop.clock()),
      aggregating_(loop.clock()),
      sampler_(loop,
               [this](const auto& overlay, const auto& key, const auto& value, Sampler::Done done) {
                   handle(control::SetRecord{overlay, key, value},
                          [done = std::move(done)](const Outcome<control::Answer>& answer) {
                              done(answer ? Outcome<void>() : std::unexpected(answer.error()));
                          });
               }),
      lab_(loop),
      self_(std::make_shared<Host*>(this)) {}

Host::~Host() {
    *self_ = nullptr;
    for (auto& [name, entry] : entries_) close(entry, Farewell::no, [] {});
}

// -- Beginning --

void Host::start(std::function<void(std::vector<Refusal>)> done) {
    struct Gathering {
        std::vector<Refusal> refusals;
        std::size_t missing = 1;
        std::function<void(std::vector<Refusal>)> done;
    };
    const auto gathering = std::make_shared<Gathering>();
    gathering->done = std::move(done);
    const auto one_is_done = [this, self = self_, gathering](std::optional<Refusal> refusal) {
        if (refusal) gathering->refusals.push_back(std::move(*refusal));
        if (--gathering->missing > 0 || *self == nullptr) return;
        is_started_ = true;
        gathering->done(std::move(gathering->refusals));
    };
    const auto begin = [&](const control::OverlaySpec& spec, Origin origin) {
        ++gathering->missing;
        Entry& entry = entries_[spec.name];
        entry.spec = spec;
        entry.origin = origin;
        open(spec.name, [one_is_done, name = spec.name](Outcome<control::Answer> answer) {
            if (answer) return one_is_done(std::nullopt);
            Refusal refusal = answer.error();
            refusal.message = fmt::format("overlay '{}': {}", name, refusal.message);
            one_is_done(std::move(refusal));
        });
    };

    for (const control::OverlaySpec& spec : config_.overlays) begin(spec, Origin::file);
    std::vector<std::string> damaged;
    auto stored = definitions_.load(damaged);
    for (const std::string& name : damaged) {
        runtime::log::error("store",
                            "the stored definition of overlay '{}' is damaged; create it "
                            "again with: grapevine overlay create",
                            name);
    }
    if (!stored) {
        one_is_done(stored.error());
        return;
    }
    for (const control::OverlaySpec& spec : *stored) {
        if (entries_.contains(spec.name)) {
            runtime::log::warn("config",
                               "overlay '{}' is defined in the configuration file and over "
                               "the API; the file wins",
                               spec.name);
            continue;
        }
        begin(spec, Origin::api);
    }
    one_is_done(std::nullopt);
}

void Host::open(const std::string& name, Callback callback) {
    Entry& entry = entries_.at(name);
    entry.spec = completed(entry.spec, config_.name);
    entry.state = State::starting;
    if (entry.log == nullptr) {
        entry.log = std::make_shared<client::EventLog>(
            client::EventLog::Limits{static_cast<std::size_t>(*entry.spec.retention_bytes),
                                     std::chrono::milliseconds(*entry.spec.retention_age_ms)},
            fmt::format("{:016x}", runtime::os_random_seed()));
        entry.log->on_want([this, self = self_, name] {
            if (*self != nullptr) tell_interest(name);
        });
    }
    if (entry.desk == nullptr) entry.desk = make_desk(name);
    if (entry.worker == nullptr) entry.worker = &workers_.next();
    keep_aggregates(name);
    if (is_gossiperl(entry.spec)) {
        open_gossiperl(name, std::move(callback));
    } else {
        open_native(name, std::move(callback));
    }
}

void Host::open_native(const std::string& name, Callback callback) {
    Entry& entry = entries_.at(name);
    if (!entry.spec.keys) {
        auto key = definitions_.own_key(name);
        if (!key) return callback(std::unexpected(key.error()));
        entry.spec.keys = {std::move(*key)};
    }
    auto stored = store_.list(storage::bucket_of(name));
    if (!stored) return callback(std::unexpected(stored.error()));
    storage::OverlayImage image = storage::load_overlay(*stored);
    if (image.damaged_entries > 0) {
        runtime::log::error("store", "overlay '{}': {} damaged entries were left out", name,
                            image.damaged_entries);
    }
    auto stored_state = store_.list(storage::state_bucket_of(name));
    if (!stored_state) return callback(std::unexpected(stored_state.error()));
    storage::StateImage state = storage::load_state(*stored_state);
    if (state.damaged_entries > 0) {
        runtime::log::error("store",
                            "overlay '{}': {} damaged cells of the shared map were left "
                            "out; other members have them",
                            name, state.damaged_entries);
    }
    std::optional<Pump::Clients> clients;
    if (entry.spec.client_key) {
        auto sessions = stored_sessions(name);
        if (!sessions) return callback(std::unexpected(sessions.error()));
        clients = Pump::Clients{*entry.spec.client_key, client_port_of(entry.spec),
                                entry.spec.is_local_delivery.value_or(false), std::move(*sessions)};
    }
    // Made here and used once on the worker: the function must be copyable, these need not be.
    const auto settings = std::make_shared<overlay::Settings>(settings_of(entry.spec));
    const auto start =
        std::make_shared<overlay::Start>(start_of(std::move(image), std::move(state)));
    launch(
        name,
        [this, worker = entry.worker, bind = bind_of(entry.spec), settings, start,
         clients](OverlayPump::Sinks sinks) -> Outcome<std::unique_ptr<OverlayPump>> {
            auto pump = GV_TRY(Pump::open(*worker, resolver_, bind, std::move(*settings),
                                          std::move(*start), std::move(sinks)));
            if (clients) GV_TRY_VOID(pump->open_clients(*clients));
            return pump;
        },
        std::move(callback));
}

Outcome<std::vector<client::SavedSession>> Host::stored_sessions(const std::string& name) {
    LoadedSessions loaded = load_sessions(GV_TRY(store_.list(sessions_bucket_of(name))));
    if (loaded.damaged_entries > 0) {
        runtime::log::error("store", "overlay '{}': {} damaged sessions were left out", name,
                            loaded.damaged_entries);
    }
    return std::move(loaded.sessions);
}

void Host::open_gossiperl(const std::string& name, Callback callback) {
    Entry& entry = entries_.at(name);
    auto sessions = stored_sessions(name);
    if (!sessions) return callback(std::unexpected(sessions.error()));
    launch(
        name,
        [worker = entry.worker, name, settings = *entry.spec.gossiperl,
         sessions = std::move(*sessions)](OverlayPump::Sinks sinks) {
            return GossiperlPump::open(*worker, name, settings, sessions, std::move(sinks));
        },
        std::move(callback));
}

void Host::launch(const std::string& name, MakePump make, Callback callback) {
    Entry& entry = entries_.at(name);
    OverlayPump::Sinks sinks;
    sinks.persist = [this](const storage::Batch& batch) { return store_.apply(batch); };
    // The pump ends on its worker, and must not be the last to hold what lives here.
    sinks.news = [&loop = loop_, log = entry.log,
                  weak = std::weak_ptr(entry.aggregates)](std::vector<control::LogItem> items) {
        loop.post([&loop, log, weak, items = std::move(items)]() mutable {
            const auto aggregates = weak.lock();
            for (control::LogItem& item : items) {
                if (aggregates) aggregates->note(item);
                log->append(loop.now(), std::move(item));
            }
        });
    };
    if (influx_) {
        sinks.statistics = [influx = influx_,
                            name](std::vector<control::gossiperl::Series> series) {
            influx->write(name, std::move(series), runtime::wall_now());
        };
    }
    sinks.query = query_sink(name);
    using Opened = Outcome<std::unique_ptr<OverlayPump>>;
    const auto opening = std::make_shared<Opened>(std::unique_ptr<OverlayPump>());

    const auto opened = [this, self = self_, name, opening, worker = entry.worker,
                         callback = std::move(callback)] {
        const auto found = *self == nullptr ? entries_.end() : entries_.find(name);
        if (*self == nullptr || found == entries_.end()) {
            if (*opening) worker->post([opening] { (*opening)->reset(); });
            return;
        }
        Entry& target = found->second;
        if (!*opening) {
            target.state = State::left;
            callback(std::unexpected(opening->error()));
            return;
        }
        target.pump = std::move(**opening);
        target.bound = to_string(target.pump->bound());
        target.state = State::running;
        runtime::log::info("overlay", "'{}' is up on {}", name, target.bound);
        tell_interest(name);
        if (target.aggregates) target.aggregates->refresh();
        sample(name);
        handle(control::ShowOverlay{name}, callback);
    };
    entry.worker->post([opening, make = std::move(make), sinks = std::move(sinks), &loop = loop_,
                        opened]() mutable {
        *opening = make(std::move(sinks));
        loop.post(opened);
    });
}

// -- Creating, changing, removing --

void Host::create_from_port(control::OverlaySpec spec, Origin origin, std::uint16_t port,
                            Callback callback) {
    auto next = spec;
    spec.bind = fmt::format("0.0.0.0:{}", port);
    const bool is_last = entries_.contains(spec.name) || port == kDefaultPortLast;
    create(std::move(spec), origin,
           [this, self = self_, next = std::move(next), origin, port, is_last,
            callback = std::move(callback)](Outcome<control::Answer> answer) mutable {
               if (*self == nullptr) return;
               const bool is_taken = !answer && answer.error().code == Refusal::Code::conflict;
               if (!is_taken || is_last) return callback(std::move(answer));
               create_from_port(std::move(next), origin, static_cast<std::uint16_t>(port + 1),
                                std::move(callback));
           });
}

void Host::create(control::OverlaySpec spec, Origin origin, Callback callback) {
    if (is_gossiperl(spec) && origin == Origin::api) {
        return callback(std::unexpected(Refusal{
            Refusal::Code::invalid, "overlays of the gossiperl protocol are not made here",
            "define it in the configuration file, or add it over the old REST API (--gossiperl)",
            "protocol"}));
    }
    if (!spec.bind && !is_gossiperl(spec)) {
        return create_from_port(std::move(spec), origin, kDefaultPort, std::move(callback));
    }
    if (const auto refusals = check_overlay_spec(spec); !refusals.empty()) {
        return callback(std::unexpected(refusals.front()));
    }
    if (entries_.contains(spec.name)) {
        return callback(std::unexpected(
            Refusal{Refusal::Code::conflict, fmt::format("overlay '{}' exists already", spec.name),
                    "change it (PATCH, grapevine overlay change) or choose another name", "name"}));
    }
    if (entries_.size() == kOverlaysMax) {
        return callback(
            std::unexpected(Refusal{Refusal::Code::over_limit,
                                    fmt::format("a daemon hosts at most {} overlays", kOverlaysMax),
                                    "remove one that is no longer needed", "name"}));
    }
    if (!is_gossiperl(spec) && !spec.keys && spec.seeds && !spec.seeds->empty()) {
        return callback(std::unexpected(Refusal{
            Refusal::Code::invalid, "an overlay with seeds needs the key of that overlay",
            "give its key, or join by the token that 'grapevine invite' prints there", "keys"}));
    }
    if (!is_gossiperl(spec) && !spec.keys && has_multicast(spec)) {
        return callback(std::unexpected(no_key_for_multicast()));
    }
    if (!is_gossiperl(spec) && !spec.keys) spec.keys = {fresh_key()};
    spec = completed(std::move(spec), config_.name);
    const std::string name = spec.name;
    entries_[name].spec = spec;
    entries_[name].origin = origin;
    open(name, [this, self = self_, name, spec, origin,
                callback = std::move(callback)](Outcome<control::Answer> answer) {
        if (*self == nullptr) return;
        // On disk only what works: a definition that cannot be opened would fail at every start.
        Outcome<void> saved;
        if (answer && is_open(spec)) {
            runtime::log::warn("overlay", "{}", open_warning(name));
        }
        if (answer && origin == Origin::api) saved = definitions_.save(spec);
        if (answer && saved) return callback(std::move(answer));
        const auto found = entries_.find(name);
        if (found == entries_.end()) return;
        close(found->second, Farewell::no, [] {});
        entries_.erase(found);
        callback(std::unexpected(answer ? saved.error() : answer.error()));
    });
}

void Host::handle(control::CreateOverlay request, Callback callback) {
    create(std::move(request.spec), Origin::api, std::move(callback));
}

void Host::handle(control::ChangeOverlay request, Callback callback) {
    const auto entry = find(request.spec.name);
    if (!entry) return callback(std::unexpected(entry.error()));
    if ((*entry)->origin == Origin::file) {
        return callback(std::unexpected(Refusal{
            Refusal::Code::conflict,
            fmt::format("overlay '{}' is defined in the configuration file", request.spec.name),
            "change it there and reload with SIGHUP (systemctl reload grapevine)", "overlay"}));
    }
    if (auto native = check_native(**entry); !native) {
        return callback(std::unexpected(native.error()));
    }
    if (const auto refusals = check_overlay_spec(request.spec); !refusals.empty()) {
        return callback(std::unexpected(refusals.front()));
    }
    if (request.spec.protocol && request.spec.protocol != (*entry)->spec.protocol) {
        return callback(std::unexpected(Refusal{Refusal::Code::conflict,
                                                "the protocol of an overlay cannot be changed",
                                                "make another overlay beside it", "protocol"}));
    }
    change(request.spec.name, merged((*entry)->spec, request.spec), std::move(callback));
}

void Host::change(const std::string& name, const control::OverlaySpec& next, Callback callback) {
    Entry& entry = entries_.at(name);
    if (entry.state == State::starting) {
        return callback(std::unexpected(Refusal{Refusal::Code::unavailable,
                                                fmt::format("overlay '{}' is still starting", name),
                                                "ask again in a moment", "overlay"}));
    }
    const control::OverlaySpec before = std::exchange(entry.spec, completed(next, config_.name));
    const control::OverlaySpec after = entry.spec;
    const auto keep = [this, self = self_, name, before, after, origin = entry.origin,
                       callback](Outcome<control::Answer> answer) {
        if (*self == nullptr) return;
        Outcome<void> saved;
        if (answer && origin == Origin::api) saved = definitions_.save(after);
        if (answer && saved) return callback(std::move(answer));
        const auto found = entries_.find(name);
        if (found != entries_.end()) found->second.spec = before;
        callback(std::unexpected(answer ? saved.error() : answer.error()));
    };
    if (entry.state == State::left || needs_restart(before, after)) {
        entry.state = State::starting;
        close(entry, Farewell::no, [this, self = self_, name, before, keep] {
            if (*self == nullptr || !entries_.contains(name)) return;
            open(name, [this, self, name, before, keep](Outcome<control::Answer> answer) {
                keep(answer);
                // What does not work must not replace what did.
                if (answer || *self == nullptr || !entries_.contains(name)) return;
                open(name, [](const Outcome<control::Answer>&) {});
            });
        });
        return;
    }
    sample(name);
    ask(
        name,
        [before, after](OverlayPump& pump) {
            pump.change(before, after);
            return control::Answer(pump.view());
        },
        [this, self = self_, name, keep](Outcome<control::Answer> answer) {
            if (*self == nullptr) return;
            const auto found = entries_.find(name);
            if (answer && found != entries_.end()) {
                complete_view(std::get<control::OverlayView>(*answer), found->second);
            }
            keep(std::move(answer));
        });
}

void Host::handle(control::RemoveOverlay request, Callback callback) {
    const auto entry = find(request.overlay);
    if (!entry) return callback(std::unexpected(entry.error()));
    if ((*entry)->origin == Origin::file) {
        return callback(std::unexpected(Refusal{
            Refusal::Code::conflict,
            fmt::format("overlay '{}' is defined in the configuration file", request.overlay),
            "remove it there and reload with SIGHUP (systemctl reload grapevine)", "overlay"}));
    }
    close(**entry, Farewell::yes, [this, self = self_, name = request.overlay, callback] {
        if (*self == nullptr) return;
        entries_.erase(name);
        if (auto erased = erase_stored(name); !erased) {
            return callback(std::unexpected(erased.error()));
        }
        callback(control::Answer(control::Done{}));
    });
}

Outcome<void> Host::erase_stored(const std::string& name) {
    GV_TRY_VOID(definitions_.erase(name));
    const auto image = GV_TRY(store_.list(storage::bucket_of(name)));
    GV_TRY_VOID(store_.apply(storage::erase_overlay(name, image)));
    GV_TRY_VOID(store_.apply({{storage::erase_state(name)}, storage::Durability::flush}));
    const auto sessions = GV_TRY(store_.list(sessions_bucket_of(name)));
    return store_.apply(erase_sessions(name, sessions));
}

void Host::handle(control::LeaveOverlay request, Callback callback) {
    const auto entry = find(request.overlay);
    if (!entry) return callback(std::unexpected(entry.error()));
    if ((*entry)->state == State::left) return callback(control::Answer(control::Done{}));
    close(**entry, Farewell::yes, [callback] { callback(control::Answer(control::Done{})); });
}

// -- Ending --

void Host::close(Entry& entry, Farewell farewell, std::function<void()> done) {
    auto pump = std::exchange(entry.pump, nullptr);
    entry.state = State::left;
    sampler_.set(entry.spec.name, {}, {});
    if (pump == nullptr) {
        loop_.post([self = self_, done = std::move(done)] {
            if (*self != nullptr) done();
        });
        return;
    }
    entry.worker->post([pump = std::move(pump), farewell, self = self_, &loop = loop_,
                        worker = entry.worker, done = std::move(done)] {
        const auto finish = [pump, self, worker, &loop, done] {
            // The pump ends on its own thread, and not while it is calling us.
            worker->post([pump] {});
            loop.post([self, done] {
                if (*self != nullptr) done();
            });
        };
        if (farewell == Farewell::yes) {
            pump->leave(finish);
        } else {
            finish();
        }
    });
}

void Host::stop(std::function<void()> done) {
    is_stopping_ = true;
    const auto missing = std::make_shared<std::size_t>(entries_.size());
    if (entries_.empty()) return done();
    for (auto& [name, entry] : entries_) {
        close(entry, Farewell::yes, [missing, done] {
            if (--*missing == 0) done();
        });
    }
}

void Host::reload(Config config) {
    config_ = std::move(config);
    std::vector<std::string> gone;
    for (const auto& [name, entry] : entries_) {
        const bool is_listed = std::ranges::any_of(
            config_.overlays, [&](const control::OverlaySpec& spec) { return spec.name == name; });
        if (entry.origin == Origin::file && !is_listed) gone.push_back(name);
    }
    for (const std::string& name : gone) {
        runtime::log::info("overlay", "'{}' is no longer configured: leaving it", name);
        close(entries_.at(name), Farewell::yes, [this, self = self_, name] {
            if (*self != nullptr) entries_.erase(name);
        });
    }
    for (const control::OverlaySpec& listed : config_.overlays) {
        const auto report = [name = listed.name](const Outcome<control::Answer>& answer) {
            if (!answer)
                runtime::log::error("config", "overlay '{}': {}", name, describe(answer.error()));
        };
        const auto found = entries_.find(listed.name);
        if (found == entries_.end()) {
            Entry& entry = entries_[listed.name];
            entry.spec = listed;
            entry.origin = Origin::file;
            open(listed.name, report);
            continue;
        }
        if (found->second.origin != Origin::file) continue;
        control::OverlaySpec next = completed(listed, config_.name);
        if (!next.keys) next.keys = found->second.spec.keys;
        if (!is_same(found->second.spec, next)) change(listed.name, next, report);
    }
}

}  // namespace grapevine::daemon

#pragma once

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "protocol/membership/ring_sequence.hpp"
#include "protocol/membership/rings.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol::testing {

/// Member 1 with its rings, and others that answer it at once: all pings but those to the silent,
/// and requests for bursts as `witness` says. Never included by what ships.
struct Stage {
    enum class Witness { mute, says_alive, says_dead };

    ProtocolConfig config;
    Rings rings;
    Instant now{};
    std::set<MemberId> silent;
    Witness witness = Witness::says_dead;
    /// Everything that came out, with its instant.
    std::vector<std::pair<Instant, Detector::Action>> log;

    explicit Stage(std::uint64_t count, std::uint64_t seed = 1,
                   ProtocolConfig chosen = profile_config(Profile::fast))
        : config(std::move(chosen)), rings(MemberId(1), config, seed) {
        for (std::uint64_t id = 2; id <= count; ++id) rings.add(MemberId(id));
    }
    ~Stage() { rings.check_invariants(); }
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    /// One input, and all that follows from the answers it draws.
    void settle() {
        rings.check_invariants();
        for (Detector::Action& action : drain(rings)) {
            log.emplace_back(now, action);
            if (const auto* sent = std::get_if<Detector::SendProbe>(&action)) answer(*sent);
        }
    }
    void hear(MemberId from, const ProbeMessage& message) {
        rings.handle(now, from, message);
        settle();
    }
    void advance(Instant to) {
        now = to;
        rings.advance(now);
        settle();
    }
    void run_until(Instant end) {
        while (rings.deadline() <= end) advance(std::max(now, rings.deadline()));
        now = end;
    }
    void run_for(Duration duration) { run_until(now + duration); }

    [[nodiscard]] MemberId subject(std::uint8_t ring) const { return rings.order().subject(ring); }
    [[nodiscard]] bool is_subject(MemberId member) const {
        for (std::uint8_t ring = 0; ring < config.ring_count; ++ring) {
            if (subject(ring) == member) return true;
        }
        return false;
    }
    /// A member that we do not observe.
    [[nodiscard]] MemberId stranger() const {
        for (const MemberId member : rings.swim().members()) {
            if (!is_subject(member)) return member;
        }
        return kNobody;
    }

    /// When actions of that kind came out; `is_it` chooses among them.
    template <typename Kind, typename Predicate>
    [[nodiscard]] std::vector<Instant> times_of(const Predicate& is_it) const {
        std::vector<Instant> times;
        for (const auto& [at, action] : log) {
            if (const auto* kind = std::get_if<Kind>(&action); kind && is_it(*kind)) {
                times.push_back(at);
            }
        }
        return times;
    }
    template <typename Kind>
    [[nodiscard]] std::vector<Instant> times_of() const {
        return times_of<Kind>([](const Kind&) { return true; });
    }
    /// Messages of that kind, with receivers.
    template <typename Message>
    [[nodiscard]] std::vector<std::pair<MemberId, Message>> sent() const {
        std::vector<std::pair<MemberId, Message>> sent;
        for (const auto& [at, action] : log) {
            const auto* send = std::get_if<Detector::SendProbe>(&action);
            if (send == nullptr) continue;
            if (const auto* message = std::get_if<Message>(&send->message)) {
                sent.emplace_back(send->to, *message);
            }
        }
        return sent;
    }
    /// Pings of the rings to `member`: standing probes, or all others.
    [[nodiscard]] std::vector<Instant> pings(MemberId member, bool is_standing) const {
        return times_of<Detector::SendProbe>([&](const Detector::SendProbe& send) {
            const auto* ping = std::get_if<wire::Ping>(&send.message);
            return ping != nullptr && send.to == member && is_ring_sequence(ping->sequence) &&
                   ring_of(ping->sequence).has_value() == is_standing;
        });
    }

private:
    void answer(const Detector::SendProbe& sent) {
        if (const auto* ping = std::get_if<wire::Ping>(&sent.message)) {
            if (!silent.contains(sent.to)) hear(sent.to, wire::Ack{ping->sequence});
        } else if (const auto* request = std::get_if<wire::PingReq>(&sent.message)) {
            if (silent.contains(request->target)) {
                hear(sent.to, wire::Nack{request->sequence});
            } else {
                hear(sent.to, wire::Ack{request->sequence});
            }
        } else if (const auto* burst = std::get_if<wire::BurstRequest>(&sent.message)) {
            if (witness == Witness::mute) return;
            wire::BurstVerdict verdict{burst->sequence,
                                       burst->target,
                                       burst->incarnation,
                                       witness == Witness::says_alive,
                                       {}};
            if (!verdict.is_alive) verdict.vote = wire::Vote{sent.to, {}};
            hear(sent.to, verdict);
        }
    }
};

/// A subject that is silent from the beginning, at the instant of its first probe.
struct Silence {
    Stage stage;
    MemberId subject;
    Instant probed;

    explicit Silence(std::uint64_t count, Stage::Witness witness) : stage(count) {
        stage.witness = witness;
        subject = stage.subject(0);
        stage.silent = {subject};
        stage.advance(Instant{});
        stage.run_until(stage.rings.deadline());
        while (stage.pings(subject, true).empty()) stage.run_until(stage.rings.deadline());
        probed = stage.pings(subject, true).front();
    }
};

}  // namespace grapevine::protocol::testing

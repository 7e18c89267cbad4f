// Plays the stories in testdata/: `swim_*.txt` and `rings_*.txt` against the detectors,
// `membership_*.txt` against the view. The words of all are read here; GV_REWRITE=1 rewrites the
// files.

#include "support/transcript.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/membership/membership.hpp"
#include "protocol/membership/ring_sequence.hpp"
#include "protocol/membership/rings.hpp"
#include "protocol/membership/swim.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using grapevine::testing::run_transcripts;
using grapevine::testing::TranscriptHandler;
using testing::drain;
using testing::record_of;

constexpr std::string_view kFolder = "src/protocol/membership/testdata";

/// "5ms", "2s", "24h".
Duration duration_of(const std::string& word) {
    std::size_t digits = 0;
    const std::int64_t count = std::stoll(word, &digits);
    const std::string unit = word.substr(digits);
    if (unit == "ms") return std::chrono::milliseconds(count);
    if (unit == "s") return std::chrono::seconds(count);
    if (unit == "h") return std::chrono::hours(count);
    ADD_FAILURE() << "no duration: " << word;
    return {};
}

std::string text_of(Instant instant) {
    if (instant == kNever) return "never";
    return fmt::format("{}ms", static_cast<double>((instant - Instant{}).count()) / 1e6);
}

/// One command line: words, and the value of `name=value` among them.
struct Words {
    std::vector<std::string> words;

    explicit Words(const std::string& line) {
        std::istringstream stream(line);
        for (std::string word; stream >> word;) words.push_back(word);
    }
    const std::string& operator[](std::size_t at) const { return words.at(at); }
    [[nodiscard]] std::string value(const std::string& name, const std::string& otherwise) const {
        for (const std::string& word : words) {
            if (word.starts_with(name + "=")) return word.substr(name.size() + 1);
        }
        return otherwise;
    }
    [[nodiscard]] std::uint64_t number(const std::string& name, std::uint64_t otherwise) const {
        return std::stoull(value(name, std::to_string(otherwise)));
    }
    [[nodiscard]] bool has(const std::string& word) const {
        return std::ranges::find(words, word) != words.end();
    }
};

MemberId member_of(const std::string& word) {
    return MemberId(std::stoull(word));
}

/// Every machine's commands begin with an instant, but for those that make the machine.
template <typename Teller>
TranscriptHandler handler_of() {
    return [teller = std::make_shared<Teller>()](std::string_view block) {
        std::istringstream lines{std::string(block)};
        std::string output;
        for (std::string line; std::getline(lines, line);) output += teller->tell(Words(line));
        return output + teller->ending();
    };
}

/// Those of the rings are "ring/counter", with "-" for the ring of a ping that belongs to none.
std::string text_of(ProbeSequence sequence) {
    if (!is_ring_sequence(sequence)) return std::to_string(sequence.value());
    const auto ring = ring_of(sequence);
    const std::string name = ring ? std::to_string(*ring) : "-";
    return fmt::format("{}/{}", name, sequence.value() & ((1U << kRingShift) - 1));
}

ProbeSequence sequence_of(const std::string& word) {
    const auto slash = word.find('/');
    const auto number = [](const std::string& digits) {
        return static_cast<std::uint32_t>(std::stoul(digits));
    };
    if (slash == std::string::npos) return ProbeSequence(number(word));
    const std::string ring = word.substr(0, slash);
    return ring_sequence(ring == "-" ? kNoRing : static_cast<std::uint8_t>(number(ring)),
                         number(word.substr(slash + 1)));
}

/// "ping", "ack", "nack", "ping-req", "burst", "alive" and "dead", as they are told and heard.
ProbeMessage message_of(const Words& words) {
    const ProbeSequence sequence = sequence_of(words.value("seq", "0"));
    const MemberId target(words.number("target", 0));
    const std::string& kind = words[3];
    if (kind == "ping") return wire::Ping{sequence, {}};
    if (kind == "ack") {
        const auto shift = std::stoi(words.value("shift", "0"));
        return wire::Ack{sequence, static_cast<std::int16_t>(shift)};
    }
    if (kind == "nack") return wire::Nack{sequence};
    if (kind == "burst") return wire::BurstRequest{sequence, target, {}};
    if (kind == "alive") return wire::BurstVerdict{sequence, target, {}, true, {}};
    if (kind == "dead") {
        return wire::BurstVerdict{sequence, target, {}, false, wire::Vote{member_of(words[2]), {}}};
    }
    return wire::PingReq{sequence, target};
}

std::string text_of_probe(const ProbeMessage& message) {
    if (const auto* ping = std::get_if<wire::Ping>(&message)) {
        return fmt::format("ping seq={}", text_of(ping->sequence));
    }
    if (const auto* ack = std::get_if<wire::Ack>(&message)) {
        const std::string shift = ack->shift_ms == 0 ? "" : fmt::format(" shift={}", ack->shift_ms);
        return fmt::format("ack seq={}{}", text_of(ack->sequence), shift);
    }
    if (const auto* nack = std::get_if<wire::Nack>(&message)) {
        return fmt::format("nack seq={}", text_of(nack->sequence));
    }
    if (const auto* burst = std::get_if<wire::BurstRequest>(&message)) {
        return fmt::format("burst seq={} target={}", text_of(burst->sequence),
                           burst->target.value());
    }
    if (const auto* verdict = std::get_if<wire::BurstVerdict>(&message)) {
        return fmt::format("{} seq={} target={}", verdict->is_alive ? "alive" : "dead",
                           text_of(verdict->sequence), verdict->target.value());
    }
    const auto& request = std::get<wire::PingReq>(message);
    return fmt::format("ping-req seq={} target={}", text_of(request.sequence),
                       request.target.value());
}

std::string text_of_action(const Detector::Action& action) {
    if (const auto* send = std::get_if<Detector::SendProbe>(&action)) {
        return fmt::format("-> {} {}\n", send->to.value(), text_of_probe(send->message));
    }
    if (const auto* missed = std::get_if<Detector::Missed>(&action)) {
        return fmt::format("missed {}\n", missed->member.value());
    }
    if (const auto* answered = std::get_if<Detector::Answered>(&action)) {
        if (answered->is_relayed) {
            return fmt::format("answered {}, others say\n", answered->member.value());
        }
        return fmt::format("answered {} after {}\n", answered->member.value(),
                           text_of(Instant{} + answered->round_trip));
    }
    if (const auto* declared = std::get_if<Detector::Declared>(&action)) {
        std::string voters;
        for (const wire::Vote& vote : declared->votes) {
            voters += fmt::format(" {}", vote.voter.value());
        }
        return fmt::format("declared {}, voted by{}\n", declared->member.value(), voters);
    }
    const auto& confirmed = std::get<Detector::Confirmed>(action);
    return fmt::format("confirmed {} {}\n", confirmed.member.value(),
                       confirmed.is_alive ? "alive" : "dead");
}

/// What all detectors understand; `Machine` is told how to be made.
template <typename Machine>
class DetectorTeller {
public:
    std::string tell(const Words& words) {
        if (words[0] == "swim" || words[0] == "rings") {
            machine_ = std::make_unique<Machine>(member_of(words.value("self", "1")),
                                                 config_of(words), words.number("seed", 1));
            return "";
        }
        now_ = Instant{} + duration_of(words[0]);
        const std::string& verb = words[1];
        if (verb == "members") {
            for (std::size_t at = 2; at < words.words.size(); ++at)
                machine_->add(member_of(words[at]));
        } else if (verb == "remove") {
            machine_->remove(member_of(words[2]));
        } else if (verb == "advance") {
            machine_->advance(now_);
        } else if (verb == "unreachable") {
            machine_->unreachable(now_, member_of(words[2]));
        } else if (verb == "confirm") {
            machine_->confirm(now_, member_of(words[2]));
        } else if (verb == "refuted") {
            machine_->self_refuted(now_);
        } else if (verb == "from") {
            machine_->handle(now_, member_of(words[2]), message_of(words));
        } else {
            ADD_FAILURE() << "unknown word: " << verb;
        }
        machine_->check_invariants();
        std::string output;
        for (const auto& action : drain(*machine_)) output += text_of_action(action);
        return output;
    }

    std::string ending() {
        return fmt::format("deadline {} health {}\n", text_of(machine_->deadline()),
                           machine_->local_health());
    }

private:
    static ProtocolConfig config_of(const Words& words) {
        ProtocolConfig config = profile_config(
            words[0] == "swim" ? Profile::lan : *parse_profile(words.value("profile", "fast")));
        config.probe_period = duration_of(words.value("period", "1000ms"));
        config.ping_timeout = duration_of(words.value("timeout", "300ms"));
        config.indirect_count = static_cast<std::uint8_t>(words.number("helpers", 3));
        if (words[0] == "swim") config.lateness_max = duration_of(words.value("lateness", "250ms"));
        return config;
    }

    std::unique_ptr<Machine> machine_;
    Instant now_{};
};

std::string text_of(wire::Status status) {
    constexpr const char* kNames[] = {"alive", "suspect", "dead", "left"};
    return kNames[static_cast<std::size_t>(status)];
}

std::string text_of(MemberChange::Kind kind) {
    constexpr const char* kNames[] = {"joined", "updated", "suspected", "cleared",
                                      "died",   "left",    "returned",  "forgotten"};
    return kNames[static_cast<std::size_t>(kind)];
}

class MembershipTeller {
public:
    std::string tell(const Words& words) {
        if (words[0] == "membership") return make(words);
        const Instant now = Instant{} + duration_of(words[0]);
        const std::string& verb = words[1];
        std::string output;
        if (verb == "members") {
            for (std::size_t at = 2; at < words.words.size(); ++at) {
                membership_->handle_record(now, kNobody, record_of(member_of(words[at]), 1));
            }
            drain(*membership_);
        } else if (verb == "from") {
            output = hear(now, words) ? "news\n" : "no news\n";
        } else if (verb == "missed") {
            membership_->missed(now, member_of(words[2]));
        } else if (verb == "confirmed") {
            membership_->confirmed(now, member_of(words[2]), words[3] == "alive");
        } else if (verb == "heard") {
            membership_->heard_from(now, member_of(words[2]));
        } else if (verb == "forget") {
            if (!membership_->forget(now, member_of(words[2]))) output = "refused\n";
        } else if (verb == "leave") {
            membership_->leave(now);
        } else if (verb == "advance") {
            membership_->advance(now);
        } else {
            ADD_FAILURE() << "unknown word: " << verb;
        }
        membership_->check_invariants();
        return output + actions();
    }

    std::string ending() { return fmt::format("deadline {}\n", text_of(membership_->deadline())); }

private:
    std::string make(const Words& words) {
        const auto profile = parse_profile(words.value("profile", "lan"));
        membership_ = std::make_unique<Membership>(
            record_of(member_of(words.value("self", "1")),
                      static_cast<std::uint32_t>(words.number("incarnation", 1))),
            profile_config(*profile, DetectorKind::swim));
        return "";
    }

    /// "from 2 record 3 incarnation=4 boot=1 leaving", "from 2 suspect 3 incarnation=4 by=5", "from
    /// 2 dead 3 by=5 votes=4,5"; the vote of the accuser unless told otherwise.
    bool hear(Instant now, const Words& words) {
        const MemberId from = member_of(words[2]);
        const MemberId member = member_of(words[4]);
        const auto incarnation = static_cast<std::uint32_t>(words.number("incarnation", 1));
        if (words[3] == "record") {
            return membership_->handle_record(
                now, from,
                record_of(member, incarnation, words.number("boot", 1), words.has("leaving")));
        }
        const auto status = words[3] == "dead" ? wire::Status::dead : wire::Status::suspect;
        const std::uint64_t accuser = words.number("by", from.value());
        std::vector<std::uint64_t> voters;
        std::istringstream list(words.value("votes", std::to_string(accuser)));
        for (std::string voter; std::getline(list, voter, ',');) {
            voters.push_back(std::stoull(voter));
        }
        return membership_->handle_accusation(now, from,
                                              {member, Incarnation(incarnation), status,
                                               MemberId(accuser), testing::votes_of(voters)});
    }

    std::string told_of(MemberId member) const {
        const auto item = membership_->item_for(member);
        if (!item) return "nothing";
        if (const auto* record = std::get_if<wire::SharedRecord>(&*item)) {
            return fmt::format("record {} incarnation={}{}", member.value(),
                               (*record)->incarnation.value(),
                               (*record)->leaving ? " leaving" : "");
        }
        const auto& accusation = std::get<wire::Accusation>(*item);
        std::string voters;
        for (const wire::Vote& vote : accusation.votes) {
            voters += fmt::format("{}{}", voters.empty() ? "" : ",", vote.voter.value());
        }
        return fmt::format("{} {} incarnation={} by={} votes={}", text_of(accusation.status),
                           member.value(), accusation.incarnation.value(),
                           accusation.accuser.value(), voters);
    }

    std::string actions() {
        std::string output;
        for (const auto& action : drain(*membership_)) {
            if (const auto* change = std::get_if<Membership::Change>(&action)) {
                const Member& member = change->change.member;
                output += fmt::format("{} {}: {} incarnation={}\n", text_of(change->change.kind),
                                      member.record->member.value(), text_of(member.status),
                                      member.incarnation.value());
            } else if (const auto* spread = std::get_if<Membership::Spread>(&action)) {
                output += fmt::format("spread {}\n", told_of(spread->member));
            } else if (const auto* tell = std::get_if<Membership::Tell>(&action)) {
                output += fmt::format("-> {} {}\n", tell->to.value(), told_of(tell->member));
            } else if (const auto* confirm = std::get_if<Membership::Confirm>(&action)) {
                output += fmt::format("confirm {}\n", confirm->member.value());
            } else if (const auto* persist = std::get_if<Membership::Persist>(&action)) {
                output += fmt::format("persist incarnation={}\n", persist->incarnation.value());
            } else {
                output += "self refuted\n";
            }
        }
        return output;
    }

    std::unique_ptr<Membership> membership_;
};

TEST(Transcripts, swim) {
    run_transcripts(kFolder, "swim_", handler_of<DetectorTeller<Swim>>);
}

TEST(Transcripts, rings) {
    run_transcripts(kFolder, "rings_", handler_of<DetectorTeller<Rings>>);
}

TEST(Transcripts, membership) {
    run_transcripts(kFolder, "membership_", handler_of<MembershipTeller>);
}

}  // namespace
}  // namespace grapevine::protocol

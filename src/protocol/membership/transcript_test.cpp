// Plays the stories in testdata/: `swim_*.txt` against the detector, `membership_*.txt` against the
// view. The words of both are read here; GV_REWRITE=1 rewrites the files.

#include "support/transcript.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/membership/membership.hpp"
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

class SwimTeller {
public:
    std::string tell(const Words& words) {
        if (words[0] == "swim") return make(words);
        now_ = Instant{} + duration_of(words[0]);
        const std::string& verb = words[1];
        if (verb == "members") {
            for (std::size_t at = 2; at < words.words.size(); ++at)
                swim_->add(member_of(words[at]));
        } else if (verb == "remove") {
            swim_->remove(member_of(words[2]));
        } else if (verb == "advance") {
            swim_->advance(now_);
        } else if (verb == "unreachable") {
            swim_->unreachable(now_, member_of(words[2]));
        } else if (verb == "confirm") {
            swim_->confirm(now_, member_of(words[2]));
        } else if (verb == "refuted") {
            swim_->self_refuted(now_);
        } else if (verb == "from") {
            swim_->handle(now_, member_of(words[2]), message_of(words));
        } else {
            ADD_FAILURE() << "unknown word: " << verb;
        }
        swim_->check_invariants();
        return actions();
    }

    std::string ending() {
        return fmt::format("deadline {} health {}\n", text_of(swim_->deadline()),
                           swim_->local_health());
    }

private:
    std::string make(const Words& words) {
        ProtocolConfig config;
        config.probe_period = duration_of(words.value("period", "1000ms"));
        config.ping_timeout = duration_of(words.value("timeout", "300ms"));
        config.indirect_count = static_cast<std::uint8_t>(words.number("helpers", 3));
        config.lateness_max = duration_of(words.value("lateness", "250ms"));
        swim_ = std::make_unique<Swim>(member_of(words.value("self", "1")), config,
                                       words.number("seed", 1));
        return "";
    }

    static ProbeMessage message_of(const Words& words) {
        const ProbeSequence sequence(static_cast<std::uint32_t>(words.number("seq", 0)));
        if (words[3] == "ping") return wire::Ping{sequence, {}};
        if (words[3] == "ack") return wire::Ack{sequence};
        if (words[3] == "nack") return wire::Nack{sequence};
        return wire::PingReq{sequence, MemberId(words.number("target", 0))};
    }

    static std::string text_of_probe(const ProbeMessage& message) {
        if (const auto* ping = std::get_if<wire::Ping>(&message)) {
            return fmt::format("ping seq={}", ping->sequence.value());
        }
        if (const auto* ack = std::get_if<wire::Ack>(&message)) {
            return fmt::format("ack seq={}", ack->sequence.value());
        }
        if (const auto* nack = std::get_if<wire::Nack>(&message)) {
            return fmt::format("nack seq={}", nack->sequence.value());
        }
        const auto& request = std::get<wire::PingReq>(message);
        return fmt::format("ping-req seq={} target={}", request.sequence.value(),
                           request.target.value());
    }

    std::string actions() {
        std::string output;
        for (const auto& action : drain(*swim_)) {
            if (const auto* send = std::get_if<Detector::SendProbe>(&action)) {
                output += fmt::format("-> {} {}\n", send->to.value(), text_of_probe(send->message));
            } else if (const auto* missed = std::get_if<Detector::Missed>(&action)) {
                output += fmt::format("missed {}\n", missed->member.value());
            } else if (const auto* answered = std::get_if<Detector::Answered>(&action)) {
                output += fmt::format("answered {} after {}\n", answered->member.value(),
                                      text_of(Instant{} + answered->round_trip));
            } else {
                const auto& confirmed = std::get<Detector::Confirmed>(action);
                output += fmt::format("confirmed {} {}\n", confirmed.member.value(),
                                      confirmed.is_alive ? "alive" : "dead");
            }
        }
        return output;
    }

    std::unique_ptr<Swim> swim_;
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
            profile_config(*profile));
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
    run_transcripts(kFolder, "swim_", handler_of<SwimTeller>);
}

TEST(Transcripts, membership) {
    run_transcripts(kFolder, "membership_", handler_of<MembershipTeller>);
}

}  // namespace
}  // namespace grapevine::protocol

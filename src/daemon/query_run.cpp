#include "daemon/query_run.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "daemon/views.hpp"
#include "protocol/query/reachability.hpp"

namespace grapevine::daemon {
namespace {

namespace json = boost::json;
using State = protocol::QueryReply::State;

std::int64_t microseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

control::QueryMember member_of(const protocol::Membership& membership, MemberId id) {
    const protocol::Member* member = membership.find(id);
    return {id_text(id), member != nullptr ? member->record->name : std::string()};
}

bool is_there(const protocol::Membership& membership, MemberId id) {
    const protocol::Member* member = membership.find(id);
    return member != nullptr &&
           (member->status == wire::Status::alive || member->status == wire::Status::suspect);
}

Bytes bytes_of(const json::object& object) {
    const std::string text = json::serialize(object);
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
}

/// How far its clock is ahead of ours: it was read somewhere between question and answer, so half
/// of the round trip is what we can be wrong by.
Bytes clock_answer(const Bytes& payload, std::int64_t wall_zero_us,
                   const QueryRun::Answer& answer) {
    json::error_code error;
    const std::string_view text = as_text(ByteView(payload));
    json::value value = json::parse(json::string_view(text.data(), text.size()), error);
    const bool is_readable = !error && value.is_object() &&
                             value.get_object().contains("wall_us") &&
                             value.get_object().at("wall_us").is_int64();
    if (!is_readable || !answer.round_trip || wall_zero_us == 0) return payload;
    json::object& object = value.get_object();
    const Instant middle = answer.answered_at - *answer.round_trip / 2;
    object["offset_us"] =
        object.at("wall_us").get_int64() - wall_zero_us - microseconds(middle.time_since_epoch());
    object["error_us"] = (microseconds(*answer.round_trip) + 1) / 2;
    return bytes_of(object);
}

/// Whom it reaches: how many in both directions, and the others by name.
Bytes reachability_answer(const protocol::Membership& membership,
                          const protocol::ReachAnswer& answer) {
    json::object object;
    std::size_t both = 0;
    json::array troubles;
    for (const auto& row : answer.rows) {
        if (row.path == protocol::Path::both) {
            ++both;
            continue;
        }
        const control::QueryMember member = member_of(membership, row.member);
        troubles.push_back(json::object{
            {"id", member.id}, {"name", member.name}, {"path", std::string(to_string(row.path))}});
    }
    object["both"] = both;
    object["others"] = std::move(troubles);
    return bytes_of(object);
}

std::string reason_of(State state) {
    switch (state) {
        case State::not_served:
            return "not_served";
        case State::abandoned:
            return "abandoned";
        case State::busy:
            return "busy";
        case State::answered:
            break;
    }
    return "unreadable";
}

void sort_members(std::vector<control::QueryMember>& members) {
    std::ranges::sort(members, {},
                      [](const auto& member) { return std::tie(member.name, member.id); });
}

void sort_members(std::vector<control::QueryEnd::Without>& members) {
    std::ranges::sort(members, {}, [](const auto& without) {
        return std::tie(without.member.name, without.member.id);
    });
}

}  // namespace

QueryRun::QueryRun(std::uint64_t ticket, std::string name, Instant begun,
                   std::vector<MemberId> excluded, control::QueryTaker take)
    : ticket_(ticket),
      name_(std::move(name)),
      begun_(begun),
      take_(std::move(take)),
      excluded_(std::move(excluded)) {}

std::optional<protocol::QueryReply> QueryRun::read(const protocol::Membership& membership,
                                                   std::int64_t wall_zero_us,
                                                   const Answer& answer) const {
    if (name_ == "reachability") {
        const auto told = protocol::decode_reach_answer(answer.body);
        if (!told) return std::nullopt;
        return protocol::QueryReply{State::answered, reachability_answer(membership, *told)};
    }
    auto reply = protocol::decode_query_reply(answer.body);
    if (!reply) return std::nullopt;
    if (name_ == "clock" && reply->state == State::answered) {
        reply->payload = clock_answer(reply->payload, wall_zero_us, answer);
    }
    return *std::move(reply);
}

void QueryRun::answered(const protocol::Membership& membership, std::int64_t wall_zero_us,
                        const Answer& answer) {
    const control::QueryMember member = member_of(membership, answer.member);
    auto reply = read(membership, wall_zero_us, answer);
    if (!reply) {
        end_.missing.push_back({member, "unreadable"});
    } else if (reply->state == State::not_served) {
        end_.not_expected.push_back({member, "not_served"});
    } else if (reply->state != State::answered) {
        end_.missing.push_back({member, reason_of(reply->state)});
    } else if (bytes_ + reply->payload.size() > kQueryTotalBytesMax) {
        end_.missing.push_back({member, "too_large"});
    } else {
        tell(member, answer, std::move(reply->payload));
    }
}

void QueryRun::tell(const control::QueryMember& member, const Answer& answer, Bytes payload) {
    bytes_ += payload.size();
    end_.answered.push_back(member);
    control::QueryAnswer told;
    told.member = member;
    told.payload = std::move(payload);
    told.after_us = microseconds(answer.answered_at - begun_);
    if (answer.round_trip) told.round_trip_us = microseconds(*answer.round_trip);
    take_(control::QueryItem(std::move(told)));
}

void QueryRun::ended(Instant now, const protocol::Membership& membership,
                     const std::vector<MemberId>& silent) {
    for (const MemberId id : silent) {
        end_.missing.push_back(
            {member_of(membership, id), is_there(membership, id) ? "silent" : "gone"});
    }
    for (const MemberId id : excluded_) {
        end_.not_expected.push_back({member_of(membership, id), "filtered"});
    }
    sort_members(end_.answered);
    sort_members(end_.missing);
    sort_members(end_.not_expected);
    end_.took_us = microseconds(now - begun_);
    take_(control::QueryItem(std::move(end_)));
}

void QueryRun::break_off() {
    take_(std::unexpected(Refusal{Refusal::Code::unavailable,
                                  "the overlay ended before all had answered",
                                  "ask again when it is running", "overlay"}));
}

}  // namespace grapevine::daemon

// Between a node and the shared map: its writes as a stream of events, its comparisons and its
// questions. See state/map.hpp.

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/overloaded.hpp"
#include "protocol/node.hpp"

namespace grapevine::protocol {
namespace {

static_assert(kStateCellBytesMax <= kAnswerBytesMax, "the largest cell is one answer");

constexpr Duration kFetchPatience = std::chrono::seconds(3);

}  // namespace

Moment Node::moment(Instant now) const {
    const std::int64_t us =
        wall_zero_us_ +
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    return {now, static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)) / 1000};
}

void Node::restore_state(const SharedMap::Meta& meta, const std::vector<Bytes>& cells) {
    state_.restore(meta);
    for (const Bytes& cell : cells) state_.restore(cell);
}

Outcome<Stamp> Node::put_state(Instant now, std::string_view key, std::string_view value,
                               const SharedMap::PutOptions& options) {
    auto outcome = state_.put(moment(now), key, value, options);
    finish(now);
    return outcome;
}

Outcome<void> Node::put_state(Instant now,
                              const std::vector<std::pair<std::string, std::string>>& values) {
    auto outcome = state_.put_all(moment(now), values);
    finish(now);
    return outcome;
}

Outcome<Stamp> Node::erase_state(Instant now, std::string_view key, std::optional<Stamp> expected) {
    auto outcome = state_.erase(moment(now), key, expected);
    finish(now);
    return outcome;
}

Outcome<StateEntry> Node::count_state(Instant now, std::string_view key, std::int64_t change) {
    auto outcome = state_.count(moment(now), key, change);
    finish(now);
    return outcome;
}

Outcome<StateEntry> Node::change_state_set(Instant now, std::string_view key,
                                           const std::vector<std::string>& added,
                                           const std::vector<std::string>& removed) {
    auto outcome = state_.change_set(moment(now), key, added, removed);
    finish(now);
    return outcome;
}

bool Node::take_state_copy(Instant now, ByteView body) {
    const bool is_right = state_.take_copy(moment(now), body);
    finish(now);
    return is_right;
}

void Node::state_copy_ended(Instant now, bool is_whole) {
    state_.copy_ended(moment(now), is_whole);
    finish(now);
}

void Node::wipe_state(Instant now, std::string_view prefix, Stamp before) {
    state_.wipe(moment(now), prefix, before);
    finish(now);
}

void Node::link(Instant now, MemberId member) {
    events_.peer_joined(now, member);
    state_events_.peer_joined(now, member);
}

void Node::unlink(Instant now, MemberId member) {
    events_.peer_left(now, member);
    state_events_.peer_left(now, member);
    state_.peer_left(member);
}

void Node::handle_state_stream(Instant now, MemberId from, const wire::Section& section) {
    std::visit(
        [&]<typename T>(const T& part) {
            if constexpr (requires { state_events_.handle(now, from, part); }) {
                state_events_.handle(now, from, part);
            }
        },
        section);
}

bool Node::settle_state(Instant now) {
    bool is_busy = false;
    while (auto action = state_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](SharedMap::Send& send) {
                           if (!is_peer(send.to)) return;
                           waiting_for(send.to).sections.push_back(std::move(send.section));
                       },
                       [&](SharedMap::Spread& spread) {
                           // Within the limits of an event, so it is not refused; and if nobody
                           // can keep up, comparisons bring it.
                           const WallTime wall{static_cast<std::int64_t>(moment(now).unix_ms)};
                           const auto told =
                               state_events_.publish(now, wall, "state", std::move(spread.body));
                           assert(told);
                       },
                       [&](SharedMap::Fetch& fetch) { fetch_state(now, fetch); },
                       [&](auto& other) { outbox_.emplace_back(std::move(other)); },
                   },
                   *action);
    }
    while (auto action = state_events_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](Events::Send& send) {
                           waiting_for(send.to).sections.push_back(std::move(send.section));
                       },
                       [&](const Events::Deliver& told) {
                           state_.take_spread(moment(now), told.event->stream.publisher,
                                              *told.event->payload);
                       },
                       // Comparisons bring what the stream has lost.
                       [](const Events::Gap&) {},
                   },
                   *action);
    }
    return is_busy;
}

void Node::fetch_state(Instant now, const SharedMap::Fetch& fetch) {
    const auto number =
        gather_.ask(now, {fetch.from}, QuestionKind::state_cell, fetch.body, now + kFetchPatience);
    if (!number) {
        state_.fetched(moment(now), std::nullopt);
        return;
    }
    fetches_.insert(*number);
    if (!is_peer(fetch.from)) gather_.peer_left(now, fetch.from);
}

/// Whether that was a question of ours for a cell.
bool Node::take_fetched(Instant now, const Gather::Gathered& gathered) {
    if (fetches_.erase(gathered.number) == 0) return false;
    if (gathered.answers.empty()) {
        state_.fetched(moment(now), std::nullopt);
    } else {
        state_.fetched(moment(now), gathered.answers.front().body);
    }
    return true;
}

}  // namespace grapevine::protocol

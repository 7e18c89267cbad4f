#include "sim/lab/sync_trial.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "wire/size.hpp"

namespace grapevine::sim::lab {
namespace {

constexpr std::size_t kBudget = kPacketBytesMax - kProofBytesMax;
/// Of one entry as it travels: a key, a value, a stamp. Nothing special in this value.
constexpr std::size_t kEntryBytes = 64;
constexpr std::size_t kEntriesPerDatagram = kBudget / kEntryBytes;
/// Requests that leave together.
constexpr std::size_t kWindow = 4;

}  // namespace

SyncTrial::SyncTrial(const Settings& settings) : LinkedTrial(settings) {
    common_ = settings.whole("entries");
    for (std::size_t entry = 0; entry < common_; ++entry) entries_.push_back(draw_entry());
    populate();
    for (std::size_t entry = 0; entry < settings.whole("differences"); ++entry) {
        entries_.push_back(draw_entry());
        const auto owner = static_cast<HostIndex>(random().below(count()));
        for (HostIndex member = 0; member < count(); ++member) {
            ++members_[member].lacking;
            ++different_;
        }
        hold(owner, entries_.back());
    }
    for (HostIndex member = 0; member < count(); ++member) show(member);
}

/// In the order of time, as entries of a map are, with chance in between.
protocol::RangeTree::Item SyncTrial::draw_entry() {
    const auto handle = static_cast<std::uint32_t>(entries_.size());
    // Written over an hour; in the stamp milliseconds are the upper 48 bits.
    const Stamp stamp{(1 + random().below(3'600'000)) << 16U};
    return {stamp, {random().next(), random().next()}, handle};
}

void SyncTrial::added(HostIndex) {
    members_.emplace_back();
}

void SyncTrial::born(HostIndex member) {
    Member& one = members_[member];
    // Whoever comes later, or comes back, has nothing.
    const bool is_first = now() == Moment{} && life(member) == 1 && member < settings().members();
    one.tree = protocol::RangeTree();
    one.exchange.reset();
    one.lacking = entries_.size();
    different_ += one.lacking;
    if (is_first) {
        for (std::size_t entry = 0; entry < common_; ++entry) hold(member, entries_[entry]);
    }
    film().set_state(member, State::removed);
    show(member);
    one.next_exchange = now() + between(random(), Duration::zero(), settings().interval());
    wake_at(member, one.next_exchange);
}

void SyncTrial::killed(HostIndex member) {
    different_ -= std::exchange(members_[member].lacking, 0);
}

void SyncTrial::hold(HostIndex member, const protocol::RangeTree::Item& entry) {
    if (!members_[member].tree.insert(entry)) {
        ++needless_;
        return;
    }
    --members_[member].lacking;
    --different_;
}

void SyncTrial::show(HostIndex member) {
    film().set_value(member, static_cast<double>(members_[member].lacking));
}

void SyncTrial::wake(HostIndex member) {
    Member& one = members_[member];
    if (now() >= one.next_exchange) {
        one.next_exchange = now() + settings().interval();
        one.exchange.reset();
        const auto partners = roster().pick(member, random(), 1, kNobody);
        if (!partners.empty()) {
            one.partner = index_of(partners[0]);
            one.exchange.emplace(++one.exchanges);
        }
    } else if (one.exchange) {
        one.exchange->ask_again();
    }
    ask_on(member);
    const Moment again = now() + settings().interval() / 4;
    wake_at(member, one.exchange ? std::min(again, one.next_exchange) : one.next_exchange);
}

/// Sends what the exchange asks next, and what it has found.
void SyncTrial::ask_on(HostIndex member) {
    Member& one = members_[member];
    if (!one.exchange) return;
    for (auto& request : one.exchange->next(one.tree, kBudget, kWindow)) {
        const std::size_t bytes = kFrameBytes + wire::encoded_size(wire::Section(request));
        send(member, one.partner, std::move(request), Errand::question, bytes);
    }
    for (auto& want : one.exchange->take_needs(kBudget)) {
        const std::size_t bytes = kFrameBytes + wire::encoded_size(wire::Section(want));
        send(member, one.partner, std::move(want), Errand::question, bytes);
    }
    give(member, one.partner, one.exchange->take_haves());
    if (one.exchange->is_done()) one.exchange.reset();
}

void SyncTrial::give(HostIndex from, HostIndex to, const SyncEntries& entries) {
    for (std::size_t begin = 0; begin < entries.size(); begin += kEntriesPerDatagram) {
        const std::size_t end = std::min(entries.size(), begin + kEntriesPerDatagram);
        SyncEntries part(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                         entries.begin() + static_cast<std::ptrdiff_t>(end));
        copies_ += part.size();
        const std::size_t bytes = kFrameBytes + part.size() * kEntryBytes;
        send(from, to, std::move(part), Errand::repair, bytes);
    }
}

void SyncTrial::answer(HostIndex from, HostIndex to, const wire::StateRanges& request) {
    for (auto& reply : protocol::answer(members_[to].tree, request, kBudget)) {
        const std::size_t bytes = kFrameBytes + wire::encoded_size(wire::Section(reply));
        send(to, from, std::move(reply), Errand::answer, bytes);
    }
}

void SyncTrial::arrive(HostIndex from, HostIndex to, SyncLoad& load) {
    trace().add(load.index());
    if (const auto* ranges = std::get_if<wire::StateRanges>(&load)) {
        trace().add(wire::encoded_size(wire::Section(*ranges)));
        if (!ranges->is_reply) return answer(from, to, *ranges);
        Member& one = members_[to];
        if (!one.exchange || from != one.partner) return;
        one.exchange->handle(one.tree, *ranges);
        if (one.exchange->is_answered()) ask_on(to);
        return;
    }
    if (const auto* want = std::get_if<wire::StateWant>(&load)) {
        SyncEntries found;
        for (const std::uint32_t handle : protocol::wanted(members_[to].tree, *want)) {
            found.push_back(entries_[handle]);
        }
        return give(to, from, found);
    }
    for (const auto& entry : std::get<SyncEntries>(load)) hold(to, entry);
    show(to);
}

std::vector<Point> SyncTrial::points(Moment) const {
    std::uint64_t behind = 0;
    for (const Member& member : members_) behind += member.lacking > 0 ? 1 : 0;
    return {{"different", static_cast<double>(different_)},
            {"behind", static_cast<double>(behind)},
            {"copies", static_cast<double>(copies_)},
            {"needless", static_cast<double>(needless_)},
            {"messages_per_member", per_member(datagrams())},
            {"bytes_per_member", per_member(bytes())},
            {"lost", static_cast<double>(lost())}};
}

std::vector<Point> SyncTrial::summary() const {
    std::vector<Point> all = points(now());
    const auto took = static_cast<double>(now().time_since_epoch().count());
    all.push_back({"rounds", took / static_cast<double>(settings().interval().count())});
    all.push_back({"t_last_ms", took / 1e6});
    return all;
}

}  // namespace grapevine::sim::lab

#include <algorithm>
#include <utility>

#include "protocol/node.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {
namespace {

/// Packets of entries that one digest may draw. The rest waits for the next exchange.
constexpr std::size_t kEntryPacketsMax = 8;
/// An exchange that found more than this to fetch is followed by another at once.
constexpr std::size_t kCatchUpThreshold = 32;
constexpr Duration kCatchUpPause = std::chrono::milliseconds(50);
/// Items of one pull. With 27 bytes at most each, they fit one packet.
constexpr std::size_t kPullItemsMax = 40;

}  // namespace

// -- Anti-entropy --

void Node::begin_sync(Instant now, MemberId peer) {
    const double stretch = 0.75 + random_.unit() / 2;
    next_sync_ = now + std::chrono::duration_cast<Duration>(config_.sync_interval * stretch);
    ++counters_.syncs_begun;
    waiting_for(peer).sections.emplace_back(wire::SyncDigest{reconciler_.buckets()});
    waiting_for(peer).sections.emplace_back(notices_.digest(false));
}

void Node::handle_digest(MemberId from, const wire::SyncDigest& digest) {
    std::vector<std::uint8_t> buckets = reconciler_.differing(digest.buckets);
    // Not always the first ones: what one exchange leaves out, the next begins with.
    random_.shuffle(std::span(buckets));
    std::size_t bytes = 0;
    for (const std::uint8_t bucket : buckets) {
        for (wire::SyncEntries& part : reconciler_.entries_of(bucket, kBudget)) {
            bytes += wire::encoded_size(wire::Section(part));
            if (bytes > kEntryPacketsMax * kBudget) return;
            counters_.sync_entries += part.entries.size();
            waiting_for(from).sections.emplace_back(std::move(part));
        }
    }
}

void Node::handle_entries(Instant now, MemberId from, const wire::SyncEntries& theirs) {
    wire::SyncPull pull;
    std::size_t fetched = 0;
    const auto send_pull = [&] {
        if (!pull.items.empty()) waiting_for(from).sections.emplace_back(std::move(pull));
        pull = {};
    };
    std::vector<Records::Want> lacks;
    const auto offer = [&](const Member& member, Version held, Version collected) {
        lacks.push_back({member.record->member, held, collected});
    };

    for (const wire::SyncEntry& entry : theirs.entries) {
        const Member* mine = membership_.find(entry.member);
        const wire::SyncEntry* held = reconciler_.find(entry.member);
        wire::SyncPull::Item item{entry.member, false, {}, {}};
        const auto floor = membership_.forgotten_at(entry.member);
        if (floor && entry.incarnation <= *floor) continue;
        if (mine == nullptr || mine->record->incarnation < entry.incarnation) {
            item.wants_record = true;
        } else if (held == nullptr || mine->record->incarnation > entry.incarnation) {
            repair(from,
                   entry.member);  // Newer here; or dead or left here, which it does not know.
        }
        if (held != nullptr) {
            item.state_from = held->version;
            item.state_collected = held->collected;
            if (held->version > entry.version) offer(*mine, entry.version, entry.collected);
        }
        const bool wants_state = item.state_from < entry.version;
        if (!item.wants_record && !wants_state) continue;
        if (!wants_state) item.state_from = entry.version;
        pull.items.push_back(item);
        ++fetched;
        if (pull.items.size() == kPullItemsMax) send_pull();
    }
    send_pull();

    // What lies in the range and was not listed, it does not know.
    for (const MemberId id : reconciler_.ids_in(theirs.bucket)) {
        if (id <= theirs.after || id > theirs.up_to) continue;
        const bool is_listed = std::ranges::any_of(
            theirs.entries, [id](const wire::SyncEntry& entry) { return entry.member == id; });
        if (is_listed) continue;
        repair(from, id);
        if (const Member* mine = membership_.find(id)) offer(*mine, Version{}, Version{});
    }
    for (wire::StateDelta& delta :
         records_.pack(lacks, kEntryPacketsMax * kBudget, random_.next())) {
        waiting_for(from).sections.emplace_back(std::move(delta));
    }
    if (fetched > kCatchUpThreshold) catch_up_ = now + kCatchUpPause;
}

void Node::handle_pull(MemberId from, const wire::SyncPull& pull) {
    std::vector<Records::Want> wants;
    for (const wire::SyncPull::Item& item : pull.items) {
        const Member* member = membership_.find(item.member);
        if (member == nullptr) continue;
        if (item.wants_record) {
            ++counters_.records_pushed;
            waiting_for(from).repairs.emplace_back(member->record);
            if (member->status == wire::Status::suspect) repair(from, item.member);
        }
        wants.push_back({item.member, item.state_from, item.state_collected});
    }
    for (wire::StateDelta& delta :
         records_.pack(wants, kEntryPacketsMax * kBudget, random_.next())) {
        waiting_for(from).sections.emplace_back(std::move(delta));
    }
}

}  // namespace grapevine::protocol

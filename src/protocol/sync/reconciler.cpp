#include "protocol/sync/reconciler.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "protocol/member_index.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {

namespace {

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of the input moves half of the
/// bits of the output.
std::uint64_t scatter(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

auto place_of(auto& entries, MemberId member) {
    return std::ranges::lower_bound(entries, member, {}, &wire::SyncEntry::member);
}

}  // namespace

std::uint64_t Reconciler::mix(const wire::SyncEntry& entry) {
    std::uint64_t hash = scatter(entry.member.value());
    hash = scatter(hash ^ entry.incarnation.value());
    return scatter(hash ^ entry.version.value());
}

std::uint8_t Reconciler::bucket_of(MemberId member) {
    static_assert(wire::kSyncBuckets == 64);
    return static_cast<std::uint8_t>(scatter(member.value()) >> 58);
}

void Reconciler::set(const wire::SyncEntry& entry) {
    const std::uint8_t bucket = bucket_of(entry.member);
    auto& entries = entries_[bucket];
    auto place = place_of(entries, entry.member);
    if (place != entries.end() && place->member == entry.member) {
        fingerprints_[bucket] -= mix(*place);
        *place = entry;
    } else {
        const auto offset = place - entries.begin();
        reserve_one_more(entries);
        entries.insert(entries.begin() + offset, entry);
    }
    fingerprints_[bucket] += mix(entry);
}

void Reconciler::erase(MemberId member) {
    const std::uint8_t bucket = bucket_of(member);
    auto& entries = entries_[bucket];
    const auto place = place_of(entries, member);
    if (place == entries.end() || place->member != member) return;
    fingerprints_[bucket] -= mix(*place);
    entries.erase(place);
}

std::uint64_t Reconciler::root() const {
    return std::accumulate(fingerprints_.begin(), fingerprints_.end(), std::uint64_t{0});
}

const std::array<std::uint64_t, wire::kSyncBuckets>& Reconciler::buckets() const {
    return fingerprints_;
}

std::vector<MemberId> Reconciler::ids_in(std::uint8_t bucket) const {
    std::vector<MemberId> ids;
    for (const wire::SyncEntry& entry : entries_.at(bucket)) ids.push_back(entry.member);
    return ids;
}

const wire::SyncEntry* Reconciler::find(MemberId member) const {
    const auto& entries = entries_[bucket_of(member)];
    const auto place = place_of(entries, member);
    return place != entries.end() && place->member == member ? &*place : nullptr;
}

std::vector<std::uint8_t> Reconciler::differing(
    const std::array<std::uint64_t, wire::kSyncBuckets>& theirs) const {
    std::vector<std::uint8_t> buckets;
    for (std::size_t bucket = 0; bucket < wire::kSyncBuckets; ++bucket) {
        if (fingerprints_[bucket] != theirs[bucket]) {
            buckets.push_back(static_cast<std::uint8_t>(bucket));
        }
    }
    return buckets;
}

std::vector<wire::SyncEntries> Reconciler::entries_of(std::uint8_t bucket,
                                                      std::size_t budget_bytes) const {
    std::vector<wire::SyncEntries> sections;
    wire::SyncEntries section{bucket, kNobody, MemberId(UINT64_MAX), {}};
    std::size_t size = wire::kSectionFrameBytesMax;
    for (const wire::SyncEntry& entry : entries_.at(bucket)) {
        const std::size_t entry_size = wire::encoded_size(entry);
        assert(wire::kSectionFrameBytesMax + entry_size <= budget_bytes);
        if (size + entry_size > budget_bytes) {
            section.up_to = section.entries.back().member;
            const MemberId after = section.up_to;
            sections.push_back(std::move(section));
            section = {bucket, after, MemberId(UINT64_MAX), {}};
            size = wire::kSectionFrameBytesMax;
        }
        section.entries.push_back(entry);
        size += entry_size;
    }
    sections.push_back(std::move(section));
    return sections;
}

std::size_t Reconciler::entry_count() const {
    return std::accumulate(
        entries_.begin(), entries_.end(), std::size_t{0},
        [](std::size_t sum, const auto& entries) { return sum + entries.size(); });
}

}  // namespace grapevine::protocol

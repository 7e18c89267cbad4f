#include "wire/native/sections.hpp"

// FORMAT.md, sections 6.7 to 6.9.
namespace grapevine::wire::native {

void write_body(Writer& writer, const SyncDigest& digest) {
    std::uint64_t present = 0;
    for (std::size_t index = 0; index < kSyncBuckets; ++index) {
        if (digest.buckets[index] != 0) present |= std::uint64_t{1} << index;
    }
    writer.integer(present);
    for (const std::uint64_t bucket : digest.buckets) {
        if (bucket != 0) writer.integer(bucket);
    }
}

Result<SyncDigest> read_sync_digest(Reader& reader) {
    static_assert(kSyncBuckets == 64, "the map of buckets is one u64");
    SyncDigest digest;
    const auto present = GV_TRY(reader.integer<std::uint64_t>("sync_digest.present"));
    for (std::size_t index = 0; index < kSyncBuckets; ++index) {
        if ((present >> index & 1) == 0) continue;
        digest.buckets[index] = GV_TRY(reader.integer<std::uint64_t>("sync_digest.bucket"));
        if (digest.buckets[index] == 0) {
            return reader.refuse<SyncDigest>(Error::Code::malformed, "sync_digest.bucket");
        }
    }
    return digest;
}

void write_body(Writer& writer, const SyncEntries& entries) {
    writer.integer(entries.bucket);
    writer.integer(entries.after.value());
    writer.integer(entries.up_to.value());
    for (const SyncEntry& entry : entries.entries) {
        writer.integer(entry.member.value());
        writer.varint(entry.incarnation.value());
        writer.varint(entry.collected.value());
        writer.varint(entry.version.value());
    }
}

Result<SyncEntries> read_sync_entries(Reader& reader) {
    SyncEntries entries;
    entries.bucket = GV_TRY(reader.integer<std::uint8_t>("sync_entries.bucket"));
    entries.after = MemberId(GV_TRY(reader.integer<std::uint64_t>("sync_entries.after")));
    entries.up_to = MemberId(GV_TRY(reader.integer<std::uint64_t>("sync_entries.up_to")));
    while (!reader.at_end()) {
        SyncEntry entry;
        entry.member = MemberId(GV_TRY(reader.integer<std::uint64_t>("sync_entry.member")));
        entry.incarnation = Incarnation(static_cast<std::uint32_t>(
            GV_TRY(read_bounded(reader, UINT32_MAX, "sync_entry.incarnation"))));
        entry.collected = Version(GV_TRY(reader.varint("sync_entry.collected")));
        entry.version = Version(GV_TRY(reader.varint("sync_entry.version")));
        entries.entries.push_back(entry);
    }
    return entries;
}

void write_body(Writer& writer, const SyncPull& pull) {
    for (const SyncPull::Item& item : pull.items) {
        writer.integer(item.member.value());
        writer.integer(std::uint8_t{item.wants_record});
        writer.varint(item.state_from.value());
        writer.varint(item.state_collected.value());
    }
}

Result<SyncPull> read_sync_pull(Reader& reader) {
    SyncPull pull;
    while (!reader.at_end()) {
        SyncPull::Item item;
        item.member = MemberId(GV_TRY(reader.integer<std::uint64_t>("sync_pull.member")));
        item.wants_record = GV_TRY(read_flag(reader, "sync_pull.flags"));
        item.state_from = Version(GV_TRY(reader.varint("sync_pull.state_from")));
        item.state_collected = Version(GV_TRY(reader.varint("sync_pull.state_collected")));
        pull.items.push_back(item);
    }
    return pull;
}

}  // namespace grapevine::wire::native

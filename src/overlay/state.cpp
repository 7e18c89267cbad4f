// The shared map between a node and what carries and keeps it. See protocol/state/map.hpp.

#include <algorithm>
#include <utility>

#include "base/reader.hpp"
#include "crypto/hash.hpp"
#include "crypto/keyed_hash.hpp"
#include "overlay/implementation.hpp"

namespace grapevine::overlay {

protocol::SharedMap::Hash keyed_state_hash() {
    return [hash = crypto::KeyedHash()](const wire::StateSalt& salt, ByteView bytes) {
        Bytes key;
        Writer writer(key);
        writer.integer(salt.created.value());
        writer.integer(salt.random);
        crypto::KeyedHash::Key fixed{};
        std::ranges::copy(key, fixed.begin());
        const auto value = hash(fixed, bytes);
        return protocol::StateHash{value.high, value.low};
    };
}

void Overlay::Implementation::persist_state(const protocol::Node::PersistState& persist) {
    storage::Batch batch;
    if (persist.is_reset) batch.writes.push_back(storage::erase_state(settings_.name));
    std::vector<std::pair<std::string, std::optional<Bytes>>> cells;
    cells.reserve(persist.writes.size());
    for (const auto& write : persist.writes) cells.emplace_back(write.id, write.cell);
    for (storage::Write& write : storage::save_cells(settings_.name, cells).writes) {
        batch.writes.push_back(std::move(write));
    }
    if (persist.is_meta_changed) {
        const auto meta = node_.state().meta();
        batch.writes.push_back(storage::save_state_meta(settings_.name, meta.salt, meta.floor));
    }
    outbox_.push_back(Persist{std::move(batch)});
}

void Overlay::Implementation::want_copy(MemberId from) {
    const protocol::Member* member = node_.membership().find(from);
    CopyWanted wanted{from, {}};
    if (member != nullptr) wanted.addresses = member->record->addresses;
    outbox_.push_back(std::move(wanted));
}

Outcome<Stamp> Overlay::put_state(Instant now, std::string_view key, std::string_view value,
                                  const protocol::SharedMap::PutOptions& options) {
    auto outcome = implementation_->node_.put_state(now, key, value, options);
    implementation_->drain(now);
    return outcome;
}
Outcome<void> Overlay::put_state(Instant now,
                                 const std::vector<std::pair<std::string, std::string>>& values) {
    auto outcome = implementation_->node_.put_state(now, values);
    implementation_->drain(now);
    return outcome;
}
Outcome<Stamp> Overlay::erase_state(Instant now, std::string_view key,
                                    std::optional<Stamp> expected) {
    auto outcome = implementation_->node_.erase_state(now, key, expected);
    implementation_->drain(now);
    return outcome;
}
Outcome<protocol::StateEntry> Overlay::count_state(Instant now, std::string_view key,
                                                   std::int64_t change) {
    auto outcome = implementation_->node_.count_state(now, key, change);
    implementation_->drain(now);
    return outcome;
}
Outcome<protocol::StateEntry> Overlay::change_state_set(Instant now, std::string_view key,
                                                        const std::vector<std::string>& added,
                                                        const std::vector<std::string>& removed) {
    auto outcome = implementation_->node_.change_state_set(now, key, added, removed);
    implementation_->drain(now);
    return outcome;
}
bool Overlay::take_state_copy(Instant now, ByteView page) {
    const bool is_right = implementation_->node_.take_state_copy(now, page);
    implementation_->drain(now);
    return is_right;
}
void Overlay::state_copy_ended(Instant now, bool is_whole) {
    implementation_->node_.state_copy_ended(now, is_whole);
    implementation_->drain(now);
}

std::vector<crypto::OverlayKey> Overlay::copy_keys() const {
    std::vector<crypto::OverlayKey> keys;
    for (const crypto::OverlayKey& key : implementation_->settings_.keys) {
        Bytes info;
        Writer writer(info);
        writer.bytes(as_bytes("grapevine v1 copy"));
        writer.integer(static_cast<std::uint8_t>(implementation_->settings_.name.size()));
        writer.bytes(as_bytes(implementation_->settings_.name));
        writer.integer(key.id.value());
        crypto::OverlayKey derived{key.id, {}};
        crypto::hkdf_sha256(key.secret.view(), {}, info, derived.secret.writable());
        keys.push_back(std::move(derived));
    }
    return keys;
}

}  // namespace grapevine::overlay

#include "sim/disk.hpp"

#include <cstdint>
#include <utility>

namespace grapevine::sim {

void Disk::write(Image& image, const storage::Write& write) {
    if (write.value) {
        image[write.bucket][write.key] = *write.value;
    } else if (write.key.empty()) {
        image.erase(write.bucket);
    } else {
        image[write.bucket].erase(write.key);
    }
}

void Disk::apply(const storage::Batch& batch) {
    for (const storage::Write& each : batch.writes) write(current_, each);
    pending_.push_back(batch);
    if (batch.durability == storage::Durability::lazy) return;
    for (const storage::Batch& earlier : pending_) {
        for (const storage::Write& each : earlier.writes) write(durable_, each);
    }
    pending_.clear();
}

std::vector<storage::Entry> Disk::read(const std::string& bucket) const {
    std::vector<storage::Entry> entries;
    const auto found = current_.find(bucket);
    if (found == current_.end()) return entries;
    entries.reserve(found->second.size());
    for (const auto& [key, value] : found->second) entries.push_back({key, value});
    return entries;
}

void Disk::crash_power(Random& random) {
    const std::uint64_t survivors = random.below(pending_.size() + 1);
    for (std::uint64_t i = 0; i < survivors; ++i) {
        for (const storage::Write& each : pending_[i].writes) write(durable_, each);
    }
    pending_.clear();
    current_ = durable_;
}

void Disk::crash_torn(Random& random) {
    if (pending_.empty()) return crash_power(random);
    const std::uint64_t survivors = random.below(pending_.size());
    for (std::uint64_t i = 0; i < survivors; ++i) {
        for (const storage::Write& each : pending_[i].writes) write(durable_, each);
    }
    const storage::Batch torn = std::move(pending_[survivors]);
    const std::uint64_t written = torn.writes.empty() ? 0 : 1 + random.below(torn.writes.size());
    for (std::uint64_t i = 0; i < written; ++i) {
        storage::Write each = torn.writes[i];
        if (i + 1 == written && each.value && !each.value->empty()) {
            if (random.chance(0.5)) {
                each.value->resize(random.below(each.value->size()));
            } else {
                const std::uint64_t bit = random.below(each.value->size() * 8);
                (*each.value)[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            }
        }
        write(durable_, each);
    }
    pending_.clear();
    current_ = durable_;
}

void Disk::lose() {
    durable_.clear();
    current_.clear();
    pending_.clear();
}

void Disk::restore(Image image) {
    durable_ = image;
    current_ = std::move(image);
    pending_.clear();
}

}  // namespace grapevine::sim

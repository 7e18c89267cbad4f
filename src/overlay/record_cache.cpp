#include "overlay/record_cache.hpp"

#include <memory>
#include <utility>

#include "crypto/identity.hpp"

namespace grapevine::overlay {
namespace {

Result<wire::SharedRecord> decode_and_verify(ByteView bytes) {
    const auto parts = GV_TRY(wire::native::split_record(bytes));
    wire::MemberRecord record = GV_TRY(wire::native::decode_record(bytes));
    if (crypto::member_id_of(record.public_key) != record.member) {
        return std::unexpected(Error{Error::Code::malformed, "record.member"});
    }
    if (!crypto::verify(record.public_key, parts.signed_part, parts.signature)) {
        return std::unexpected(Error{Error::Code::unauthenticated, "record.signature"});
    }
    return std::make_shared<const wire::MemberRecord>(std::move(record));
}

}  // namespace

Result<wire::SharedRecord> RecordCache::intern(ByteView encoded_record) {
    std::string key(as_text(encoded_record));
    if (const auto found = records_.find(key); found != records_.end()) return found->second;
    auto record = decode_and_verify(encoded_record);
    if (!record) {
        ++refused_count_;
        return record;
    }
    if (records_.size() == kRecordCacheMax) {
        records_.erase(order_.front());
        order_.pop_front();
    }
    order_.push_back(key);
    records_.emplace(std::move(key), *record);
    return record;
}

}  // namespace grapevine::overlay

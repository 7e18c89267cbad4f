#include <cstdlib>

#include "protocol/aggregate/zone_bodies.hpp"

// Whatever a member says of zones: what is read is written again as it was, and what a machine does
// with it stays within its limits.
using namespace grapevine;

namespace {

void expect(bool holds) {
    if (!holds) std::abort();
}

template <typename Message>
void expect_same(ByteView bytes, const Result<Message>& message, Bytes (*encode)(const Message&)) {
    if (message) expect(Bytes(bytes.begin(), bytes.end()) == encode(*message));
}

std::optional<Bytes> nothing(std::size_t, const std::vector<protocol::SharedRow>&) {
    return protocol::encode_attributes({});
}

template <typename Message>
void tell(const Result<Message>& message) {
    if (!message) return;
    protocol::Astrolabe::Config config;
    config.path = {"eu", "fra", "me"};
    protocol::Astrolabe zones(MemberId(1), config, nothing, 1);
    const Instant now = Instant{} + std::chrono::seconds(1);
    zones.handle(now, MemberId(2), *message);
    zones.advance(now + std::chrono::seconds(1));
    zones.check_invariants();
    while (zones.poll()) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes(data, size);
    const auto offer = protocol::decode_offer(bytes);
    const auto digests = protocol::decode_digests(bytes);
    const auto want = protocol::decode_want(bytes);
    const auto rows = protocol::decode_rows(bytes);
    expect_same(bytes, offer, protocol::encode_offer);
    if (size < kQuestionBytesMax) expect_same(bytes, want, protocol::encode_want);
    if (size < kAnswerBytesMax) {
        expect_same(bytes, digests, protocol::encode_digests);
        expect_same(bytes, rows, protocol::encode_rows);
    }
    tell(offer);
    tell(digests);
    tell(want);
    tell(rows);
    if (const auto attributes = protocol::decode_attributes(bytes)) {
        expect(protocol::encode_attributes(*attributes) == Bytes(data, data + size));
    }
    wire::Notice notice;
    notice.kind = static_cast<std::uint8_t>(wire::NoticeKind::summary);
    notice.body.assign(data, data + size);
    if (const auto statement = protocol::statement_of(notice)) {
        expect(protocol::notice_of(*statement).body == notice.body);
    }
    return 0;
}

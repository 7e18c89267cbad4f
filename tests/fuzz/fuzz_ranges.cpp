#include <cstdlib>

#include "protocol/state/range_sync.hpp"
#include "protocol/state/range_testing.hpp"
#include "wire/native/codec.hpp"
#include "wire/rules.hpp"
#include "wire/size.hpp"

// Whatever a member says about ranges, if only it is well formed: what we answer is well formed,
// too, and within its limits.
using namespace grapevine;

namespace {

constexpr std::size_t kBudget = kPacketBytesMax - kProofBytesMax;
constexpr std::uint32_t kNumber = 7;

protocol::RangeTree make_tree() {
    protocol::RangeTree tree;
    Random random(1);
    while (tree.count() < 3000) {
        // Many share a stamp, and many ids begin alike.
        auto item = protocol::testing::sample_item(random, Stamp(random.below(1U << 20U)));
        if (random.chance(0.3)) item.hash.low >>= random.below(60);
        tree.insert(item);
    }
    return tree;
}

void expect(bool holds) {
    if (!holds) std::abort();
}

void expect_legal(const wire::Section& section) {
    expect(wire::check(section).has_value());
    expect(wire::encoded_size(section) <= kBudget);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const protocol::RangeTree tree = make_tree();
    wire::native::DecodingIntern records;
    const auto decoded = wire::native::decode(ByteView(data, size), records);
    if (!decoded) return 0;
    protocol::RangeExchange exchange(kNumber);
    for (const wire::Section& section : decoded->packet) {
        for (const auto& request : exchange.next(tree, kBudget, 2)) expect_legal(request);
        if (const auto* want = std::get_if<wire::StateWant>(&section)) {
            expect(protocol::wanted(tree, *want).size() <= kStateWantScanMax);
        }
        const auto* ranges = std::get_if<wire::StateRanges>(&section);
        if (ranges == nullptr) continue;
        if (!ranges->is_reply) {
            const auto replies = protocol::answer(tree, *ranges, kBudget);
            expect(replies.size() <= kStateReplySectionsMax);
            for (const auto& reply : replies) expect_legal(reply);
            continue;
        }
        wire::StateRanges reply = *ranges;
        reply.number = kNumber;
        exchange.handle(tree, reply);
        expect(exchange.differing_estimate(tree) <= UINT32_MAX);
    }
    for (const auto& want : exchange.take_needs(kBudget)) expect_legal(want);
    exchange.ask_again();
    (void)exchange.next(tree, kBudget, kStateExchangeSectionsMax);
    return 0;
}

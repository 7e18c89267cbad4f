#include <cstdlib>

#include "base/checksum.hpp"
#include "protocol/state/cell.hpp"
#include "protocol/state/map.hpp"

// Whatever a member says a cell of the shared map is: what we take has one form, merges the same
// way in either order, and a page of a full copy does no harm.
using namespace grapevine;

namespace {

void expect(bool holds) {
    if (!holds) std::abort();
}

/// Two cells of one id become the same, whichever came first.
void expect_merge(const protocol::Cell& one, protocol::Cell other) {
    other.id = one.id;
    if (other.content.index() != one.content.index()) return;
    protocol::Cell left = one;
    protocol::Cell right = other;
    protocol::merge(left, other);
    protocol::merge(right, one);
    expect(left == right);
    expect(!protocol::merge(left, one));
    expect(!protocol::merge(left, other));
}

protocol::SharedMap make_map() {
    return {MemberId(1),
            std::chrono::seconds(1),
            std::chrono::hours(24),
            [](const wire::StateSalt& salt, ByteView bytes) {
                const std::uint64_t low = mix64(fnv1a(bytes) ^ salt.random);
                return protocol::StateHash{mix64(low), low};
            },
            [] { return protocol::SharedMap::View{}; },
            1};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes(data, size);
    if (const auto cell = protocol::decode_cell(bytes)) {
        const Bytes again = protocol::encode(*cell);
        expect(Bytes(data, data + size) == again);
        expect(protocol::encoded_id(again) == protocol::encode(cell->id));
        for (std::size_t cut = 1; cut < size; ++cut) {
            if (const auto other = protocol::decode_cell(bytes.subspan(cut))) {
                expect_merge(*cell, *other);
            }
        }
        protocol::Cell older = *cell;
        older.stamp = Stamp(older.stamp.value() / 2);
        expect_merge(*cell, older);
    }
    protocol::SharedMap map = make_map();
    const protocol::Moment moment{Instant{} + std::chrono::seconds(1), 1'700'000'000'000};
    (void)map.take_copy(moment, bytes);
    map.copy_ended(moment, true);
    map.restore(Bytes(data, data + size));
    while (map.poll()) {
    }
    return 0;
}

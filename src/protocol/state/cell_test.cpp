#include "protocol/state/cell.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::protocol {
namespace {

constexpr Stamp kStamp(0x018b'cfe5'8f10'0002);

Cell value_cell() {
    return {{"color", CellKind::value, ""},
            kStamp,
            ValueContent{kStamp, MemberId(7), false, 1'700'000'000'000, "green"}};
}

std::string verdict(const Bytes& bytes) {
    const auto cell = decode_cell(bytes);
    return cell ? "taken" : std::string(cell.error().field);
}

TEST(Cell, every_kind_comes_back_as_it_was) {
    const Cell counter{{"hits", CellKind::counter, counter_part(MemberId(9), Stamp(5))},
                       kStamp,
                       CounterContent{5, 1, 2, 0}};
    const Cell element{{"hosts", CellKind::element, element_part(MemberId(9), "a")},
                       kStamp,
                       ElementContent{kStamp, Stamp(4)}};
    for (const Cell& cell : {value_cell(), counter, element}) {
        const auto decoded = decode_cell(encode(cell));
        ASSERT_TRUE(decoded);
        EXPECT_EQ(*decoded, cell);
    }
}

// The end of all positions is the bound of ranges; a cell there had no place in the order.
TEST(Cell, none_is_at_the_end_of_the_order) {
    Cell cell = value_cell();
    cell.stamp = Stamp(UINT64_MAX - 1);
    EXPECT_EQ(verdict(encode(cell)), "taken");
    cell.stamp = Stamp(UINT64_MAX);
    EXPECT_EQ(verdict(encode(cell)), "cell.stamp");
}

TEST(Cell, a_time_beyond_what_a_stamp_can_say_is_no_time_to_expire) {
    Cell cell = value_cell();
    std::get<ValueContent>(cell.content).expires_ms = (std::uint64_t{1} << 48U) - 1;
    EXPECT_EQ(verdict(encode(cell)), "taken");
    EXPECT_GT(dead_since(cell), cell.stamp);
    std::get<ValueContent>(cell.content).expires_ms = std::uint64_t{1} << 48U;
    EXPECT_EQ(verdict(encode(cell)), "cell.expires");
}

TEST(Cell, a_value_of_one_byte_more_than_the_limit_is_refused) {
    Cell cell = value_cell();
    std::get<ValueContent>(cell.content).bytes = std::string(kStateValueBytesMax, 'v');
    EXPECT_EQ(verdict(encode(cell)), "taken");
    std::get<ValueContent>(cell.content).bytes += 'v';
    EXPECT_NE(verdict(encode(cell)), "taken");
}

TEST(Cell, what_is_cut_anywhere_is_refused) {
    const Bytes whole = encode(value_cell());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_NE(verdict(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))),
                  "taken")
            << size;
    }
}

}  // namespace
}  // namespace grapevine::protocol

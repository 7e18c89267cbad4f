#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/reader.hpp"

namespace grapevine::protocol {

/// What an entry of the shared map is made of. Cells are what is written, told, compared, stored
/// and collected; entries are what users see of them.
enum class CellKind : std::uint8_t {
    value = 1,    ///< A register: one cell per key. The latest write wins.
    counter = 2,  ///< One cell per key and member (and life of it) that counts.
    element = 3,  ///< Of a set: one cell per key, element and member that added it.
};

/// Which cell: the key, what it is, and the part of the entry: empty for a value; member and birth
/// of a counter; element and member of a set.
struct CellId {
    std::string key;
    CellKind kind = CellKind::value;
    std::string part;
    friend auto operator<=>(const CellId&, const CellId&) = default;
};

/// The part of a counter: who counts, since when.
std::string counter_part(MemberId member, Stamp birth);
/// The part of a set: who has added what.
std::string element_part(MemberId member, std::string_view element);
MemberId counter_owner(std::string_view part);
Stamp counter_birth(std::string_view part);
std::string_view element_of(std::string_view part);

/// Last writer wins, by (written, writer, the rest).
struct ValueContent {
    Stamp written;
    MemberId writer;
    bool is_deleted = false;
    std::uint64_t expires_ms = 0;  ///< Civil time at which it is as good as deleted; 0: never.
    std::string bytes;
    friend auto operator<=>(const ValueContent&, const ValueContent&) = default;
};
/// Only the member of the part adds; anybody may delete, which takes back what he has seen of it:
/// worth (plus - minus) - (plus_gone - minus_gone). Everything only grows.
struct CounterContent {
    std::uint64_t plus = 0;
    std::uint64_t minus = 0;
    std::uint64_t plus_gone = 0;
    std::uint64_t minus_gone = 0;
    friend auto operator<=>(const CounterContent&, const CounterContent&) = default;
};
/// In the set while added > removed. Who removes raises `removed` to the `added` that he has seen,
/// so an addition that he has not seen stays: add wins. Both only grow.
struct ElementContent {
    Stamp added;
    Stamp removed;
    friend auto operator<=>(const ElementContent&, const ElementContent&) = default;
};

/// One cell. Two copies of one are merged by `merge`, which is commutative, associative and
/// idempotent (Shapiro et al., "Conflict-free Replicated Data Types", 2011: a join semilattice),
/// so that members who have seen the same cells hold the same bytes, in whatever order and however
/// often they came.
struct Cell {
    CellId id;
    /// When it was last changed, on the clock of who changed it. The order in which members
    /// compare, and from when on a dead cell is old.
    Stamp stamp;
    std::variant<ValueContent, CounterContent, ElementContent> content;
    friend bool operator==(const Cell&, const Cell&) = default;
};

/// Takes into `held` what `other`, of the same id, knows better. True if `held` has changed.
bool merge(Cell& held, const Cell& other);

/// Nothing of it is to be seen any more: deleted, expired, taken back, removed.
[[nodiscard]] bool is_dead(const Cell& cell, std::uint64_t unix_ms);
/// Since when, if it is dead: the deletion must be remembered from then on for as long as somebody
/// may be away.
[[nodiscard]] Stamp dead_since(const Cell& cell);

/// Key and part as one string, in the order of keys, so that the cells of a key lie together and
/// keys with a common beginning too.
[[nodiscard]] std::string encode(const CellId& id);
[[nodiscard]] Bytes encode(const Cell& cell);
/// Refused: what breaks a limit, an unknown kind, a part that does not fit its kind.
Result<Cell> decode_cell(ByteView bytes);
/// The id at the front of an encoded cell of ours, as `encode` makes it.
[[nodiscard]] std::string_view encoded_id(ByteView cell);

/// Empty, longer than kStateKeyBytesMax, or with control characters: no key.
[[nodiscard]] bool is_state_key(std::string_view key);
/// Likewise with kStateElementBytesMax.
[[nodiscard]] bool is_state_element(std::string_view element);

}  // namespace grapevine::protocol

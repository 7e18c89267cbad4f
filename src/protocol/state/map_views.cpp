// What users see of the cells. See map.hpp.

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <utility>

#include "protocol/state/map.hpp"

namespace grapevine::protocol {
namespace {

/// Cells of one key become its entry, one after the other.
///
/// A key can hold cells of several kinds, if members that did not hear each other chose different
/// ones. What is seen is the kind that was changed last; the others wait until it is deleted.
class Entries {
public:
    explicit Entries(std::uint64_t unix_ms) : unix_ms_(unix_ms) {}

    void add(const Cell& cell) {
        if (is_dead(cell, unix_ms_)) return;
        StateEntry& entry = kinds_[static_cast<std::size_t>(cell.id.kind) - 1];
        entry.kind = cell.id.kind;
        entry.version = std::max(entry.version, cell.stamp);
        if (const auto* value = std::get_if<ValueContent>(&cell.content)) {
            entry.value = value->bytes;
            entry.writer = value->writer;
            entry.expires_ms = value->expires_ms;
        } else if (const auto* counter = std::get_if<CounterContent>(&cell.content)) {
            add_saturated(entry.count, counter->plus - counter->plus_gone, true);
            add_saturated(entry.count, counter->minus - counter->minus_gone, false);
        } else {
            add_element(entry, element_of(cell.id.part));
        }
    }

    /// The entry of `key`, if there is anything to see; then ready for the next.
    std::optional<StateEntry> take(std::string_view key) {
        const auto newest = std::ranges::max_element(kinds_, {}, &StateEntry::version);
        std::optional<StateEntry> entry;
        if (newest->version != Stamp{}) {
            entry = std::move(*newest);
            entry->key = key;
        }
        kinds_ = {};
        return entry;
    }

private:
    static void add_saturated(std::int64_t& sum, std::uint64_t by, bool is_up) {
        constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
        const auto step = static_cast<std::int64_t>(std::min<std::uint64_t>(by, kMost));
        if (is_up) {
            sum = sum > kMost - step ? kMost : sum + step;
        } else {
            sum = sum < step - kMost ? -kMost : sum - step;
        }
    }

    /// They come in order; several members may have added one.
    void add_element(StateEntry& entry, std::string_view element) {
        if (entry.element_count > 0 && element == last_element_) return;
        last_element_ = element;
        ++entry.element_count;
        if (entry.elements.size() < kStateElementsMax) entry.elements.emplace_back(element);
    }

    std::uint64_t unix_ms_;
    std::array<StateEntry, 3> kinds_;
    std::string last_element_;
};

std::string_view key_of(ByteView cell) {
    const std::string_view id = encoded_id(cell);
    return id.substr(0, id.find('\0'));
}

}  // namespace

std::optional<StateEntry> SharedMap::find(Moment moment, std::string_view key) const {
    Entries entries(moment.unix_ms);
    const std::string prefix = std::string(key) + '\0';
    cells_.visit(prefix, prefix, [&](ByteView bytes) {
        const auto cell = decode_cell(bytes);
        assert(cell);
        entries.add(*cell);
        return true;
    });
    return entries.take(key);
}

std::vector<StateEntry> SharedMap::list(Moment moment, std::string_view prefix,
                                        std::string_view after, std::size_t entries_max,
                                        std::size_t bytes_max) const {
    std::vector<StateEntry> found;
    Entries entries(moment.unix_ms);
    std::string key;
    std::size_t bytes = 0;
    const auto close = [&] {
        auto entry = key.empty() ? std::nullopt : entries.take(key);
        if (entry) found.push_back(*std::move(entry));
    };
    // Behind all cells of `after`, whose ids go on with a zero.
    const std::string start = after.empty() ? std::string() : std::string(after) + '\x01';
    cells_.visit(prefix, start, [&](ByteView encoded) {
        const std::string_view next = key_of(encoded);
        if (next != key) {
            close();
            if (found.size() >= entries_max || bytes >= bytes_max) {
                key.clear();
                return false;
            }
            key = next;
        }
        bytes += encoded.size();
        const auto cell = decode_cell(encoded);
        assert(cell);
        entries.add(*cell);
        return true;
    });
    close();
    if (found.size() > entries_max) found.resize(entries_max);
    return found;
}

}  // namespace grapevine::protocol

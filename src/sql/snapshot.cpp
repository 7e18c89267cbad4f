#include "sql/snapshot.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

namespace grapevine::sql {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

template <typename Row>
Pair pair_of(const Row& row) {
    return {row.member, row.key};
}

template <typename Row>
const Row* find_pair(const std::vector<Row>& rows, std::string_view member, std::string_view key) {
    const Pair wanted(member, key);
    const auto found = std::ranges::lower_bound(rows, wanted, {}, pair_of<Row>);
    return found != rows.end() && pair_of(*found) == wanted ? &*found : nullptr;
}

}  // namespace

void Snapshot::arrange() {
    // Most come from ordered maps, and to look is cheaper than to move rows about.
    const auto sort = [](auto& rows, auto order) {
        if (!std::ranges::is_sorted(rows, {}, order)) std::ranges::sort(rows, {}, order);
    };
    sort(members, &MemberRow::id);
    sort(labels, pair_of<LabelRow>);
    sort(records, pair_of<RecordRow>);
    sort(events, [](const EventRow& row) {
        return std::tuple(std::string_view(row.publisher), row.epoch, row.sequence);
    });
    sort(metrics, &MetricRow::name);
    sort(state, &StateRow::key);
    std::ranges::sort(zones, {}, [](const ZoneRow& row) { return std::tie(row.level, row.name); });
}

const MemberRow* Snapshot::find_member(std::string_view id) const {
    const auto found = std::ranges::lower_bound(members, id, {}, &MemberRow::id);
    return found != members.end() && found->id == id ? &*found : nullptr;
}

const LabelRow* Snapshot::find_label(std::string_view member, std::string_view key) const {
    return find_pair(labels, member, key);
}

const RecordRow* Snapshot::find_record(std::string_view member, std::string_view key) const {
    return find_pair(records, member, key);
}

std::optional<double> number_of(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return std::nullopt;
    text = text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
    double number = 0;
    const char* const last = text.data() + text.size();
    const auto [end, failure] = std::from_chars(text.data(), last, number);
    if (failure != std::errc() || end != last || !std::isfinite(number)) return std::nullopt;
    return number;
}

}  // namespace grapevine::sql

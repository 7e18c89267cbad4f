#include "sql/short_form.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <map>
#include <utility>

#include "base/limits.hpp"
#include "base/nearest.hpp"
#include "sql/exact_sum.hpp"

namespace grapevine::sql {
namespace {

constexpr std::string_view kStatuses[] = {"alive", "suspect", "dead", "left"};

std::unexpected<Refusal> invalid(std::string field, std::string message, std::string cure) {
    return std::unexpected(
        Refusal{Refusal::Code::invalid, std::move(message), std::move(cure), std::move(field)});
}

Outcome<void> check_name(std::string_view name) {
    const bool is_legal = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    });
    if (is_legal && !name.empty() && name.size() <= kAggregateNameBytesMax) return {};
    return invalid(
        "name", "an aggregate cannot have this name",
        fmt::format("use 1 to {} of a-z, 0-9, '.', '_' and '-'", kAggregateNameBytesMax));
}

// -- One group --

struct Group {
    std::uint64_t count = 0;
    ExactSum sum;
    std::vector<double> numbers;  ///< For quantiles and extremes.
    std::vector<std::pair<double, std::string_view>> named;
};

double quantile_of(std::vector<double> numbers, double quantile) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(numbers.size())));
    const auto wanted = numbers.begin() + static_cast<std::ptrdiff_t>(rank == 0 ? 0 : rank - 1);
    std::ranges::nth_element(numbers, wanted);
    return *wanted;
}

control::SqlValue value_of(const Group& group, std::string_view function) {
    const auto whole_if_possible = [](double number) -> control::SqlValue {
        constexpr double kExact = 0x1p53;
        if (std::trunc(number) != number || std::abs(number) > kExact) return number;
        return static_cast<std::int64_t>(number);
    };
    if (function == "count") return static_cast<std::int64_t>(group.count);
    if (group.numbers.empty()) return std::monostate();
    if (function == "mean") {
        return group.sum.value() / static_cast<double>(group.numbers.size());
    }
    if (function == "sum") {
        if (const auto whole = group.sum.whole()) return *whole;
        return group.sum.value();
    }
    if (function == "min") return whole_if_possible(*std::ranges::min_element(group.numbers));
    if (function == "max") return whole_if_possible(*std::ranges::max_element(group.numbers));
    const double quantile = function == "p50" ? 0.5 : function == "p90" ? 0.9 : 0.99;
    return whole_if_possible(quantile_of(group.numbers, quantile));
}

// -- The walk --

bool passes(const control::AggregateSpec& spec, const Snapshot& rows, const MemberRow& member) {
    if (spec.statuses.empty()) {
        if (member.status != "alive" && member.status != "suspect") return false;
    } else if (std::ranges::find(spec.statuses, member.status) == spec.statuses.end()) {
        return false;
    }
    return std::ranges::all_of(spec.labels, [&](const auto& wanted) {
        const LabelRow* const label = rows.find_label(member.id, wanted.first);
        return label != nullptr && label->value == wanted.second;
    });
}

/// By label; members without it come last, which `true` puts them.
using Groups = std::map<std::pair<bool, std::string_view>, Group>;

class Walk {
public:
    Walk(const control::AggregateSpec& spec, const Snapshot& rows) : spec_(spec), rows_(rows) {
        // Without groups there is always one row, whoever is in it.
        if (spec.group_by.empty()) groups_[{true, {}}];
    }

    void take(const MemberRow& member) {
        std::pair<bool, std::string_view> place(true, {});
        if (!spec_.group_by.empty()) {
            const LabelRow* const label = rows_.find_label(member.id, spec_.group_by);
            if (label != nullptr) place = {false, label->value};
        }
        Group& group = groups_[place];
        if (spec_.key.empty()) {
            ++group.count;
            return;
        }
        const RecordRow* const record = rows_.find_record(member.id, spec_.key);
        const auto number = record != nullptr ? number_of(record->value) : std::nullopt;
        const bool is_counted = spec_.function == "count" ? record != nullptr : number.has_value();
        ++(is_counted ? contributors_ : lacking_);
        if (!is_counted) return;
        if (!oldest_ms_ || record->age_ms > *oldest_ms_) oldest_ms_ = record->age_ms;
        ++group.count;
        if (!number) return;
        group.sum.add(*number);
        group.numbers.push_back(*number);
        if (spec_.function == "top") group.named.emplace_back(*number, member.name);
    }

    Engine::Answer finish() {
        Engine::Answer answer;
        control::TableView& table = answer.table;
        if (!spec_.group_by.empty()) table.columns.push_back(spec_.group_by);
        if (spec_.function == "top") {
            table.columns.insert(table.columns.end(), {"name", "value"});
        } else {
            table.columns.push_back(spec_.function);
        }
        for (auto& [place, group] : groups_) {
            std::vector<control::SqlValue> row;
            if (!spec_.group_by.empty()) {
                row.push_back(place.first ? control::SqlValue()
                                          : control::SqlValue(std::string(place.second)));
            }
            if (spec_.function == "top") {
                add_top(table, row, group);
            } else {
                row.push_back(value_of(group, spec_.function));
                add(table, std::move(row));
            }
        }
        table.oldest_ms = oldest_ms_;
        if (!spec_.key.empty()) {
            answer.contributors = contributors_;
            answer.lacking = lacking_;
        }
        return answer;
    }

private:
    void add_top(control::TableView& table, const std::vector<control::SqlValue>& start,
                 Group& group) const {
        std::ranges::sort(group.named, [](const auto& a, const auto& b) {
            return a.first != b.first ? a.first > b.first : a.second < b.second;
        });
        if (group.named.size() > spec_.top) group.named.resize(spec_.top);
        for (const auto& [number, name] : group.named) {
            std::vector<control::SqlValue> row = start;
            row.emplace_back(std::string(name));
            row.emplace_back(number);
            add(table, std::move(row));
        }
    }

    static void add(control::TableView& table, std::vector<control::SqlValue> row) {
        if (table.rows.size() == kAggregateRowsMax) {
            table.is_truncated = true;
            table.cut = fmt::format("only the first {} rows", kAggregateRowsMax);
            return;
        }
        table.rows.push_back(std::move(row));
    }

    const control::AggregateSpec& spec_;
    const Snapshot& rows_;
    Groups groups_;
    std::uint64_t contributors_ = 0;
    std::uint64_t lacking_ = 0;
    std::optional<std::int64_t> oldest_ms_;
};

}  // namespace

Outcome<void> check_aggregate(const control::AggregateSpec& spec) {
    GV_TRY_VOID(check_name(spec.name));
    if (!spec.sql.empty()) return {};
    if (std::ranges::find(control::kAggregateFunctions, spec.function) ==
        std::end(control::kAggregateFunctions)) {
        return invalid("function", fmt::format("there is no function \"{}\"", spec.function),
                       nearest_cure(spec.function, control::kAggregateFunctions));
    }
    if (spec.key.empty() && spec.function != "count") {
        return invalid("key", "is missing",
                       fmt::format("say of which key of the records: {} of load", spec.function));
    }
    if (spec.key.size() > kRecordKeyBytesMax) {
        return invalid("key", "no record can have such a key",
                       fmt::format("a key has at most {} bytes", kRecordKeyBytesMax));
    }
    for (const std::string& status : spec.statuses) {
        if (std::ranges::find(kStatuses, status) != std::end(kStatuses)) continue;
        return invalid("statuses", fmt::format("\"{}\" is no status", status),
                       nearest_cure(status, kStatuses));
    }
    if (spec.group_by.size() > kLabelKeyBytesMax) {
        return invalid("group_by", "no label can have such a key",
                       fmt::format("a key has at most {} bytes", kLabelKeyBytesMax));
    }
    if (spec.labels.size() > kLabelsMax) {
        return invalid("labels", fmt::format("no member has {} labels", spec.labels.size()),
                       fmt::format("name at most {}", kLabelsMax));
    }
    if (spec.top < 1 || spec.top > kSqlTopMax) {
        return invalid("top", fmt::format("{} is no number of rows", spec.top),
                       fmt::format("give 1 to {}", kSqlTopMax));
    }
    return {};
}

TableSet tables_of(const control::AggregateSpec& spec) {
    TableSet tables;
    tables.add(Table::members);
    if (!spec.group_by.empty() || !spec.labels.empty()) tables.add(Table::labels);
    if (!spec.key.empty()) tables.add(Table::records);
    return tables;
}

Engine::Answer compute(const control::AggregateSpec& spec, const Snapshot& snapshot) {
    Walk walk(spec, snapshot);
    for (const MemberRow& member : snapshot.members) {
        if (passes(spec, snapshot, member)) walk.take(member);
    }
    return walk.finish();
}

}  // namespace grapevine::sql

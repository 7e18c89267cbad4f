#include "sql/functions.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/core.h>
#include <memory>
#include <new>
#include <sqlite3.h>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "sql/exact_sum.hpp"
#include "sql/sketch_functions.hpp"
#include "sql/values.hpp"

namespace grapevine::sql {
namespace {

/// Texts that top() shows are names; longer ones are cut.
constexpr std::size_t kTopTextBytesMax = 128;

Evaluation& evaluation_of(sqlite3_context* context) {
    return *static_cast<Evaluation*>(sqlite3_user_data(context));
}

// -- Of a member --

void on_label(sqlite3_context* context, int, sqlite3_value** values) {
    const Snapshot& snapshot = evaluation_of(context).snapshot();
    const LabelRow* const row = snapshot.find_label(text_of(values[0]), text_of(values[1]));
    if (row == nullptr) return;
    sqlite3_result_text64(context, row->value.data(), row->value.size(), SQLITE_STATIC,
                          SQLITE_UTF8);
}

void on_record(sqlite3_context* context, int, sqlite3_value** values) {
    Evaluation& evaluation = evaluation_of(context);
    const std::string_view member = text_of(values[0]);
    const RecordRow* const row = evaluation.snapshot().find_record(member, text_of(values[1]));
    evaluation.ask(member, row != nullptr ? Evaluation::Found::yes : Evaluation::Found::no);
    if (row == nullptr) return;
    evaluation.use(*row);
    sqlite3_result_text64(context, row->value.data(), row->value.size(), SQLITE_STATIC,
                          SQLITE_UTF8);
}

void on_record_number(sqlite3_context* context, int, sqlite3_value** values) {
    Evaluation& evaluation = evaluation_of(context);
    const std::string_view member = text_of(values[0]);
    const RecordRow* const row = evaluation.snapshot().find_record(member, text_of(values[1]));
    const auto number = row != nullptr ? number_of(row->value) : std::nullopt;
    evaluation.ask(member, number ? Evaluation::Found::yes : Evaluation::Found::no);
    if (!number) return;
    evaluation.use(*row);
    std::int64_t whole = 0;
    const char* const last = row->value.data() + row->value.size();
    const auto [end, failure] = std::from_chars(row->value.data(), last, whole);
    if (failure == std::errc() && end == last) return sqlite3_result_int64(context, whole);
    sqlite3_result_double(context, *number);
}

// -- Sums --

/// All bytes zero is an empty one.
struct Sum {
    ExactSum sum;
    std::int64_t count = 0;
    std::int64_t floats = 0;
};

template <bool is_added>
void on_sum_step(sqlite3_context* context, int, sqlite3_value** values) {
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
    auto* const state = static_cast<Sum*>(sqlite3_aggregate_context(context, sizeof(Sum)));
    if (state == nullptr) return sqlite3_result_error_nomem(context);
    constexpr std::int64_t kChange = is_added ? 1 : -1;
    state->count += kChange;
    // What is no number counts as 0, as everywhere in SQLite.
    if (sqlite3_value_numeric_type(values[0]) == SQLITE_INTEGER) {
        const std::int64_t number = sqlite3_value_int64(values[0]);
        is_added ? state->sum.add(number) : state->sum.remove(number);
        return;
    }
    state->floats += kChange;
    const double number = sqlite3_value_double(values[0]);
    is_added ? state->sum.add(number) : state->sum.remove(number);
}

const Sum* sum_of(sqlite3_context* context) {
    const auto* const state = static_cast<Sum*>(sqlite3_aggregate_context(context, 0));
    return state != nullptr && state->count > 0 ? state : nullptr;
}

void on_sum(sqlite3_context* context) {
    const Sum* const state = sum_of(context);
    if (state == nullptr) return;
    const auto whole = state->floats == 0 ? state->sum.whole() : std::nullopt;
    if (whole) return sqlite3_result_int64(context, *whole);
    sqlite3_result_double(context, state->sum.value());
}

void on_total(sqlite3_context* context) {
    const Sum* const state = sum_of(context);
    sqlite3_result_double(context, state != nullptr ? state->sum.value() : 0.0);
}

void on_average(sqlite3_context* context) {
    const Sum* const state = sum_of(context);
    if (state == nullptr) return;
    sqlite3_result_double(context, state->sum.value() / static_cast<double>(state->count));
}

// -- Quantiles --

/// In memory of SQLite, so that it is counted. All bytes zero is an empty one.
struct Numbers {
    double* values;
    std::uint64_t count;
    std::uint64_t room;
    double quantile;
};

bool add(Numbers& numbers, double value) {
    if (numbers.count == numbers.room) {
        const std::uint64_t room = std::max<std::uint64_t>(64, numbers.room * 2);
        void* const moved = sqlite3_realloc64(numbers.values, room * sizeof(double));
        if (moved == nullptr) return false;
        numbers.values = static_cast<double*>(moved);
        numbers.room = room;
    }
    numbers.values[numbers.count++] = value;
    return true;
}

void on_quantile_step(sqlite3_context* context, int, sqlite3_value** values) {
    const double quantile = sqlite3_value_double(values[1]);
    if (!is_number(values[1]) || !(quantile >= 0 && quantile <= 1)) {
        return sqlite3_result_error(context, "quantile(x, q) needs a q from 0 to 1", -1);
    }
    if (!is_number(values[0])) return;
    auto* const state = static_cast<Numbers*>(sqlite3_aggregate_context(context, sizeof(Numbers)));
    if (state == nullptr) return sqlite3_result_error_nomem(context);
    state->quantile = quantile;
    if (!add(*state, sqlite3_value_double(values[0]))) sqlite3_result_error_nomem(context);
}

void on_quantile(sqlite3_context* context) {
    auto* const state = static_cast<Numbers*>(sqlite3_aggregate_context(context, 0));
    if (state == nullptr || state->count == 0) return;
    const auto rank =
        static_cast<std::uint64_t>(std::ceil(state->quantile * static_cast<double>(state->count)));
    double* const first = state->values;
    double* const wanted = first + (rank == 0 ? 0 : rank - 1);
    std::nth_element(first, wanted, first + state->count);
    sqlite3_result_double(context, *wanted);
    sqlite3_free(state->values);
    state->values = nullptr;
}

// -- The largest --

struct Entry {
    double number = 0;
    std::string text;

    [[nodiscard]] bool is_before(const Entry& other) const {
        return number != other.number ? number > other.number : text < other.text;
    }
};

struct Top {
    std::vector<Entry>* entries;  ///< In order; at most kSqlTopMax.
};

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            result += c;
        }
    }
    return result + "\"";
}

void on_top_step(sqlite3_context* context, int, sqlite3_value** values) {
    const std::int64_t count = sqlite3_value_int64(values[0]);
    if (!is_number(values[0]) || count < 1 || count > static_cast<std::int64_t>(kSqlTopMax)) {
        return sqlite3_result_error(
            context, fmt::format("top(n, x, text) needs an n from 1 to {}", kSqlTopMax).c_str(),
            -1);
    }
    if (!is_number(values[1])) return;
    auto* const state = static_cast<Top*>(sqlite3_aggregate_context(context, sizeof(Top)));
    if (state == nullptr) return sqlite3_result_error_nomem(context);
    if (state->entries == nullptr) state->entries = new std::vector<Entry>();
    Entry entry{sqlite3_value_double(values[1]),
                std::string(text_of(values[2]).substr(0, kTopTextBytesMax))};
    auto& entries = *state->entries;
    const auto place = std::ranges::upper_bound(
        entries, entry, [](const Entry& a, const Entry& b) { return a.is_before(b); });
    entries.insert(place, std::move(entry));
    if (entries.size() > static_cast<std::size_t>(count)) entries.pop_back();
}

void on_top(sqlite3_context* context) {
    auto* const state = static_cast<Top*>(sqlite3_aggregate_context(context, 0));
    // SQLite asks for the result of every aggregate that it has begun, so this is freed.
    const std::unique_ptr<std::vector<Entry>> entries(state != nullptr ? state->entries : nullptr);
    if (state != nullptr) state->entries = nullptr;
    std::string text;
    if (entries != nullptr) {
        for (const Entry& entry : *entries) {
            text +=
                fmt::format("{}[{},{}]", text.empty() ? "" : ",", quoted(entry.text), entry.number);
        }
    }
    text = "[" + text + "]";
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace

int register_functions(sqlite3* database, Evaluation& evaluation) {
    // Same rows, same answer; and of a member's functions, the same for the same member and key.
    constexpr int kPure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int status = SQLITE_OK;
    const auto add_scalar = [&](const char* name,
                                void (*function)(sqlite3_context*, int, sqlite3_value**)) {
        if (status != SQLITE_OK) return;
        status = sqlite3_create_function_v2(database, name, 2, kPure, &evaluation, function,
                                            nullptr, nullptr, nullptr);
    };
    add_scalar("label", on_label);
    add_scalar("record", on_record);
    add_scalar("record_number", on_record_number);
    const auto add_sum = [&](const char* name, void (*result)(sqlite3_context*)) {
        if (status != SQLITE_OK) return;
        status =
            sqlite3_create_window_function(database, name, 1, kPure, nullptr, on_sum_step<true>,
                                           result, result, on_sum_step<false>, nullptr);
    };
    add_sum("sum", on_sum);
    add_sum("total", on_total);
    add_sum("avg", on_average);
    const auto add_aggregate = [&](const char* name, int arguments,
                                   void (*step)(sqlite3_context*, int, sqlite3_value**),
                                   void (*result)(sqlite3_context*)) {
        if (status != SQLITE_OK) return;
        status = sqlite3_create_function_v2(database, name, arguments, kPure, nullptr, nullptr,
                                            step, result, nullptr);
    };
    add_aggregate("quantile", 2, on_quantile_step, on_quantile);
    add_aggregate("top", 3, on_top_step, on_top);
    if (status == SQLITE_OK) status = register_sketches(database);
    return status;
}

}  // namespace grapevine::sql

#include "sql/sketch_functions.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.hpp"
#include "sql/dd_sketch.hpp"
#include "sql/hyper_log_log.hpp"
#include "sql/values.hpp"

namespace grapevine::sql {
namespace {

constexpr std::string_view kHllPrefix = "hll:";
constexpr std::string_view kDdPrefix = "dd:";

void give(sqlite3_context* context, std::string_view prefix, ByteView sketch) {
    const std::string text = std::string(prefix) + to_base64url(sketch);
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// Nothing: it is none, and SQLite has been told so.
template <typename Sketch>
std::optional<Sketch> read(sqlite3_context* context, std::string_view text,
                           std::string_view prefix) {
    if (text.starts_with(prefix)) {
        if (const auto bytes = from_base64url(text.substr(prefix.size()))) {
            if (auto sketch = Sketch::decode(*bytes)) return *std::move(sketch);
        }
    }
    const std::string message = "this text is no sketch of the kind " +
                                std::string(prefix.substr(0, prefix.size() - 1)) + "()";
    sqlite3_result_error(context, message.c_str(), -1);
    return std::nullopt;
}

// -- How many different ones --

/// All bytes zero is an empty one, which is what SQLite gives.
struct Distinct {
    HyperLogLog sketch;
    bool has_any = false;
};
static_assert(std::is_trivially_destructible_v<Distinct>);

void on_hll_step(sqlite3_context* context, int, sqlite3_value** values) {
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
    auto* const state =
        static_cast<Distinct*>(sqlite3_aggregate_context(context, sizeof(Distinct)));
    if (state == nullptr) return sqlite3_result_error_nomem(context);
    const std::string_view text = text_of(values[0]);
    if (!text.starts_with(kHllPrefix)) {
        state->sketch.add(HyperLogLog::hash_of(as_bytes(text)));
    } else if (const auto other = read<HyperLogLog>(context, text, kHllPrefix)) {
        state->sketch.merge(*other);
    } else {
        return;
    }
    state->has_any = true;
}

void on_hll(sqlite3_context* context) {
    const auto* const state = static_cast<Distinct*>(sqlite3_aggregate_context(context, 0));
    if (state != nullptr && state->has_any) give(context, kHllPrefix, state->sketch.encode());
}

void on_hll_count(sqlite3_context* context, int, sqlite3_value** values) {
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
    if (const auto sketch = read<HyperLogLog>(context, text_of(values[0]), kHllPrefix)) {
        sqlite3_result_double(context, sketch->estimate());
    }
}

// -- How numbers are distributed --

struct Counted {
    double value;
    std::uint64_t times;
};

/// The sketch itself is made at the end: what grows until then is SQLite's memory, and counted.
struct Distribution {
    Counted* entries;
    std::uint64_t count;
    std::uint64_t room;
};

bool add(Distribution& to, double value, std::uint64_t times) {
    if (to.count == to.room) {
        const std::uint64_t room = std::max<std::uint64_t>(64, to.room * 2);
        void* const moved = sqlite3_realloc64(to.entries, room * sizeof(Counted));
        if (moved == nullptr) return false;
        to.entries = static_cast<Counted*>(moved);
        to.room = room;
    }
    to.entries[to.count++] = {value, times};
    return true;
}

void on_dd_step(sqlite3_context* context, int, sqlite3_value** values) {
    const std::string_view text = text_of(values[0]);
    const bool is_sketch = text.starts_with(kDdPrefix);
    if (!is_sketch && !is_number(values[0])) return;
    auto* const state =
        static_cast<Distribution*>(sqlite3_aggregate_context(context, sizeof(Distribution)));
    if (state == nullptr) return sqlite3_result_error_nomem(context);
    bool has_room = true;
    if (!is_sketch) {
        has_room = add(*state, sqlite3_value_double(values[0]), 1);
    } else if (const auto sketch = read<DdSketch>(context, text, kDdPrefix)) {
        sketch->for_each([&](double value, std::uint64_t times) {
            has_room = has_room && add(*state, value, times);
        });
    }
    if (!has_room) sqlite3_result_error_nomem(context);
}

void on_dd(sqlite3_context* context) {
    // SQLite asks for the result of every aggregate that it has begun, so this is freed.
    auto* const state = static_cast<Distribution*>(sqlite3_aggregate_context(context, 0));
    if (state == nullptr) return;
    DdSketch sketch;
    for (std::uint64_t index = 0; index < state->count; ++index) {
        sketch.add(state->entries[index].value, state->entries[index].times);
    }
    sqlite3_free(state->entries);
    state->entries = nullptr;
    if (sketch.count() > 0) give(context, kDdPrefix, sketch.encode());
}

void on_dd_quantile(sqlite3_context* context, int, sqlite3_value** values) {
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
    const double q = sqlite3_value_double(values[1]);
    if (!is_number(values[1]) || !(q >= 0 && q <= 1)) {
        return sqlite3_result_error(context, "dd_quantile(s, q) needs a q from 0 to 1", -1);
    }
    const auto sketch = read<DdSketch>(context, text_of(values[0]), kDdPrefix);
    if (!sketch) return;
    if (const auto value = sketch->quantile(q)) sqlite3_result_double(context, *value);
}

}  // namespace

int register_sketches(sqlite3* database) {
    constexpr int kPure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int status = SQLITE_OK;
    const auto add = [&](const char* name, int arguments,
                         void (*function)(sqlite3_context*, int, sqlite3_value**),
                         void (*step)(sqlite3_context*, int, sqlite3_value**),
                         void (*result)(sqlite3_context*)) {
        if (status != SQLITE_OK) return;
        status = sqlite3_create_function_v2(database, name, arguments, kPure, nullptr, function,
                                            step, result, nullptr);
    };
    add("hll", 1, nullptr, on_hll_step, on_hll);
    add("hll_count", 1, on_hll_count, nullptr, nullptr);
    add("dd", 1, nullptr, on_dd_step, on_dd);
    add("dd_quantile", 2, on_dd_quantile, nullptr, nullptr);
    return status;
}

}  // namespace grapevine::sql

#pragma once

#include <fmt/core.h>
#include <string>
#include <variant>

#include "sql/engine.hpp"

// What the tests of this folder share.
namespace grapevine::sql::testing {

/// A clock that goes on by a millisecond at each look: no test waits, and every loop ends.
inline Guard::Clock ticking_clock() {
    return [now = Instant()]() mutable { return now += std::chrono::milliseconds(1); };
}

/// For tests that are not about time.
inline Guard::Clock standing_clock() {
    return [] { return Instant(); };
}

inline MemberRow member(const std::string& id, const std::string& name,
                        const std::string& status = "alive") {
    MemberRow row;
    row.id = id;
    row.name = name;
    row.status = status;
    return row;
}

/// Four members in two datacenters; delta is dead, and gamma has no load.
inline Snapshot small_overlay() {
    Snapshot rows;
    rows.members = {member("b", "beta"), member("a", "alpha"), member("d", "delta", "dead"),
                    member("c", "gamma")};
    rows.labels = {{"a", "dc", "fra"}, {"b", "dc", "ams"}, {"c", "dc", "fra"}, {"d", "dc", "ams"}};
    rows.records = {{"a", "load", "1.5", 3, 100},
                    {"b", "load", "0.5", 1, 4000},
                    {"d", "load", "9", 2, 90'000},
                    {"c", "role", "web", 1, 70}};
    rows.events = {{"a", 1, 1, "deploy.started", 12, 1000}, {"b", 1, 1, "deploy.done", 5, 2000}};
    rows.metrics = {{"members_alive", 3}};
    rows.state = {{"config/a", "register", "x", std::nullopt, "1", "a"}};
    rows.arrange();
    return rows;
}

inline std::string text_of(const control::SqlValue& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
    if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    return "NULL";
}

/// "dc,n|ams,1|fra,2", or "! what was wrong".
inline std::string text_of(const Outcome<Engine::Answer>& answer) {
    if (!answer) return "! " + answer.error().message;
    std::string text;
    for (const std::string& column : answer->table.columns) {
        text += (text.empty() ? "" : ",") + column;
    }
    for (const auto& row : answer->table.rows) {
        std::string line;
        for (const control::SqlValue& value : row) {
            line += (line.empty() ? "" : ",") + text_of(value);
        }
        text += "|" + line;
    }
    return text;
}

inline std::string ask(const std::string& sql, const Snapshot& rows = small_overlay()) {
    Engine engine(standing_clock());
    return text_of(engine.run(sql, {}, rows, Limits()));
}

}  // namespace grapevine::sql::testing

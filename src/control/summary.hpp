#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Zones within zones, summarised: little is known of what is far, and all of what is near.
namespace grapevine::control {

struct SummaryView {
    struct Row {
        std::string name;     ///< Of a zone; of a host the id of its member.
        std::string display;  ///< Of a host the name of its member; else empty.
        std::uint64_t members = 0;
        std::int64_t age_ms = 0;  ///< Since the newest of what it was made from was said.
        std::vector<std::string> representatives;                     ///< Member ids.
        std::vector<std::pair<std::string, std::string>> attributes;  ///< By name.
        bool is_own = false;                                          ///< We are in it, or it.
    };
    /// The parts of one zone that we are in.
    struct Level {
        std::string label;           ///< Which tells the parts apart; "member" for hosts.
        std::string zone;            ///< "eu/fra"; empty: the whole overlay.
        bool is_spoken_for = false;  ///< We exchange these rows with others.
        std::vector<Row> rows;
    };
    struct Statement {
        std::string name;
        std::string sql;
        std::uint64_t epoch = 0;
        std::optional<std::int64_t> expires_at{};  ///< Milliseconds since 1970.
        std::string state;  ///< running, failed (`error` says why), expired, waiting
        std::string error;
    };
    bool is_on = false;         ///< The overlay has a summary_path.
    std::vector<Level> levels;  ///< From the top; none before the first round.
    std::vector<Statement> statements;
    /// Given to our zone only.
    std::vector<std::pair<std::string, std::string>> values;
};

struct ShowSummary {
    std::string overlay;
};
/// Sets a statement on all members, in the name of an operator.
struct SetSummary {
    std::string overlay;
    std::string name;
    std::string sql;  ///< Empty: it is removed.
    std::optional<std::uint64_t> expires_in_ms;
    std::string operator_key;
};
/// A value that our zone is told of us.
struct SetZoneValue {
    std::string overlay;
    std::string key;
    std::optional<std::string> value;  ///< Nothing: it is removed.
};

}  // namespace grapevine::control

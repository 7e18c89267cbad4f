#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "protocol/aggregate/zone_bodies.hpp"
#include "sql/engine.hpp"

namespace grapevine::daemon {

/// Runs the statements that summarise zones, over rows as if they were members: a row is one of
/// `members`, and its attributes are its record, with the number of its hosts as "members".
///
///     select sum(record_number('load')) as load, dd(record('latency')) as latency from members
///
/// Each column of the one row that comes out is an attribute of the zone. Because a zone looks like
/// a member, one statement serves all levels; a mean is a sum and record_number('members').
///
/// A statement that fails (it meets `sql::Limits::of_certificate`, for instance) is told in
/// `error`, and its attributes stay what they were in that zone. Of two statements that give one
/// attribute that of the later name counts. NULLs are no attributes.
///
/// Source: van Renesse, Birman, Vogels, "Astrolabe", TOCS 2003, section 3.2: aggregation functions.
/// Lives on the thread of its overlay, for at most 10 ms per statement and call.
class ZoneEvaluator {
public:
    explicit ZoneEvaluator(sql::Guard::Clock clock) : engine_(std::move(clock)) {}

    /// Refused: what no zone can run.
    Outcome<void> check(const std::string& sql);

    /// See overlay::Summarise.
    std::optional<Bytes> run(std::size_t level,
                             const std::vector<protocol::SummaryStatement>& statements,
                             const std::vector<protocol::SharedRow>& rows);

    /// Why a statement failed last; empty if it did not.
    [[nodiscard]] std::string error(const std::string& statement) const;

    struct Counters {
        std::uint64_t evaluated = 0;
        std::uint64_t failed = 0;
    };
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    using Columns = protocol::ZoneAttributes;
    /// What it gave last, and why not since.
    struct Last {
        Columns columns;
        std::string error;
    };

    Outcome<Columns> evaluate(const std::string& sql, const sql::Snapshot& rows);

    sql::Engine engine_;
    std::map<std::pair<std::string, std::size_t>, Last> last_;  ///< By statement and level.
    Counters counters_;
};

}  // namespace grapevine::daemon

#include "sql/sketch_functions.hpp"

#include <cmath>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "sql/testing.hpp"

namespace grapevine::sql {
namespace {

using testing::member;
using testing::standing_clock;
using testing::text_of;

/// Members whose records say `user` and `load`.
Snapshot hosts(std::size_t first, std::size_t count) {
    Snapshot rows;
    for (std::size_t index = first; index < first + count; ++index) {
        const std::string id = fmt::format("h{:05}", index);
        rows.members.push_back(member(id, id));
        rows.records.push_back({id, "user", fmt::format("u{}", index % 1000), 1, 0});
        rows.records.push_back({id, "load", fmt::format("{}", index + 1), 1, 0});
    }
    rows.arrange();
    return rows;
}

Outcome<Engine::Answer> run(const std::string& sql, const Snapshot& rows) {
    Engine engine(standing_clock());
    return engine.run(sql, {}, rows, Limits::of_certificate());
}

std::string value(const std::string& sql, const Snapshot& rows) {
    const auto answer = run(sql, rows);
    if (!answer) return describe(answer.error());
    return answer->table.rows.empty() ? "" : text_of(answer->table.rows[0][0]);
}

/// Two zones, which say what this statement made of their hosts.
Snapshot zones_of(const std::string& sql, const std::string& key, std::size_t hosts_each) {
    Snapshot rows;
    for (const std::size_t zone : {0U, 1U}) {
        const std::string id = fmt::format("z{}", zone);
        rows.members.push_back(member(id, id));
        rows.records.push_back({id, key, value(sql, hosts(zone * hosts_each, hosts_each)), 1, 0});
    }
    rows.arrange();
    return rows;
}

TEST(SketchFunctions, count_what_is_different_over_all_levels) {
    const std::string sql = "select hll(record('user')) as user from members";
    const Snapshot zones = zones_of(sql, "user", 800);
    const double count =
        std::stod(value("select hll_count(hll(record('user'))) from members", zones));
    EXPECT_NEAR(count, 1000, 1000 * 4 * 0.016);
    // The same as of all hosts at once, byte by byte.
    EXPECT_EQ(value(sql, zones), value(sql, hosts(0, 1600)));
}

TEST(SketchFunctions, quantiles_over_all_levels_are_within_a_hundredth) {
    const std::string sql = "select dd(record_number('load')) as load from members";
    const Snapshot zones = zones_of(sql, "load", 500);
    const std::string merge = "select dd(record('load')) as load from members";
    EXPECT_EQ(value(merge, zones), value(sql, hosts(0, 1000)));
    for (const auto& [q, expected] : {std::pair(0.0, 1.0), {0.5, 500.5}, {0.9, 900}, {1.0, 1000}}) {
        const double found = std::stod(value(
            fmt::format("select dd_quantile(dd(record('load')), {}) from members", q), zones));
        EXPECT_NEAR(found, expected, expected * 0.012) << q;
    }
}

TEST(SketchFunctions, of_nothing_there_is_no_sketch) {
    for (const char* sql :
         {"select hll(record('none')) from members", "select dd(record('user')) from members",
          "select hll_count(null) from members", "select dd_quantile(null, 0.5) from members"}) {
        EXPECT_EQ(value(sql, hosts(0, 3)), "NULL") << sql;
    }
}

TEST(SketchFunctions, what_looks_like_a_sketch_and_is_none_is_an_error) {
    for (const char* sql :
         {"select hll('hll:xyz') from members", "select dd('dd:!') from members",
          "select hll_count('alice') from members", "select dd_quantile('hll:', 0.5) from members",
          "select dd_quantile(dd(1), 2) from members",
          "select dd_quantile(dd(1), 'half') from members"}) {
        EXPECT_FALSE(run(sql, hosts(0, 1))) << sql;
    }
}

TEST(SketchFunctions, their_memory_is_counted) {
    const auto answer =
        run("with recursive n(i) as (select 1 union all select i + 1 from n) "
            "select dd(i) from n",
            hosts(0, 1));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Refusal::Code::over_limit);
}

}  // namespace
}  // namespace grapevine::sql

#include "daemon/zone_evaluator.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace grapevine::daemon {
namespace {

using protocol::SharedRow;
using protocol::SummaryStatement;
using protocol::ZoneAttributes;

/// Goes on by a tenth of a millisecond at each look, so that every loop ends.
sql::Guard::Clock ticking() {
    return [now = Instant()]() mutable { return now += std::chrono::microseconds(100); };
}

SharedRow row_of(const std::string& name, const ZoneAttributes& attributes,
                 std::uint64_t members = 1) {
    return std::make_shared<const protocol::ZoneRow>(protocol::ZoneRow{
        name, {1, 1}, protocol::encode_attributes(attributes), members, {MemberId(1)}});
}

ZoneAttributes run(ZoneEvaluator& evaluator, const std::vector<SummaryStatement>& statements,
                   const std::vector<SharedRow>& rows, std::size_t level = 2) {
    const auto bytes = evaluator.run(level, statements, rows);
    return *protocol::decode_attributes(*bytes);
}

const SummaryStatement kLoad = {
    "load",
    "select sum(record_number('load')) as load, max(record_number('load')) as peak, "
    "sum(record_number('members')) as hosts from members",
    {},
    1};

TEST(ZoneEvaluator, a_zone_looks_like_a_member_of_the_one_above) {
    ZoneEvaluator evaluator(ticking());
    const std::vector<SharedRow> hosts = {row_of("a", {{"load", "1.5"}}),
                                          row_of("b", {{"load", "2"}}), row_of("c", {})};
    const ZoneAttributes rack = run(evaluator, {kLoad}, hosts);
    EXPECT_EQ(rack, (ZoneAttributes{{"hosts", "3"}, {"load", "3.5"}, {"peak", "2"}}));
    const std::vector<SharedRow> racks = {row_of("r1", rack, 3), row_of("r2", {{"load", "10"}}, 7)};
    const ZoneAttributes region = run(evaluator, {kLoad}, racks, 1);
    EXPECT_EQ(region.at("load"), "13.5");
    EXPECT_EQ(region.at("hosts"), "10");
}

TEST(ZoneEvaluator, the_same_rows_in_any_order_give_the_same_bytes) {
    ZoneEvaluator one(ticking());
    ZoneEvaluator other(ticking());
    std::vector<SharedRow> rows;
    for (int index = 0; index < 40; ++index) {
        rows.push_back(
            row_of(fmt::format("h{:02}", index), {{"load", fmt::format("{}", index * 0.1)}}));
    }
    const auto bytes = one.run(2, {kLoad}, rows);
    std::ranges::reverse(rows);
    EXPECT_EQ(bytes, other.run(2, {kLoad}, rows));
}

TEST(ZoneEvaluator, an_endless_statement_is_aborted_and_the_zone_stays_as_it_was) {
    ZoneEvaluator evaluator(ticking());
    const std::vector<SharedRow> rows = {row_of("a", {{"load", "1"}})};
    SummaryStatement changing = kLoad;
    const ZoneAttributes before = run(evaluator, {changing}, rows);
    changing.sql =
        "with recursive n(i) as (select 1 union all select i + 1 from n) "
        "select count(*) as load from n";
    EXPECT_EQ(run(evaluator, {changing}, rows), before);
    EXPECT_EQ(evaluator.counters().failed, 1U);
    EXPECT_FALSE(evaluator.error("load").empty());
    // What works beside it goes on.
    const SummaryStatement users = {"users", "select count(*) as users from members", {}, 1};
    EXPECT_EQ(run(evaluator, {changing, users}, rows).at("users"), "1");
    // Removed, it leaves nothing.
    EXPECT_EQ(run(evaluator, {users}, rows).size(), 1U);
    EXPECT_TRUE(evaluator.error("load").empty());
}

TEST(ZoneEvaluator, refuses_what_no_zone_can_run) {
    ZoneEvaluator evaluator(ticking());
    EXPECT_TRUE(evaluator.check(kLoad.sql));
    EXPECT_TRUE(evaluator.check("select count(*) as n from records where key = 'load'"));
    for (const char* sql : {"select 1 + 1 from members", "select count(*) as n from events",
                            "select count(*) as n from state", "delete from members",
                            "select random() as r from members", "select ? as a from members",
                            "select load as load from nothing", "select"}) {
        EXPECT_FALSE(evaluator.check(sql)) << sql;
    }
}

}  // namespace
}  // namespace grapevine::daemon

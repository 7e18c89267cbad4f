// Statements of people who wish us ill: each is refused with a reason, and nothing else suffers.

#include <gtest/gtest.h>

#include "sql/engine.hpp"
#include "sql/testing.hpp"

namespace grapevine::sql {
namespace {

using testing::ask;
using testing::small_overlay;
using testing::standing_clock;
using testing::text_of;
using testing::ticking_clock;

Outcome<Engine::Answer> run(Engine& engine, const std::string& sql,
                            const Limits& limits = Limits()) {
    return engine.run(sql, {}, small_overlay(), limits);
}

/// Whether the refusal says this, and what would be right.
::testing::AssertionResult is_refused(const std::string& sql, const std::string& because) {
    Engine engine(standing_clock());
    const auto answer = run(engine, sql);
    if (answer) return ::testing::AssertionFailure() << sql << " gave " << text_of(answer);
    const Refusal& refusal = answer.error();
    const bool is_right = refusal.message.find(because) != std::string::npos &&
                          !refusal.cure.empty() && !refusal.field.empty();
    if (is_right && engine.counters().refused == 1) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << sql << ": " << describe(refusal);
}

// -- What takes too long --

constexpr const char* kEndless =
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

TEST(Hostile, endless_recursion_is_aborted_when_its_time_is_over) {
    Engine engine(ticking_clock());
    const auto answer = run(engine, kEndless, Limits::of_certificate());
    EXPECT_EQ(text_of(answer), "! it took longer than 10 ms");
    EXPECT_EQ(answer.error().code, Refusal::Code::over_limit);
    EXPECT_EQ(engine.counters().aborted, 1U);
    EXPECT_EQ(engine.counters().refused, 0U);
}

TEST(Hostile, a_clock_that_stands_still_does_not_make_recursion_endless) {
    Engine engine(standing_clock());
    EXPECT_EQ(text_of(run(engine, kEndless, Limits::of_certificate())),
              "! it took more than 1000000 instructions");
    EXPECT_EQ(engine.counters().aborted, 1U);
}

TEST(Hostile, recursion_that_keeps_its_rows_runs_out_of_memory_or_instructions) {
    Engine engine(standing_clock());
    const auto answer =
        run(engine,
            "with recursive n(i) as (select 1 union select i + 1 from n) select * from n "
            "order by i desc");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message, "it needs more memory than 8 MiB");
    EXPECT_EQ(engine.counters().aborted, 1U);
}

TEST(Hostile, a_huge_cross_join_is_aborted) {
    Snapshot rows;
    for (int number = 0; number < 1000; ++number) {
        rows.members.push_back(testing::member(fmt::format("{:04}", number), "m"));
    }
    Engine engine(ticking_clock());
    const auto answer = engine.run(
        "select count(*) from members a, members b, members c, members d", {}, rows, Limits());
    EXPECT_EQ(text_of(answer), "! it took longer than 1000 ms");
    EXPECT_EQ(engine.counters().aborted, 1U);
}

TEST(Hostile, names_that_double_with_each_are_not_expanded_without_end) {
    std::string sql = "with a0 as (select 1 x)";
    for (int level = 1; level < 60; ++level) {
        sql += fmt::format(", a{0} as (select 1 x from a{1}, a{1})", level, level - 1);
    }
    Engine engine(standing_clock());
    const auto answer = run(engine, sql + " select count(*) from a59");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Refusal::Code::over_limit) << answer.error().message;
    EXPECT_EQ(engine.counters().aborted, 1U);
    EXPECT_FALSE(engine.check(sql + " select count(*) from a59", Limits()));
    EXPECT_EQ(engine.counters().aborted, 2U);
}

TEST(Hostile, the_next_statement_is_answered_as_if_nothing_had_been) {
    Engine engine(standing_clock());
    EXPECT_FALSE(run(engine, kEndless, Limits::of_certificate()));
    EXPECT_EQ(text_of(run(engine, "select count(*) from members")), "count(*)|4");
    EXPECT_EQ(engine.counters().answered, 1U);
}

// -- What grows too large --

TEST(Hostile, texts_that_grow_without_end_are_refused) {
    for (const char* const sql :
         {"select group_concat(hex(x)) from (with recursive n(x) as (select 'abcdefgh' union all "
          "select x from n limit 100000) select x from n)",
          "with recursive n(x) as (select 'aaaaaaaa' union all select x || x from n) "
          "select length(x) from n",
          "select replace(replace(replace(replace(replace('aaaaaaaa','a','aaaaaaaa'),'a',"
          "'aaaaaaaa'),'a','aaaaaaaa'),'a','aaaaaaaa'),'a','aaaaaaaa')"}) {
        Engine engine(standing_clock());
        const auto answer = run(engine, sql);
        ASSERT_FALSE(answer) << sql;
        EXPECT_EQ(answer.error().code, Refusal::Code::over_limit) << describe(answer.error());
        EXPECT_NE(answer.error().message.find("grows beyond 131072 bytes"), std::string::npos)
            << describe(answer.error());
    }
}

TEST(Hostile, what_makes_large_values_at_once_is_not_there) {
    EXPECT_TRUE(is_refused("select zeroblob(1000000000)", "no function 'zeroblob'"));
    EXPECT_TRUE(is_refused("select randomblob(1000000000)", "randomblob is not allowed"));
    EXPECT_TRUE(is_refused("select printf('%.*c', 1000000000, 'x')", "no function 'printf'"));
    EXPECT_TRUE(is_refused("select format('%.*c', 1000000000, 'x')", "no function 'format'"));
}

TEST(Hostile, memory_is_bounded_and_told) {
    Engine engine(standing_clock());
    const auto answer = run(engine,
                            "with recursive n(i, t) as (select 1, hex('aaaaaaaaaaaaaaaa') "
                            "union all select i + 1, t || i from n where i < 100000) "
                            "select t from n order by t desc");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Refusal::Code::over_limit) << describe(answer.error());
    EXPECT_EQ(answer.error().message, "it needs more memory than 8 MiB");
    EXPECT_EQ(engine.counters().aborted, 1U);
}

// -- What is too deep or too long --

TEST(Hostile, limits_of_the_text_hold_and_one_more_is_refused) {
    const auto padded = [](std::size_t bytes) {
        const std::string sql = "select 1";
        return sql + std::string(bytes - sql.size(), ' ');
    };
    EXPECT_EQ(ask(padded(kSqlTextBytesMax)), "1|1");
    EXPECT_EQ(ask(padded(kSqlTextBytesMax + 1)), "! a statement of 4097 bytes is too long");

    const auto nested = [](int depth) {
        std::string sql = "select 1";
        for (int level = 1; level < depth; ++level) sql += "+1";
        return sql + " x";
    };
    EXPECT_EQ(ask(nested(kSqlExpressionDepthMax)), "x|50");
    EXPECT_TRUE(is_refused(nested(kSqlExpressionDepthMax + 1), "Expression tree is too large"));
    EXPECT_TRUE(is_refused("select " + std::string(500, '(') + "1" + std::string(500, ')'),
                           "parser stack overflow"));

    std::string columns = "select 1";
    for (int count = 1; count < kSqlColumnsMax; ++count) columns += ",1";
    EXPECT_NE(ask(columns).front(), '!');
    EXPECT_TRUE(is_refused(columns + ",1", "too many columns"));

    std::string compound = "select 1";
    for (int count = 1; count < kSqlCompoundMax; ++count) compound += " union all select 1";
    EXPECT_EQ(ask(compound), "1|1|1|1|1");
    EXPECT_TRUE(is_refused(compound + " union all select 1", "too many terms in compound SELECT"));

    EXPECT_EQ(ask("select 'a' like '" + std::string(kSqlPatternBytesMax, 'a') + "' x"), "x|0");
    EXPECT_TRUE(is_refused("select 'a' like '" + std::string(kSqlPatternBytesMax + 1, 'a') + "'",
                           "LIKE or GLOB pattern too complex"));

    std::string parameters = "select ?";
    for (std::size_t count = 1; count < kSqlParametersMax; ++count) parameters += "+?";
    Engine engine(standing_clock());
    EXPECT_TRUE(engine.check(parameters, Limits()));
    EXPECT_FALSE(engine.check(parameters + "+?", Limits()));
}

// -- What must not be reached --

TEST(Hostile, nothing_but_select_is_allowed) {
    EXPECT_TRUE(is_refused("pragma temp_store", "PRAGMA is not allowed"));
    EXPECT_TRUE(is_refused("select * from pragma_compile_options", "only SELECT"));
    EXPECT_TRUE(is_refused("attach 'x.db' as x", "cannot be attached"));
    EXPECT_TRUE(is_refused("create table t(x)", "only SELECT"));
    EXPECT_TRUE(is_refused("create temp table t as select 1", "only SELECT"));
    EXPECT_TRUE(is_refused("create virtual table t using members", "only SELECT"));
    EXPECT_TRUE(is_refused("insert into members(id) values ('x')", "only SELECT"));
    EXPECT_TRUE(is_refused("update records set value = '1'", "only SELECT"));
    EXPECT_TRUE(is_refused("delete from members", "only SELECT"));
    EXPECT_TRUE(is_refused("drop table members", "only SELECT"));
    EXPECT_TRUE(is_refused("vacuum into 'x.db'", "only SELECT"));
    EXPECT_TRUE(is_refused("begin", "only SELECT"));
    EXPECT_TRUE(is_refused("explain select 1", "only SELECT"));
    EXPECT_TRUE(is_refused("select load_extension('x.so')", "no function"));
    EXPECT_TRUE(is_refused("select * from sqlite_master", "no table 'sqlite_master'"));
    EXPECT_TRUE(is_refused("select count(*) from sqlite_schema", "no table"));
    EXPECT_TRUE(is_refused("select * from json_each('[1]')", "no table"));
    EXPECT_TRUE(is_refused("select * from dbstat", "no table"));
    EXPECT_TRUE(is_refused("select sqlite_version()", "no function"));
}

TEST(Hostile, neither_time_nor_chance_can_be_asked_for) {
    for (const char* const what :
         {"random()", "datetime('now')", "date()", "julianday('now')", "strftime('%s')",
          "unixepoch()", "current_timestamp", "current_time", "current_date"}) {
        EXPECT_TRUE(is_refused(fmt::format("select {}", what), "is not allowed")) << what;
    }
}

TEST(Hostile, one_statement_is_one_statement) {
    EXPECT_EQ(ask("select 1;"), "1|1");
    EXPECT_EQ(ask("select 1 ; ; "), "1|1");
    EXPECT_TRUE(is_refused("select 1; select 2", "behind the end"));
    EXPECT_TRUE(is_refused("select 1; drop table members", "behind the end"));
    EXPECT_TRUE(is_refused("", "no statement"));
    EXPECT_TRUE(is_refused("-- nothing", "no statement"));
    EXPECT_TRUE(is_refused(std::string("select 1\0", 9), "zero"));
}

TEST(Hostile, mistakes_are_told_with_what_would_be_right) {
    EXPECT_TRUE(is_refused("selekt 1", "syntax error"));
    EXPECT_TRUE(is_refused("select nam from members", "no column nam"));
    EXPECT_TRUE(is_refused("select * from members where status = \"alive\"", "no column alive"));
    EXPECT_TRUE(is_refused("select * from member", "no table member"));
    EXPECT_TRUE(is_refused("select quantil(1, 2)", "no function quantil"));
    EXPECT_TRUE(is_refused("select label('dc') from labels", "need the table members"));
    EXPECT_TRUE(is_refused("select label('dc') from members a, members b", "do not say of whom"));
    EXPECT_TRUE(is_refused("select 'a", "quote does not end"));
    EXPECT_TRUE(is_refused("select label('dc' from members", "bracket is not closed"));
    EXPECT_TRUE(is_refused("select 1 /* x", "comment does not end"));
    EXPECT_TRUE(is_refused("select label() from members", "wrong number of arguments"));
}

// -- Answers that are cut --

TEST(Answers, are_cut_at_the_limit_of_rows_and_say_so) {
    const auto rows_of = [](std::size_t count) {
        return fmt::format(
            "with recursive n(i) as (select 1 union all select i + 1 from n where "
            "i < {}) select i from n",
            count);
    };
    Engine engine(standing_clock());
    const auto full = run(engine, rows_of(kSqlRowsMax));
    ASSERT_TRUE(full);
    EXPECT_EQ(full->table.rows.size(), kSqlRowsMax);
    EXPECT_FALSE(full->table.is_truncated);
    const auto more = run(engine, rows_of(kSqlRowsMax + 1));
    ASSERT_TRUE(more);
    EXPECT_EQ(more->table.rows.size(), kSqlRowsMax);
    EXPECT_TRUE(more->table.is_truncated);
    EXPECT_EQ(more->table.cut, "only the first 10000 rows");
}

TEST(Answers, are_cut_at_the_limits_of_bytes_and_say_so) {
    Engine engine(standing_clock());
    const std::string text = "replace(hex('" + std::string(64, 'a') + "'), '6', '66666666')";
    const auto value = run(engine, "select substr(" + text + " || " + text + ", 1, 1024), substr(" +
                                       text + " || " + text + ", 1, 1025)");
    ASSERT_TRUE(value) << describe(value.error());
    EXPECT_EQ(std::get<std::string>(value->table.rows[0][0]).size(), 1024U);
    EXPECT_EQ(std::get<std::string>(value->table.rows[0][1]).size(), 1024U);
    EXPECT_TRUE(value->table.is_truncated);
    EXPECT_EQ(value->table.cut, "long texts end early");

    std::string wide = "select ";
    for (int column = 0; column < 12; ++column) {
        wide += fmt::format("{}substr({} || {}, 1, 1000)", column == 0 ? "" : ",", text, text);
    }
    const auto row = run(engine, wide);
    ASSERT_TRUE(row) << describe(row.error());
    std::size_t bytes = 0;
    for (const auto& cell : row->table.rows[0]) bytes += std::get<std::string>(cell).size();
    EXPECT_LE(bytes, kSqlRowBytesMax);
    EXPECT_TRUE(row->table.is_truncated);

    const auto whole =
        run(engine, "with recursive n(i, t) as (select 1, substr(" + text + " || " + text +
                        ", 1, 1000) union all select i + 1, t from n where "
                        "i < 2000) select t from n");
    ASSERT_TRUE(whole) << describe(whole.error());
    EXPECT_TRUE(whole->table.is_truncated);
    EXPECT_LE(whole->table.rows.size() * 1000, kSqlAnswerBytesMax);
    EXPECT_GT(whole->table.rows.size() * 1100, kSqlAnswerBytesMax);
}

TEST(Answers, do_not_end_in_the_middle_of_a_character) {
    Engine engine(standing_clock());
    const auto answer = engine.run(
        "select replace(hex('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'), '61', "
        "'x' || ? ) t",
        {std::string(33 * 2, ' ') + "\xC3\xA4"}, small_overlay(), Limits());
    ASSERT_TRUE(answer);
    const auto& text = std::get<std::string>(answer->table.rows[0][0]);
    EXPECT_TRUE(answer->table.is_truncated);
    EXPECT_NE(static_cast<unsigned char>(text.back()), 0xC3U);
}

TEST(Answers, tell_of_tables_that_were_cut_before) {
    Snapshot rows = small_overlay();
    rows.cut = "only the newest 2 events";
    Engine engine(standing_clock());
    const auto answer = engine.run("select count(*) from events", {}, rows, Limits());
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->table.is_truncated);
    EXPECT_EQ(answer->table.cut, "only the newest 2 events");
}

}  // namespace
}  // namespace grapevine::sql

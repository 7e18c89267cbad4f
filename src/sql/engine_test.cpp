#include "sql/engine.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "sql/testing.hpp"

namespace grapevine::sql {
namespace {

using testing::ask;
using testing::small_overlay;
using testing::standing_clock;
using testing::text_of;

Engine::Checked check(const std::string& sql) {
    Engine engine(standing_clock());
    auto checked = engine.check(sql, Limits());
    EXPECT_TRUE(checked) << sql << ": " << describe(checked.error());
    return checked.value_or(Engine::Checked());
}

// -- What can be asked --

TEST(Engine, answers_the_example_of_the_reference_as_it_is_written) {
    EXPECT_EQ(ask("select label('dc') dc, count(*), avg(record_number('load')) from members "
                  "where status='alive' group by dc"),
              "dc,count(*),avg(record_number('load'))|ams,1,0.5|fra,2,1.5");
}

TEST(Engine, knows_every_table_and_column) {
    EXPECT_EQ(ask("select * from members where id = 'a'"),
              "id,name,status,incarnation,address,zone,status_age_ms,is_self,rtt_us,path"
              "|a,alpha,alive,0,NULL,NULL,0,0,NULL,NULL");
    EXPECT_EQ(ask("select * from labels where member = 'b'"), "member,key,value|b,dc,ams");
    EXPECT_EQ(ask("select * from records where member = 'a'"),
              "member,key,value,version,age_ms|a,load,1.5,3,100");
    EXPECT_EQ(ask("select * from events where topic = 'deploy.done'"),
              "publisher,epoch,sequence,topic,bytes,published_at|b,1,1,deploy.done,5,2000");
    EXPECT_EQ(ask("select * from metrics"), "name,value|members_alive,3");
    EXPECT_EQ(ask("select * from state"),
              "key,type,value,expires_at,stamp,writer|config/a,register,x,NULL,1,a");
}

TEST(Engine, joins_tables_and_takes_conditions_of_any_type) {
    EXPECT_EQ(ask("select m.name, r.value from members m join records r on r.member = m.id "
                  "where r.key = 'load' order by 1"),
              "name,value|alpha,1.5|beta,0.5|delta,9");
    EXPECT_EQ(ask("select count(*) from members where id = 7"), "count(*)|0");
    EXPECT_EQ(ask("select count(*) from members where id = NULL"), "count(*)|0");
    EXPECT_EQ(ask("select name from members where name = 'ALPHA' collate nocase"), "name|alpha");
    EXPECT_EQ(ask("select name from members where id in ('a', 'c', 'x') order by 1"),
              "name|alpha|gamma");
}

TEST(Engine, allows_windows_and_bounded_recursion) {
    EXPECT_EQ(ask("select name, row_number() over (order by name desc) n from members "
                  "where status = 'alive' order by name"),
              "name,n|alpha,3|beta,2|gamma,1");
    EXPECT_EQ(ask("with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) "
                  "select sum(i), count(*) from n"),
              "sum(i),count(*)|15,5");
    EXPECT_EQ(ask("with a as (select 1 x) select count(*) from a"), "count(*)|1");
}

TEST(Engine, asks_of_another_member_with_two_arguments) {
    EXPECT_EQ(ask("select key, label(member, 'dc'), record(member, 'role') from records "
                  "where member = 'c'"),
              "key,label(member, 'dc'),record(member, 'role')|role,fra,web");
    EXPECT_EQ(ask("select label('a', 'none'), record('nobody', 'load')"),
              "label('a', 'none'),record('nobody', 'load')|NULL,NULL");
}

TEST(Engine, takes_parameters_in_order_and_no_other_number_of_them) {
    Engine engine(standing_clock());
    const std::string sql = "select ?, name, ? from members where name = ?";
    EXPECT_EQ(text_of(engine.run(sql, {std::int64_t{1}, 2.5, "beta"}, small_overlay(), Limits())),
              "?,name,?|1,beta,2.5");
    EXPECT_EQ(text_of(engine.run(sql, {std::monostate()}, small_overlay(), Limits())),
              "! the statement has 3 parameters, and 1 were given");
    EXPECT_EQ(check(sql).parameters, 3U);
}

// -- What a statement needs --

TEST(Engine, tells_which_tables_and_keys_a_statement_reads) {
    TableSet members;
    members.add(Table::members);
    EXPECT_EQ(check("select count(*) from members").tables, members);
    EXPECT_EQ(check("select 1").tables, TableSet());

    TableSet more = members;
    more.add(Table::records);
    const auto checked =
        check("select record('load'), record_number( \"members\".id , 'it''s' ) from members");
    EXPECT_EQ(checked.tables, more);
    EXPECT_EQ(checked.keys, (std::vector<std::string>{"it's", "load"}));
    EXPECT_EQ(check("select record('a' || 'b') from members").keys, std::nullopt);
    EXPECT_EQ(check("select count(*) from records").keys, std::nullopt);
    EXPECT_EQ(check("select name from members").keys, std::vector<std::string>());
    more.add(Table::labels);
    EXPECT_EQ(check("select label('dc'), record_number('load') from members").tables, more);
}

TEST(Engine, does_not_mistake_texts_comments_and_names_for_functions) {
    EXPECT_EQ(
        ask("select 'label(''dc'')' x /* record('x') */, \"name\" from members -- label('x')\n"
            "where id = 'a'"),
        "x,name|label('dc'),alpha");
    EXPECT_EQ(ask("select record_number ( 'load' ) as label from members where id = 'a'"),
              "label|1.5");
    EXPECT_EQ(ask("select Label(lower('DC')) x from members where id = 'a'"), "x|fra");
}

// -- Contributions --

TEST(Engine, counts_who_gave_a_value_and_who_lacks_it) {
    Engine engine(standing_clock());
    const auto answer = engine.run(
        "select avg(record_number('load')) from members "
        "where status = 'alive'",
        {}, small_overlay(), Limits());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->contributors, 2U);
    EXPECT_EQ(answer->lacking, 1U);
    EXPECT_EQ(answer->table.oldest_ms, 4000);
    const auto without = engine.run("select count(*) from members", {}, small_overlay(), Limits());
    ASSERT_TRUE(without);
    EXPECT_EQ(without->contributors, std::nullopt);
    EXPECT_EQ(without->table.oldest_ms, std::nullopt);
}

TEST(Engine, knows_the_age_of_records_that_are_read_as_a_table) {
    Engine engine(standing_clock());
    const auto answer =
        engine.run("select value from records where key = 'load'", {}, small_overlay(), Limits());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->table.oldest_ms, 90'000);
}

// -- Functions --

TEST(Functions, a_record_that_is_no_number_is_null_as_a_number) {
    EXPECT_EQ(ask("select record_number('role'), record('role') from members where id = 'c'"),
              "record_number('role'),record('role')|NULL,web");
    EXPECT_EQ(number_of(" 1.5e3\n"), 1500.0);
    for (const char* const text : {"", " ", "1x", "nan", "inf", "1e999", "0x10"}) {
        EXPECT_EQ(number_of(text), std::nullopt) << text;
    }
}

TEST(Functions, sums_are_exact_and_whole_where_all_is_whole) {
    EXPECT_EQ(ask("select sum(x), total(x), avg(x) from (select 1 x union all select 2)"),
              "sum(x),total(x),avg(x)|3,3,1.5");
    EXPECT_EQ(ask("select sum(x) from (select 1e100 x union all select 1 union all select -1e100)"),
              "sum(x)|1");
    EXPECT_EQ(ask("select sum(x), total(x), avg(x) from (select NULL x)"),
              "sum(x),total(x),avg(x)|NULL,0,NULL");
    EXPECT_EQ(ask("select sum(record('load')) s from members"), "s|11");
    EXPECT_EQ(ask("select sum(i) over (order by i rows 1 preceding) s "
                  "from (select 1 i union all select 2 union all select 4) order by i"),
              "s|1|3|6");
}

TEST(Functions, a_quantile_is_the_value_of_its_rank) {
    const std::string numbers =
        "with recursive n(i) as (select 1 union all select i + 1 from n "
        "where i < 100) ";
    EXPECT_EQ(ask(numbers + "select quantile(i, 0), quantile(i, 0.5), quantile(i, 0.99), "
                            "quantile(i, 1) from n"),
              "quantile(i, 0),quantile(i, 0.5),quantile(i, 0.99),quantile(i, 1)|1,50,99,100");
    EXPECT_EQ(ask("select quantile(x, 0.5) q from (select NULL x)"), "q|NULL");
    EXPECT_EQ(ask("select quantile(1, 1.5)"), "! quantile(x, q) needs a q from 0 to 1");
}

TEST(Functions, top_gives_the_largest_as_json_ties_by_text) {
    EXPECT_EQ(ask("select top(2, record_number('load'), name) t from members"),
              "t|[[\"delta\",9],[\"alpha\",1.5]]");
    EXPECT_EQ(ask("select top(3, 1, name) t from members"),
              "t|[[\"alpha\",1],[\"beta\",1],[\"delta\",1]]");
    EXPECT_EQ(ask("select top(1, 2, 'a\"b') t"), "t|[[\"a\\\"b\",2]]");
    EXPECT_EQ(ask("select top(101, 1, 'x')"), "! top(n, x, text) needs an n from 1 to 100");
    EXPECT_EQ(ask("select top(100, 1, 'x') t"), "t|[[\"x\",1]]");
}

// Astrolabe: all representatives must compute the same bytes.
TEST(Engine, gives_the_same_bytes_whatever_order_the_rows_came_in) {
    Random random(3);
    Snapshot rows;
    for (int number = 0; number < 200; ++number) {
        const std::string id = fmt::format("{:04}", number);
        rows.members.push_back(testing::member(id, "m" + id));
        rows.labels.push_back({id, "dc", number % 3 == 0 ? "fra" : "ams"});
        rows.records.push_back({id, "load", fmt::format("{}", random.unit() * 1e6)});
    }
    const std::string sql =
        "select label('dc') dc, sum(record_number('load')) s, "
        "avg(record_number('load')) a, quantile(record_number('load'), 0.9) q, "
        "group_concat(name) n from members group by dc";
    Snapshot first = rows;
    first.arrange();
    const std::string expected = ask(sql, first);
    for (int round = 0; round < 5; ++round) {
        random.shuffle(std::span(rows.members));
        random.shuffle(std::span(rows.labels));
        random.shuffle(std::span(rows.records));
        Snapshot other = rows;
        other.arrange();
        EXPECT_EQ(ask(sql, other), expected);
    }
}

}  // namespace
}  // namespace grapevine::sql

#include "sql/short_form.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "sql/testing.hpp"

namespace grapevine::sql {
namespace {

using control::AggregateSpec;
using testing::small_overlay;

AggregateSpec spec_of(const std::string& function, const std::string& key = "load",
                      const std::string& group_by = {}) {
    AggregateSpec spec;
    spec.name = "x";
    spec.function = function;
    spec.key = key;
    spec.group_by = group_by;
    return spec;
}

std::string text_of(const AggregateSpec& spec, const Snapshot& rows = small_overlay()) {
    EXPECT_TRUE(check_aggregate(spec));
    return testing::text_of(Outcome<Engine::Answer>(compute(spec, rows)));
}

TEST(ShortForm, computes_each_function_over_those_who_are_there) {
    EXPECT_EQ(text_of(spec_of("count", "")), "count|3");
    EXPECT_EQ(text_of(spec_of("count")), "count|2");
    EXPECT_EQ(text_of(spec_of("count", "role")), "count|1");
    EXPECT_EQ(text_of(spec_of("sum")), "sum|2");
    EXPECT_EQ(text_of(spec_of("mean")), "mean|1");
    EXPECT_EQ(text_of(spec_of("min")), "min|0.5");
    EXPECT_EQ(text_of(spec_of("max")), "max|1.5");
    EXPECT_EQ(text_of(spec_of("top")), "name,value|alpha,1.5|beta,0.5");
}

TEST(ShortForm, groups_by_a_label_and_puts_those_without_it_last) {
    EXPECT_EQ(text_of(spec_of("mean", "load", "dc")), "dc,mean|ams,0.5|fra,1.5");
    Snapshot rows = small_overlay();
    std::erase_if(rows.labels, [](const LabelRow& row) { return row.member == "a"; });
    EXPECT_EQ(text_of(spec_of("count", "", "dc"), rows), "dc,count|ams,1|fra,1|NULL,1");
    EXPECT_EQ(text_of(spec_of("mean", "load", "dc"), rows), "dc,mean|ams,0.5|fra,NULL|NULL,1.5");
    EXPECT_EQ(text_of(spec_of("top", "load", "dc")), "dc,name,value|ams,beta,0.5|fra,alpha,1.5");
}

TEST(ShortForm, takes_only_members_of_the_statuses_and_labels_wanted) {
    AggregateSpec spec = spec_of("max");
    spec.statuses = {"dead"};
    EXPECT_EQ(text_of(spec), "max|9");
    spec.statuses = {"dead", "alive"};
    spec.labels = {{"dc", "ams"}};
    EXPECT_EQ(text_of(spec), "max|9");
    spec.labels = {{"dc", "ams"}, {"rack", "r1"}};
    EXPECT_EQ(text_of(spec), "max|NULL");
}

TEST(ShortForm, a_suspect_member_still_counts) {
    Snapshot rows = small_overlay();
    rows.members[0].status = "suspect";
    EXPECT_EQ(text_of(spec_of("count", ""), rows), "count|3");
    rows.members[0].status = "left";
    EXPECT_EQ(text_of(spec_of("count", ""), rows), "count|2");
}

TEST(ShortForm, tells_contributors_who_lacks_the_key_and_the_oldest_value) {
    const Engine::Answer answer = compute(spec_of("mean"), small_overlay());
    EXPECT_EQ(answer.contributors, 2U);
    EXPECT_EQ(answer.lacking, 1U);
    EXPECT_EQ(answer.table.oldest_ms, 4000);
    EXPECT_EQ(compute(spec_of("count", ""), small_overlay()).contributors, std::nullopt);
    const Engine::Answer role = compute(spec_of("mean", "role"), small_overlay());
    EXPECT_EQ(role.contributors, 0U) << "a text is no number";
    EXPECT_EQ(role.lacking, 3U);
}

TEST(ShortForm, quantiles_are_those_of_the_sql_function) {
    Snapshot rows;
    for (int number = 1; number <= 101; ++number) {
        const std::string id = fmt::format("{:03}", number);
        rows.members.push_back(testing::member(id, "m" + id));
        rows.records.push_back({id, "load", fmt::format("{}", number)});
    }
    rows.arrange();
    EXPECT_EQ(text_of(spec_of("p50"), rows), "p50|51");
    EXPECT_EQ(text_of(spec_of("p90"), rows), "p90|91");
    EXPECT_EQ(text_of(spec_of("p99"), rows), "p99|100");
    for (const double quantile : {0.5, 0.9, 0.99}) {
        const std::string sql = fmt::format(
            "select quantile(record_number('load'), {}) q "
            "from members",
            quantile);
        const std::string form = fmt::format("p{:.0f}", quantile * 100);
        EXPECT_EQ(testing::ask(sql, rows).substr(2), text_of(spec_of(form), rows).substr(4));
    }
}

TEST(ShortForm, gives_at_most_as_many_as_top_says) {
    AggregateSpec spec = spec_of("top");
    spec.top = 1;
    EXPECT_EQ(text_of(spec), "name,value|alpha,1.5");
}

TEST(ShortForm, of_more_groups_than_rows_is_cut_and_says_so) {
    const auto answer_of = [](std::size_t groups) {
        Snapshot rows;
        for (std::size_t number = 0; number < groups; ++number) {
            const std::string id = fmt::format("{:05}", number);
            rows.members.push_back(testing::member(id, "m"));
            rows.labels.push_back({id, "host", id});
        }
        rows.arrange();
        return compute(spec_of("count", "", "host"), rows);
    };
    EXPECT_FALSE(answer_of(kAggregateRowsMax).table.is_truncated);
    const Engine::Answer answer = answer_of(kAggregateRowsMax + 1);
    EXPECT_TRUE(answer.table.is_truncated);
    EXPECT_EQ(answer.table.rows.size(), kAggregateRowsMax);
    EXPECT_EQ(answer.table.cut, "only the first 1000 rows");
}

TEST(ShortForm, reads_only_what_it_needs) {
    TableSet expected;
    expected.add(Table::members);
    EXPECT_EQ(tables_of(spec_of("count", "")), expected);
    expected.add(Table::records);
    EXPECT_EQ(tables_of(spec_of("mean")), expected);
    expected.add(Table::labels);
    EXPECT_EQ(tables_of(spec_of("mean", "load", "dc")), expected);
}

TEST(ShortForm, that_cannot_be_is_refused_with_its_field) {
    const auto field_of = [](const AggregateSpec& spec) {
        const auto checked = check_aggregate(spec);
        return checked ? std::string() : checked.error().field;
    };
    EXPECT_EQ(field_of(spec_of("mean")), "");
    EXPECT_EQ(field_of(spec_of("average")), "function");
    EXPECT_EQ(field_of(spec_of("mean", "")), "key");
    EXPECT_EQ(field_of(spec_of("mean", std::string(kRecordKeyBytesMax, 'k'))), "");
    EXPECT_EQ(field_of(spec_of("mean", std::string(kRecordKeyBytesMax + 1, 'k'))), "key");
    EXPECT_EQ(field_of(spec_of("mean", "k", std::string(kLabelKeyBytesMax + 1, 'l'))), "group_by");
    AggregateSpec spec = spec_of("top");
    spec.top = kSqlTopMax;
    EXPECT_EQ(field_of(spec), "");
    spec.top = kSqlTopMax + 1;
    EXPECT_EQ(field_of(spec), "top");
    spec.top = 0;
    EXPECT_EQ(field_of(spec), "top");
    spec = spec_of("mean");
    spec.statuses = {"sick"};
    EXPECT_EQ(field_of(spec), "statuses");
    spec = spec_of("mean");
    for (std::size_t count = 0; count <= kLabelsMax; ++count) spec.labels.emplace_back("k", "v");
    EXPECT_EQ(field_of(spec), "labels");
    for (const std::string& name : {std::string(), std::string("A"), std::string("a/b"),
                                    std::string(kAggregateNameBytesMax + 1, 'a')}) {
        spec = spec_of("mean");
        spec.name = name;
        EXPECT_EQ(field_of(spec), "name") << name;
    }
}

}  // namespace
}  // namespace grapevine::sql

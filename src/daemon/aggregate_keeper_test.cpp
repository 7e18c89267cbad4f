#include "daemon/aggregate_keeper.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "runtime/clock.hpp"

namespace grapevine::daemon {
namespace {

using control::AggregateSpec;
using control::AggregateView;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Definitions in memory, as another member could have changed them.
class FakeSource : public DefinitionSource {
public:
    explicit FakeSource(std::map<std::string, std::string>& texts) : texts_(texts) {}
    [[nodiscard]] std::map<std::string, std::string> list() const override { return texts_; }
    void put(const std::string& name, std::string text, Done done) override {
        texts_[name] = std::move(text);
        done({});
        changed();
    }
    void erase(const std::string& name, Done done) override {
        texts_.erase(name);
        done({});
        changed();
    }
    void on_change(std::function<void()> listener) override { changed = std::move(listener); }

    std::function<void()> changed;

private:
    std::map<std::string, std::string>& texts_;
};

/// A keeper over rows that the test changes.
struct Bench {
    Bench() {
        for (const char* const id : {"a", "b"}) {
            sql::MemberRow row;
            row.id = row.name = id;
            row.status = "alive";
            rows.members.push_back(row);
            rows.labels.push_back({id, "dc", "fra"});
        }
        rows.records = {{"a", "load", "1"}, {"b", "load", "2"}};
        auto made = std::make_unique<FakeSource>(texts);
        source = made.get();
        keeper = std::make_unique<AggregateKeeper>(
            loop, thread, std::move(made),
            [this](sql::TableSet tables, AggregateKeeper::SnapshotDone done) {
                ++snapshots;
                last_tables = tables;
                if (!is_running) {
                    return done(std::unexpected(
                        Refusal{Refusal::Code::unavailable, "it is starting", "wait", ""}));
                }
                done(TakenSnapshot{std::make_shared<sql::Snapshot>(rows), loop.now()});
            });
    }

    /// Lets things happen until `condition` holds; false when they do not in time.
    bool until(const std::function<bool()>& condition) {
        const Instant give_up = loop.now() + seconds(20);
        while (!condition()) {
            if (loop.now() > give_up) return false;
            loop.run_for(milliseconds(1));
        }
        return true;
    }
    bool is_ready(const std::string& name) {
        return until([&] { return keeper->find(name) && keeper->find(name)->state == "ready"; });
    }
    Outcome<AggregateView> set(const AggregateSpec& spec) {
        std::optional<Outcome<AggregateView>> result;
        keeper->set(spec, [&](Outcome<AggregateView> view) { result = std::move(view); });
        EXPECT_TRUE(until([&] { return result.has_value(); }));
        return *result;
    }
    std::string value(const std::string& name) {
        const auto view = keeper->find(name);
        if (!view || view->value.rows.empty()) return "none";
        const control::SqlValue& cell = view->value.rows.front().back();
        if (const auto* number = std::get_if<double>(&cell)) return fmt::format("{}", *number);
        if (const auto* whole = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *whole);
        return "NULL";
    }
    void change_record(const std::string& member, const std::string& key, const std::string& text) {
        for (sql::RecordRow& row : rows.records) {
            if (row.member == member && row.key == key) row.value = text;
        }
        keeper->note({0, {}, control::LogItem::Record{member, {{key, text}}, 1}});
    }

    runtime::Loop loop;
    SqlThread thread{loop.clock()};
    std::map<std::string, std::string> texts;
    sql::Snapshot rows;
    FakeSource* source = nullptr;
    std::size_t snapshots = 0;
    sql::TableSet last_tables;
    bool is_running = true;
    std::unique_ptr<AggregateKeeper> keeper;
};

AggregateSpec mean_of_load() {
    AggregateSpec spec;
    spec.name = "load";
    spec.function = "mean";
    spec.key = "load";
    return spec;
}

AggregateSpec statement(const std::string& name, const std::string& sql) {
    AggregateSpec spec;
    spec.name = name;
    spec.sql = sql;
    return spec;
}

TEST(AggregateKeeper, computes_what_is_defined_and_again_when_it_has_changed) {
    Bench bench;
    EXPECT_EQ(bench.set(mean_of_load())->state, "waiting");
    ASSERT_TRUE(bench.is_ready("load"));
    EXPECT_EQ(bench.value("load"), "1.5");
    EXPECT_EQ(bench.keeper->find("load")->contributors, 2U);
    bench.change_record("b", "load", "4");
    EXPECT_TRUE(bench.until([&] { return bench.value("load") == "2.5"; }));
}

TEST(AggregateKeeper, computes_statements_as_short_forms) {
    Bench bench;
    ASSERT_TRUE(bench.set(statement("n", "select count(*) from members")));
    ASSERT_TRUE(bench.is_ready("n"));
    EXPECT_EQ(bench.value("n"), "2");
    sql::TableSet members;
    members.add(sql::Table::members);
    EXPECT_EQ(bench.last_tables, members) << "no table is copied in vain";
}

TEST(AggregateKeeper, does_nothing_when_what_changed_is_not_read) {
    Bench bench;
    ASSERT_TRUE(bench.set(mean_of_load()));
    ASSERT_TRUE(bench.set(
        statement("max", "select max(record_number('load')) from members where status='alive'")));
    ASSERT_TRUE(bench.is_ready("load"));
    ASSERT_TRUE(bench.is_ready("max"));
    bench.loop.run_for(2 * AggregateKeeper::kPause);
    const std::size_t before = bench.snapshots;
    bench.change_record("b", "other", "7");
    bench.keeper->note({0, {}, control::LogItem::Event{}});
    bench.loop.run_for(2 * AggregateKeeper::kPause);
    EXPECT_EQ(bench.snapshots, before);
}

TEST(AggregateKeeper, many_changes_are_one_round) {
    Bench bench;
    ASSERT_TRUE(bench.set(mean_of_load()));
    ASSERT_TRUE(bench.is_ready("load"));
    const std::size_t before = bench.snapshots;
    const Instant start = bench.loop.now();
    for (int number = 0; number < 1000; ++number) {
        bench.change_record("a", "load", fmt::format("{}", number));
        if (number % 100 == 0) bench.loop.run_for(milliseconds(1));
    }
    EXPECT_TRUE(bench.until([&] { return bench.value("load") == "500.5"; }));
    const auto rounds =
        static_cast<std::size_t>((bench.loop.now() - start) / AggregateKeeper::kPause);
    EXPECT_LE(bench.snapshots - before, rounds + 2);
}

TEST(AggregateKeeper, tells_of_changed_values_and_of_no_others) {
    Bench bench;
    ASSERT_TRUE(bench.set(mean_of_load()));
    ASSERT_TRUE(bench.is_ready("load"));
    bench.loop.run_for(2 * AggregateKeeper::kPause);
    std::size_t told = 0;
    const auto handle = bench.keeper->on_change([&] { ++told; });
    const std::uint64_t revision = bench.keeper->find("load")->revision;
    const std::size_t before = bench.snapshots;
    bench.change_record("a", "load", "1.0");
    ASSERT_TRUE(bench.until([&] { return bench.snapshots > before; }));
    bench.loop.run_for(milliseconds(50));
    EXPECT_EQ(told, 0U);
    EXPECT_EQ(bench.keeper->find("load")->revision, revision);
    bench.change_record("a", "load", "9");
    ASSERT_TRUE(bench.until([&] { return told == 1; }));
    EXPECT_EQ(bench.keeper->find("load")->revision, revision + 1);
}

TEST(AggregateKeeper, counts_contributors_while_members_crash_and_return) {
    Bench bench;
    ASSERT_TRUE(bench.set(mean_of_load()));
    ASSERT_TRUE(bench.is_ready("load"));
    const auto contributors_become = [&](const std::string& status, std::uint64_t count) {
        bench.rows.members[1].status = status;
        control::MemberView member;
        member.id = "b";
        bench.keeper->note({0, {}, control::LogItem::Member{"updated", member}});
        return bench.until([&] { return bench.keeper->find("load")->contributors == count; });
    };
    EXPECT_TRUE(contributors_become("dead", 1));
    EXPECT_TRUE(contributors_become("alive", 2));
    EXPECT_TRUE(contributors_become("left", 1));
}

TEST(AggregateKeeper, takes_over_what_other_members_define_change_and_remove) {
    Bench bench;
    bench.texts["n"] = R"({"function":"count"})";
    bench.source->changed();
    ASSERT_TRUE(bench.is_ready("n"));
    EXPECT_EQ(bench.value("n"), "2");
    const std::uint64_t revision = bench.keeper->find("n")->revision;
    bench.texts["n"] = R"({"sql":"select 7"})";
    bench.source->changed();
    EXPECT_TRUE(bench.until([&] { return bench.value("n") == "7"; }));
    EXPECT_GT(bench.keeper->find("n")->revision, revision);
    std::size_t told = 0;
    const auto handle = bench.keeper->on_change([&] { ++told; });
    bench.texts.clear();
    bench.source->changed();
    EXPECT_EQ(bench.keeper->find("n"), std::nullopt);
    EXPECT_EQ(told, 1U);
}

TEST(AggregateKeeper, shows_definitions_that_make_no_sense_as_failed) {
    Bench bench;
    bench.texts = {{"a", "{"},
                   {"b", R"({"function":"average","key":"x"})"},
                   {"c", R"x({"sql":"select random()"})x"},
                   {"d", std::string(kAggregateDefinitionBytesMax + 1, ' ')}};
    bench.source->changed();
    for (const char* const name : {"a", "b", "c", "d"}) {
        EXPECT_TRUE(bench.until([&] { return bench.keeper->find(name)->state == "failed"; }));
        EXPECT_NE(bench.keeper->find(name)->error, "") << name;
        EXPECT_EQ(bench.keeper->find(name)->spec.name, name);
    }
}

TEST(AggregateKeeper, keeps_its_last_value_when_a_statement_is_aborted) {
    Bench bench;
    ASSERT_TRUE(bench.set(
        statement("x",
                  "with recursive n(i) as (select 1 union all select i + 1 from n where i < "
                  "(select count(*) * 20 - 39 from members) or (select count(*) from members) > 2) "
                  "select count(*) from n")));
    ASSERT_TRUE(bench.is_ready("x"));
    EXPECT_EQ(bench.value("x"), "1");
    sql::MemberRow row = bench.rows.members.front();
    row.id = "c";
    bench.rows.members.push_back(row);
    bench.keeper->note(sql::Table::members);
    ASSERT_TRUE(bench.until([&] { return bench.keeper->find("x")->state == "failed"; }));
    EXPECT_EQ(bench.value("x"), "1");
    EXPECT_GE(bench.keeper->counters().failed, 1U);
}

TEST(AggregateKeeper, refuses_what_nobody_could_compute) {
    Bench bench;
    EXPECT_EQ(bench.set(statement("x", "select * from nothing")).error().field, "sql");
    EXPECT_EQ(bench.set(statement("x", "select ?")).error().message,
              "an aggregate has no values for ?");
    EXPECT_EQ(bench.set(statement("X", "select 1")).error().field, "name");
    EXPECT_TRUE(bench.texts.empty());
    std::optional<Outcome<void>> erased;
    bench.keeper->erase("x", [&](Outcome<void> outcome) { erased = std::move(outcome); });
    EXPECT_EQ(erased->error().code, Refusal::Code::not_found);
}

TEST(AggregateKeeper, takes_as_many_as_the_limit_and_no_more) {
    Bench bench;
    for (std::size_t number = 0; number < kAggregatesMax; ++number) {
        AggregateSpec spec = mean_of_load();
        spec.name = fmt::format("n{:03}", number);
        EXPECT_TRUE(bench.set(spec));
    }
    EXPECT_EQ(bench.set(mean_of_load()).error().code, Refusal::Code::over_limit);
    bench.texts["a"] = R"({"function":"count"})";
    bench.source->changed();
    EXPECT_EQ(bench.keeper->size(), kAggregatesMax);
    EXPECT_TRUE(bench.keeper->find("a")) << "those that come first count, on all members";
    EXPECT_EQ(bench.keeper->find("n063"), std::nullopt);
}

TEST(AggregateKeeper, waits_for_an_overlay_that_does_not_run) {
    Bench bench;
    bench.is_running = false;
    ASSERT_TRUE(bench.set(mean_of_load()));
    bench.loop.run_for(2 * AggregateKeeper::kPause);
    EXPECT_EQ(bench.keeper->find("load")->state, "waiting");
    bench.is_running = true;
    bench.keeper->refresh();
    EXPECT_TRUE(bench.is_ready("load"));
}

TEST(AggregateKeeper, that_ends_while_it_computes_is_not_called_any_more) {
    Bench bench;
    ASSERT_TRUE(bench.set(statement("x", "select count(*) from members")));
    ASSERT_TRUE(bench.until([&] { return bench.snapshots == 1; }));
    bench.keeper.reset();
    bench.loop.run_for(milliseconds(20));
}

// The whole path of a hostile statement, by the real clock.
TEST(SqlThread, aborts_endless_recursion_when_its_time_is_over) {
    runtime::Loop loop;
    SqlThread thread(loop.clock());
    std::optional<Outcome<sql::Engine::Answer>> answer;
    std::uint64_t aborted = 0;
    const Instant start = loop.now();
    thread.post([&](sql::Engine& engine) {
        auto outcome = engine.run(
            "with recursive n(i) as (select 1 union all select i + 1 from n) "
            "select count(*) from n",
            {}, sql::Snapshot(), sql::Limits::of_certificate());
        loop.post([&, outcome = std::move(outcome), count = engine.counters().aborted]() mutable {
            answer = std::move(outcome);
            aborted = count;
            loop.stop();
        });
    });
    loop.run_for(seconds(20));
    ASSERT_TRUE(answer);
    EXPECT_FALSE(*answer);
    EXPECT_EQ(aborted, 1U);
    EXPECT_GE(loop.now() - start, milliseconds(1));
    EXPECT_LT(loop.now() - start, seconds(2)) << "10 ms, and room for a busy machine";
}

TEST(SqlThread, single_calls_that_work_long_do_not_get_around_the_limit) {
    runtime::Loop loop;
    SqlThread thread(loop.clock());
    bool is_refused = false;
    const Instant start = loop.now();
    thread.post([&](sql::Engine& engine) {
        // Each instr compares some 30 kB at each of some 30 kB.
        sql::Limits limits;
        limits.time_max = milliseconds(50);
        const auto outcome = engine.run(
            "with recursive d(x) as (select 'aaaaaaaa' union all select x || x from d "
            "where length(x) < 60000), t(x) as (select max(x) from d), "
            "n(i) as (select 1 union all select i + 1 from n) "
            "select count(instr(t.x, substr(t.x, 1, 30000) || 'b' || i)) from n, t",
            {}, sql::Snapshot(), limits);
        loop.post([&, refused = !outcome] {
            is_refused = refused;
            loop.stop();
        });
    });
    loop.run_for(seconds(20));
    EXPECT_TRUE(is_refused);
    EXPECT_LT(loop.now() - start, seconds(5));
}

}  // namespace
}  // namespace grapevine::daemon

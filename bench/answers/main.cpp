// What aggregates and statements cost: how long a round takes, and what of it is which.
//
//     bench_answers [--json] [--members N] [--keys N] [--aggregates N]
//
// Members with labels, and records of some keys; half of the aggregates are short forms, half the
// same as SQL. Single-threaded, in memory; processor time, the best of several runs, for what else
// the machine does is not our cost.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <fmt/core.h>
#include <functional>
#include <limits>
#include <stdexcept>

#include "sql/engine.hpp"
#include "sql/short_form.hpp"

namespace grapevine::bench {
namespace {

constexpr int kRuns = 15;

sql::Snapshot rows_of(int members, int keys) {
    sql::Snapshot rows;
    for (int number = 0; number < members; ++number) {
        sql::MemberRow member;
        member.id = fmt::format("{:016x}", number);
        member.name = fmt::format("web-{}", number);
        member.status = number % 50 == 0 ? "dead" : "alive";
        member.address = "10.0.0.1:9471";
        member.path = "both";
        rows.labels.push_back({member.id, "dc", fmt::format("dc{}", number % 4)});
        rows.labels.push_back({member.id, "role", number % 3 == 0 ? "db" : "web"});
        for (int key = 0; key < keys; ++key) {
            rows.records.push_back({member.id, key == 0 ? "load" : fmt::format("key{:02}", key),
                                    fmt::format("{}.{}", number % 97, key), 1, 1000});
        }
        rows.members.push_back(std::move(member));
    }
    // As a daemon has them: records are kept in order, members are not.
    rows.arrange();
    std::ranges::reverse(rows.members);
    return rows;
}

double processor_microseconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

/// Microseconds of the fastest run.
double time_of(const std::function<void()>& work) {
    double best = std::numeric_limits<double>::max();
    for (int run = 0; run < kRuns; ++run) {
        const double begin = processor_microseconds();
        work();
        best = std::min(best, processor_microseconds() - begin);
    }
    return best;
}

struct Costs {
    double copy = 0;
    double arrange = 0;
    double short_form = 0;
    double statement = 0;
    double check = 0;
    double round = 0;
};

Costs measure(const sql::Snapshot& rows, int aggregates) {
    control::AggregateSpec spec;
    spec.name = "load";
    spec.function = "mean";
    spec.key = "load";
    spec.group_by = "dc";
    const std::string statement =
        "select label('dc') dc, count(*), avg(record_number('load')) from members "
        "where status='alive' group by dc";
    sql::Engine engine([] { return Instant(); });
    sql::Snapshot arranged = rows;
    arranged.arrange();
    const auto run_statement = [&](const sql::Snapshot& over) {
        const auto answer = engine.run(statement, {}, over, sql::Limits::of_aggregate());
        if (!answer) throw std::runtime_error(describe(answer.error()));
    };
    Costs costs;
    costs.copy = time_of([&] { const sql::Snapshot copy = rows; });
    costs.arrange = time_of([&] {
                        sql::Snapshot copy = rows;
                        copy.arrange();
                    }) -
                    costs.copy;
    costs.short_form = time_of([&] { (void)sql::compute(spec, arranged); });
    costs.statement = time_of([&] { run_statement(arranged); });
    costs.check = time_of([&] { (void)engine.check(statement, sql::Limits()); });
    costs.round = time_of([&] {
        sql::Snapshot copy = rows;
        copy.arrange();
        for (int number = 0; number < aggregates; ++number) {
            if (number % 2 == 0) {
                (void)sql::compute(spec, copy);
            } else {
                run_statement(copy);
            }
        }
    });
    return costs;
}

int run(int argc, char** argv) {
    int members = 1000;
    int keys = 10;
    int aggregates = 20;
    bool is_json = false;
    CLI::App app("What aggregates and statements cost.");
    app.add_option("--members", members)->check(CLI::Range(1, 20'000));
    app.add_option("--keys", keys)->check(CLI::Range(1, 64));
    app.add_option("--aggregates", aggregates)->check(CLI::Range(1, 64));
    app.add_flag("--json", is_json);
    CLI11_PARSE(app, argc, argv);
    const Costs costs = measure(rows_of(members, keys), aggregates);
    if (is_json) {
        fmt::print(
            R"({{"members":{},"keys":{},"aggregates":{},"copy_us":{:.0f},"arrange_us":{:.0f},)"
            R"("short_form_us":{:.0f},"statement_us":{:.0f},"check_us":{:.0f},)"
            R"("round_us":{:.0f}}})"
            "\n",
            members, keys, aggregates, costs.copy, costs.arrange, costs.short_form, costs.statement,
            costs.check, costs.round);
        return 0;
    }
    fmt::print("{} members, {} keys each, {} aggregates: microseconds\n", members, keys,
               aggregates);
    fmt::print("  copy of all rows      {:>8.0f}\n", costs.copy);
    fmt::print("  put them in order     {:>8.0f}\n", costs.arrange);
    fmt::print("  one short form        {:>8.0f}\n", costs.short_form);
    fmt::print("  one statement         {:>8.0f}\n", costs.statement);
    fmt::print("  prepare a statement   {:>8.0f}\n", costs.check);
    fmt::print("  a whole round         {:>8.0f}\n", costs.round);
    return 0;
}

}  // namespace
}  // namespace grapevine::bench

int main(int argc, char** argv) {
    try {
        return grapevine::bench::run(argc, argv);
    } catch (const std::exception& failure) {
        fmt::print(stderr, "error: {}\n", failure.what());
        return 1;
    }
}

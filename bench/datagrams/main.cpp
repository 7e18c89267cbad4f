// How many small datagrams one core takes in, opens, decodes and handles, and where its time goes.
//
//     bench_datagrams [--json] [--seconds S] [--speakers N]
//
// A small datagram is a ping or an ack, 67 and 51 bytes; an idle member hears as many of the one as
// of the other, so the goal is about equal parts of both. A ping includes its answer: encoded,
// sealed and, over a socket, sent.
//
// The stages are timed in memory; the floor and the whole path over a socket on loopback, flooded
// from another core. Processor time per datagram is what counts: it is the same whether or not the
// sender keeps up, and hardly depends on what else runs.

#include <CLI/CLI.hpp>
#include <exception>
#include <fmt/core.h>
#include <string_view>

#include "datagrams/sockets.hpp"
#include "datagrams/stages.hpp"

namespace grapevine::bench {
namespace {

constexpr double kGoalPerSecond = 300'000;
constexpr std::string_view kWholePath = "a whole pump";
constexpr std::string_view kMixed = "both";

struct Row {
    std::string kind;
    std::string stage;
    double nanoseconds = 0;
    double floor = 0;
    double busy = 0;  ///< 0: in memory.
};

std::string_view name_of(Kind kind) {
    return kind == Kind::ack ? "ack" : "ping";
}

void add_kind(std::vector<Row>& rows, Kind kind, int speakers, double seconds) {
    const std::string name(name_of(kind));
    const auto socket = [&](std::string_view stage, auto take, int burst, double floor) {
        const Taken taken = take(Flood{kind, speakers, burst, seconds});
        const double base = floor > 0 ? floor : taken.cpu_nanoseconds;
        rows.push_back({name, std::string(stage), taken.cpu_nanoseconds, base, taken.busy});
        return taken.cpu_nanoseconds;
    };
    constexpr int kBurst = 16;
    const double floor = socket("recvmmsg alone", take_by_recvmmsg, kBurst, 0);
    for (const Cost& cost : time_stages(kind, speakers)) {
        rows.push_back({name, cost.stage, floor + cost.nanoseconds, floor, 0});
    }
    socket(kWholePath, take_by_pump, kBurst, floor);
    const double slow = socket("recvmmsg alone, slow sender", take_by_recvmmsg, 1, 0);
    socket("a whole pump, slow sender", take_by_pump, 1, slow);
}

/// Equal parts of both.
void add_mixed(std::vector<Row>& rows) {
    const std::size_t half = rows.size() / 2;
    for (std::size_t index = 0; index < half; ++index) {
        const Row& ack = rows[index];
        const Row& ping = rows[index + half];
        rows.push_back({std::string(kMixed), ack.stage, (ack.nanoseconds + ping.nanoseconds) / 2,
                        (ack.floor + ping.floor) / 2, (ack.busy + ping.busy) / 2});
    }
}

void print(const std::vector<Row>& rows) {
    fmt::print("{:6} {:30} {:>9} {:>12} {:>12} {:>6}\n", "", "", "ns each", "per second",
               "of the floor", "busy");
    for (const Row& row : rows) {
        fmt::print("{:6} {:30} {:9.0f} {:12.0f} {:11.0f}% {:>6}\n", row.kind, row.stage,
                   row.nanoseconds, 1e9 / row.nanoseconds, 100 * row.floor / row.nanoseconds,
                   row.busy > 0 ? fmt::format("{:.0f}%", row.busy * 100) : "");
    }
    fmt::print(
        "The stages stand on the floor: what recvmmsg takes, and the stage with all before "
        "it.\n");
}

void print_json(const std::vector<Row>& rows) {
    fmt::print("{{\"datagrams\": [");
    const char* separator = "";
    for (const Row& row : rows) {
        fmt::print(
            "{}{{\"kind\": \"{}\", \"stage\": \"{}\", \"nanoseconds\": {:.1f}, "
            "\"per_second\": {:.0f}, \"of_floor\": {:.3f}, \"busy\": {:.2f}}}",
            separator, row.kind, row.stage, row.nanoseconds, 1e9 / row.nanoseconds,
            row.floor / row.nanoseconds, row.busy);
        separator = ", ";
    }
    fmt::print("]}}\n");
}

int run(int argc, char** argv) {
    CLI::App app("Small datagrams per second on one core, by stage.");
    bool is_json = false;
    double seconds = 2;
    int speakers = 16;
    app.add_flag("--json", is_json, "for programs");
    app.add_option("--seconds", seconds, "of each flood")->check(CLI::Range(0.1, 60.0));
    app.add_option("--speakers", speakers, "members that flood in turn")->check(CLI::Range(1, 64));
    CLI11_PARSE(app, argc, argv);

    std::vector<Row> rows;
    for (const Kind kind : {Kind::ack, Kind::ping}) add_kind(rows, kind, speakers, seconds);
    add_mixed(rows);
    is_json ? print_json(rows) : print(rows);
    for (const Row& row : rows) {
        if (row.stage == kWholePath && row.kind == kMixed &&
            1e9 / row.nanoseconds < kGoalPerSecond) {
            fmt::print(stderr, "below the goal of {:.0f} per second\n", kGoalPerSecond);
            return 1;
        }
    }
    return 0;
}

}  // namespace
}  // namespace grapevine::bench

int main(int argc, char** argv) {
    try {
        return grapevine::bench::run(argc, argv);
    } catch (const std::exception& failure) {
        fmt::print(stderr, "bench_datagrams: {}\n", failure.what());
        return 1;
    }
}

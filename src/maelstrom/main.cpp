// grapevine-maelstrom: a node for Maelstrom, and the workloads of its broadcast challenges in
// virtual time. See docs/guide/maelstrom.md.

#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "maelstrom/adapter.hpp"
#include "maelstrom/modes.hpp"
#include "maelstrom/report.hpp"
#include "runtime/line_pipe.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::maelstrom {
namespace {

constexpr std::string_view kUsage =
    R"(usage: grapevine-maelstrom [--mode direct|gathered|rumor]
       grapevine-maelstrom simulate [--mode MODE] [--workload broadcast|partitions|counter]
                                    [--seeds N]

Without a command: one node of Maelstrom's protocol on standard input and output, such as
  maelstrom test -w broadcast --bin grapevine-maelstrom --node-count 25 --rate 100 \
    --time-limit 20 --latency 100
(Maelstrom gives a program no arguments: for another mode give it a script that does.)

simulate plays the workloads in virtual time and prints messages per operation and latencies; with
no --mode in each of them, with the seeds 1 to N (default 5).
)";

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Arguments {
    bool is_simulation = false;
    std::optional<Mode> mode;
    Workload workload = Workload::broadcast;
    std::uint64_t seeds = 5;
};

/// Nothing: the command line is wrong, and that was said.
std::optional<Arguments> parse(const std::vector<std::string_view>& words) {
    const auto wrong = [](std::string_view what) {
        fmt::print(stderr, "error: {}\n{}", what, kUsage);
        return std::nullopt;
    };
    Arguments arguments;
    for (std::size_t index = 0; index < words.size(); ++index) {
        const std::string_view word = words[index];
        if (word == "simulate") {
            arguments.is_simulation = true;
            continue;
        }
        if (index + 1 == words.size()) {
            return wrong(fmt::format("{} is unknown, or has no value", word));
        }
        const std::string_view value = words[++index];
        if (word == "--mode") {
            arguments.mode = parse_mode(value);
            if (!arguments.mode) return wrong(fmt::format("there is no mode {}", value));
        } else if (word == "--workload") {
            const auto workload = parse_workload(value);
            if (!workload) return wrong(fmt::format("there is no workload {}", value));
            arguments.workload = *workload;
        } else if (word == "--seeds") {
            arguments.seeds = std::strtoull(std::string(value).c_str(), nullptr, 10);
            if (arguments.seeds == 0) return wrong("--seeds takes a number from 1 up");
        } else {
            return wrong(fmt::format("{} is unknown", word));
        }
    }
    return arguments;
}

int fail(const Error& error) {
    fmt::print(stderr, "error: {}\n", describe(error));
    return kExitFailed;
}

int serve(Mode mode) {
    const runtime::SteadyClock clock;
    runtime::LinePipe pipe(clock, 0, 1, kMaelstromLineBytesMax);
    Adapter adapter(settings_of(mode), runtime::os_random_seed());
    for (;;) {
        const auto input = pipe.next(adapter.deadline());
        if (!input) return fail(input.error());
        using Kind = runtime::LinePipe::Input::Kind;
        if (input->kind == Kind::end) return 0;
        if (input->kind == Kind::line) {
            adapter.receive(clock.now(), input->line);
        } else {
            adapter.advance(clock.now());
        }
        while (const auto line = adapter.poll()) {
            if (const auto written = pipe.write(*line); !written) return fail(written.error());
        }
    }
}

}  // namespace
}  // namespace grapevine::maelstrom

int main(int count, char** words) {
    using namespace grapevine::maelstrom;
    const std::vector<std::string_view> all(words + 1, words + count);
    for (const std::string_view word : all) {
        if (word != "-h" && word != "--help") continue;
        fmt::print("{}", kUsage);
        return 0;
    }
    const auto arguments = parse(all);
    if (!arguments) return kExitUsage;
    if (!arguments->is_simulation) return serve(arguments->mode.value_or(Mode::direct));
    fmt::print("{}", simulate(arguments->workload, arguments->mode, arguments->seeds));
    return 0;
}

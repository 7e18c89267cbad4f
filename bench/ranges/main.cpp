// What the order of a shared state costs per write, per sum and per entry, and what it costs two
// members to find out what differs.
//
//     bench_ranges [--json] [--entries N]
//
// In memory, on one core. Bytes are those of the sections, in both directions; a datagram adds its
// seal and headers. Entries are 86 ms apart on average, as are a million in a day.

#include <CLI/CLI.hpp>
#include <chrono>
#include <exception>
#include <fmt/core.h>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "protocol/state/range_sync.hpp"
#include "protocol/state/range_testing.hpp"
#include "wire/size.hpp"

namespace grapevine::bench {
namespace {

using protocol::RangeExchange;
using protocol::RangeTree;
using Item = RangeTree::Item;

constexpr std::size_t kBudget = kPacketBytesMax - kProofBytesMax;
constexpr std::size_t kTurns = 200'000;

struct Cost {
    std::string what;
    double nanoseconds = 0;
};

struct Exchanged {
    std::string what;
    std::size_t differing = 0;
    std::size_t asked_bytes = 0;
    std::size_t answered_bytes = 0;
    std::size_t sections = 0;
    std::size_t messages = 0;
    double milliseconds = 0;
};

class Watch {
public:
    [[nodiscard]] double nanoseconds() const {
        return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start_)
            .count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

template <typename Do>
Cost timed(std::string what, std::size_t turns, Do work) {
    const Watch watch;
    for (std::size_t turn = 0; turn < turns; ++turn) work(turn);
    return {std::move(what), watch.nanoseconds() / static_cast<double>(turns)};
}

std::vector<Item> make_items(std::size_t count, Random& random) {
    std::vector<Item> items;
    std::uint64_t unix_ms = 1'700'000'000'000;
    while (items.size() < count) {
        unix_ms += random.below(173);
        const Stamp stamp(protocol::testing::stamp_at(unix_ms).value() + random.below(3));
        items.push_back(protocol::testing::sample_item(random, stamp));
    }
    return items;
}

void time_tree(const std::vector<Item>& items, std::vector<Cost>& costs, double& ordered_bytes,
               double& strewn_bytes) {
    Random random(2);
    const auto any = [&]() -> const Item& { return items[random.below(items.size())]; };
    RangeTree tree;
    costs.push_back(timed("insert, in the order of time", items.size(),
                          [&](std::size_t turn) { tree.insert(items[turn]); }));
    const auto count = static_cast<double>(items.size());
    ordered_bytes = static_cast<double>(tree.memory_bytes()) / count;
    std::uint64_t sink = 0;
    costs.push_back(timed("sum of a range", kTurns, [&](std::size_t) {
        sink += tree.in(any().position(), any().position()).hashes.low;
    }));
    costs.push_back(
        timed("find", kTurns, [&](std::size_t) { sink += tree.find(any().position())->handle; }));
    std::uint64_t unix_ms = wire::milliseconds_of(items.back().stamp) + 1;
    costs.push_back(timed("rewrite: erase one, insert the newest", kTurns, [&](std::size_t) {
        tree.erase(any().position());
        tree.insert(protocol::testing::sample_item(random, protocol::testing::stamp_at(++unix_ms)));
    }));
    std::vector<Item> strewn = items;
    random.shuffle(std::span(strewn));
    RangeTree other;
    costs.push_back(timed("insert, at random", strewn.size(),
                          [&](std::size_t turn) { other.insert(strewn[turn]); }));
    strewn_bytes = static_cast<double>(other.memory_bytes()) / count;
    if (sink == 0) fmt::print(stderr, "nothing was summed\n");
}

/// With no limit but those of the protocol, as fast as answers come.
Exchanged exchange(std::string what, const RangeTree& asker, const RangeTree& answerer) {
    Exchanged result{std::move(what)};
    const Watch watch;
    RangeExchange exchange(1);
    while (!exchange.is_done()) {
        std::vector<wire::StateRanges> replies;
        for (const auto& request : exchange.next(asker, kBudget, kStateExchangeSectionsMax)) {
            result.asked_bytes += wire::encoded_size(wire::Section(request));
            ++result.sections;
            for (auto& reply : protocol::answer(answerer, request, kBudget)) {
                result.answered_bytes += wire::encoded_size(wire::Section(reply));
                ++result.sections;
                replies.push_back(std::move(reply));
            }
        }
        for (const auto& reply : replies) exchange.handle(asker, reply);
        result.messages += 2;
    }
    result.milliseconds = watch.nanoseconds() / 1e6;
    result.differing = exchange.need_count() + exchange.have_count();
    return result;
}

/// `newest` of the last entries differ, and `strewn` of the others; each side has half of them.
Exchanged exchange_of(const std::vector<Item>& items, std::size_t strewn, std::size_t newest) {
    Random random(3);
    std::vector<bool> is_different(items.size(), false);
    for (std::size_t count = 0; count < strewn;) {
        const std::size_t place = random.below(items.size() - newest);
        if (!is_different[place]) ++count;
        is_different[place] = true;
    }
    for (std::size_t count = 1; count <= newest; ++count) is_different[items.size() - count] = true;
    RangeTree asker;
    RangeTree answerer;
    for (std::size_t index = 0; index < items.size(); ++index) {
        const bool is_askers = random.chance(0.5);
        if (!is_different[index] || is_askers) asker.insert(items[index]);
        if (!is_different[index] || !is_askers) answerer.insert(items[index]);
    }
    return exchange(newest > 0 ? "newest" : "strewn", asker, answerer);
}

void print(const std::vector<Cost>& costs, const std::vector<Exchanged>& exchanges) {
    for (const Cost& cost : costs) fmt::print("{:40} {:8.0f} ns\n", cost.what, cost.nanoseconds);
    fmt::print("\n{:>10} {:8} {:>10} {:>10} {:>10} {:>9} {:>9} {:>8}\n", "differing", "", "bytes",
               "asked", "answered", "sections", "messages", "ms");
    for (const Exchanged& row : exchanges) {
        fmt::print("{:10} {:8} {:10} {:10} {:10} {:9} {:9} {:8.2f}\n", row.differing, row.what,
                   row.asked_bytes + row.answered_bytes, row.asked_bytes, row.answered_bytes,
                   row.sections, row.messages, row.milliseconds);
    }
}

void print_json(const std::vector<Cost>& costs, const std::vector<Exchanged>& exchanges,
                double ordered_bytes, double strewn_bytes) {
    fmt::print("{{\"bytes_per_entry\": {:.1f}, \"bytes_per_entry_strewn\": {:.1f}, \"costs\": [",
               ordered_bytes, strewn_bytes);
    const char* separator = "";
    for (const Cost& cost : costs) {
        fmt::print("{}{{\"what\": \"{}\", \"nanoseconds\": {:.1f}}}", separator, cost.what,
                   cost.nanoseconds);
        separator = ", ";
    }
    fmt::print("], \"exchanges\": [");
    separator = "";
    for (const Exchanged& row : exchanges) {
        fmt::print(
            "{}{{\"differing\": {}, \"where\": \"{}\", \"asked_bytes\": {}, "
            "\"answered_bytes\": {}, \"sections\": {}, \"messages\": {}, \"milliseconds\": "
            "{:.2f}}}",
            separator, row.differing, row.what, row.asked_bytes, row.answered_bytes, row.sections,
            row.messages, row.milliseconds);
        separator = ", ";
    }
    fmt::print("]}}\n");
}

int run(int argc, char** argv) {
    CLI::App app("The order of a shared state, and what it costs to compare two.");
    bool is_json = false;
    std::size_t entries = 1'000'000;
    app.add_flag("--json", is_json, "for programs");
    app.add_option("--entries", entries, "that a member has")
        ->check(CLI::Range(std::size_t{20'000}, kStateCellsMax));
    CLI11_PARSE(app, argc, argv);

    Random random(1);
    const std::vector<Item> items = make_items(entries, random);
    std::vector<Cost> costs;
    double ordered_bytes = 0;
    double strewn_bytes = 0;
    time_tree(items, costs, ordered_bytes, strewn_bytes);
    std::vector<Exchanged> exchanges;
    for (const std::size_t strewn : {0, 1, 10, 100, 1000, 10'000}) {
        exchanges.push_back(exchange_of(items, strewn, 0));
    }
    for (const std::size_t newest : {100, 1000, 10'000}) {
        exchanges.push_back(exchange_of(items, 0, newest));
    }
    if (is_json) {
        print_json(costs, exchanges, ordered_bytes, strewn_bytes);
        return 0;
    }
    fmt::print("{} entries: {:.1f} bytes each, inserted in the order of time; {:.1f} at random\n\n",
               entries, ordered_bytes, strewn_bytes);
    print(costs, exchanges);
    return 0;
}

}  // namespace
}  // namespace grapevine::bench

int main(int argc, char** argv) {
    try {
        return grapevine::bench::run(argc, argv);
    } catch (const std::exception& failure) {
        fmt::print(stderr, "bench_ranges: {}\n", failure.what());
        return 1;
    }
}

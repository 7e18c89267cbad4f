#include "sim/lab/catalogue.hpp"

#include <array>
#include <cstddef>

#include "base/limits.hpp"

namespace grapevine::sim::lab {
namespace {

using Type = Setting::Type;

constexpr double kMembersMax = kLabMembersMax;
constexpr double kOverlayMembersMax = kLabOverlayMembersMax;

constexpr Setting members(double maximum, double fallback) {
    return {"members",
            "Members",
            Type::integer,
            2,
            maximum,
            fallback,
            "",
            "How many there are at the beginning.",
            {}};
}
constexpr Setting kSeed{
    "seed",
    "Seed",
    Type::integer,
    0,
    kWholeMax,
    1,
    "",
    "All chance comes from it: the same link gives the same run, on every machine.",
    {}};
constexpr Setting interval(std::string_view about, double fallback) {
    return {"interval_ms", "Interval", Type::integer, 10, 10'000, fallback, "ms", about, {}};
}
constexpr Setting latency(double fallback) {
    return {"latency_ms",
            "Latency",
            Type::number,
            0,
            1000,
            fallback,
            "ms",
            "How long a datagram takes on average: half of it always, the rest by chance.",
            {}};
}
constexpr Setting kLoss{
    "loss", "Loss", Type::number, 0, 0.9, 0, "share", "Which part of all datagrams is lost.", {}};
constexpr Setting kNoticed{
    "noticed_ms",
    "Noticed after",
    Type::integer,
    0,
    600'000,
    500,
    "ms",
    "How long after its death the others stop to talk to a member; 0: they never do.",
    {}};
constexpr Setting duration(double fallback) {
    return {"duration_ms",
            "Duration",
            Type::integer,
            1000,
            3'600'000,
            fallback,
            "ms",
            "When the run ends, if nothing ends it before.",
            {}};
}

constexpr Choice kAlgorithms[] = {
    {"push", "push"}, {"pull", "pull"}, {"push-pull", "push-pull"}, {"tree", "tree"}};
constexpr Choice kRounds[] = {{"common", "in step, as in the paper"},
                              {"own", "each its own, as daemons do"}};
constexpr Choice kDetectors[] = {{"rings", "observer rings"},
                                 {"swim", "SWIM"},
                                 {"heartbeat", "gossiped heartbeats"},
                                 {"phi", "phi accrual"}};
constexpr Choice kProfiles[] = {{"fast", "fast"}, {"lan", "lan"}, {"wan", "wan"}};
constexpr Choice kMethods[] = {{"push-pull", "push-pull"}, {"push-sum", "push-sum"}};
constexpr Choice kShapes[] = {
    {"uniform", "evenly spread"}, {"peak", "one has all"}, {"halves", "half 0, half 1"}};
constexpr Choice kDisseminations[] = {{"tree", "tree"}, {"rumor", "rumor"}};

constexpr Setting kProfile{
    "profile", "Profile", Type::choice, 0, 2, 0, "", "The set of times that daemons run with.",
    kProfiles};

constexpr Setting kRumor[] = {
    members(kMembersMax, 200),
    kSeed,
    interval("How often a member tells, or asks, the next partners.", 200),
    latency(4),
    kLoss,
    {"algorithm", "Algorithm", Type::choice, 0, 3, 0, "",
     "Who begins to talk: who has news (push), who wants some (pull), both; or a broadcast tree.",
     kAlgorithms},
    {"feedback",
     "Feedback",
     Type::boolean,
     0,
     1,
     1,
     "",
     "A member loses interest only if its partner knew the rumor; otherwise blindly.",
     {}},
    {"counter",
     "Counter",
     Type::boolean,
     0,
     1,
     1,
     "",
     "A member loses interest after k such partners; otherwise with probability 1/k.",
     {}},
    {"fanout", "Fan-out", Type::integer, 1, 16, 1, "", "Partners per interval.", {}},
    {"k", "k", Type::integer, 1, 20, 2, "", "How many times a member is disappointed.", {}},
    {"rounds", "Rounds", Type::choice, 0, 1, 0, "",
     "In step: all talk at the same moments and follow the rules of the paper's tables. Each its "
     "own: news is told at once, and of two that knew, only the more patient counts it.",
     kRounds},
    {"source",
     "Source",
     Type::integer,
     -1,
     kMembersMax - 1,
     0,
     "",
     "Who starts a rumor at the beginning; -1: nobody, until somebody is told to.",
     {}},
    kNoticed,
    duration(120'000),
};

constexpr Setting kDetection[] = {
    members(kOverlayMembersMax, 100),
    kSeed,
    interval("How far one step goes; the members have the times of their profile.", 200),
    latency(1),
    kLoss,
    {"detector", "Detector", Type::choice, 0, 3, 0, "", "Who watches whom, and who decides.",
     kDetectors},
    kProfile,
    duration(60'000),
};

constexpr Setting kSync[] = {
    members(1000, 50),
    kSeed,
    interval("How often a member compares what it holds with another one.", 1000),
    latency(4),
    kLoss,
    {"entries", "Entries", Type::integer, 1, 10'000, 500, "", "What everybody holds alike.", {}},
    {"differences",
     "Differences",
     Type::integer,
     0,
     10'000,
     200,
     "",
     "Entries that one member alone holds, each drawn at random.",
     {}},
    kNoticed,
    duration(600'000),
};

constexpr Setting kAverage[] = {
    members(kMembersMax, 200),
    kSeed,
    interval("How often a member begins an exchange.", 200),
    latency(4),
    kLoss,
    {"method", "Method", Type::choice, 0, 1, 0, "",
     "Two take the mean of both (push-pull), or one gives away half of what it has (push-sum).",
     kMethods},
    {"values", "Values", Type::choice, 0, 2, 0, "", "What the members begin with.", kShapes},
    {"spread",
     "Spread",
     Type::number,
     0.001,
     1e9,
     100,
     "",
     "Between the smallest and largest.",
     {}},
    kNoticed,
    duration(120'000),
};

constexpr Setting kGroup[] = {
    members(kOverlayMembersMax, 50),
    kSeed,
    interval("How far one step goes; the members have the times of their profile.", 200),
    latency(1),
    kLoss,
    {"dissemination", "Dissemination", Type::choice, 0, 1, 0, "", "How events reach all.",
     kDisseminations},
    kProfile,
    {"seeds", "Seeds", Type::integer, 1, 64, 3, "", "Members whose address all others know.", {}},
    duration(120'000),
};

constexpr std::string_view kAll[] = {"rumor", "kill", "restart", "partition",
                                     "heal",  "clog", "add"};
constexpr std::string_view kWithoutNews[] = {"kill", "restart", "partition", "heal", "clog", "add"};

constexpr std::array kCatalogue = {
    Experiment{Kind::rumor, "rumor", "Rumor mongering",
               "One rumor among members who know each other, by the code that spreads events; "
               "nothing repairs what it misses, so that the residue can be seen.",
               kAll, kRumor},
    Experiment{Kind::detection, "detection", "Failure detection",
               "Whole members, with datagrams, keys and clocks: who notices that one has died, and "
               "who is taken for dead that lives.",
               kWithoutNews, kDetection},
    Experiment{Kind::sync, "sync", "Anti-entropy",
               "Members hold nearly the same entries and find what differs by comparing "
               "fingerprints of ranges; there are no rumors.",
               kWithoutNews, kSync},
    Experiment{Kind::average, "average", "Aggregation",
               "Everybody has a number, and all learn the mean without anybody collecting them.",
               kWithoutNews, kAverage},
    Experiment{Kind::group, "group", "Seeds, partitions, healing",
               "Whole members that find each other by seeds, tell events, are cut apart and come "
               "together again.",
               kAll, kGroup},
};

}  // namespace

std::span<const Experiment> catalogue() {
    return kCatalogue;
}

}  // namespace grapevine::sim::lab

#include "protocol/membership/paths.hpp"

#include <gtest/gtest.h>
#include <map>
#include <vector>

#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;

constexpr MemberId kSelf(1);
constexpr MemberId kHelper(2);
constexpr MemberId kOther(3);

class OneHelper final : public Peers {
public:
    [[nodiscard]] std::size_t peer_count() const override { return 2; }
    [[nodiscard]] std::vector<MemberId> pick(Random&, std::size_t, MemberId) const override {
        return {kHelper};
    }
    [[nodiscard]] std::vector<MemberId> neighbours(std::size_t) const override { return {kHelper}; }
};

/// The machine and a network between it, `kOther` and one helper.
struct PathBench : ::testing::Test {
    OneHelper peers;
    ProtocolConfig config;
    Paths paths{kSelf, config, peers, 7};
    Instant now = Instant{} + 100s;
    bool answers = true;  ///< kOther answers us.
    bool relays = true;   ///< kOther answers the helper.
    bool speaks = false;  ///< kOther sends us something else, four times a second.
    double loss = 0;      ///< Of each ping or its ack.
    Random random{1};
    int pings = 0;
    int requests = 0;
    std::vector<std::pair<Instant, Path>> changes;

    void settle() {
        while (auto action = paths.poll()) {
            if (const auto* changed = std::get_if<Paths::Changed>(&*action)) {
                changes.emplace_back(now, changed->path);
            } else if (const auto* probe = std::get_if<Paths::SendProbe>(&*action)) {
                send(*probe);
            }
        }
        paths.check_invariants();
    }
    void send(const Paths::SendProbe& probe) {
        if (const auto* ping = std::get_if<wire::Ping>(&probe.message)) {
            ++pings;
            EXPECT_TRUE(Paths::is_ours(ping->sequence));
            if (answers && !random.chance(loss)) {
                paths.handle(now, probe.to, wire::Ack{ping->sequence});
            }
        } else if (const auto* request = std::get_if<wire::PingReq>(&probe.message)) {
            ++requests;
            EXPECT_EQ(probe.to, kHelper);
            if (relays) {
                paths.handle(now, kHelper, wire::Ack{request->sequence});
            } else {
                paths.handle(now, kHelper, wire::Nack{request->sequence});
            }
        }
    }
    void run(Duration time) {
        const Instant end = now + time;
        settle();
        Instant next_word = now + 250ms;
        while (true) {
            const Instant next = std::min({paths.deadline(), next_word, end});
            now = std::max(now, next);
            if (now >= end) break;
            if (now >= next_word) {
                next_word += 250ms;
                if (speaks) paths.heard(now, kOther);
                settle();
            }
            paths.advance(now);
            settle();
        }
        now = end;
    }
    [[nodiscard]] std::vector<Path> told() const {
        std::vector<Path> paths_told;
        for (const auto& change : changes) paths_told.push_back(change.second);
        return paths_told;
    }
};

TEST_F(PathBench, a_member_that_was_never_tried_is_unknown) {
    EXPECT_EQ(paths.of(now, kOther).path, Path::unknown);
    paths.heard(now, kOther);
    EXPECT_EQ(paths.of(now, kOther).path, Path::unknown);
    EXPECT_EQ(paths.deadline(), kNever);
}

TEST_F(PathBench, an_answer_makes_both_and_needs_no_news_and_no_timer) {
    paths.answered(now, kOther);
    settle();
    EXPECT_EQ(paths.of(now, kOther).path, Path::both);
    EXPECT_EQ(paths.of(now, kOther).checked, now);
    EXPECT_TRUE(changes.empty());
    EXPECT_EQ(paths.deadline(), kNever);
}

TEST_F(PathBench, one_relayed_answer_costs_one_ping_if_all_is_well) {
    paths.answered(now, kOther);
    paths.relayed(now, kOther);
    run(60s);
    EXPECT_EQ(paths.of(now, kOther).path, Path::both);
    EXPECT_EQ(pings, 1);
    EXPECT_EQ(requests, 0);
    EXPECT_TRUE(changes.empty());
}

TEST_F(PathBench, who_answers_others_only_is_relayed_after_two_examinations) {
    paths.answered(now, kOther);
    answers = false;
    const Instant began = now;
    paths.relayed(now, kOther);
    run(10s);
    ASSERT_EQ(told(), std::vector<Path>{Path::relayed});
    // Two of 1.35 s, and a second or so between.
    EXPECT_LE(changes.front().first - began, 4s);
    EXPECT_GE(changes.front().first - began, 3s);
    EXPECT_EQ(paths.troubled(), std::vector<MemberId>{kOther});
}

TEST_F(PathBench, who_speaks_and_does_not_answer_is_in_only) {
    answers = false;
    relays = false;
    speaks = true;
    paths.missed(now, kOther);
    run(10s);
    EXPECT_EQ(told(), std::vector<Path>{Path::in_only});
}

TEST_F(PathBench, what_was_heard_before_the_trouble_is_no_evidence) {
    paths.answered(now, kOther);
    paths.heard(now, kOther);
    answers = false;
    now += 1ms;
    paths.relayed(now, kOther);
    run(10s);
    EXPECT_EQ(told(), std::vector<Path>{Path::relayed});
}

TEST_F(PathBench, who_is_silent_altogether_is_none) {
    answers = relays = false;
    paths.missed(now, kOther);
    run(10s);
    EXPECT_EQ(told(), std::vector<Path>{Path::none});
}

TEST_F(PathBench, the_way_back_to_both_is_told_once) {
    answers = false;
    paths.relayed(now, kOther);
    run(30s);
    answers = true;
    const Instant healed = now;
    run(60s);
    ASSERT_EQ(told(), (std::vector<Path>{Path::relayed, Path::both}));
    EXPECT_LE(changes.back().first - healed, 8s);
    EXPECT_EQ(paths.deadline(), kNever);
}

TEST_F(PathBench, a_lasting_block_is_one_item_of_news_and_a_bounded_trickle_of_pings) {
    answers = false;
    paths.relayed(now, kOther);
    run(600s);
    EXPECT_EQ(changes.size(), 1U);
    // Eight pings in 1.35 s, then a pause of 3.75 s at least.
    EXPECT_LE(pings, 600 / 5 * 8 + 16);
    EXPECT_LE(requests, pings / 4);
}

TEST_F(PathBench, half_of_all_pings_lost_is_no_trouble) {
    loss = 0.51;  // 30% each way.
    for (int round = 0; round < 300; ++round) {
        paths.relayed(now, kOther);
        run(2s);
    }
    EXPECT_LE(changes.size(), 0U);
    EXPECT_EQ(paths.of(now, kOther).path, Path::both);
}

TEST_F(PathBench, the_dead_are_not_examined_and_are_no_news_as_long_as_they_are_silent) {
    paths.answered(now, kOther);
    paths.gone(now, kOther);
    answers = false;
    run(60s);
    EXPECT_EQ(pings, 0);
    EXPECT_TRUE(changes.empty());
    EXPECT_TRUE(paths.troubled().empty());
}

TEST_F(PathBench, a_dead_member_that_goes_on_speaking_is_in_only) {
    paths.gone(now, kOther);
    run(60s);
    speaks = true;
    run(2s);
    EXPECT_TRUE(changes.empty()) << "its refutation may be on its way";
    run(3s);
    EXPECT_EQ(told(), std::vector<Path>{Path::in_only});
    paths.forget(kOther);
    EXPECT_EQ(paths.of(now, kOther).path, Path::unknown);
}

TEST_F(PathBench, an_examination_measures_the_round_trip) {
    paths.examine(now, kOther, 5s);
    auto sent = drain(paths);
    ASSERT_EQ(sent.size(), 1U);
    const auto ping = std::get<wire::Ping>(std::get<Paths::SendProbe>(sent[0]).message);
    paths.handle(now + 30ms, kOther, wire::Ack{ping.sequence});
    const auto measured = only<Paths::Measured>(drain(paths));
    ASSERT_EQ(measured.size(), 1U);
    EXPECT_EQ(measured[0].member, kOther);
    EXPECT_EQ(measured[0].round_trip, 30ms);
    EXPECT_FALSE(paths.is_examining(kOther));
}

TEST_F(PathBench, what_is_known_freshly_is_not_examined_again) {
    paths.answered(now, kOther);
    now += 4s;
    paths.examine(now, kOther, 5s);
    EXPECT_FALSE(paths.is_examining(kOther));
    now += 2s;
    paths.examine(now, kOther, 5s);
    EXPECT_TRUE(paths.is_examining(kOther));
}

TEST_F(PathBench, an_ack_of_somebody_else_proves_nothing) {
    paths.examine(now, kOther, 0s);
    const auto sent = drain(paths);
    const auto ping = std::get<wire::Ping>(std::get<Paths::SendProbe>(sent[0]).message);
    paths.handle(now, kHelper, wire::Ack{ping.sequence});
    paths.handle(now, kOther, wire::Ack{ProbeSequence(ping.sequence.value() + 1)});
    EXPECT_TRUE(paths.is_examining(kOther));
    EXPECT_TRUE(drain(paths).empty());
}

TEST_F(PathBench, a_driver_that_slept_blames_nobody) {
    paths.examine(now, kOther, 0s);
    (void)drain(paths);
    now += 30s;
    paths.advance(now);
    settle();  // The first ping goes out again, and is answered.
    EXPECT_EQ(paths.of(now, kOther).path, Path::both);
    EXPECT_EQ(paths.counters().examinations_bad, 0U);
}

TEST_F(PathBench, no_more_than_the_limit_are_examined_at_once_and_all_have_their_turn) {
    answers = false;
    const std::uint64_t many = 3 * kExaminationsMax;
    for (std::uint64_t id = 10; id < 10 + many; ++id) paths.examine(now, MemberId(id), 0s);
    EXPECT_EQ(drain(paths).size(), kExaminationsMax);
    EXPECT_TRUE(paths.is_examining(MemberId(10 + many - 1)));
    run(6s);
    EXPECT_GE(paths.counters().examinations_bad, many);
}

TEST_F(PathBench, at_the_limit_health_is_displaced_before_trouble) {
    answers = false;
    paths.relayed(now, kOther);
    run(10s);
    for (std::uint64_t id = 10; id < 10 + kPathsMax; ++id) {
        now += 1ms;
        paths.answered(now, MemberId(id));
    }
    EXPECT_EQ(paths.of(now, kOther).path, Path::relayed);
    EXPECT_EQ(paths.of(now, MemberId(10)).path, Path::unknown);
    EXPECT_EQ(paths.of(now, MemberId(10 + kPathsMax - 1)).path, Path::both);
    paths.check_invariants();
}

}  // namespace
}  // namespace grapevine::protocol

#include "protocol/membership/telling.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::record_of;
using Kind = MemberChange::Kind;

/// What was told: "died 2+3", "joined 4", "view 7".
struct Bench {
    Telling telling;
    Instant now = Instant{} + 10s;
    bool is_in_doubt = false;
    std::size_t size = 7;

    explicit Bench(Duration hold = 500ms, Duration quiet = 0s) : telling(config_of(hold, quiet)) {
        end_of_input();
    }
    static ProtocolConfig config_of(Duration hold, Duration quiet) {
        ProtocolConfig config;
        config.batch_hold = hold;
        config.batch_quiet = quiet;
        config.settle_time = 1s;
        return config;
    }
    void change(Kind kind, std::uint64_t member, bool is_refused = false) {
        telling.changed(
            now, {kind, {record_of(MemberId(member), 1), {}, Incarnation(1), now}, is_refused});
    }
    std::string end_of_input() {
        telling.advance(now, is_in_doubt, [this] { return Telling::Settled{size, size}; });
        return told();
    }
    std::string told() {
        constexpr const char* kNames[] = {"joined", "updated", "suspected", "cleared",
                                          "died",   "left",    "returned",  "forgotten"};
        std::string text;
        for (const auto& action : drain(telling)) {
            if (!text.empty()) text += ", ";
            if (const auto* view = std::get_if<Telling::Settled>(&action)) {
                text += "view " + std::to_string(view->size);
                continue;
            }
            const auto& changes = std::get<Telling::Changes>(action).changes;
            text += kNames[static_cast<std::size_t>(changes.front().kind)];
            for (std::size_t at = 0; at < changes.size(); ++at) {
                text += (at == 0 ? " " : "+") +
                        std::to_string(changes[at].member.record->member.value());
            }
        }
        return text;
    }
};

TEST(Telling, a_single_death_is_told_at_once_when_nobody_is_in_doubt) {
    Bench bench;
    bench.change(Kind::died, 2);
    EXPECT_EQ(bench.end_of_input(), "died 2");
}

TEST(Telling, deaths_wait_while_others_are_in_doubt_and_are_told_as_one) {
    Bench bench;
    bench.is_in_doubt = true;
    bench.change(Kind::died, 2);
    EXPECT_EQ(bench.end_of_input(), "");
    bench.now += 100ms;
    bench.change(Kind::died, 3);
    EXPECT_EQ(bench.end_of_input(), "");
    bench.now += 100ms;
    bench.change(Kind::died, 4);
    bench.is_in_doubt = false;
    EXPECT_EQ(bench.end_of_input(), "died 2+3+4");
}

TEST(Telling, deaths_are_told_as_one_when_nobody_has_died_for_batch_quiet) {
    Bench bench(500ms, 80ms);
    bench.change(Kind::died, 2);
    EXPECT_EQ(bench.end_of_input(), "");
    EXPECT_EQ(bench.telling.deadline(), bench.now + 80ms);
    bench.now += 80ms - 1ns;
    bench.change(Kind::died, 3);
    EXPECT_EQ(bench.end_of_input(), "");
    EXPECT_EQ(bench.telling.deadline(), bench.now + 80ms);
    bench.now += 80ms - 1ns;
    EXPECT_EQ(bench.end_of_input(), "");
    bench.now += 1ns;
    EXPECT_EQ(bench.end_of_input(), "died 2+3");
}

TEST(Telling, the_death_of_a_process_alone_waits_for_no_others) {
    Bench bench(500ms, 80ms);
    bench.change(Kind::died, 2, true);
    EXPECT_EQ(bench.end_of_input(), "died 2");
    bench.now += 10ms;
    bench.change(Kind::died, 3, true);
    EXPECT_EQ(bench.end_of_input(), "died 3");
    bench.now += 10ms;
    bench.change(Kind::died, 4);
    EXPECT_EQ(bench.end_of_input(), "") << "this is the first of its kind";
    bench.now += 80ms;
    EXPECT_EQ(bench.end_of_input(), "died 4");
}

TEST(Telling, deaths_that_go_on_and_on_wait_for_batch_hold_at_most) {
    Bench bench(500ms, 80ms);
    for (std::uint64_t member = 2; member < 12; ++member) {
        bench.change(Kind::died, member);
        EXPECT_EQ(bench.end_of_input(), "");
        bench.now += 50ms;
    }
    EXPECT_EQ(bench.end_of_input(), "died 2+3+4+5+6+7+8+9+10+11");
}

TEST(Telling, a_death_waits_for_batch_hold_at_most) {
    Bench bench;
    bench.is_in_doubt = true;
    bench.change(Kind::died, 2);
    bench.end_of_input();
    EXPECT_EQ(bench.telling.deadline(), bench.now + 500ms);
    bench.now += 500ms - 1ns;
    EXPECT_EQ(bench.end_of_input(), "");
    bench.now += 1ns;
    EXPECT_EQ(bench.end_of_input(), "died 2");
}

TEST(Telling, a_death_soon_after_another_waits_for_more_to_come) {
    Bench bench;
    bench.change(Kind::died, 2);
    EXPECT_EQ(bench.end_of_input(), "died 2");
    bench.now += 100ms;
    bench.change(Kind::died, 3);
    EXPECT_EQ(bench.end_of_input(), "");
    bench.now += 400ms;
    bench.change(Kind::died, 4);
    EXPECT_EQ(bench.end_of_input(), "died 3+4");
}

TEST(Telling, what_follows_upon_a_death_is_told_behind_it) {
    Bench bench;
    bench.is_in_doubt = true;
    bench.change(Kind::died, 2);
    bench.change(Kind::died, 3);
    bench.change(Kind::joined, 4);
    EXPECT_EQ(bench.end_of_input(), "joined 4") << "others need not wait";
    bench.change(Kind::returned, 3);
    EXPECT_EQ(bench.end_of_input(), "died 2+3, returned 3");
}

TEST(Telling, more_deaths_than_one_item_holds_are_several) {
    Bench bench;
    bench.is_in_doubt = true;
    for (std::uint64_t member = 0; member <= kTogetherMax; ++member) {
        bench.change(Kind::died, 100 + member);
    }
    bench.end_of_input();
    bench.now += 500ms;
    bench.telling.advance(bench.now, true, [] { return Telling::Settled{}; });
    const auto actions = drain(bench.telling);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(std::get<Telling::Changes>(actions[0]).changes.size(), kTogetherMax);
    EXPECT_EQ(std::get<Telling::Changes>(actions[1]).changes.size(), 1U);
}

// -- Settled views -------------------------------------------------------------------------------

TEST(Telling, the_first_view_settles_too) {
    Bench bench;
    EXPECT_EQ(bench.telling.deadline(), bench.now + 1s);
    bench.now += 1s;
    EXPECT_EQ(bench.end_of_input(), "view 7");
    EXPECT_EQ(bench.telling.deadline(), kNever);
}

TEST(Telling, a_view_is_told_when_nobody_has_come_or_gone_for_settle_time) {
    Bench bench;
    for (int step = 0; step < 20; ++step) {
        bench.change(Kind::joined, static_cast<std::uint64_t>(100 + step));
        bench.now += 900ms;
        ++bench.size;
        EXPECT_EQ(bench.end_of_input(), "joined " + std::to_string(100 + step));
    }
    bench.now += 100ms;
    EXPECT_EQ(bench.end_of_input(), "view 27");
}

TEST(Telling, suspicions_and_new_records_unsettle_nothing) {
    Bench bench;
    bench.now += 1s;
    bench.end_of_input();
    for (const Kind kind : {Kind::suspected, Kind::cleared, Kind::updated, Kind::forgotten}) {
        bench.change(kind, 2);
    }
    bench.end_of_input();
    EXPECT_EQ(bench.telling.deadline(), kNever);
}

TEST(Telling, a_view_that_is_as_it_was_is_not_told_again) {
    Bench bench;
    bench.now += 1s;
    EXPECT_EQ(bench.end_of_input(), "view 7");
    bench.change(Kind::died, 2);
    bench.change(Kind::returned, 2);
    bench.end_of_input();
    bench.now += 1s;
    EXPECT_EQ(bench.end_of_input(), "");
}

TEST(Telling, a_view_is_not_settled_while_deaths_of_it_are_untold) {
    Bench bench(5s);
    bench.is_in_doubt = true;
    bench.change(Kind::died, 2);
    bench.now += 2s;
    EXPECT_EQ(bench.end_of_input(), "");
    EXPECT_EQ(bench.telling.deadline(), bench.now + 3s);
    bench.now += 3s;
    EXPECT_EQ(bench.end_of_input(), "died 2, view 7");
}

}  // namespace
}  // namespace grapevine::protocol

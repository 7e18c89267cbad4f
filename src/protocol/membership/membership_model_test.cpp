// Random inputs against a twin that is too naive to be wrong: it keeps everything it ever heard and
// takes the greatest.

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>

#include "base/limits.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::record_of;
using wire::Status;

using Claim = std::pair<Incarnation, Status>;

class Twin {
public:
    void claim(MemberId member, Claim claim) { claims_[member].push_back(claim); }
    void forget(MemberId member) {
        floors_[member] = std::max(floors_[member], believed(member)->first);
        claims_.erase(member);
    }
    [[nodiscard]] bool is_below_floor(MemberId member, Incarnation incarnation) const {
        const auto floor = floors_.find(member);
        return floor != floors_.end() && incarnation <= floor->second;
    }
    /// What an accusation amounts to by its votes; nothing if nobody whom we know has voted. Who is
    /// unreliable is asked of the machine itself, for the twin is about merging.
    [[nodiscard]] std::optional<Claim> weigh(Instant now, const Membership& machine,
                                             const wire::Accusation& accusation) const {
        std::set<MemberId> voters;
        for (const wire::Vote& vote : accusation.votes) {
            const bool is_known = vote.voter == MemberId(1) || claims_.contains(vote.voter);
            if (is_known && vote.voter != accusation.member) voters.insert(vote.voter);
        }
        if (voters.empty()) return std::nullopt;
        const bool are_few = claims_.size() + 1 <= kQuorumExemptMembers;
        const bool is_credible = are_few || std::ranges::any_of(voters, [&](MemberId voter) {
                                     return !machine.is_unreliable(now, voter);
                                 });
        const Claim suspicion{accusation.incarnation, Status::suspect};
        if (!is_credible && believed(accusation.member) != suspicion) return std::nullopt;
        const bool is_quorum = is_credible && (voters.size() >= 2 || are_few);
        const bool is_death = accusation.status == Status::dead && is_quorum;
        return Claim{accusation.incarnation, is_death ? Status::dead : Status::suspect};
    }
    [[nodiscard]] std::optional<Claim> believed(MemberId member) const {
        const auto heard = claims_.find(member);
        if (heard == claims_.end()) return std::nullopt;
        return *std::ranges::max_element(heard->second);
    }

private:
    std::map<MemberId, std::vector<Claim>> claims_;
    std::map<MemberId, Incarnation> floors_;
};

constexpr std::uint64_t kMembers = 12;

/// One machine, one twin, and inputs drawn from a seed.
class Trial {
public:
    explicit Trial(std::uint64_t seed)
        : random_(seed), membership_(record_of(MemberId(1), 5), config()) {}

    void step() {
        const MemberId member(2 + random_.below(kMembers));
        const MemberId from(2 + random_.below(kMembers));
        const Incarnation incarnation(static_cast<std::uint32_t>(1 + random_.below(6)));
        now_ += 1ms * static_cast<int>(random_.below(400));
        switch (random_.below(9)) {
            case 0:
            case 1:
                hear_record(from, member, incarnation, random_.below(10) == 0);
                break;
            case 2:
                hear_accusation(from, member, {incarnation, Status::suspect});
                break;
            case 3:
                hear_accusation(from, member, {incarnation, Status::dead});
                break;
            case 4:
                miss(member);
                break;
            case 5:
                membership_.advance(now_);
                break;
            case 6:
                membership_.heard_from(now_, member);
                break;
            case 7:
                declare(member, incarnation);
                break;
            default:
                forget(member);
                break;
        }
        settle();
        membership_.check_invariants();
        compare();
    }

private:
    static ProtocolConfig config() {
        ProtocolConfig config;
        config.certificate_life = 24h;
        return config;
    }

    void hear_record(MemberId from, MemberId member, Incarnation incarnation, bool leaving) {
        const Status status = leaving ? Status::left : Status::alive;
        const bool is_ignored =
            !twin_.believed(member) && twin_.is_below_floor(member, incarnation);
        const auto before = twin_.believed(member);
        if (!is_ignored) twin_.claim(member, {incarnation, status});
        const bool was_news = membership_.handle_record(
            now_, from, record_of(member, incarnation.value(), 1, leaving));
        EXPECT_EQ(was_news, before != twin_.believed(member));
    }

    void hear_accusation(MemberId from, MemberId member, Claim claim) {
        wire::Accusation accusation{member, claim.first, claim.second, from, {}};
        for (auto count = random_.below(kVotesMax + 1); count > 0; --count) {
            // Ourselves, members, those who are none yet; the accused too.
            const wire::Vote vote{MemberId(1 + random_.below(kMembers + 2))};
            const auto twin = std::ranges::find(accusation.votes, vote.voter, &wire::Vote::voter);
            if (twin == accusation.votes.end()) accusation.votes.push_back(vote);
        }
        const auto weight = twin_.weigh(now_, membership_, accusation);
        if (weight && twin_.believed(member)) twin_.claim(member, *weight);
        membership_.handle_accusation(now_, from, accusation);
    }

    void declare(MemberId member, Incarnation incarnation) {
        const auto believed = twin_.believed(member);
        const wire::Vote vote{MemberId(2 + random_.below(kMembers))};
        if (believed && believed->first == incarnation && believed->second < Status::dead) {
            wire::Accusation accusation{
                member, incarnation, Status::dead, vote.voter, {vote, {MemberId(1)}}};
            if (membership_.is_flapping(now_, member)) accusation.status = Status::suspect;
            const auto weight = twin_.weigh(now_, membership_, accusation);
            if (weight) twin_.claim(member, *weight);
        }
        membership_.declared(now_, member, incarnation, {vote});
    }

    void miss(MemberId member) {
        const auto believed = twin_.believed(member);
        const auto weight =
            twin_.weigh(now_, membership_,
                        {member, Incarnation{}, Status::suspect, MemberId(1), {{MemberId(1)}}});
        if (believed && believed->second == Status::alive && weight) {
            twin_.claim(member, {believed->first, Status::suspect});
        }
        membership_.missed(now_, member);
    }

    void forget(MemberId member) {
        const auto believed = twin_.believed(member);
        const bool is_gone = believed && believed->second >= Status::dead;
        EXPECT_EQ(membership_.forget(now_, member), is_gone);
        if (is_gone) twin_.forget(member);
    }

    /// The detector's half: a last chance ends at once, one way or the other.
    void settle() {
        for (bool is_quiet = false; !is_quiet;) {
            is_quiet = true;
            for (const auto& action : drain(membership_)) {
                const auto* confirm = std::get_if<Membership::Confirm>(&action);
                if (!confirm) continue;
                is_quiet = false;
                const bool is_alive = random_.chance(0.5);
                if (!is_alive) {
                    twin_.claim(confirm->member,
                                {twin_.believed(confirm->member)->first, Status::dead});
                }
                membership_.confirmed(now_, confirm->member, is_alive);
            }
        }
    }

    void compare() {
        for (std::uint64_t id = 2; id < 2 + kMembers; ++id) {
            const Member* held = membership_.find(MemberId(id));
            const auto believed = twin_.believed(MemberId(id));
            ASSERT_EQ(held != nullptr, believed.has_value()) << id;
            if (!held) continue;
            ASSERT_EQ(held->incarnation, believed->first) << id;
            ASSERT_EQ(held->status, believed->second) << id;
        }
    }

    Random random_;
    Membership membership_;
    Twin twin_;
    Instant now_{};
};

TEST(MembershipModel, the_machine_believes_the_greatest_of_all_it_ever_heard) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Trial trial(seed);
        for (int step = 0; step < 2000 && !::testing::Test::HasFailure(); ++step) trial.step();
    }
}

TEST(MembershipModel, the_same_news_in_any_order_and_number_ends_in_the_same_view) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Random random(seed);
        std::vector<wire::RumorItem> news;
        for (int item = 0; item < 200; ++item) {
            const MemberId member(2 + random.below(kMembers));
            const auto incarnation = static_cast<std::uint32_t>(1 + random.below(5));
            if (random.chance(0.5)) {
                news.emplace_back(
                    record_of(member, incarnation, 1 + random.below(2), random.below(8) == 0));
            } else {
                const Status status = random.chance(0.5) ? Status::suspect : Status::dead;
                wire::Accusation accusation{member, Incarnation(incarnation), status, MemberId(2)};
                for (auto voter = 2 + random.below(3); voter < 5; ++voter) {
                    if (MemberId(voter) != member) accusation.votes.push_back({MemberId(voter)});
                }
                news.emplace_back(std::move(accusation));
            }
        }
        std::map<MemberId, std::tuple<Incarnation, Status, wire::SharedRecord>> views[2];
        for (auto& view : views) {
            // So short a period that nobody is unreliable: that depends on the order.
            ProtocolConfig config;
            config.probe_period = 1ns;
            Membership membership(record_of(MemberId(1), 1), config);
            Instant now{};
            // An accusation needs a record to be held against; after that the order is free.
            for (std::uint64_t id = 2; id < 2 + kMembers; ++id) {
                membership.handle_record(Instant{}, kNobody, record_of(MemberId(id), 0));
            }
            random.shuffle(std::span(news));
            for (int times = 0; times < 2; ++times) {
                for (const auto& item : news) {
                    now += 1ms;
                    if (const auto* record = std::get_if<wire::SharedRecord>(&item)) {
                        membership.handle_record(now, MemberId(2), *record);
                    } else {
                        membership.handle_accusation(now, MemberId(2),
                                                     std::get<wire::Accusation>(item));
                    }
                    drain(membership);
                }
            }
            membership.check_invariants();
            membership.for_each([&](const Member& member) {
                view[member.record->member] = {member.incarnation, member.status, member.record};
            });
        }
        for (auto& [member, held] : views[0]) {
            const auto& other = views[1].at(member);
            if (member == MemberId(1)) continue;
            EXPECT_EQ(std::get<0>(held), std::get<0>(other)) << seed;
            EXPECT_EQ(std::get<1>(held), std::get<1>(other)) << seed;
            EXPECT_EQ(*std::get<2>(held), *std::get<2>(other)) << seed;
        }
    }
}

}  // namespace
}  // namespace grapevine::protocol

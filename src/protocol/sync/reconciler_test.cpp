#include "protocol/sync/reconciler.hpp"

#include <gtest/gtest.h>
#include <set>

#include "base/random.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {
namespace {

wire::SyncEntry entry_of(std::uint64_t member, std::uint32_t incarnation = 1,
                         std::uint64_t version = 0) {
    return {MemberId(member), Incarnation(incarnation), Version{}, Version(version)};
}

TEST(Reconciler, equal_content_has_equal_fingerprints_in_whatever_order_it_came) {
    Random random(1);
    std::vector<wire::SyncEntry> entries;
    for (std::uint64_t id = 1; id <= 500; ++id) entries.push_back(entry_of(random.next()));
    Reconciler first;
    for (const auto& entry : entries) first.set(entry);
    random.shuffle(std::span(entries));
    Reconciler second;
    for (const auto& entry : entries) {
        second.set(entry_of(entry.member.value(), 7, 9));  // Older news, overwritten.
        second.set(entry);
    }
    EXPECT_EQ(first.root(), second.root());
    EXPECT_EQ(first.buckets(), second.buckets());
    EXPECT_TRUE(first.differing(second.buckets()).empty());
}

TEST(Reconciler, one_difference_shows_in_one_bucket_and_in_the_root) {
    Reconciler first;
    Reconciler second;
    for (std::uint64_t id = 1; id <= 1000; ++id) {
        first.set(entry_of(id));
        second.set(entry_of(id));
    }
    second.set(entry_of(77, 1, 3));
    EXPECT_NE(first.root(), second.root());
    EXPECT_EQ(first.differing(second.buckets()),
              std::vector<std::uint8_t>{Reconciler::bucket_of(MemberId(77))});
    second.erase(MemberId(77));
    EXPECT_EQ(first.differing(second.buckets()).size(), 1U);
    first.erase(MemberId(77));
    EXPECT_EQ(first.root(), second.root());
}

TEST(Reconciler, what_was_erased_leaves_nothing_behind) {
    Reconciler reconciler;
    for (std::uint64_t id = 1; id <= 200; ++id) reconciler.set(entry_of(id));
    for (std::uint64_t id = 1; id <= 200; ++id) reconciler.erase(MemberId(id));
    reconciler.erase(MemberId(4711));
    EXPECT_EQ(reconciler.root(), 0U);
    EXPECT_EQ(reconciler.entry_count(), 0U);
}

TEST(Reconciler, incarnation_and_version_count_and_collected_does_not) {
    wire::SyncEntry entry = entry_of(5, 2, 3);
    const std::uint64_t base = Reconciler::mix(entry);
    EXPECT_NE(base, Reconciler::mix(entry_of(5, 3, 2)));
    EXPECT_NE(base, Reconciler::mix(entry_of(5, 2, 4)));
    EXPECT_NE(base, Reconciler::mix(entry_of(6, 2, 3)));
    entry.collected = Version(2);
    EXPECT_EQ(base, Reconciler::mix(entry));
}

// Golden: other releases must compute the same.
TEST(Reconciler, the_fingerprint_is_part_of_the_protocol) {
    EXPECT_EQ(Reconciler::mix(entry_of(1, 2, 3)), 15'020'427'595'393'229'491U);
    EXPECT_EQ(Reconciler::bucket_of(MemberId(1)), 36);
}

TEST(Reconciler, neighbouring_ids_spread_over_all_buckets) {
    std::set<std::uint8_t> used;
    for (std::uint64_t id = 1; id <= 1000; ++id) used.insert(Reconciler::bucket_of(MemberId(id)));
    EXPECT_EQ(used.size(), wire::kSyncBuckets);
}

TEST(Reconciler, sections_fit_their_budget_and_cover_the_range_without_gap_or_overlap) {
    Reconciler reconciler;
    Random random(3);
    for (int member = 0; member < 20'000; ++member) {
        reconciler.set(entry_of(random.next(), 1, random.below(100'000)));
    }
    for (std::uint8_t bucket = 0; bucket < wire::kSyncBuckets; ++bucket) {
        const auto sections = reconciler.entries_of(bucket, 1000);
        ASSERT_GT(sections.size(), 1U);
        EXPECT_EQ(sections.front().after, kNobody);
        EXPECT_EQ(sections.back().up_to, MemberId(UINT64_MAX));
        std::vector<MemberId> seen;
        for (std::size_t at = 0; at < sections.size(); ++at) {
            const wire::SyncEntries& section = sections[at];
            EXPECT_LE(wire::encoded_size(wire::Section(section)), 1000U);
            if (at > 0) {
                EXPECT_EQ(section.after, sections[at - 1].up_to);
            }
            for (const auto& entry : section.entries) {
                EXPECT_GT(entry.member, section.after);
                EXPECT_LE(entry.member, section.up_to);
                seen.push_back(entry.member);
            }
        }
        EXPECT_EQ(seen, reconciler.ids_in(bucket));
    }
}

TEST(Reconciler, an_empty_bucket_says_that_it_is_empty) {
    const auto sections = Reconciler().entries_of(9, 1000);
    ASSERT_EQ(sections.size(), 1U);
    EXPECT_EQ(sections[0], (wire::SyncEntries{9, kNobody, MemberId(UINT64_MAX), {}}));
}

TEST(Reconciler, find_gives_what_was_set_last) {
    Reconciler reconciler;
    reconciler.set(entry_of(4, 1, 1));
    reconciler.set(entry_of(4, 2, 9));
    ASSERT_NE(reconciler.find(MemberId(4)), nullptr);
    EXPECT_EQ(*reconciler.find(MemberId(4)), entry_of(4, 2, 9));
    EXPECT_EQ(reconciler.find(MemberId(5)), nullptr);
}

}  // namespace
}  // namespace grapevine::protocol

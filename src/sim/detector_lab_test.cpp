#include "sim/detector_lab.hpp"

#include <gtest/gtest.h>

namespace grapevine::sim {
namespace {

using namespace std::chrono_literals;
using protocol::DetectorKind;

DetectorLab small_lab() {
    DetectorLab lab;
    lab.members = 8;
    lab.crashes = 3;
    lab.calm = 10s;
    return lab;
}

TEST(DetectorLab, every_detector_finds_every_crash_and_nobody_else) {
    for (const DetectorKind detector :
         {DetectorKind::rings, DetectorKind::swim, DetectorKind::heartbeat, DetectorKind::phi}) {
        const DetectorCell cell = measure(small_lab(), detector, {});
        const auto name = protocol::kDetectorNames[static_cast<std::size_t>(detector)];
        EXPECT_EQ(cell.crashes, 3U) << name;
        EXPECT_EQ(cell.unnoticed, 0U) << name;
        EXPECT_EQ(cell.last.size(), 3U) << name;
        EXPECT_EQ(cell.false_deaths, 0U) << name;
        EXPECT_GT(cell.bytes_per_second, 100) << name;
        EXPECT_LT(cell.bytes_per_second, 5000) << name;
        EXPECT_LE(cell.first.back(), cell.last.back()) << name;
    }
}

TEST(DetectorLab, heartbeats_are_patient_for_as_long_as_they_say) {
    DetectorLab lab = small_lab();
    lab.adjust = [](protocol::ProtocolConfig& config) { config.heartbeat_fail = 10s; };
    const DetectorCell cell = measure(lab, DetectorKind::heartbeat, {});
    ASSERT_FALSE(cell.first.empty());
    EXPECT_GE(cell.first.front(), 9s);
    EXPECT_LE(cell.last.back(), 14s);
}

TEST(DetectorLab, equal_seeds_give_equal_cells) {
    const LabCondition condition{0.1, 300ms};
    const DetectorCell first = measure(small_lab(), DetectorKind::phi, condition);
    const DetectorCell second = measure(small_lab(), DetectorKind::phi, condition);
    EXPECT_EQ(first.last, second.last);
    EXPECT_EQ(first.bytes_per_second, second.bytes_per_second);
    EXPECT_EQ(first.suspicions, second.suspicions);
}

TEST(DetectorLab, quantiles_are_values_that_were_measured) {
    EXPECT_EQ(quantile_of({}, 0.5), 0s);
    EXPECT_EQ(quantile_of({1s}, 0.99), 1s);
    EXPECT_EQ(quantile_of({1s, 2s, 3s}, 0.5), 2s);
    EXPECT_EQ(quantile_of({1s, 2s, 3s}, 1), 3s);
}

}  // namespace
}  // namespace grapevine::sim

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/lab/run.hpp"
#include "sim/lab/theory.hpp"

namespace grapevine::cli {

/// What a run measured, once per round.
struct LabSeries {
    struct Row {
        std::int64_t at_ms = 0;
        double round = 0;
        std::vector<sim::lab::Point> points;
    };
    std::vector<Row> rows;
};

/// Runs to the end and keeps a row per interval; with more than kLabRowsMax intervals one per
/// several.
LabSeries run_and_measure(sim::lab::Run& run);
inline constexpr std::int64_t kLabRowsMax = 10'000;

/// The curve of what the experiment is about, and the theory's behind it.
std::string lab_svg(const sim::lab::Run& run, const LabSeries& series);

}  // namespace grapevine::cli

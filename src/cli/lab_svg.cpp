#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <utility>

#include "cli/lab_run.hpp"

// The picture of a run. Nothing but lines and text, so that every browser and every editor of
// pictures shows it.
namespace grapevine::cli {

namespace lab = sim::lab;

namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 420;
constexpr double kLeft = 72;
constexpr double kTop = 48;
constexpr double kRight = 24;
constexpr double kBottom = 56;
constexpr int kTicks = 5;
/// Below this a variance is nothing but the last digits of numbers.
constexpr double kSmallest = 1e-30;

using Curve = std::vector<std::pair<double, double>>;

/// What each experiment is about.
std::string_view measure_of(lab::Kind kind) {
    constexpr std::string_view kMeasures[] = {"infected", "joined", "different",
                                              "relative_variance", "joined"};
    return kMeasures[static_cast<std::size_t>(kind)];
}

class Chart {
public:
    Chart(Curve measured, Curve expected, bool is_logarithmic)
        : measured_(std::move(measured)),
          expected_(std::move(expected)),
          is_logarithmic_(is_logarithmic) {
        for (auto* curve : {&measured_, &expected_}) {
            for (auto& [x, y] : *curve) {
                if (is_logarithmic_) y = std::log10(std::max(y, kSmallest));
            }
        }
        x_end_ = std::max(1.0, measured_.back().first);
        std::erase_if(expected_, [this](const auto& point) { return point.first > x_end_; });
        y_end_ = is_logarithmic_ ? 0 : 1;
        for (const auto& [x, y] : measured_) {
            y_begin_ = std::min(y_begin_, y);
            y_end_ = std::max(y_end_, y);
        }
    }

    [[nodiscard]] std::string draw(std::string_view title, std::string_view measure) {
        put(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" )"
            R"(viewBox="0 0 {0:.0f} {1:.0f}" font-family="sans-serif" font-size="12">)"
            "\n",
            kWidth, kHeight);
        put("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        put("<text x=\"{:.0f}\" y=\"24\" font-size=\"14\">{}: {}{}</text>\n", kLeft, title, measure,
            is_logarithmic_ ? " (log10)" : "");
        draw_axes();
        draw_curve(expected_, R"(stroke="#e69f00" stroke-dasharray="6 4")");
        draw_curve(measured_, R"(stroke="#0072b2")");
        put("<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"#0072b2\">measured</text>\n", kLeft,
            kHeight - 12);
        if (!expected_.empty()) {
            put("<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"#b07000\">theory</text>\n", kLeft + 90,
                kHeight - 12);
        }
        out_ += "</svg>\n";
        return std::move(out_);
    }

private:
    template <typename... Values>
    void put(fmt::format_string<Values...> format, Values&&... values) {
        out_ += fmt::format(format, std::forward<Values>(values)...);
    }
    [[nodiscard]] double x_of(double x) const {
        return kLeft + x / x_end_ * (kWidth - kLeft - kRight);
    }
    [[nodiscard]] double y_of(double y) const {
        return kTop + (y_end_ - y) / (y_end_ - y_begin_) * (kHeight - kTop - kBottom);
    }

    void draw_axes() {
        for (int tick = 0; tick <= kTicks; ++tick) {
            const double x = x_end_ * tick / kTicks;
            const double y = y_begin_ + (y_end_ - y_begin_) * tick / kTicks;
            put(R"(<line x1="{0:.1f}" y1="{2:.1f}" x2="{1:.1f}" y2="{2:.1f}" stroke="#dddddd"/>)"
                "\n",
                x_of(0), x_of(x_end_), y_of(y));
            put("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"#666666\" text-anchor=\"end\">{:.3g}"
                "</text>\n",
                kLeft - 8, y_of(y) + 4, y);
            put("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"#666666\" text-anchor=\"middle\">{:.3g}"
                "</text>\n",
                x_of(x), kHeight - kBottom + 18, x);
        }
        put("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"#666666\" text-anchor=\"end\">rounds</text>\n",
            kWidth - kRight, kHeight - 12);
    }

    void draw_curve(const Curve& curve, std::string_view style) {
        if (curve.empty()) return;
        std::string path;
        for (const auto& [x, y] : curve) {
            const double shown = std::clamp(y, y_begin_, y_end_);
            path +=
                fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M " : " L ", x_of(x), y_of(shown));
        }
        put("<path d=\"{}\" fill=\"none\" stroke-width=\"2\" {}/>\n", path, style);
    }

    Curve measured_;
    Curve expected_;
    bool is_logarithmic_;
    double x_end_ = 1;
    double y_begin_ = 0;
    double y_end_ = 1;
    std::string out_;
};

}  // namespace

std::string lab_svg(const lab::Run& run, const LabSeries& series) {
    const lab::Kind kind = run.settings().kind();
    const std::string_view measure = measure_of(kind);
    Curve measured;
    for (const LabSeries::Row& row : series.rows) {
        for (const lab::Point& point : row.points) {
            if (point.name == measure) measured.emplace_back(row.round, point.value);
        }
    }
    const lab::Theory theory = lab::theory_of(run.settings());
    return Chart(std::move(measured), theory.curve, kind == lab::Kind::average)
        .draw(run.settings().experiment().title, measure);
}

}  // namespace grapevine::cli

#include "cli/demo_view.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <ostream>

namespace grapevine::cli {

namespace {

constexpr Duration kNewsPeriod = std::chrono::seconds(2);

std::string mark_of(const std::string& status, const Paint& paint) {
    const std::string_view mark = status == "alive"     ? "+"
                                  : status == "suspect" ? "?"
                                  : status == "dead"    ? "x"
                                  : status == "left"    ? "-"
                                                        : ".";
    return paint(status.empty() ? Style::dim : style_of_status(status), mark);
}

std::string matrix(const DemoPicture& picture, const Paint& paint) {
    std::vector<Table::Column> columns = {{""}, {"API"}, {"sees"}};
    for (const std::string& name : picture.names) columns.push_back({name, Table::Align::right});
    Table table(std::move(columns));
    for (std::size_t row = 0; row < picture.names.size(); ++row) {
        const bool is_up = !picture.addresses[row].empty();
        std::vector<std::string> cells = {
            paint(Style::strong, picture.names[row]),
            is_up ? picture.addresses[row] : paint(Style::bad, "down"), ""};
        for (const Sighting& sighting : picture.sightings[row]) {
            cells.push_back(is_up ? mark_of(sighting.status, paint) : std::string());
        }
        table.add(std::move(cells));
    }
    return table.render(paint);
}

std::string milliseconds(Duration duration) {
    return fmt::format("{:.1f} ms", std::chrono::duration<double, std::milli>(duration).count());
}

}  // namespace

std::string render_counts(const TrafficCounts& counts) {
    std::string text =
        fmt::format("{} events published, {} of {} delivered, {} gaps", counts.published,
                    counts.delivered, counts.expected, counts.gaps);
    if (counts.latency_median) {
        text +=
            fmt::format(", half within {}, 99 % within {}", milliseconds(*counts.latency_median),
                        milliseconds(counts.latency_p99.value_or(Duration::zero())));
    }
    return text;
}

std::string render_views(const std::vector<std::vector<Sighting>>& sightings) {
    std::size_t alive = 0;
    for (const auto& row : sightings) {
        alive += static_cast<std::size_t>(std::ranges::count_if(
            row, [](const Sighting& sighting) { return sighting.status == "alive"; }));
    }
    return fmt::format("{} of {}", alive, sightings.size() * sightings.size());
}

std::string render(const DemoPicture& picture, const Paint& paint) {
    std::string text = paint(Style::strong, picture.title) + "\n\n";
    text += matrix(picture, paint);
    text += paint(Style::dim, "+ alive  ? suspect  x dead  - left  . not known") + "\n\n";
    text += render_counts(picture.counts) + "\n\n";
    for (const std::string& line : picture.story) text += line + "\n";
    if (!picture.waiting_for.empty()) {
        text += paint(Style::dim, picture.waiting_for + " ...") + "\n";
    }
    if (!picture.hints.empty()) text += "\n";
    for (const std::string& line : picture.hints) text += line + "\n";
    return text;
}

void DemoView::show(const DemoPicture& picture, Instant now) {
    if (is_terminal_) {
        in_place_.show(out_, render(picture, paint_));
    } else {
        show_news(picture, now);
    }
    out_.flush();
}

void DemoView::show_news(const DemoPicture& picture, Instant now) {
    if (story_shown_ == 0 && waiting_shown_.empty()) out_ << picture.title << "\n";
    for (; story_shown_ < picture.story.size(); ++story_shown_) {
        out_ << picture.story[story_shown_] << "\n";
    }
    if (picture.waiting_for != waiting_shown_) {
        if (!picture.waiting_for.empty()) out_ << picture.waiting_for << " ...\n";
        waiting_shown_ = picture.waiting_for;
    }
    if (!has_shown_hints_ && !picture.hints.empty()) {
        for (const std::string& line : picture.hints) out_ << line << "\n";
        has_shown_hints_ = true;
    }
    if (now - counts_shown_at_ < kNewsPeriod || picture.counts.published == 0) return;
    counts_shown_at_ = now;
    out_ << fmt::format("        {}; {} views alive\n", render_counts(picture.counts),
                        render_views(picture.sightings));
}

}  // namespace grapevine::cli

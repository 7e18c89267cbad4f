#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/demo_traffic.hpp"
#include "cli/in_place.hpp"
#include "cli/text.hpp"

namespace grapevine::cli {

/// What the demo looks like at one moment.
struct DemoPicture {
    std::string title;
    std::vector<std::string> names;      ///< d1, d2, ...
    std::vector<std::string> addresses;  ///< Of the HTTP APIs; empty while a daemon is down.
    std::vector<std::vector<Sighting>> sightings;
    TrafficCounts counts;
    std::vector<std::string> story;  ///< What has happened so far, a line each.
    std::string waiting_for;         ///< What happens now.
    std::vector<std::string> hints;  ///< What one can try.
};

/// The whole picture, lines ending with a line feed.
std::string render(const DemoPicture& picture, const Paint& paint);

/// "12 events published, 60 of 60 delivered, 0 gaps, half within 1.2 ms, 99 % within 4.0 ms"
std::string render_counts(const TrafficCounts& counts);

/// How many cells of the matrix say alive, out of those that count: "25 of 25".
std::string render_views(const std::vector<std::vector<Sighting>>& sightings);

/// Draws in place on a terminal; elsewhere it prints what is new, and now and then the counts.
class DemoView {
public:
    DemoView(std::ostream& out, bool is_terminal, Paint paint)
        : out_(out), is_terminal_(is_terminal), paint_(paint) {}

    void show(const DemoPicture& picture, Instant now);

private:
    void show_news(const DemoPicture& picture, Instant now);

    std::ostream& out_;
    bool is_terminal_;
    Paint paint_;
    InPlace in_place_;
    std::size_t story_shown_ = 0;
    bool has_shown_hints_ = false;
    std::string waiting_shown_;
    Instant counts_shown_at_{};
};

}  // namespace grapevine::cli

#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/text.hpp"

namespace grapevine::cli {

/// What happened lately that a picture keeps in view.
inline constexpr std::size_t kTopStoryLines = 8;

/// An overlay as `grapevine top` shows it, put together from the daemon's answers. Pure: whoever
/// asks the daemon gives the answers and the time.
class TopView {
public:
    struct Rates {
        double received_bytes = 0;  ///< All per second.
        double sent_bytes = 0;
        double received_datagrams = 0;
        double sent_datagrams = 0;
        double events_published = 0;
        double events_delivered = 0;
    };

    /// `overlay`: GET /v1/overlays/O. `members`: GET .../members. Rates are those since the answer
    /// before; zero after the first, and when the daemon's counters have begun anew.
    void update(Instant now, const boost::json::value& overlay, const boost::json::value& members);

    /// Items of GET .../events as a page.
    void add_news(const boost::json::value& page);

    [[nodiscard]] const Rates& rates() const { return rates_; }

    /// At most `rows` lines (0: no limit); members that are not well come first, and how many were
    /// left out is said.
    [[nodiscard]] std::string render(const Paint& paint, std::size_t rows) const;

    /// The same for a script.
    [[nodiscard]] boost::json::value to_json() const;

private:
    [[nodiscard]] std::string head(const Paint& paint) const;
    [[nodiscard]] std::string member_table(const Paint& paint, std::size_t rows) const;
    void note(std::string line);

    boost::json::value overlay_;
    std::vector<boost::json::value> members_;  ///< Those in trouble first, then by name.
    std::optional<Instant> updated_at_;
    Rates rates_;
    std::deque<std::string> story_;  ///< Oldest first, kTopStoryLines.
};

}  // namespace grapevine::cli

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/encode.hpp"
#include "api/text.hpp"
#include "control/control.hpp"

namespace grapevine::api {

/// Where a reader begins.
struct FeedStart {
    enum class From : std::uint8_t { oldest, now };
    From from = From::now;
    std::optional<Cursor> cursor;  ///< Goes before `from`.
};

/// `cursor` and `from` as clients wrote them: at most one of the two.
[[nodiscard]] Outcome<FeedStart> parse_feed_start(const std::optional<std::string>& cursor,
                                                  const std::optional<std::string>& from,
                                                  std::string_view cursor_field);

/// One reader of one log, by pulling: pages, server-sent events and WebSockets are made of it.
///
/// A cursor names the place *after* the item that carried it, so a reader that gives back the last
/// one it saw continues without loss and without repetition. A cursor of another life of the log,
/// or beyond its end, cannot be placed: the reader gets an explicit `missed` item (how much, nobody
/// knows) and continues with the oldest item held, because to see something twice can be noticed
/// by its id, and to miss it cannot. Items that fell out of the log are reported the same way, with
/// their number (of all items, whatever the filter).
class Feed {
public:
    Feed(const std::shared_ptr<control::Log>& log, control::Log::Filter filter,
         const FeedStart& start, std::optional<std::string> subscription);

    /// The next items; empty when there are none. At most `items_max` of the log and one `missed`.
    [[nodiscard]] std::vector<StreamItem> read(std::size_t items_max, std::size_t bytes_max);

    /// Where to read on after all that `read` has given.
    [[nodiscard]] std::string cursor() const;
    [[nodiscard]] bool is_at_end() const;
    /// What the reader calls it; nothing where there is only one.
    [[nodiscard]] const std::optional<std::string>& subscription() const { return subscription_; }

private:
    std::shared_ptr<const control::Log> log_;
    std::shared_ptr<void> interest_;  ///< While we read, events of our topics are wanted here.
    control::Log::Filter filter_;
    std::optional<std::string> subscription_;
    std::string life_;
    std::uint64_t offset_ = 0;
    bool has_lost_position_ = false;
};

}  // namespace grapevine::api

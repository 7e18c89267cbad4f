#include "api/feed.hpp"

#include <array>
#include <cassert>
#include <fmt/core.h>

#include "base/nearest.hpp"

namespace grapevine::api {

Outcome<FeedStart> parse_feed_start(const std::optional<std::string>& cursor,
                                    const std::optional<std::string>& from,
                                    std::string_view cursor_field) {
    FeedStart start;
    if (cursor && from) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "both a cursor and from are given",
                                       "a cursor says where to begin: leave out from", "from"});
    }
    if (cursor) {
        start.cursor = GV_TRY(parse_cursor(*cursor, cursor_field));
    } else if (from == "oldest") {
        start.from = FeedStart::From::oldest;
    } else if (from && from != "now") {
        static constexpr std::array<std::string_view, 2> kPlaces = {"oldest", "now"};
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       fmt::format("\"{}\" is no place to begin", *from),
                                       nearest_cure(*from, kPlaces), "from"});
    }
    return start;
}

Feed::Feed(const std::shared_ptr<control::Log>& log, control::Log::Filter filter,
           const FeedStart& start, std::optional<std::string> subscription)
    : log_(log),
      interest_(filter.topics.empty() ? nullptr : log->want(filter.topics)),
      filter_(std::move(filter)),
      subscription_(std::move(subscription)),
      life_(log_->life()) {
    if (!start.cursor) {
        offset_ = start.from == FeedStart::From::oldest ? log_->oldest() : log_->next();
        return;
    }
    has_lost_position_ = start.cursor->life != life_ || start.cursor->offset > log_->next();
    offset_ = has_lost_position_ ? log_->oldest() : start.cursor->offset;
}

std::vector<StreamItem> Feed::read(std::size_t items_max, std::size_t bytes_max) {
    std::vector<StreamItem> items;
    if (has_lost_position_) {
        has_lost_position_ = false;
        items.push_back(
            encode_missed(MissedReason::unknown_position, std::nullopt, cursor(), subscription_));
    }
    // A read may pass over a stretch in which nothing passes the filter: go on until something
    // does.
    bool has_items = false;
    while (!has_items && !is_at_end()) {
        const control::Log::Page page = log_->read(offset_, filter_, items_max, bytes_max);
        if (page.missed > 0) {
            offset_ += page.missed;
            items.push_back(
                encode_missed(MissedReason::overrun, page.missed, cursor(), subscription_));
        }
        for (const auto& item : page.items)
            items.push_back(encode_item(*item, life_, subscription_));
        has_items = !items.empty();
        if (page.next <= offset_) break;
        offset_ = page.next;
    }
    return items;
}

std::string Feed::cursor() const {
    return to_string(Cursor{life_, offset_});
}

bool Feed::is_at_end() const {
    return !has_lost_position_ && offset_ >= log_->next();
}

}  // namespace grapevine::api

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/token_book.hpp"
#include "base/time.hpp"
#include "control/control.hpp"

// Values into JSON, one line, always valid UTF-8 whatever other members put into their names and
// records. The shapes are the schemas of the OpenAPI document; a test holds both together.
namespace grapevine::api {

[[nodiscard]] std::string encode(const control::InfoView& info);
[[nodiscard]] std::string encode(const control::OverlayView& overlay);
[[nodiscard]] std::string encode(const std::vector<control::OverlayView>& overlays);
[[nodiscard]] std::string encode(const control::MemberView& member);
[[nodiscard]] std::string encode(const control::RoundTripView& view);
[[nodiscard]] std::string encode(const control::ReachabilityView& view);
/// `matched` is how many there are; more than `members` when a limit cut the list.
[[nodiscard]] std::string encode(const std::vector<control::MemberView>& members,
                                 std::size_t matched);
[[nodiscard]] std::string encode(const control::RecordView& record);
[[nodiscard]] std::string encode(const control::KeyValue& item);
[[nodiscard]] std::string encode(const control::PublishReceipt& receipt);
[[nodiscard]] std::string encode(const control::TraceView& view);
[[nodiscard]] std::string encode(const control::StateEntryView& entry);
[[nodiscard]] std::string encode(const control::StatePage& page);
[[nodiscard]] std::string encode(const control::TableView& view);
/// What `decode_aggregate` reads; without the name.
[[nodiscard]] std::string encode(const control::AggregateSpec& spec);
[[nodiscard]] std::string encode(const control::AggregateView& view);
[[nodiscard]] std::string encode(const std::vector<control::AggregateView>& views);
[[nodiscard]] std::string encode(const control::EstimateView& view);
[[nodiscard]] std::string encode(const control::QueryAnswer& answer);
[[nodiscard]] std::string encode(const control::QueryEnd& end);
/// The two together, as one document.
[[nodiscard]] std::string encode(const std::vector<control::QueryAnswer>& answers,
                                 const control::QueryEnd& end);
[[nodiscard]] std::string encode(const control::QueryCall& call);
[[nodiscard]] std::string encode_serving(std::string_view name);

[[nodiscard]] std::string encode_invitation(std::string_view token);
[[nodiscard]] std::string encode_health();
[[nodiscard]] std::string encode_readiness();
/// `token` only in the answer that shows it, once.
[[nodiscard]] std::string encode(const TokenEntry& entry, std::optional<std::string_view> token);
[[nodiscard]] std::string encode(const std::vector<TokenEntry>& entries);

// -- Streams --

/// One item as it stands in a stream: `json` is complete, `kind` and `cursor` repeat what it says.
struct StreamItem {
    std::string kind;    ///< event, gap, member, record, state, missed, ...
    std::string cursor;  ///< Where to read on after it.
    std::string json;
};

/// `subscription` is named in the item when there is one.
[[nodiscard]] StreamItem encode_item(const control::LogItem& item, const std::string& life,
                                     std::optional<std::string_view> subscription);

enum class MissedReason : std::uint8_t {
    unknown_position,  ///< The cursor is of another life of the log: how much is not known.
    overrun,           ///< The items fell out of the bounded log before they were read.
};
[[nodiscard]] StreamItem encode_missed(MissedReason reason, std::optional<std::uint64_t> missed,
                                       std::string cursor,
                                       std::optional<std::string_view> subscription);

/// {"items": [...], "next": cursor}; the items are complete JSON.
[[nodiscard]] std::string encode_page(const std::vector<StreamItem>& items,
                                      std::string_view next_cursor);

// Messages of a WebSocket, and the last item of a stream.
[[nodiscard]] std::string encode_ended(std::string_view reason);
[[nodiscard]] std::string encode_heartbeat();
[[nodiscard]] std::string encode_subscribed(std::string_view id, std::string_view cursor);
[[nodiscard]] std::string encode_unsubscribed(std::string_view id);
[[nodiscard]] std::string encode_published(std::string_view id,
                                           const control::PublishReceipt& receipt);
/// `problem` is complete JSON.
[[nodiscard]] std::string encode_error(std::string_view id, std::string_view problem);

}  // namespace grapevine::api

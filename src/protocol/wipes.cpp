// What notices of kind wipe say. See notices.hpp and FORMAT.md, section 7.2.

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/reader.hpp"
#include "protocol/notices.hpp"

namespace grapevine::protocol {
namespace {

constexpr std::uint8_t kForm = 1;
/// A stamp has its milliseconds above this many bits of a counter.
constexpr unsigned kCounterBits = 16;

}  // namespace

WallTime wall_of(Stamp stamp) {
    return WallTime{static_cast<std::int64_t>(stamp.value() >> kCounterBits)};
}

Stamp stamp_of(WallTime wall) {
    constexpr std::int64_t kMax = std::int64_t{1} << 47U;
    const auto milliseconds = std::clamp(wall.unix_ms, std::int64_t{0}, kMax);
    return Stamp(static_cast<std::uint64_t>(milliseconds) << kCounterBits);
}

bool is_wipe_part(std::string_view part) {
    if (part.size() > kNoticeNameBytesMax) return false;
    if (part == kRecordsPart || part == kEventsPart || part == kStatePart) return true;
    return part.starts_with(kStatePrefixPart) && part.size() > kStatePrefixPart.size() &&
           std::ranges::none_of(part, [](char letter) {
               const auto byte = static_cast<unsigned char>(letter);
               return byte < 0x20 || byte == 0x7f;
           });
}

Bytes encode_wipe(Stamp before) {
    Bytes body;
    Writer writer(body);
    writer.integer(kForm);
    writer.integer(before.value());
    return body;
}

std::optional<WipeOrder> wipe_of(const wire::Notice& notice) {
    const bool is_wipe = notice.kind == static_cast<std::uint8_t>(wire::NoticeKind::wipe);
    if (!is_wipe || !is_wipe_part(notice.name)) return std::nullopt;
    Reader reader(notice.body);
    const auto form = reader.integer<std::uint8_t>("wipe.form");
    const auto before = reader.integer<std::uint64_t>("wipe.before");
    if (!form || *form != kForm || !before || !reader.at_end()) return std::nullopt;
    return WipeOrder{notice.name, notice.epoch, Stamp(*before)};
}

std::vector<WipeOrder> Notices::wipes() const {
    std::vector<WipeOrder> orders;
    for (const auto& [key, notice] : notices_) {
        if (auto order = wipe_of(*notice)) orders.push_back(std::move(*order));
    }
    return orders;
}

Stamp Notices::wiped_before(std::string_view part) const {
    const wire::Notice* notice = find(wire::NoticeKind::wipe, part);
    const auto order = notice == nullptr ? std::nullopt : wipe_of(*notice);
    return order ? order->before : Stamp{};
}

}  // namespace grapevine::protocol

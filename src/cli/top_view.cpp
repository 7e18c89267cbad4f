#include "cli/top_view.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>
#include <tuple>

#include "cli/json.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

/// Lines that a picture has beside its members and its story: the head, blanks, titles.
constexpr std::size_t kFixedLines = 9;
constexpr std::size_t kMemberLinesMin = 3;

std::int64_t counter(const json::value& overlay, std::string_view name) {
    return number_at(value_at(overlay, "counters"), name);
}

/// Who needs to be looked at first.
int concern_of(const json::value& member) {
    const std::string status = text_at(member, "status");
    return status == "suspect" ? 0 : status == "dead" ? 1 : status == "alive" ? 2 : 3;
}

std::string health_of(std::int64_t local_health, const Paint& paint) {
    if (local_health == 0) return paint(Style::good, "well");
    return paint(Style::warning, fmt::format("slow ({} of 8)", local_health));
}

std::string round_trip_of(const json::value& member) {
    if (value_at(member, "rtt_us").is_null()) return {};
    return format_round_trip(number_at(member, "rtt_us"));
}

/// Empty for what is no news to somebody who watches: records, settled views.
std::string news_line(const json::value& item) {
    const std::string type = text_at(item, "type");
    const std::string when = format_wall_time(number_at(item, "seen_at_ms"));
    if (type == "member") {
        return fmt::format("{}  {:<10} {}", when, safe_text(text_at(item, "kind")),
                           safe_text(text_at(value_at(item, "member"), "name")));
    }
    if (type == "members") {
        return fmt::format("{}  {:<10} {} members", when, safe_text(text_at(item, "kind")),
                           items_at(item, "members").size());
    }
    return {};
}

}  // namespace

void TopView::update(Instant now, const json::value& overlay, const json::value& members) {
    const double seconds =
        updated_at_ ? std::chrono::duration<double>(now - *updated_at_).count() : 0;
    const auto rate = [&](std::string_view name) {
        const auto change = counter(overlay, name) - counter(overlay_, name);
        return seconds > 0 && change > 0 ? static_cast<double>(change) / seconds : 0;
    };
    rates_ = {rate("received_bytes_total"),     rate("sent_bytes_total"),
              rate("datagrams_received_total"), rate("datagrams_sent_total"),
              rate("events_published_total"),   rate("events_delivered_total")};
    overlay_ = overlay;
    updated_at_ = now;
    const json::array& listed = items_at(members, "members");
    members_.assign(listed.begin(), listed.end());
    std::ranges::sort(members_, {}, [](const json::value& member) {
        return std::tuple(concern_of(member), text_at(member, "name"), text_at(member, "id"));
    });
}

void TopView::add_news(const json::value& page) {
    for (const json::value& item : items_at(page, "items")) {
        if (std::string line = news_line(item); !line.empty()) note(std::move(line));
    }
}

void TopView::note(std::string line) {
    if (story_.size() >= kTopStoryLines) story_.pop_front();
    story_.push_back(std::move(line));
}

std::string TopView::head(const Paint& paint) const {
    const auto count = [&](std::string_view status, Style style) {
        const auto number = number_at(overlay_, fmt::format("members_{}", status));
        const std::string text = fmt::format("{} {}", number, status);
        return number > 0 ? paint(style, text) : paint(Style::dim, text);
    };
    std::string text = fmt::format("{}  {}  detector {}  view {}\n",
                                   paint(Style::strong, safe_text(text_at(overlay_, "name"))),
                                   safe_text(text_at(overlay_, "protocol")),
                                   safe_text(text_at(overlay_, "detector")),
                                   safe_text(text_at(overlay_, "view_fingerprint")));
    text += fmt::format("members   {}   {}   {}   {}   this one is {}\n",
                        count("alive", Style::good), count("suspect", Style::warning),
                        count("dead", Style::bad), count("left", Style::dim),
                        health_of(number_at(overlay_, "local_health"), paint));
    text += fmt::format(
        "traffic   in {}/s ({:.0f} datagrams)   out {}/s ({:.0f} datagrams)\n",
        format_bytes(static_cast<std::uint64_t>(rates_.received_bytes)), rates_.received_datagrams,
        format_bytes(static_cast<std::uint64_t>(rates_.sent_bytes)), rates_.sent_datagrams);
    text += fmt::format("events    {:.1f}/s published here   {:.1f}/s delivered\n",
                        rates_.events_published, rates_.events_delivered);
    const json::value& pressure = value_at(overlay_, "pressure");
    if (pressure.is_object()) {
        text += paint(Style::warning, fmt::format("slowed    {} is behind by {} events",
                                                  safe_text(text_at(pressure, "member_name")),
                                                  text_at(pressure, "backlog"))) +
                "\n";
    }
    return text;
}

std::string TopView::member_table(const Paint& paint, std::size_t rows) const {
    Table table({{"MEMBER"},
                 {"STATUS"},
                 {"FOR", Table::Align::right},
                 {"ROUND TRIP", Table::Align::right},
                 {"PATH"},
                 {"LABELS"}});
    const std::size_t shown = std::min(rows, members_.size());
    for (std::size_t index = 0; index < shown; ++index) {
        const json::value& member = members_[index];
        const std::string status = text_at(member, "status");
        table.add({safe_text(text_at(member, "name")), paint(style_of_status(status), status),
                   format_age(number_at(member, "status_age_ms")), round_trip_of(member),
                   text_at(member, "path"), safe_text(pairs_at(member, "labels"))});
    }
    std::string text = table.render(paint);
    if (shown < members_.size()) {
        text += paint(Style::dim, fmt::format("and {} more", members_.size() - shown)) + "\n";
    }
    return text;
}

std::string TopView::render(const Paint& paint, std::size_t rows) const {
    const std::size_t taken = kFixedLines + story_.size();
    const std::size_t left = rows > taken ? rows - taken : 0;
    const std::size_t for_members = rows == 0 ? members_.size() : std::max(left, kMemberLinesMin);
    std::string text = head(paint) + "\n" + member_table(paint, for_members);
    if (!story_.empty()) text += "\n" + paint(Style::dim, "lately") + "\n";
    for (const std::string& line : story_) text += line + "\n";
    return text;
}

json::value TopView::to_json() const {
    json::object rates;
    rates["received_bytes"] = rates_.received_bytes;
    rates["sent_bytes"] = rates_.sent_bytes;
    rates["received_datagrams"] = rates_.received_datagrams;
    rates["sent_datagrams"] = rates_.sent_datagrams;
    rates["events_published"] = rates_.events_published;
    rates["events_delivered"] = rates_.events_delivered;
    json::array members(members_.begin(), members_.end());
    json::array story;
    for (const std::string& line : story_) story.emplace_back(line);
    return json::object{{"overlay", overlay_},
                        {"rates_per_second", std::move(rates)},
                        {"members", std::move(members)},
                        {"lately", std::move(story)}};
}

}  // namespace grapevine::cli

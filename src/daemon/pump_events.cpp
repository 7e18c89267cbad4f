// Publishing in a native overlay, and what subscribers see of its events. See pump.hpp.

#include "daemon/pump_events.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/pump.hpp"
#include "daemon/views.hpp"
#include "runtime/clock.hpp"

namespace grapevine::daemon {

control::EventId id_of(const protocol::EventKey& key) {
    return {id_text(key.stream.publisher), key.stream.epoch.value(), key.sequence.value(),
            key.stream.channel};
}

Outcome<protocol::EventKey> key_of(const control::EventId& id) {
    std::uint64_t member = 0;
    const char* const last = id.publisher.data() + id.publisher.size();
    const auto [end, failure] = std::from_chars(id.publisher.data(), last, member, 16);
    if (failure != std::errc() || end != last || member == 0 || id.sequence == 0) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "there can be no event with this id",
                                       "give it as it was printed when the event was published",
                                       "event"});
    }
    return protocol::EventKey{{MemberId(member), Epoch(id.epoch), id.channel},
                              EventSequence(id.sequence)};
}

Outcome<control::PublishReceipt> Pump::publish(control::Publish wanted) {
    protocol::PublishOptions options;
    options.is_traced = wanted.is_traced;
    for (const control::EventId& id : wanted.after) options.after.push_back(GV_TRY(key_of(id)));
    const std::uint32_t channel = overlay_->node().channels().channel_of(wanted.topic);
    is_publishing_for_others_ = true;
    const auto event = overlay_->publish(loop_.now(), runtime::wall_now(), std::move(wanted.topic),
                                         std::move(wanted.payload), std::move(options));
    (void)drain();
    is_publishing_for_others_ = false;
    if (!event) return std::unexpected(event.error());
    const auto& membership = overlay_->node().membership();
    return control::PublishReceipt{id_text(membership.self()), overlay_->node().epoch().value(),
                                   event->value(), channel};
}

void Pump::set_interest(std::vector<std::string> patterns) {
    reader_topics_ = std::move(patterns);
    tell_interest();
}

/// What readers of the log want, and clients of the old protocol.
void Pump::tell_interest() {
    std::vector<std::string> patterns = reader_topics_;
    if (clients_) {
        const auto types = clients_->port().sessions().event_types();
        patterns.insert(patterns.end(), types.begin(), types.end());
    }
    std::ranges::sort(patterns);
    patterns.erase(std::ranges::unique(patterns).begin(), patterns.end());
    if (patterns == told_interest_) return;
    told_interest_ = std::move(patterns);
    overlay_->set_interest(loop_.now(), told_interest_);
    (void)drain();
}

control::LogItem::Event Pump::log_item_of(const overlay::Overlay::EventDelivered& delivered) {
    const protocol::Event& event = *delivered.event;
    control::LogItem::Event item{id_text(event.stream.publisher),
                                 event.stream.epoch.value(),
                                 event.sequence.value(),
                                 event.published_at,
                                 event.topic,
                                 content_of(event)};
    item.channel = event.stream.channel;
    item.is_traced = event.is_traced;
    for (const protocol::EventKey& key : event.after) item.after.push_back(id_of(key));
    item.is_causal_unknown = delivered.is_causal_unknown;
    return item;
}

}  // namespace grapevine::daemon

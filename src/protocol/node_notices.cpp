// Between a node's machines and what concerns the whole overlay. See notices.hpp and
// docs/internals/notices.md.

#include <cassert>
#include <memory>
#include <utility>

#include "protocol/node.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::protocol {

void Node::restore_notices(const std::vector<wire::Notice>& notices) {
    notices_.restore(notices);
    for (const WipeOrder& order : notices_.wipes()) obey_wipe(Instant{}, order);
    settle(Instant{});
}

Outcome<void> Node::propose(Instant now, wire::Notice notice) {
    auto outcome = notices_.propose(std::make_shared<const wire::Notice>(std::move(notice)));
    finish(now);
    return outcome;
}

void Node::set_reserved(Instant now, std::string_view key, std::string_view value) {
    assert(is_reserved_key(key));
    // Cannot be refused: the daemon's own keys have room of their own.
    (void)records_.set(now, key, value);
    finish(now);
}

void Node::configure(Instant now, const ProtocolConfig& config) {
    assert(config.detector == config_.detector && config.dissemination == config_.dissemination);
    assert(config.zone_label == config_.zone_label);
    config_ = config;
    membership_.configure(config_);
    zones_.configure(config_);
    detector_->configure(config_);
    paths_.configure(config_);
    rumors_.configure(config_);
    events_.configure(now, config_);
    channels_.configure(now, config_);
    state_.use_interval(config_.sync_interval);
    state_events_.configure(now, for_state_stream(config_));
    finish(now);
}

/// In the smallest layer, before anything else is made of the state.
void Node::obey_wipe(Instant now, const WipeOrder& order) {
    if (order.part == kRecordsPart) {
        // Without civil time nobody can say what was written after: nothing is kept.
        Instant since = kNever;
        if (wall_zero_us_ != 0) {
            since = Instant{} +
                    std::chrono::microseconds(wall_of(order.before).unix_ms * 1000 - wall_zero_us_);
        }
        records_.wipe(now, order.epoch, since);
    }
    if (order.part.starts_with(kStatePart)) {
        // "state", or "state:" and the beginning of keys.
        const std::size_t head = std::min(order.part.size(), kStatePart.size() + 1);
        state_.wipe(moment(now), std::string_view(order.part).substr(head), order.before);
    }
    if (order.part == kEventsPart) {
        events_.wipe(wall_of(order.before));
        channels_.wipe(wall_of(order.before));
    }
}

bool Node::settle_notices(Instant now) {
    bool is_busy = false;
    while (auto action = notices_.poll()) {
        is_busy = true;
        if (auto* persist = std::get_if<Notices::Persist>(&*action)) {
            outbox_.emplace_back(std::move(*persist));
            continue;
        }
        auto& taken = std::get<Notices::Taken>(*action);
        const RumorKey key{RumorKey::Kind::notice, MemberId(Notices::slot_of(*taken.notice))};
        if (is_worth_telling()) rumors_.add(now, key, told_by_);
        if (const auto wipe = wipe_of(*taken.notice)) obey_wipe(now, *wipe);
        outbox_.emplace_back(std::move(taken));
    }
    return is_busy;
}

void Node::handle_notices(MemberId from, const wire::NoticeDigest& digest) {
    Notices::Difference difference = notices_.compare(digest);
    for (wire::SharedNotice& notice : difference.lacking) {
        waiting_for(from).repairs.emplace_back(std::move(notice));
    }
    if (difference.is_behind && !digest.is_reply) {
        waiting_for(from).sections.emplace_back(notices_.digest(true));
    }
}

}  // namespace grapevine::protocol

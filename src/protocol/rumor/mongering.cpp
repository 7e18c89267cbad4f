#include "protocol/rumor/mongering.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <iterator>
#include <utility>

#include "base/limits.hpp"

namespace grapevine::protocol {

Mongering::Mongering(const MongeringConfig& config, const Peers& peers, std::uint64_t seed,
                     Rounds rounds)
    : config_(config),
      rounds_(rounds),
      rules_(config,
             rounds == Rounds::own ? MongeringSemantics::in_use() : MongeringSemantics::table_1()),
      peers_(peers),
      random_(seed) {}

// -- The hot list --------------------------------------------------------------------------------

void Mongering::added(Instant now, const Arrival& arrival) {
    if (arrival.is_repair) return;
    assert(!hot_.contains(arrival.event));
    if (hot_.size() >= kHotEventsMax) {
        ++counters_.displaced;
        cool(std::prev(ranking_.end())->second);
    }
    // Members that only pull have a rhythm of their own; all others were asleep.
    if (hot_.empty() && !asks_when_idle()) {
        next_at_ = rounds_ == Rounds::own ? std::max(next_at_, now) : next_round(now);
    }
    const auto hot = hot_.emplace(arrival.event, Hot{}).first;
    hot->second.order = ++last_order_;
    hot->second.learned_at = now;
    note_knower(hot->second, arrival.from);
    rank(hot);
    answer(now, arrival.from, arrival.event, false, 0);
}

void Mongering::duplicate(Instant now, const Arrival& arrival) {
    const auto found = hot_.find(arrival.event);
    if (found == hot_.end()) {
        answer(now, arrival.from, arrival.event, true, MongeringRules::kIndifferent);
        return;
    }
    Hot& hot = found->second;
    note_knower(hot, arrival.from);
    const bool was_known = rounds_ == Rounds::own ? rules_.was_known(now - hot.learned_at)
                                                  : !is_of_this_round(now, hot);
    answer(now, arrival.from, arrival.event, was_known, hot.interest.counter);
}

void Mongering::forget(const wire::StreamId& stream) {
    auto hot = hot_.lower_bound(EventKey{stream, EventSequence{}});
    while (hot != hot_.end() && hot->first.stream == stream) {
        const auto next = std::next(hot);
        cool(hot);
        hot = next;
    }
}

void Mongering::cool(HotList::iterator hot) {
    unrank(hot);
    hot_.erase(hot);
}

void Mongering::note_knower(Hot& hot, MemberId member) {
    if (member == kNobody || std::ranges::find(hot.knowers, member) != hot.knowers.end()) return;
    if (hot.knowers.size() >= kKnowersMax) hot.knowers.erase(hot.knowers.begin());
    hot.knowers.push_back(member);
}

/// In a group of a few, the knowers are all there is.
bool Mongering::everybody_knows(const Hot& hot) {
    if (peers_.peer_count() > hot.knowers.size()) return false;
    const std::vector<MemberId> peers = peers_.pick(random_, kKnowersMax);
    return std::ranges::all_of(peers, [&](MemberId peer) {
        return std::ranges::find(hot.knowers, peer) != hot.knowers.end();
    });
}

/// Four times what an event can need on its way through a living group: k useless contacts in a row
/// at its end, and about log2 n useful ones before.
std::size_t Mongering::tell_count_max() const {
    return 4 *
           (std::size_t{config_.k} + static_cast<std::size_t>(std::bit_width(peers_.peer_count())));
}

// -- Telling -------------------------------------------------------------------------------------

void Mongering::gossip(Instant now) {
    next_at_ = next_round(now);
    end_round();
    if (hot_.empty() && !asks_when_idle()) return;
    for (const MemberId partner : peers_.pick(random_, rules_.partners())) {
        if (rules_.pushes()) {
            counters_.told += tell(now, partner, Contact::told, kEventsPerContactMax);
        }
        if (rules_.pulls()) {
            outbox_.push(Tell{partner, wire::EventPull{kEventsPerContactMax}});
        }
    }
}

void Mongering::end_round() {
    ++round_;
    answered_.clear();
    for (auto hot = hot_.begin(); hot != hot_.end();) {
        const auto next = std::next(hot);
        unrank(hot);
        rules_.end_round(hot->second.interest, random_);
        rank(hot);
        const bool is_unheard = hot->second.tell_count >= tell_count_max();
        // With no peers, that is all of them.
        if (hot->second.interest.is_lost || is_unheard || everybody_knows(hot->second)) {
            ++(is_unheard ? counters_.removed_unheard : counters_.removed);
            cool(hot);
        }
        hot = next;
    }
}

std::size_t Mongering::tell(Instant now, MemberId to, Contact contact, std::size_t events_max) {
    const auto is_pending = [&](const Awaited& awaited) {
        return awaited.to == to && awaited.round == round_;
    };
    std::vector<HotList::iterator> chosen;
    for (const auto& [place, hot] : ranking_) {
        if (chosen.size() >= events_max) break;
        const Hot& news = hot->second;
        if (rounds_ == Rounds::common && is_of_this_round(now, news)) continue;
        if (std::ranges::find(news.knowers, to) != news.knowers.end()) continue;
        if (std::ranges::any_of(news.awaited, is_pending)) continue;
        chosen.push_back(hot);
    }
    for (const HotList::iterator hot : chosen) {
        outbox_.push(Push{to, hot->first});
        Hot& news = hot->second;
        unrank(hot);
        ++news.tell_count;
        rules_.sent(news.interest, contact, random_);
        rank(hot);
        if (rules_.wants_feedback()) {
            std::erase_if(news.awaited, [&](const Awaited& awaited) { return awaited.to == to; });
            if (news.awaited.size() >= kAnswersAwaitedMax) news.awaited.erase(news.awaited.begin());
            news.awaited.push_back({to, contact, round_});
        }
        if (news.interest.is_lost) {
            ++counters_.removed;
            cool(hot);
        }
    }
    return chosen.size();
}

void Mongering::give(Instant now, MemberId to, const wire::EventPull& pull) {
    if (hot_.empty()) return;
    if (answered_.size() >= kPullsAnsweredMax || !answered_.insert(to).second) {
        ++counters_.pulls_refused;
        return;
    }
    // What we owe them goes into the same packet.
    if (const auto owed = answers_.find(to); owed != answers_.end()) {
        send_answers(to, owed->second);
    }
    counters_.given +=
        tell(now, to, Contact::asked, std::min<std::size_t>(pull.events_max, kEventsPerContactMax));
}

// -- Answers -------------------------------------------------------------------------------------

void Mongering::handle(Instant now, MemberId from, const wire::Section& section) {
    if (const auto* feedback = std::get_if<wire::EventFeedback>(&section)) handle(from, *feedback);
    if (const auto* pull = std::get_if<wire::EventPull>(&section)) give(now, from, *pull);
}

void Mongering::handle(MemberId from, const wire::EventFeedback& feedback) {
    if (!rules_.wants_feedback()) return;
    for (const wire::EventFeedback::Item& item : feedback.items) {
        const auto found = hot_.find({item.stream, item.sequence});
        if (found == hot_.end()) continue;  // We have lost interest meanwhile.
        Hot& hot = found->second;
        const auto awaited = std::ranges::find(hot.awaited, from, &Awaited::to);
        if (awaited == hot.awaited.end()) {
            ++counters_.dropped_unexpected;
            continue;
        }
        ++(item.was_known ? counters_.useless : counters_.useful);
        const Contact contact = awaited->contact;
        hot.awaited.erase(awaited);
        unrank(found);
        note_knower(hot, from);
        rules_.answered(hot.interest, contact, item.was_known, item.counter, random_);
        rank(found);
        if (hot.interest.is_lost || everybody_knows(hot)) {
            ++counters_.removed;
            cool(found);
        }
    }
}

void Mongering::answer(Instant now, MemberId to, const EventKey& event, bool was_known,
                       std::uint8_t counter) {
    if (!rules_.wants_feedback() || to == kNobody) return;
    std::vector<wire::EventFeedback::Item>& items = answers_[to];
    // An event of several fragments is a duplicate several times.
    const auto is_said = [&](const wire::EventFeedback::Item& item) {
        return item.stream == event.stream && item.sequence == event.sequence;
    };
    if (std::ranges::any_of(items, is_said)) return;
    items.push_back({event.stream, event.sequence, was_known, counter});
    if (items.size() >= kEventFeedbackMax) send_answers(to, items);
    if (answers_at_ == kNever) answers_at_ = now + config_.interval / 8;
}

void Mongering::send_answers(MemberId to, std::vector<wire::EventFeedback::Item>& items) {
    if (!items.empty()) outbox_.push(Tell{to, wire::EventFeedback{std::move(items)}});
    items.clear();
}

void Mongering::peer_left(Instant, MemberId member) {
    answers_.erase(member);
}

// -- The wheel -----------------------------------------------------------------------------------

Duration Mongering::jittered_interval() {
    // Ten per cent to either side, so that members which heard the same news do not stay in step.
    const double factor = 0.9 + 0.2 * random_.unit();
    return std::chrono::duration_cast<Duration>(factor * config_.interval);
}

bool Mongering::asks_when_idle() const {
    return rounds_ == Rounds::own ? rules_.pulls_when_idle() : rules_.pulls();
}

Instant Mongering::round_began(Instant now) const {
    return Instant(now.time_since_epoch() / config_.interval * config_.interval);
}

Instant Mongering::next_round(Instant now) {
    return rounds_ == Rounds::own ? now + jittered_interval() : round_began(now) + config_.interval;
}

bool Mongering::is_of_this_round(Instant now, const Hot& hot) const {
    return hot.learned_at >= round_began(now);
}

void Mongering::advance(Instant now) {
    if (now >= answers_at_) {
        for (auto& [to, items] : answers_) send_answers(to, items);
        answers_.clear();
        answers_at_ = kNever;
    }
    if (now < next_at_) return;
    if (!hot_.empty() || asks_when_idle()) gossip(now);
}

Instant Mongering::deadline() const {
    const bool is_silent = hot_.empty() && !asks_when_idle();
    return std::min(answers_at_, is_silent ? kNever : next_at_);
}

void Mongering::check_invariants() const {
    assert(hot_.size() <= kHotEventsMax && ranking_.size() == hot_.size());
    for (const auto& [event, hot] : hot_) {
        assert(!hot.interest.is_lost && hot.interest.counter <= config_.k);
        assert(hot.knowers.size() <= kKnowersMax && hot.awaited.size() <= kAnswersAwaitedMax);
        assert(hot.order <= last_order_);
        assert(ranking_.contains(rank_of(hot)));
    }
    assert(answered_.size() <= kPullsAnsweredMax);
    for (const auto& [to, items] : answers_) assert(items.size() < kEventFeedbackMax);
    assert(answers_.empty() || answers_at_ != kNever);
}

}  // namespace grapevine::protocol

#include "protocol/rumor/rumors.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <iterator>
#include <tuple>
#include <utility>

#include "base/limits.hpp"
#include "protocol/notices.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {

namespace {

/// So many rumors that are too large for the rest of a packet end the search for a smaller one.
constexpr std::size_t kMissesMax = 16;

bool bit(std::uint64_t bits, std::size_t index) {
    return (bits >> index & 1U) != 0;
}

}  // namespace

Rumors::Rumors(ProtocolConfig config, const Peers& peers, Render render, std::uint64_t seed)
    : config_(config), peers_(peers), render_(std::move(render)), random_(seed) {
    assert(render_);
    assert(config_.rumor_counter > 0 && config_.rumor_fanout > 0);
    assert(config_.rumor_interval > Duration::zero());
}

void Rumors::configure(const ProtocolConfig& config) {
    assert(config.rumor_counter == config_.rumor_counter && "what is hot was counted by it");
    assert(config.rumor_fanout > 0 && config.rumor_interval > Duration::zero());
    config_ = config;
}

RumorKey Rumors::key_of(const wire::RumorItem& item) {
    if (const auto* record = std::get_if<wire::SharedRecord>(&item)) {
        return {RumorKey::Kind::member, (*record)->member};
    }
    if (const auto* accusation = std::get_if<wire::Accusation>(&item)) {
        return {RumorKey::Kind::member, accusation->member};
    }
    if (const auto* notice = std::get_if<wire::SharedNotice>(&item)) {
        return {RumorKey::Kind::notice, MemberId(Notices::slot_of(**notice))};
    }
    return {RumorKey::Kind::state, std::get<wire::StateDelta>(item).member};
}

void Rumors::add(Instant now, RumorKey key, MemberId from) {
    if (hot_.empty()) next_at_ = std::max(next_at_, now);
    const auto [hot, is_new] = hot_.try_emplace(key);
    if (!is_new) unrank(hot);
    hot->second = Hot{};
    hot->second.generation = ++last_generation_;
    rank(hot);
    note_knower(hot->second, from);
}

void Rumors::remove(RumorKey key) {
    if (const auto hot = hot_.find(key); hot != hot_.end()) cool(hot);
    forget_if_quiet();
}

void Rumors::cool(HotList::iterator hot) {
    unrank(hot);
    hot_.erase(hot);
}

// -- Telling -------------------------------------------------------------------------------------

std::optional<wire::RumorPush> Rumors::fill(Instant now, MemberId to, std::size_t budget_bytes) {
    if (to == no_push_to_ && now == no_push_at_) return std::nullopt;
    if (hot_.empty() || budget_bytes <= wire::kSectionFrameBytesMax) return std::nullopt;

    wire::RumorPush push;
    std::vector<HotList::iterator> told;
    std::vector<HotList::iterator> untellable;
    std::size_t left = budget_bytes - wire::kSectionFrameBytesMax;
    std::size_t misses = 0;
    for (const auto& [place, hot] : ranking_) {
        if (push.items.size() >= wire::kRumorsPerPushMax || misses >= kMissesMax) break;
        if (std::ranges::find(hot->second.knowers, to) != hot->second.knowers.end()) continue;
        std::optional<wire::RumorItem> item = render_(hot->first);
        if (!item) {
            untellable.push_back(hot);
            continue;
        }
        const std::size_t size = wire::encoded_size(*item);
        if (size > left) {
            ++misses;
            continue;
        }
        left -= size;
        push.items.push_back(std::move(*item));
        told.push_back(hot);
    }
    for (const HotList::iterator hot : untellable) cool(hot);

    Outstanding sent;
    for (const HotList::iterator hot : told) {
        sent.items.push_back({hot->first, hot->second.generation});
        ++counters_.told;
        unrank(hot);
        if (++hot->second.tell_count >= tell_count_max()) {
            ++counters_.removed_unheard;
            hot_.erase(hot);
        } else {
            rank(hot);
        }
    }
    if (push.items.empty()) {
        forget_if_quiet();
        return std::nullopt;
    }
    if (outstanding_.size() >= kPushesOutstandingMax) {
        outstanding_.pop_front();
        ++counters_.pushes_displaced;
    }
    // The two numbers that ask for no feedback are no numbers of rumors.
    do {
        ++last_number_;
    } while (last_number_ == wire::kToldDirectly || last_number_ == wire::kToldOnRequest);
    push.number = last_number_;
    sent.number = push.number;
    sent.to = to;
    outstanding_.push_back(std::move(sent));
    forget_if_quiet();
    return push;
}

/// Four times what a rumor can need on its way through a living group: k useless contacts in a row
/// at its end, and about log2 n useful ones before.
std::size_t Rumors::tell_count_max() const {
    return 4 * (config_.rumor_counter + std::bit_width(peers_.peer_count()));
}

// -- Hearing -------------------------------------------------------------------------------------

void Rumors::handle_push(Instant now, MemberId from, const wire::RumorPush& push,
                         std::uint64_t known) {
    assert(push.items.size() <= wire::kRumorsPerPushMax);
    for (const wire::RumorItem& item : push.items) {
        // Whether we knew it or know it now, `from` need not hear it from us.
        const auto hot = hot_.find(key_of(item));
        if (hot != hot_.end()) note_knower(hot->second, from);
    }
    if (from == feedback_from_ && now == feedback_at_) {
        no_push_to_ = from;
        no_push_at_ = now;
    }
    outbox_.push_back(Answer{from, {push.number, known}});
}

void Rumors::handle_feedback(Instant now, MemberId from, const wire::RumorFeedback& feedback) {
    feedback_from_ = from;
    feedback_at_ = now;
    const auto sent = std::ranges::find_if(outstanding_, [&](const Outstanding& push) {
        return push.number == feedback.number && push.to == from;
    });
    if (sent == outstanding_.end()) {
        ++counters_.dropped_unexpected;
        return;
    }
    for (std::size_t index = 0; index < sent->items.size(); ++index) {
        const bool was_known = bit(feedback.known, index);
        ++(was_known ? counters_.useless : counters_.useful);
        const auto found = hot_.find(sent->items[index].key);
        if (found == hot_.end() || found->second.generation != sent->items[index].generation) {
            continue;
        }
        Hot& hot = found->second;
        note_knower(hot, from);
        unrank(found);
        hot.counter = was_known ? static_cast<std::uint8_t>(hot.counter + 1) : std::uint8_t{0};
        if (hot.counter >= config_.rumor_counter || everybody_knows(hot)) {
            ++counters_.removed;
            hot_.erase(found);
        } else {
            rank(found);
        }
    }
    outstanding_.erase(sent);
    forget_if_quiet();
}

void Rumors::note_knower(Hot& hot, MemberId member) {
    if (member == kNobody || std::ranges::find(hot.knowers, member) != hot.knowers.end()) return;
    if (hot.knowers.size() >= kKnowersMax) hot.knowers.erase(hot.knowers.begin());
    hot.knowers.push_back(member);
}

/// In a group of a few, the knowers are all there is: without this, two members would tell each
/// other everything k times.
bool Rumors::everybody_knows(const Hot& hot) {
    if (peers_.peer_count() > hot.knowers.size()) return false;
    const std::vector<MemberId> peers = peers_.pick(random_, kKnowersMax);
    return std::ranges::all_of(peers, [&](MemberId peer) {
        return std::ranges::find(hot.knowers, peer) != hot.knowers.end();
    });
}

/// With nothing left to tell, no feedback matters any more; an idle node keeps no memory for it.
void Rumors::forget_if_quiet() {
    if (hot_.empty()) outstanding_.clear();
}

// -- The wheel -----------------------------------------------------------------------------------

Duration Rumors::jittered_interval() {
    // Ten per cent to either side, so that members which heard the same news do not stay in step.
    const double factor = 0.9 + 0.2 * random_.unit();
    return Duration(
        static_cast<Duration::rep>(factor * static_cast<double>(config_.rumor_interval.count())));
}

void Rumors::advance(Instant now) {
    if (hot_.empty() || now < next_at_) return;
    // With no peers, that is all of them.
    for (auto hot = hot_.begin(); hot != hot_.end();) {
        const auto next = std::next(hot);
        if (everybody_knows(hot->second)) cool(hot);
        hot = next;
    }
    if (hot_.empty()) {
        forget_if_quiet();
        return;
    }
    const std::vector<MemberId> peers = peers_.pick(random_, config_.rumor_fanout);
    for (const MemberId peer : peers) outbox_.push_back(Gossip{peer});
    next_at_ = now + jittered_interval();
}

std::optional<Rumors::Action> Rumors::poll() {
    if (outbox_.empty()) return std::nullopt;
    Action action = std::move(outbox_.front());
    outbox_.pop_front();
    return action;
}

Instant Rumors::deadline() const {
    return hot_.empty() ? kNever : next_at_;
}

std::size_t Rumors::hot_count() const {
    return hot_.size();
}

bool Rumors::is_hot(RumorKey key) const {
    return hot_.contains(key);
}

const Rumors::Counters& Rumors::counters() const {
    return counters_;
}

void Rumors::check_invariants() const {
    assert(outstanding_.size() <= kPushesOutstandingMax);
    assert(!hot_.empty() || outstanding_.empty());
    assert(ranking_.size() == hot_.size());
    for (const auto& [key, hot] : hot_) {
        assert(hot.counter < config_.rumor_counter);
        assert(hot.knowers.size() <= kKnowersMax);
        assert(hot.generation <= last_generation_);
        assert(ranking_.contains(rank_of(hot)));
    }
}

}  // namespace grapevine::protocol

#include "protocol/rumor/channels.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "base/checksum.hpp"
#include "base/overloaded.hpp"
#include "base/topics.hpp"
#include "protocol/neighbours.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::protocol {
namespace {

/// What stands under one reserved key of a record.
std::string_view value_of(const Record& record, std::string_view key) {
    const auto item = record.items.find(key);
    if (item == record.items.end() || item->second.is_tombstone) return {};
    return item->second.value;
}

/// The lines of a value that others have written: at most `count_max`, none longer than a topic.
std::vector<std::string> patterns_of(std::string_view value, std::size_t count_max) {
    std::vector<std::string> patterns;
    while (!value.empty() && patterns.size() < count_max) {
        const std::size_t end = value.find('\n');
        const std::string_view line = value.substr(0, end);
        value.remove_prefix(end == std::string_view::npos ? value.size() : end + 1);
        if (!line.empty() && line.size() <= kTopicBytesMax) patterns.emplace_back(line);
    }
    return patterns;
}

std::string joined(const std::vector<std::string>& patterns) {
    std::string text;
    for (const std::string& pattern : patterns) {
        if (!text.empty()) text += '\n';
        text += pattern;
    }
    return text;
}

bool has_overlap(const std::vector<std::string>& ours, const std::set<std::string>& theirs) {
    return std::ranges::any_of(ours, [&](const std::string& one) {
        return std::ranges::any_of(
            theirs, [&](const std::string& other) { return patterns_overlap(one, other); });
    });
}

ProtocolConfig config_for_channels(ProtocolConfig config) {
    config.dissemination = Dissemination::tree;
    config.retention_bytes /= Channels::kRetentionShare;
    return config;
}

}  // namespace

// -- Who is in a channel --------------------------------------------------------------------------

std::size_t Channels::Circle::peer_count() const {
    return members.size() + (publishers.empty() ? 0 : 1);
}

std::vector<MemberId> Channels::Circle::pick(Random& random, std::size_t count,
                                             MemberId except) const {
    std::vector<MemberId> chosen(members.begin(), members.end());
    std::erase(chosen, except);
    count = std::min(count, chosen.size());
    for (std::size_t at = 0; at < count; ++at) {
        std::swap(chosen[at], chosen[at + random.below(chosen.size() - at)]);
    }
    chosen.resize(count);
    return chosen;
}

std::vector<MemberId> Channels::Circle::neighbours(std::size_t count) const {
    return ring_neighbours(self_, std::vector<MemberId>(members.begin(), members.end()), count);
}

// -- What there is --------------------------------------------------------------------------------

Channels::Channels(MemberId self, Epoch epoch, const ProtocolConfig& config,
                   std::vector<std::string> marked, const Record& own, std::uint64_t seed,
                   Causal::HasPassed has_told)
    : self_(self),
      epoch_(epoch),
      config_(config_for_channels(config)),
      marked_(std::move(marked)),
      random_(seed),
      elsewhere_(std::move(has_told)),
      told_interest_(value_of(own, kInterestKey)),
      told_marks_(value_of(own, kChannelsKey)) {
    assert(marked_.size() <= kSubscriberTopicsMax);
    for (const std::string& pattern : marked_) marks_[pattern].insert(self_);
}

std::uint32_t Channels::number_of(std::string_view pattern) {
    const std::uint64_t hash = mix64(fnv1a(as_bytes(pattern)));
    const auto number = static_cast<std::uint32_t>(hash ^ (hash >> 32U));
    return number <= wire::kStateChannel ? number + 2 : number;
}

std::uint32_t Channels::channel_of(std::string_view topic) const {
    const auto pattern = std::ranges::find_if(
        marked_, [topic](const std::string& text) { return topic_matches(text, topic); });
    return pattern == marked_.end() ? 0 : number_of(*pattern);
}

std::uint32_t Channels::channel_of(const wire::Section& section) {
    return std::visit(
        []<typename Kind>(const Kind& of) -> std::uint32_t {
            if constexpr (requires { of.stream.channel; }) {
                return of.stream.channel;
            } else if constexpr (std::is_same_v<Kind, wire::EventFrontier>) {
                return of.items.empty() ? 0 : of.items.front().stream.channel;
            } else if constexpr (std::is_same_v<Kind, wire::EventFeedback>) {
                return of.items.empty() ? 0 : of.items.front().stream.channel;
            } else {
                return 0;
            }
        },
        section);
}

const Events* Channels::find(std::uint32_t channel) const {
    const auto found = channels_.find(channel);
    return found == channels_.end() ? nullptr : &found->second->events;
}

bool Channels::has_told(const EventKey& event) const {
    const auto found = channels_.find(event.stream.channel);
    if (found == channels_.end()) return true;
    const bool is_seen = found->second->is_following || event.stream.publisher == self_;
    return !is_seen || found->second->events.has_told(event);
}

Events::Counters Channels::event_counters() const {
    Events::Counters sum = ended_;
    for (const auto& [number, channel] : channels_) sum += channel->events.counters();
    return sum;
}

std::size_t Channels::retained_bytes() const {
    std::size_t bytes = 0;
    for (const auto& [number, channel] : channels_) bytes += channel->events.retained_bytes();
    return bytes;
}

// -- Inputs ---------------------------------------------------------------------------------------

void Channels::begin_life(Epoch epoch) {
    epoch_ = epoch;
    for (auto& [number, channel] : channels_) channel->events.begin_life(epoch);
}

void Channels::configure(Instant now, const ProtocolConfig& config) {
    config_ = config_for_channels(config);
    for (auto& [number, channel] : channels_) channel->events.configure(now, config_);
}

void Channels::wipe(WallTime before) {
    wiped_before_ = std::max(wiped_before_, before);
    for (auto& [number, channel] : channels_) channel->events.wipe(wiped_before_);
}

Outcome<EventSequence> Channels::publish(Instant now, WallTime wall, std::uint32_t channel,
                                         std::string topic, Bytes payload, PublishOptions options) {
    if (!is_begun_) refresh(now);
    Channel& bus = *channels_.at(channel);
    auto sequence =
        bus.events.publish(now, wall, std::move(topic), std::move(payload), std::move(options));
    drain(bus);
    return sequence;
}

Instant Channels::publish_at(Instant now) {
    Instant latest = now;
    for (auto& [number, channel] : channels_) {
        latest = std::max(latest, channel->events.publish_at(now));
    }
    return latest;
}

void Channels::held_up() {
    for (auto& [number, channel] : channels_) channel->events.held_up();
}

std::optional<Pace::State> Channels::pressure(Instant now) const {
    std::optional<Pace::State> worst;
    for (const auto& [number, channel] : channels_) {
        const auto state = channel->events.pressure(now);
        if (state && (!worst || state->limit < worst->limit)) worst = state;
    }
    return worst;
}

std::size_t Channels::left_behind(Instant now) const {
    std::size_t count = 0;
    for (const auto& [number, channel] : channels_) count += channel->events.left_behind(now);
    return count;
}

void Channels::handle(Instant now, MemberId from, const wire::Section& section) {
    const auto found = channels_.find(channel_of(section));
    if (found == channels_.end()) {
        ++counters_.dropped_foreign;
        return;
    }
    Channel& channel = *found->second;
    std::visit(
        [&](const auto& of) {
            if constexpr (requires { channel.events.handle(now, from, of); }) {
                channel.events.handle(now, from, of);
            }
        },
        section);
    drain(channel);
}

void Channels::moved(const wire::StreamId& stream) {
    for (auto& [number, channel] : channels_) {
        if (number == stream.channel) continue;
        channel->events.moved_elsewhere(stream);
        drain(*channel);
    }
}

void Channels::drain(Channel& channel) {
    while (auto action = channel.events.poll()) {
        std::visit([this](auto& of) { outbox_.push(std::move(of)); }, *action);
    }
}

void Channels::advance(Instant now) {
    if (!is_begun_) refresh(now);
    expire_interest(now);
    close_needless(now);
    for (auto& [number, channel] : channels_) {
        ask_publishers(now, *channel);
        channel->events.advance(now);
        drain(*channel);
    }
}

Instant Channels::deadline() const {
    if (!is_begun_)
        return marked_.empty() && told_interest_.empty() && told_marks_.empty() ? kNever
                                                                                : Instant{};
    Instant deadline = kNever;
    for (const auto& [pattern, end] : interest_) deadline = std::min(deadline, end);
    for (const auto& [number, channel] : channels_) {
        deadline = std::min({deadline, channel->events.deadline(), channel->ask_at});
        if (channel->needless_since != kNever) {
            deadline = std::min(deadline, channel->needless_since + kInterestLife);
        }
    }
    return deadline;
}

void Channels::check_invariants() const {
    assert(channels_.size() <= kSubscriberTopicsMax + kInterestChannelsMax);
    assert(interest_.size() <= kInterestPatternsMax);
    for (const auto& [number, channel] : channels_) {
        assert(!channel->circle.members.contains(self_));
        channel->events.check_invariants();
    }
}

// -- Interest and marks ---------------------------------------------------------------------------

bool Channels::is_interested(std::string_view pattern) const {
    return std::ranges::any_of(
        interest_, [pattern](const auto& entry) { return patterns_overlap(entry.first, pattern); });
}

void Channels::set_interest(Instant now, const std::vector<std::string>& patterns) {
    std::set<std::string> wanted(patterns.begin(), patterns.end());
    if (wanted.size() > kInterestPatternsMax) wanted = {">"};
    for (auto& [pattern, end] : interest_) {
        if (wanted.contains(pattern)) {
            end = kNever;
        } else if (end == kNever) {
            end = now + kInterestLife;
        }
    }
    for (const std::string& pattern : wanted) interest_.try_emplace(pattern, kNever);
    while (interest_.size() > kInterestPatternsMax) {
        interest_.erase(std::ranges::min_element(interest_, {},
                                                 [](const auto& entry) { return entry.second; }));
    }
    refresh(now);
}

void Channels::expire_interest(Instant now) {
    const auto ended =
        std::erase_if(interest_, [now](const auto& entry) { return entry.second <= now; });
    if (ended > 0) refresh(now);
}

void Channels::note_record(Instant now, MemberId member, bool is_here, const Record& record) {
    if (member == self_) return;
    About next{is_here, patterns_of(value_of(record, kInterestKey), kInterestPatternsMax),
               patterns_of(value_of(record, kChannelsKey), kSubscriberTopicsMax)};
    change(now, member, std::move(next));
}

void Channels::note_member(Instant now, MemberId member, bool is_here) {
    const auto found = members_.find(member);
    if (found == members_.end() || found->second.is_here == is_here) return;
    About next = found->second;
    next.is_here = is_here;
    change(now, member, std::move(next));
}

void Channels::forget(Instant now, MemberId member) {
    change(now, member, {});
}

void Channels::change(Instant now, MemberId member, About next) {
    const bool is_empty = next.interest.empty() && next.marks.empty();
    const auto found = members_.find(member);
    if (found == members_.end() && is_empty) return;
    const bool is_remarked =
        found == members_.end() ? !next.marks.empty() : found->second.marks != next.marks;
    if (is_remarked) {
        if (found != members_.end()) unmark(member, found->second);
        for (const std::string& pattern : next.marks) marks_[pattern].insert(member);
    }
    for (auto& [number, channel] : channels_) place(now, *channel, member, next);
    if (is_empty) {
        members_.erase(member);
    } else {
        members_.insert_or_assign(member, std::move(next));
    }
    if (is_remarked) refresh(now);
}

void Channels::unmark(MemberId member, const About& about) {
    for (const std::string& pattern : about.marks) {
        const auto mark = marks_.find(pattern);
        if (mark == marks_.end()) continue;
        mark->second.erase(member);
        if (mark->second.empty()) marks_.erase(mark);
    }
}

/// Puts a member where it belongs in one channel.
void Channels::place(Instant now, Channel& channel, MemberId member, const About& about) {
    const bool is_member = about.is_here && has_overlap(about.interest, channel.patterns);
    const bool is_publisher = about.is_here && !is_member &&
                              std::ranges::any_of(about.marks, [&](const std::string& mark) {
                                  return channel.patterns.contains(mark);
                              });
    Circle& circle = channel.circle;
    if (is_publisher) {
        circle.publishers.insert(member);
    } else {
        circle.publishers.erase(member);
    }
    if (is_member == circle.members.contains(member)) return;
    if (is_member) {
        circle.members.insert(member);
        channel.events.peer_joined(now, member);
    } else {
        circle.members.erase(member);
        channel.events.peer_left(now, member);
    }
    drain(channel);
}

// -- Which channels we are in ---------------------------------------------------------------------

std::map<std::uint32_t, Channels::Need> Channels::needs() const {
    std::map<std::uint32_t, Need> needs;
    for (const auto& [pattern, markers] : marks_) {
        const bool is_ours = markers.contains(self_);
        const bool is_wanted = is_interested(pattern);
        if (!is_ours && !is_wanted) continue;
        Need& need = needs[number_of(pattern)];
        need.patterns.insert(pattern);
        need.is_ours |= is_ours;
        need.is_wanted |= is_wanted;
    }
    return needs;
}

/// Those that we are in stay; of new ones those that come first, which is a matter of chance.
void Channels::leave_out(std::map<std::uint32_t, Need>& needs) {
    std::size_t room = kInterestChannelsMax;
    for (const auto& [number, channel] : channels_) {
        const auto need = needs.find(number);
        const bool is_ours = need != needs.end() && need->second.is_ours;
        if (!is_ours) --room;
    }
    left_out_ = std::erase_if(needs, [&](const auto& entry) {
        if (entry.second.is_ours || channels_.contains(entry.first)) return false;
        if (room == 0) return true;
        --room;
        return false;
    });
}

void Channels::refresh(Instant now) {
    is_begun_ = true;
    std::map<std::uint32_t, Need> needed = needs();
    leave_out(needed);
    for (auto& [number, channel] : channels_) {
        if (needed.contains(number)) {
            channel->needless_since = kNever;
        } else if (channel->needless_since == kNever) {
            channel->needless_since = now;
        }
    }
    for (const auto& [number, need] : needed) refresh_channel(now, number, need);
    tell_interest();
    write(kChannelsKey, told_marks_, joined(marked_));
}

void Channels::refresh_channel(Instant now, std::uint32_t number, const Need& need) {
    std::unique_ptr<Channel>& slot = channels_[number];
    const bool is_new = slot == nullptr;
    if (is_new) {
        slot = std::make_unique<Channel>(self_, epoch_, config_, number, random_.next());
        slot->events.ask_elsewhere(elsewhere_);
        slot->events.wipe(wiped_before_);
        ++counters_.opened;
    }
    Channel& channel = *slot;
    if (is_new || channel.patterns != need.patterns) {
        channel.patterns = need.patterns;
        for (const auto& [member, about] : members_) place(now, channel, member, about);
    }
    if (need.is_wanted && (is_new || !channel.is_following)) {
        channel.events.follow_others(now);
        channel.ask_at = now;
    } else if (!need.is_wanted && (is_new || channel.is_following)) {
        channel.events.ignore_others();
        channel.ask_at = kNever;
    }
    channel.is_following = need.is_wanted;
    drain(channel);
}

void Channels::close_needless(Instant now) {
    bool has_room = false;
    for (auto channel = channels_.begin(); channel != channels_.end();) {
        const Instant since = channel->second->needless_since;
        if (since == kNever || since + kInterestLife > now) {
            ++channel;
            continue;
        }
        ended_ += channel->second->events.counters();
        channel = channels_.erase(channel);
        ++counters_.closed;
        has_room = true;
    }
    if (has_room && left_out_ > 0) refresh(now);
}

/// A publisher that is no member does not come up when members compare frontiers; and what is not
/// known of before we have caught up is taken for new.
void Channels::ask_publishers(Instant now, Channel& channel) {
    if (now < channel.ask_at) return;
    if (!channel.events.is_catching_up()) {
        channel.ask_at = kNever;
        return;
    }
    channel.ask_at = now + config_.frontier_interval / 2;
    const std::set<MemberId>& publishers = channel.circle.publishers;
    if (publishers.empty()) return;
    const auto chosen = std::next(publishers.begin(),
                                  static_cast<std::ptrdiff_t>(random_.below(publishers.size())));
    channel.events.compare(now, *chosen);
    drain(channel);
}

void Channels::tell_interest() {
    std::vector<std::string> told;
    for (const auto& [pattern, end] : interest_) {
        const bool is_asked_for = std::ranges::any_of(
            marks_, [&](const auto& mark) { return patterns_overlap(mark.first, pattern); });
        if (is_asked_for) told.push_back(pattern);
    }
    std::string text = joined(told);
    // One pattern covers all; it also stands for those that do not fit together.
    const bool has_all = std::ranges::find(told, ">") != told.end();
    if (has_all || text.size() > kRecordValueBytesMax) text.assign(1, '>');
    write(kInterestKey, told_interest_, std::move(text));
}

void Channels::write(std::string_view key, std::string& told, std::string value) {
    if (told == value) return;
    told = value;
    outbox_.push(Write{key, std::move(value)});
}

}  // namespace grapevine::protocol

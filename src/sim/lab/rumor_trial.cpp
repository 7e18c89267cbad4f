#include "sim/lab/rumor_trial.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "protocol/rumor/tree.hpp"
#include "wire/size.hpp"

namespace grapevine::sim::lab {
namespace {

using Direction = protocol::MongeringConfig::Direction;

/// Of the event that a rumor is. Nothing special in this value: a line of text.
constexpr std::size_t kPayloadBytes = 64;
constexpr std::string_view kTopic = "lab";
/// Of an announcement or a wish: a stream's id, its first and its last event, and a frame.
constexpr std::size_t kListBytes = 3;
constexpr std::size_t kListItemBytes = 16;

protocol::ProtocolConfig config_of(const Settings& settings) {
    protocol::ProtocolConfig config;
    const std::string_view algorithm = settings.choice("algorithm");
    config.dissemination =
        algorithm == "tree" ? protocol::Dissemination::tree : protocol::Dissemination::rumor;
    protocol::MongeringConfig& mongering = config.mongering;
    mongering.direction = algorithm == "pull"        ? Direction::pull
                          : algorithm == "push-pull" ? Direction::push_pull
                                                     : Direction::push;
    mongering.has_feedback = settings.truth("feedback");
    mongering.has_counter = settings.truth("counter");
    mongering.k = static_cast<std::uint8_t>(settings.whole("k"));
    mongering.fanout = static_cast<std::uint8_t>(settings.whole("fanout"));
    mongering.interval = settings.interval();
    return config;
}

}  // namespace

RumorTrial::RumorTrial(const Settings& settings)
    : LinkedTrial(settings),
      config_(config_of(settings)),
      rounds_(settings.choice("rounds") == "common" ? Rounds::common : Rounds::own) {
    populate();
    const double source = settings.number("source");
    if (source >= 0 && source < static_cast<double>(count())) {
        tell_rumor(static_cast<HostIndex>(source));
    }
}

// -- Members -------------------------------------------------------------------------------------

void RumorTrial::added(HostIndex member) {
    is_hot_.push_back(false);
    for (Rumor& rumor : rumors_) rumor.hops.push_back(kUnaware);
    members_.push_back(std::make_unique<Member>(Member{RosterPeers(roster(), member)}));
}

/// The first common round that begins at `moment` or later.
Moment RumorTrial::round_after(Moment moment) const {
    const Duration interval = settings().interval();
    return Moment((moment.time_since_epoch() + interval - Duration(1)) / interval * interval);
}

void RumorTrial::born(HostIndex member) {
    Member& one = *members_[member];
    one.sequence = 0;
    for (Rumor& rumor : rumors_) {
        if (rumor.hops[member] != kUnaware) --rumor.known;
        rumor.hops[member] = kUnaware;
    }
    if (config_.dissemination == protocol::Dissemination::rumor) {
        auto mongering = std::make_unique<protocol::Mongering>(config_.mongering, one.peers,
                                                               random().next(), rounds_);
        one.mongering = mongering.get();
        one.spreader = std::move(mongering);
    } else {
        one.spreader =
            std::make_unique<protocol::Tree>(id_of(member), config_, one.peers, random().next());
    }
    look_at(member);
    // Whoever asks without news does so from its start on, and they did not all start at once.
    const Duration phase = between(random(), Duration::zero(), settings().interval());
    if (one.spreader->deadline() == kNever) return;
    wake_at(member, rounds_ == Rounds::own ? now() + phase : round_after(now()));
}

void RumorTrial::joined(HostIndex member, HostIndex who) {
    members_[member]->spreader->peer_joined(clock(), id_of(who));
}

void RumorTrial::left(HostIndex member, HostIndex who) {
    members_[member]->spreader->peer_left(clock(), id_of(who));
    drain(member);
}

void RumorTrial::tell_rumor(HostIndex member) {
    Member& one = *members_[member];
    const wire::StreamId stream{id_of(member), Epoch{life(member)}, 0};
    Rumor rumor;
    rumor.key = {stream, EventSequence{++one.sequence}};
    rumor.began = now();
    rumor.hops.assign(count(), kUnaware);
    const auto index = static_cast<RumorIndex>(rumors_.size());
    rumor_of_.emplace(rumor.key, index);
    rumors_.push_back(std::move(rumor));
    // The newest is what is shown.
    for (HostIndex other = 0; other < count(); ++other) look_at(other);
    learn(kNoHost, member, index, 0);
    one.spreader->added(clock(), {rumors_[index].key, kNobody});
    drain(member);
}

void RumorTrial::wake(HostIndex member) {
    members_[member]->spreader->advance(clock());
    drain(member);
}

bool RumorTrial::has_ended() const {
    if (rumors_.empty()) return false;
    if (config_.dissemination == protocol::Dissemination::rumor) {
        return hot_count_ == 0 && news_under_way_ == 0;
    }
    return packets_under_way_ == 0 && next_wake() == kEndOfTime;
}

// -- Datagrams -----------------------------------------------------------------------------------

RumorItem RumorTrial::item_of(HostIndex member, Spreader::Action& action) const {
    Item item;
    if (const auto* push = std::get_if<Spreader::Push>(&action)) {
        item.rumor = rumor_of_.at(push->event);
        item.hops = rumors_[item.rumor].hops[member];
    } else if (const auto* announce = std::get_if<Spreader::Announce>(&action)) {
        item.what = What::announce;
        for (RumorIndex rumor = 0; rumor < rumors_.size(); ++rumor) {
            const bool is_of_stream =
                std::ranges::find(announce->streams, rumors_[rumor].key.stream) !=
                announce->streams.end();
            const bool is_known = rumors_[rumor].hops[member] != kUnaware;
            if (is_known && is_of_stream) item.rumors.push_back(rumor);
        }
    } else {
        item.what = What::section;
        auto& section = std::get<Spreader::Tell>(action).section;
        item.section = std::make_shared<const wire::Section>(std::move(section));
    }
    return item;
}

void RumorTrial::drain(HostIndex member) {
    Spreader& spreader = *members_[member]->spreader;
    // What goes to one member at once goes in one datagram.
    std::vector<std::pair<HostIndex, RumorPacket>> packets;
    while (auto action = spreader.poll()) {
        const MemberId id = std::visit([](const auto& what) { return what.to; }, *action);
        const HostIndex to = index_of(id);
        auto packet = std::ranges::find(packets, to, &std::pair<HostIndex, RumorPacket>::first);
        if (packet == packets.end()) packet = packets.insert(packet, {to, {}});
        packet->second.push_back(item_of(member, *action));
    }
    for (auto& [to, packet] : packets) post(member, to, std::move(packet));
    const Instant deadline = spreader.deadline();
    wake_at(member, deadline == kNever ? kEndOfTime : Moment(deadline.time_since_epoch()));
    look_at(member);
}

bool RumorTrial::is_news(const Item& item) {
    return item.what == What::news || item.what == What::repair;
}

Errand RumorTrial::errand_of(const RumorPacket& packet) {
    Errand errand = Errand::answer;
    for (const Item& item : packet) {
        if (item.what == What::news) return Errand::push;
        if (item.what == What::repair) return Errand::repair;
        const bool is_pull = item.section && std::holds_alternative<wire::EventPull>(*item.section);
        if (item.what == What::wish || is_pull) errand = Errand::question;
    }
    return errand;
}

std::size_t RumorTrial::bytes_of(const Item& item) const {
    if (item.what == What::section) return wire::encoded_size(*item.section);
    if (!is_news(item)) return kListBytes + kListItemBytes * item.rumors.size();
    wire::EventFragment fragment;
    fragment.stream = rumors_[item.rumor].key.stream;
    fragment.sequence = rumors_[item.rumor].key.sequence;
    fragment.topic = kTopic;
    fragment.total_bytes = kPayloadBytes;
    fragment.payload.size = kPayloadBytes;
    return wire::encoded_size(wire::Section(fragment));
}

void RumorTrial::post(HostIndex from, HostIndex to, RumorPacket packet) {
    std::size_t bytes = kFrameBytes;
    std::uint64_t news = 0;
    for (const Item& item : packet) {
        bytes += bytes_of(item);
        if (is_news(item)) ++news;
    }
    copies_sent_ += news;
    const Errand errand = errand_of(packet);
    if (!send(from, to, std::move(packet), errand, bytes)) return;
    ++packets_under_way_;
    news_under_way_ += news;
}

void RumorTrial::landed(const RumorPacket& packet) {
    --packets_under_way_;
    news_under_way_ -= static_cast<std::uint64_t>(std::ranges::count_if(packet, is_news));
}

void RumorTrial::arrive(HostIndex from, HostIndex to, RumorPacket& packet) {
    for (const Item& item : packet) take(from, to, item);
    drain(to);
}

void RumorTrial::take(HostIndex from, HostIndex to, const Item& item) {
    trace().add(static_cast<std::uint64_t>(item.what) << 32U | item.rumor);
    switch (item.what) {
        case What::news:
        case What::repair:
            take_news(from, to, item);
            return;
        case What::section:
            trace().add(wire::encoded_size(*item.section));
            members_[to]->spreader->handle(clock(), id_of(from), *item.section);
            return;
        case What::announce:
            take_announcement(from, to, item);
            return;
        case What::wish: {
            RumorPacket answer;
            for (const RumorIndex rumor : item.rumors) {
                const std::uint8_t hops = rumors_[rumor].hops[to];
                if (hops != kUnaware) answer.push_back({What::repair, rumor, hops});
            }
            if (!answer.empty()) post(to, from, std::move(answer));
            return;
        }
    }
}

void RumorTrial::take_announcement(HostIndex from, HostIndex to, const Item& item) {
    Item wish{What::wish};
    for (const RumorIndex rumor : item.rumors) {
        if (rumors_[rumor].hops[to] == kUnaware) wish.rumors.push_back(rumor);
    }
    if (wish.rumors.empty()) return;
    const wire::StreamId& stream = rumors_[wish.rumors.back()].key.stream;
    members_[to]->spreader->repaired(clock(), stream, id_of(from));
    post(to, from, {std::move(wish)});
}

void RumorTrial::take_news(HostIndex from, HostIndex to, const Item& item) {
    Rumor& rumor = rumors_[item.rumor];
    const auto hops = static_cast<std::uint8_t>(std::min<unsigned>(item.hops + 1U, kUnaware - 1U));
    const protocol::Arrival arrival{rumor.key, id_of(from), hops, item.what == What::repair};
    if (rumor.hops[to] == kUnaware) {
        learn(from, to, item.rumor, hops);
        members_[to]->spreader->added(clock(), arrival);
        return;
    }
    ++duplicates_;
    if (!arrival.is_repair) members_[to]->spreader->duplicate(clock(), arrival);
}

void RumorTrial::learn(HostIndex from, HostIndex member, RumorIndex index, std::uint8_t hops) {
    Rumor& rumor = rumors_[index];
    rumor.hops[member] = hops;
    ++rumor.known;
    rumor.last_learned = now();
    rumor.learned_after += now() - rumor.began;
    note("learned", member, from, hops);
}

// -- What can be seen ----------------------------------------------------------------------------

void RumorTrial::look_at(HostIndex member) {
    const Member& one = *members_[member];
    const bool is_hot = is_up(member) && one.mongering != nullptr && one.mongering->hot_count() > 0;
    if (is_hot && !is_hot_[member]) ++hot_count_;
    if (!is_hot && is_hot_[member]) --hot_count_;
    is_hot_[member] = is_hot;
    State state = State::unaware;
    if (!is_up(member)) {
        state = State::down;
    } else if (!rumors_.empty() && rumors_.back().hops[member] != kUnaware) {
        const bool tells = is_hot && one.mongering->is_hot(rumors_.back().key);
        state = tells ? State::spreading : State::removed;
    }
    film().set_state(member, state);
}

std::vector<Point> RumorTrial::points(Moment) const {
    const double infected = rumors_.empty() ? 0 : per_member(rumors_.back().known);
    return {{"infected", infected},
            {"spreading", per_member(hot_count_)},
            {"residue", 1 - infected},
            {"messages_per_member", per_member(datagrams())},
            {"copies_per_member", per_member(copies_sent_)},
            {"bytes_per_member", per_member(bytes())},
            {"duplicates", static_cast<double>(duplicates_)},
            {"lost", static_cast<double>(lost())}};
}

std::vector<Point> RumorTrial::summary() const {
    std::vector<Point> all = points(now());
    if (rumors_.empty()) return all;
    const Rumor& rumor = rumors_.back();
    const auto last = static_cast<double>((rumor.last_learned - rumor.began).count());
    const auto known = static_cast<double>(std::max<std::size_t>(1, rumor.known));
    all.push_back({"rounds", last / static_cast<double>(settings().interval().count())});
    all.push_back({"t_last_ms", last / 1e6});
    all.push_back({"t_mean_ms", static_cast<double>(rumor.learned_after.count()) / known / 1e6});
    return all;
}

}  // namespace grapevine::sim::lab

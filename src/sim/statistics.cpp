#include "sim/statistics.hpp"

#include <algorithm>

#include "sim/world.hpp"

namespace grapevine::sim {

Statistics::Statistics(const World& world) : world_(world), hosts_(world.size()) {}

void Statistics::sent(HostIndex host, std::size_t bytes) {
    ++hosts_[host].traffic.datagrams_sent;
    hosts_[host].traffic.bytes_sent += bytes + kHeaderBytes;
}

void Statistics::received(HostIndex host, std::size_t bytes) {
    ++hosts_[host].traffic.datagrams_received;
    hosts_[host].traffic.bytes_received += bytes + kHeaderBytes;
}

Traffic Statistics::total() const {
    Traffic total;
    for (const HostView& host : hosts_) {
        total.datagrams_sent += host.traffic.datagrams_sent;
        total.bytes_sent += host.traffic.bytes_sent;
        total.datagrams_received += host.traffic.datagrams_received;
        total.bytes_received += host.traffic.bytes_received;
    }
    return total;
}

void Statistics::acted(HostIndex host, const overlay::Overlay::Action& action) {
    using overlay::Overlay;
    if (const auto* changed = std::get_if<Overlay::MemberChanged>(&action)) {
        member_changed(host, changed->change);
        if (changed->change.kind == protocol::MemberChange::Kind::died) {
            hosts_[host].death_groups.push_back(1);
        }
    } else if (const auto* together = std::get_if<Overlay::MembersChanged>(&action)) {
        for (const auto& change : together->changes) member_changed(host, change);
        hosts_[host].death_groups.push_back(together->changes.size());
    } else if (const auto* settled = std::get_if<Overlay::ViewSettled>(&action)) {
        hosts_[host].settled_sizes.push_back(settled->size);
    } else if (const auto* event = std::get_if<Overlay::EventDelivered>(&action)) {
        delivered(host, *event->event);
    } else if (const auto* gap = std::get_if<Overlay::EventGap>(&action)) {
        StreamView& view = hosts_[host].streams[gap->stream];
        if (view.gaps.empty() && view.delivered == 0) view.first = gap->first;
        view.last = gap->last;
        view.gaps.emplace_back(gap->first, gap->last);
        ++gaps_;
        lost_ += gap->last.value() - gap->first.value() + 1;
    }
}

std::uint64_t Statistics::false_deaths(MemberId member) const {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        false_deaths_, [member](const auto& life) { return life.first == member; }));
}

void Statistics::delivered(HostIndex host, const protocol::Event& event) {
    StreamView& view = hosts_[host].streams[event.stream];
    if (view.gaps.empty() && view.delivered == 0) view.first = event.sequence;
    view.last = event.sequence;
    ++view.delivered;
    const auto published = published_.find(event.stream);
    // Our own event comes back to us inside the call that publishes it: no journey to time.
    if (event.stream.publisher == world_.member_of(host)) return;
    if (published == published_.end() || published->second.size() < event.sequence.value()) return;
    const Duration late = world_.now() - published->second[event.sequence.value() - 1];
    latencies_us_.push_back(static_cast<std::uint32_t>(late / std::chrono::microseconds(1)));
}

void Statistics::member_changed(HostIndex host, const protocol::MemberChange& change) {
    using Kind = protocol::MemberChange::Kind;
    const MemberId member = change.member.record->member;
    if (change.kind == Kind::suspected) suspected_.emplace(member, change.member.incarnation);
    if (change.kind != Kind::died) return;
    const HostIndex subject = world_.host_of(member);
    if (subject != kNoHost && world_.is_up(subject) && world_.member_of(subject) == member &&
        change.member.incarnation >= world_.born_as(subject)) {
        false_deaths_.emplace(member, change.member.incarnation);
    }
    for (Watch& watch : watches_) {
        if (!watch.is_open || watch.member != member) continue;
        if (watch.waiting.erase(host) == 0) continue;
        ++watch.informed;
        if (!watch.first) watch.first = world_.now();
        if (watch.waiting.empty()) watch.last = world_.now();
    }
}

void Statistics::started(HostIndex host) {
    hosts_[host].streams.clear();
    hosts_[host].integrated_at.reset();
    hosts_[host].settled_sizes.clear();
    hosts_[host].death_groups.clear();
    for (Watch& watch : watches_) {
        if (watch.host == host) watch.is_open = false;
    }
}

void Statistics::stopping(HostIndex host, bool is_expected_to_be_noticed) {
    for (Watch& watch : watches_) {
        // It can no longer notice the death of another.
        if (watch.is_open && watch.waiting.erase(host) > 0) {
            --watch.observers;
            if (watch.waiting.empty() && watch.informed > 0) watch.last = world_.now();
        }
    }
    if (!is_expected_to_be_noticed) return;
    Watch watch;
    watch.host = host;
    watch.member = world_.member_of(host);
    watch.killed_at = world_.now();
    for (const HostIndex observer : world_.members()) {
        if (observer == host) continue;
        const protocol::Member* member = world_.membership(observer).find(watch.member);
        if (member == nullptr || member->status >= wire::Status::dead) continue;
        watch.waiting.insert(observer);
    }
    watch.observers = watch.waiting.size();
    watches_.push_back(std::move(watch));
}

std::vector<Detection> Statistics::detections() const {
    std::vector<Detection> detections;
    for (const Watch& watch : watches_) {
        Detection detection;
        detection.host = watch.host;
        detection.killed_at = watch.killed_at.time_since_epoch();
        detection.observers = watch.observers;
        detection.informed = watch.informed;
        if (watch.first) detection.first = *watch.first - watch.killed_at;
        if (watch.last) detection.last = *watch.last - watch.killed_at;
        detections.push_back(detection);
    }
    return detections;
}

void Statistics::published(HostIndex host, EventSequence sequence) {
    const wire::StreamId stream{world_.member_of(host), world_.epoch_of(host)};
    std::vector<Moment>& moments = published_[stream];
    moments.resize(sequence.value(), world_.now());
    ++published_count_;
}

void Statistics::note_integrated() {
    const std::size_t member_count = world_.members().size();
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
        if (hosts_[host].integrated_at || !world_.is_member(host)) continue;
        // It has found all others, and so have they found it: introductions are mutual.
        if (world_.membership(host).alive_count() >= member_count) {
            hosts_[host].integrated_at = world_.now();
        }
    }
}

Statistics::Deliveries Statistics::deliveries() const {
    Deliveries deliveries;
    deliveries.gaps = gaps_;
    deliveries.lost = lost_;
    for (const auto& [stream, moments] : published_) {
        // What a publisher took with it when it died is owed by nobody.
        const HostIndex publisher = world_.host_of(stream.publisher);
        const bool is_alive = publisher != kNoHost && world_.is_up(publisher) &&
                              world_.epoch_of(publisher) == stream.epoch;
        std::uint64_t highest = is_alive ? moments.size() : 0;
        for (HostIndex host = 0; host < hosts_.size() && !is_alive; ++host) {
            const auto view = hosts_[host].streams.find(stream);
            if (host == publisher || view == hosts_[host].streams.end()) continue;
            highest = std::max(highest, view->second.last.value());
        }
        for (HostIndex host = 0; host < hosts_.size(); ++host) {
            if (!world_.is_member(host) || !hosts_[host].integrated_at) continue;
            const auto first = std::ranges::upper_bound(moments, *hosts_[host].integrated_at);
            const auto before = static_cast<std::uint64_t>(first - moments.begin());
            if (highest <= before) continue;
            deliveries.expected += highest - before;
            const auto view = hosts_[host].streams.find(stream);
            if (view == hosts_[host].streams.end()) continue;
            const std::uint64_t last = std::min(view->second.last.value(), highest);
            const std::uint64_t from = std::max(view->second.first.value(), before + 1);
            std::uint64_t got = last >= from ? last - from + 1 : 0;
            for (const auto& [lost_first, lost_last] : view->second.gaps) {
                const std::uint64_t low = std::max(lost_first.value(), from);
                const std::uint64_t high = std::min(lost_last.value(), last);
                if (high >= low) got -= high - low + 1;
            }
            deliveries.delivered += got;
        }
    }
    return deliveries;
}

std::optional<Duration> Statistics::delivery_quantile(double quantile) const {
    if (latencies_us_.empty()) return std::nullopt;
    std::ranges::sort(latencies_us_);
    const auto last = static_cast<double>(latencies_us_.size() - 1);
    return std::chrono::microseconds(latencies_us_[static_cast<std::size_t>(last * quantile)]);
}

}  // namespace grapevine::sim

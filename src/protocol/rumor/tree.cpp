#include "protocol/rumor/tree.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"

namespace grapevine::protocol {

Tree::Tree(MemberId self, const ProtocolConfig& config, const Peers& peers, std::uint64_t seed)
    : self_(self), config_(config), peers_(peers), random_(seed) {}

void Tree::configure(const ProtocolConfig& config) {
    config_ = config;
}

// -- Events ---------------------------------------------------------------------------------------

void Tree::added(Instant now, const Arrival& arrival) {
    const wire::StreamId& stream = arrival.event.stream;
    const bool is_ours = arrival.from == kNobody;
    if (arrival.is_repair) {
        announce_soon(now, stream, true);
        return;
    }
    if (arrival.is_large) {
        push_large(arrival);
        announce_soon(now, stream, false);
        return;
    }
    Branch& branch = open(now, stream);
    const Link* source = link_to(branch, arrival.from);
    const bool is_pruned = source != nullptr && source->is_pruned;
    if (!is_ours && (!is_pruned || branch.parent == kNobody)) {
        branch.parent = arrival.from;
        branch.newest = arrival.event.sequence;
        branch.hops = arrival.hops;
        branch.first_at = now;
    }
    for (const Link& link : branch.links) {
        if (!link.is_eager || link.to == arrival.from || link.to == stream.publisher) continue;
        outbox_.push(Push{link.to, arrival.event});
    }
    announce_soon(now, stream, false);
}

void Tree::push_large(const Arrival& arrival) {
    // One more than needed is drawn, for the case that the publisher is among them.
    const std::size_t count = config_.event_fanout;
    std::vector<MemberId> targets = peers_.pick(random_, count + 1, arrival.from);
    std::erase(targets, arrival.event.stream.publisher);
    if (targets.size() > count) targets.resize(count);
    for (const MemberId to : targets) outbox_.push(Push{to, arrival.event});
}

void Tree::duplicate(Instant now, const Arrival& arrival) {
    // Large events are sent on to random members, who may well have them.
    if (arrival.is_large) return;
    Branch* branch = find(arrival.event.stream);
    if (branch == nullptr || arrival.from == branch->parent) return;
    const Link* link = link_to(*branch, arrival.from);
    const bool is_pruned = link != nullptr && link->is_pruned;
    const bool is_shorter = !is_pruned && arrival.event.sequence == branch->newest &&
                            arrival.hops < branch->hops && branch->parent != kNobody &&
                            now - branch->first_at <= config_.announce_delay;
    if (GV_MUTANT(keep_every_link)) return;
    MemberId unneeded = arrival.from;
    if (is_shorter) {
        unneeded = std::exchange(branch->parent, arrival.from);
        branch->hops = arrival.hops;
    }
    tell(now, arrival.event.stream, *branch, unneeded, false);
}

void Tree::repaired(Instant now, const wire::StreamId& stream, MemberId from) {
    Branch& branch = open(now, stream);
    if (from == branch.parent || GV_MUTANT(graft_nobody)) return;
    tell(now, stream, branch, from, true);
}

/// At most one word per link and repair delay: what is under way to us takes its time to stop.
void Tree::tell(Instant now, const wire::StreamId& stream, Branch& branch, MemberId to,
                bool is_eager) {
    Link* link = link_to(branch, to);
    if (link == nullptr) link = make_link(branch, to, false);
    if (link == nullptr || now < link->quiet_until) return;
    link->quiet_until = now + config_.repair_delay;
    link->is_pruned = !is_eager;
    outbox_.push(Tell{to, wire::EventLink{stream, is_eager}});
}

void Tree::handle(Instant now, MemberId from, const wire::Section& section) {
    const auto* word = std::get_if<wire::EventLink>(&section);
    if (word == nullptr) return;
    if (!word->is_eager) {
        Branch* branch = find(word->stream);
        if (branch == nullptr) return;
        if (Link* link = link_to(*branch, from)) link->is_eager = false;
        return;
    }
    if (from == word->stream.publisher) return;
    Branch& branch = open(now, word->stream);
    if (Link* link = make_link(branch, from, true)) link->is_eager = true;
}

// -- Links ----------------------------------------------------------------------------------------

Tree::Branch* Tree::find(const wire::StreamId& stream) {
    const auto found = branches_.find(stream);
    return found == branches_.end() ? nullptr : &found->second;
}

Tree::Branch& Tree::open(Instant now, const wire::StreamId& stream) {
    Branch* branch = find(stream);
    if (branch == nullptr) {
        if (branches_.size() >= kTreeStreamsMax) {
            branches_.erase(std::ranges::min_element(
                branches_, {}, [](const auto& entry) { return entry.second.active_at; }));
        }
        branch = &branches_[stream];
    }
    branch->active_at = now;
    if (branch->view != view_) follow_view(stream, *branch);
    return *branch;
}

// Links that carry the tree stay, whoever our neighbours are by now; others make room.
void Tree::follow_view(const wire::StreamId& stream, Branch& branch) {
    refresh_neighbours();
    branch.view = view_;
    const bool is_ours = stream.publisher == self_;
    const std::vector<MemberId>& wanted = is_ours ? roots_ : neighbours_;
    std::erase_if(branch.links, [&](const Link& link) {
        return !link.is_eager && std::ranges::find(wanted, link.to) == wanted.end();
    });
    for (const MemberId member : wanted) {
        if (link_to(branch, member) == nullptr) make_link(branch, member, is_ours || !is_star_);
    }
}

void Tree::refresh_neighbours() {
    if (refreshed_ == view_) return;
    refreshed_ = view_;
    neighbours_ = peers_.neighbours(config_.tree_degree);
    roots_ =
        peers_.neighbours(std::max<std::size_t>(config_.tree_root_degree, config_.tree_degree));
    // By the degree that publishers have, and not by how many we happen to reach ourselves: where
    // one member has links to all and the others only to it, it must send on.
    is_star_ = config_.tree_root_degree >= peers_.peer_count();
}

Tree::Link* Tree::link_to(Branch& branch, MemberId member) {
    const auto found = std::ranges::find(branch.links, member, &Link::to);
    return found == branch.links.end() ? nullptr : &*found;
}

/// The link to `member`; null if the branch is full of eager ones.
Tree::Link* Tree::make_link(Branch& branch, MemberId member, bool is_eager) {
    if (Link* link = link_to(branch, member)) return link;
    if (branch.links.size() >= kTreeLinksMax) {
        const auto lazy = std::ranges::find(branch.links, false, &Link::is_eager);
        if (lazy == branch.links.end()) return nullptr;
        branch.links.erase(lazy);
    }
    return &branch.links.emplace_back(Link{member, is_eager, false, {}});
}

void Tree::peer_joined(Instant now, MemberId member) {
    (void)now;
    (void)member;
    ++view_;
}

void Tree::peer_left(Instant now, MemberId member) {
    (void)now;
    ++view_;
    for (auto& [stream, branch] : branches_) {
        std::erase_if(branch.links, [member](const Link& link) { return link.to == member; });
        if (branch.parent == member) branch.parent = kNobody;
    }
}

void Tree::forget(const wire::StreamId& stream) {
    branches_.erase(stream);
    pending_.erase(stream);
    if (pending_.empty()) announce_at_ = kNever;
}

// -- Announcements --------------------------------------------------------------------------------

void Tree::announce_soon(Instant now, const wire::StreamId& stream, bool to_eager_links) {
    if (pending_.empty()) pending_since_ = now;
    pending_[stream] |= to_eager_links;
    announce_at_ = std::min(now + config_.announce_delay,
                            pending_since_ + kAnnounceStretch * config_.announce_delay);
}

void Tree::advance(Instant now) {
    if (now < announce_at_) return;
    announce_at_ = kNever;
    announce();
}

void Tree::announce() {
    refresh_neighbours();
    std::map<MemberId, std::vector<wire::StreamId>> by_target;
    for (const auto& [stream, to_eager_links] : pending_) {
        std::set<MemberId> targets;
        for (const MemberId member : neighbours_) {
            if (targets.size() == config_.lazy_links) break;
            if (member != stream.publisher) targets.insert(member);
        }
        const Branch* branch = to_eager_links ? find(stream) : nullptr;
        if (branch != nullptr) {
            for (const Link& link : branch->links) {
                if (link.is_eager && link.to != branch->parent) targets.insert(link.to);
            }
            targets.erase(stream.publisher);
        }
        for (const MemberId member : targets) by_target[member].push_back(stream);
    }
    pending_.clear();
    for (auto& [member, streams] : by_target) outbox_.push(Announce{member, std::move(streams)});
}

// -- Looking --------------------------------------------------------------------------------------

MemberId Tree::upstream(const wire::StreamId& stream) const {
    const auto found = branches_.find(stream);
    return found == branches_.end() ? kNobody : found->second.parent;
}

std::vector<MemberId> Tree::eager_links(const wire::StreamId& stream) const {
    std::vector<MemberId> members;
    const auto found = branches_.find(stream);
    if (found == branches_.end()) return members;
    for (const Link& link : found->second.links) {
        if (link.is_eager) members.push_back(link.to);
    }
    return members;
}

void Tree::check_invariants() const {
    assert(branches_.size() <= kTreeStreamsMax);
    for (const auto& [stream, branch] : branches_) {
        assert(branch.links.size() <= kTreeLinksMax);
        assert(branch.view <= view_);
    }
    assert(pending_.empty() == (announce_at_ == kNever));
}

}  // namespace grapevine::protocol

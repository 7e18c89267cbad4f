#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.hpp"
#include "overlay/overlay.hpp"
#include "sim/moment.hpp"
#include "sim/scenario.hpp"

namespace grapevine::sim {

class World;

/// What one host has sent and received, in bytes with 28 for the headers of IP and UDP.
struct Traffic {
    std::uint64_t datagrams_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t datagrams_received = 0;
    std::uint64_t bytes_received = 0;
};
inline constexpr std::size_t kHeaderBytes = 28;

/// What a subscriber on one host has been told of one stream, in the life that it is in.
struct StreamView {
    EventSequence first;  ///< Where it began to hear.
    EventSequence last;   ///< Delivered or told as lost up to here.
    std::uint64_t delivered = 0;
    std::vector<std::pair<EventSequence, EventSequence>> gaps;
};

/// Counts what users would feel: how soon a death is known, how many false ones there are, which
/// events arrived and how late. It judges nothing; `Checkers` does.
class Statistics {
public:
    explicit Statistics(const World& world);

    // -- What the world tells --
    void sent(HostIndex host, std::size_t bytes);
    void received(HostIndex host, std::size_t bytes);
    void acted(HostIndex host, const overlay::Overlay::Action& action);
    void started(HostIndex host);
    /// Called before the process is gone. `is_expected_to_be_noticed`: killed, not leaving.
    void stopping(HostIndex host, bool is_expected_to_be_noticed);
    void published(HostIndex host, EventSequence sequence);
    /// Looks which hosts have found everybody, and so are owed every event from now on.
    void note_integrated();

    // -- What can be asked --
    [[nodiscard]] const Traffic& traffic(HostIndex host) const { return hosts_[host].traffic; }
    [[nodiscard]] Traffic total() const;
    [[nodiscard]] std::vector<Detection> detections() const;
    /// Lives (member and incarnation) that somebody declared dead while they ran.
    [[nodiscard]] std::uint64_t false_deaths() const { return false_deaths_.size(); }
    /// ... of these, lives of this member: how often it was taken for dead.
    [[nodiscard]] std::uint64_t false_deaths(MemberId member) const;
    [[nodiscard]] std::uint64_t suspicions() const { return suspected_.size(); }
    [[nodiscard]] const std::map<wire::StreamId, StreamView>& streams(HostIndex host) const {
        return hosts_[host].streams;
    }
    /// How many deaths each item held by which a host was told of some, since its start.
    [[nodiscard]] const std::vector<std::size_t>& death_groups(HostIndex host) const {
        return hosts_[host].death_groups;
    }
    /// Of the views that a host has told as settled since its start, oldest first.
    [[nodiscard]] const std::vector<std::size_t>& settled_sizes(HostIndex host) const {
        return hosts_[host].settled_sizes;
    }
    [[nodiscard]] std::uint64_t published_count() const { return published_count_; }

    struct Deliveries {
        std::uint64_t expected = 0;   ///< Owed to hosts that were up and integrated all the while.
        std::uint64_t delivered = 0;  ///< ... of these.
        std::uint64_t gaps = 0;       ///< Told to anybody.
        std::uint64_t lost = 0;       ///< Events inside those gaps.
    };
    [[nodiscard]] Deliveries deliveries() const;
    /// From the publisher's call to the subscriber; nothing if there was no delivery.
    [[nodiscard]] std::optional<Duration> delivery_quantile(double quantile) const;

private:
    struct HostView {
        Traffic traffic;
        std::map<wire::StreamId, StreamView> streams;
        std::optional<Moment> integrated_at;
        std::vector<std::size_t> death_groups;
        std::vector<std::size_t> settled_sizes;
    };
    struct Watch {
        HostIndex host = 0;
        MemberId member;
        Incarnation incarnation;
        Moment killed_at;
        std::set<HostIndex> waiting;  ///< Observers that still believe it alive.
        std::size_t observers = 0;
        std::size_t informed = 0;
        std::optional<Moment> first;
        std::optional<Moment> last;
        bool is_open = true;
    };

    void member_changed(HostIndex host, const protocol::MemberChange& change);
    void delivered(HostIndex host, const protocol::Event& event);

    const World& world_;
    std::vector<HostView> hosts_;
    std::vector<Watch> watches_;
    std::set<std::pair<MemberId, Incarnation>> false_deaths_;
    std::set<std::pair<MemberId, Incarnation>> suspected_;
    /// When each event of a stream was published; index is sequence - 1.
    std::map<wire::StreamId, std::vector<Moment>> published_;
    std::uint64_t published_count_ = 0;
    std::uint64_t gaps_ = 0;
    std::uint64_t lost_ = 0;
    mutable std::vector<std::uint32_t> latencies_us_;
};

}  // namespace grapevine::sim

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.hpp"
#include "overlay/overlay.hpp"
#include "protocol/state/records.hpp"
#include "sim/moment.hpp"
#include "sim/network.hpp"
#include "sim/violation.hpp"

namespace grapevine::sim {

class World;
enum class Crash : std::uint8_t;

/// Watches a world from outside and names every property of the protocol that does not hold. It
/// knows what no member can know: what everybody has really issued, written and published.
///
/// | property | says |
/// |---|---|
/// | incarnation_grows | a member's own incarnation never falls, if its disk survives crashes |
/// | incarnation_issued | nobody holds an incarnation of X that X has not issued |
/// | status_severity | per observer, member and incarnation, a status only becomes more severe |
/// | stays_forgotten | what was forgotten does not come back by old news |
/// | left_by_itself | nobody is believed to have left who has not said so |
/// | event_order | FIFO per publisher, nothing twice, no gap that is not told |
/// | event_content | what is delivered is what was published |
/// | scuttlebutt | C(p,q) of van Renesse et al. 2008, between every copy and its owner |
/// | record_monotone | max version and collected version of a copy never fall |
/// | record_durable | a member's own record survives a crash that keeps its disk |
/// | deleted_stays | no deleted key reappears |
/// | datagram_size | no datagram is larger than kDatagramBytesMax |
/// | amplification | an address that has proven nothing gets no more bytes than it sent |
/// | replay | no datagram is accepted twice in one life of its receiver |
/// | nonce | no (sender, boot, key, counter) seals two datagrams |
/// | bounds | members, sessions, retained events and health stay below their limits |
/// | storm | nobody sends without end within a moment |
/// | deadline | a machine whose time has come makes progress |
/// | converges, record_converges, dead_are_gone | at the end, when the group is whole and quiet |
class Checkers {
public:
    explicit Checkers(const World& world);

    // -- What the world tells --
    void started(HostIndex host);
    /// Called before the process is gone.
    void stopping(HostIndex host, Crash crash);
    /// An old copy was put under the host's disk: what it forgot is not held against it.
    void restored(HostIndex host);
    void sent(HostIndex host, const Datagram& datagram);
    void received(HostIndex host, const Datagram& datagram);
    /// How many datagrams the host has refused in its present life.
    [[nodiscard]] std::uint64_t refused_count(HostIndex host) const;
    /// The host has just read this datagram and has not refused it.
    void accepted(HostIndex host, const Datagram& datagram);
    void acted(HostIndex host, const overlay::Overlay::Action& action);
    /// After every input, when the host is drained.
    void settled(HostIndex host);
    void check_second();
    void check_settled();

    void report(std::string property, std::string text);

    /// At most kViolationsMax are kept.
    [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
    static constexpr std::size_t kViolationsMax = 100;
    /// Above so many hosts, what costs memory for each pair of them is not checked.
    static constexpr std::size_t kPairedHostsMax = 1024;

private:
    /// What is known for certain of one identity.
    struct Identity {
        Incarnation issued;
        bool has_left = false;
        /// An old snapshot was restored: its record has two pasts, and no claim about it holds.
        bool is_forked = false;
        protocol::Record record;                              ///< As its owner holds it.
        std::map<std::string, Version, std::less<>> deleted;  ///< Last deletion of each key.
    };
    /// What one observer held of one member, in the observer's present life.
    struct View {
        Incarnation incarnation;
        wire::Status status = wire::Status::alive;
        bool is_forgotten = false;
        Moment forgotten_at{};
        Version version;
        Version collected;
    };
    /// Bytes exchanged with an address, in one life.
    struct Contact {
        std::uint64_t received_bytes = 0;
        std::uint64_t received_count = 0;
        std::uint64_t sent_bytes = 0;
        bool is_theirs = false;  ///< The first datagram was theirs.
    };
    struct HostView {
        Incarnation incarnation;  ///< Of its identity, when it was last looked at.
        bool is_disk_intact = false;
        bool is_restored = false;  ///< An old copy lies under its disk since its last life.
        std::unordered_map<MemberId, View> views;
        std::map<wire::StreamId, EventSequence> heard;
        std::map<Endpoint, Contact> contacts;
        std::unordered_set<std::uint64_t> accepted;  ///< Hashes of whole datagrams.
    };

    void member_changed(HostIndex host, const protocol::MemberChange& change);
    void record_changed(HostIndex host, MemberId member);
    void delivered(HostIndex host, const protocol::Event& event);
    void gap(HostIndex host, const overlay::Overlay::EventGap& gap);
    void check_amplification(HostIndex host, const Datagram& datagram);
    [[nodiscard]] bool is_vouched(HostIndex host, const Endpoint& endpoint) const;
    void check_nonce(HostIndex host, const Datagram& datagram);
    void observe_owner(HostIndex host);
    void check_copy(HostIndex host, MemberId member, const protocol::Record& copy);
    void check_view(HostIndex host, const protocol::Member& member);
    void check_bounds(HostIndex host);
    [[nodiscard]] std::string name_of(MemberId member) const;

    const World& world_;
    const bool is_paired_;
    std::vector<HostView> hosts_;
    std::map<MemberId, Identity> identities_;
    std::map<wire::StreamId, std::map<EventSequence, std::uint64_t>> published_;
    std::map<std::tuple<MemberId, Boot, KeyId>, std::uint64_t> counters_;  ///< Last nonces.
    std::uint64_t inputs_ = 0;
    HostIndex next_observer_ = 0;
    std::vector<Violation> violations_;
};

}  // namespace grapevine::sim

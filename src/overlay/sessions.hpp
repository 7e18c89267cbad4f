#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/endpoint.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "crypto/cookie.hpp"
#include "crypto/key_ring.hpp"
#include "crypto/replay_window.hpp"

namespace grapevine::overlay {

/// What we remember of one life (boot) of a member that has spoken to us, so that nothing it said
/// can be said again by somebody else.
struct Session {
    Boot boot;
    /// Where it has proven to be. Datagrams from elsewhere are challenged.
    Endpoint endpoint;
    std::optional<KeyId> key_id;  ///< Of `key`; nothing after the ring has changed.
    crypto::SubKey key;
    crypto::ReplayWindow window;
    Instant last_heard{};
};

/// One member as the other end of datagrams: where to send, and what has come.
struct Peer {
    Boot boot;          ///< The life that we write to: a datagram opens in no other.
    Endpoint endpoint;  ///< Where we write to.
    Boot record_boot;   ///< Of the record last seen, to notice a restart that we hear of by gossip.
    /// It has answered in this life, so it knows us. Until then what we send may draw a challenge,
    /// and carries the cookie of the last one.
    bool is_confirmed = false;
    std::uint8_t unheard_count = 0;  ///< Datagrams sent to it since it was last heard.
    std::optional<crypto::Cookie> cookie;
    Instant cookie_expires{};
    std::optional<KeyId> heard_under;  ///< What it last sealed with.
    std::vector<Session> sessions;     ///< Newest last, at most kLivesMax.
};

/// All peers of one overlay.
///
/// Why a session may only be thrown away with care: whoever recorded a datagram could replay it to
/// a fresh window. So a (member, boot) whose session was thrown away is remembered as retired, and
/// can only come back by a handshake, which starts the window above every counter of before. The
/// memory of the retired is bounded (kRetiredMax); when it is full, records vouch for nobody any
/// more and every newcomer must shake hands, which is always safe.
class Sessions {
public:
    /// Lives of one member held at once: the present one, and the one before it while its last
    /// datagrams are still under way.
    static constexpr std::size_t kLivesMax = 2;
    static constexpr std::size_t kRetiredMax = 65'536;
    /// Peers without a member record: strangers that have shaken hands and not joined yet.
    static constexpr std::size_t kStrangersMax = 1024;

    [[nodiscard]] Peer* find(MemberId member);
    Peer& peer(MemberId member);
    [[nodiscard]] Session* find_session(MemberId member, Boot boot);
    /// Makes the session of a life, retiring the oldest if there are too many. It must not exist
    /// yet.
    Session& open(Instant now, MemberId member, Boot boot, const Endpoint& endpoint);

    /// Whether a signed record is enough to believe that this life has not spoken to us before.
    [[nodiscard]] bool may_be_vouched(MemberId member, Boot boot) const;

    void retire(MemberId member);
    /// Forgets what keys the sessions were opened with: the ring has changed.
    void forget_keys();

    /// Retires strangers that have been silent since `before`. `is_member` tells who is none.
    template <typename IsMember>
    void sweep(Instant before, IsMember is_member) {
        std::vector<MemberId> silent;
        for (const auto& [member, peer] : peers_) {  // order-free: only collected for removal
            if (is_member(member)) continue;
            bool has_spoken = false;
            for (const Session& session : peer.sessions) has_spoken |= session.last_heard >= before;
            if (!has_spoken) silent.push_back(member);
        }
        for (const MemberId member : silent) retire(member);
    }

    [[nodiscard]] std::size_t size() const { return session_count_; }
    [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }

private:
    static std::uint64_t life_of(MemberId member, Boot boot);
    void remember_retired(MemberId member, Boot boot);

    std::unordered_map<MemberId, Peer> peers_;
    std::unordered_set<std::uint64_t> retired_;
    bool is_retired_full_ = false;
    std::size_t session_count_ = 0;
};

}  // namespace grapevine::overlay

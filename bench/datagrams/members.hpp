#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/time.hpp"
#include "crypto/aead.hpp"
#include "crypto/key_ring.hpp"
#include "overlay/overlay.hpp"
#include "wire/messages.hpp"
#include "wire/native/header.hpp"

namespace grapevine::bench {

/// What all members of the benchmark's overlay are set to.
overlay::Settings settings_of(int number, const Endpoint& address, std::vector<std::string> seeds);
overlay::Start start_of(int number);
crypto::KeyRing ring();

/// A real member that is also made to say things at a speed at which nobody else would.
///
/// The overlay in it joins and shakes hands as always. What `seal` makes is numbered far above what
/// that overlay has sent, so the receiver's replay window takes it, and takes nothing twice.
class Speaker {
public:
    Speaker(int number, const Endpoint& address, std::vector<std::string> seeds);

    [[nodiscard]] overlay::Overlay& overlay() { return overlay_; }
    [[nodiscard]] const Endpoint& address() const { return address_; }
    [[nodiscard]] const crypto::SubKey& key() const { return key_; }
    [[nodiscard]] MemberId member() const { return member_; }

    /// Appends one datagram for `receiver` to `out`. All with the same sections have one length.
    void seal(MemberId receiver, Boot receiver_boot, ByteView sections, Bytes& out);

private:
    Endpoint address_;
    overlay::Overlay overlay_;
    MemberId member_;
    Boot boot_;
    crypto::SubKey key_;
    crypto::Aead aead_;
    std::uint64_t counter_ = std::uint64_t{1} << 40;
    Bytes body_;
};

/// The sections of an ack that answers nothing: the receiver opens, decodes and handles it, and
/// says nothing.
Bytes stray_ack();
/// The sections of a ping by a member that believes what `overlay` believes: it draws an ack.
Bytes ping(const overlay::Overlay& overlay);

}  // namespace grapevine::bench

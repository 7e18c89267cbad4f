#include "datagrams/members.hpp"

#include <cassert>
#include <memory>
#include <utility>

#include "overlay/record_cache.hpp"
#include "wire/native/codec.hpp"

namespace grapevine::bench {
namespace native = wire::native;
namespace {

constexpr std::string_view kOverlayName = "bench";
/// No probe of ours has it.
constexpr ProbeSequence kStraySequence{0xffff'fff0};

crypto::OverlayKey overlay_key() {
    std::array<std::uint8_t, 32> secret{};
    secret.fill(7);
    return {KeyId(1), crypto::Secret<32>(secret)};
}

}  // namespace

overlay::Settings settings_of(int number, const Endpoint& address, std::vector<std::string> seeds) {
    overlay::Settings settings;
    settings.name = kOverlayName;
    settings.keys = {overlay_key()};
    // Speakers answer no probes while they flood: they must not be missed at once.
    settings.protocol = protocol::profile_config(protocol::Profile::wan);
    settings.member_name = "m" + std::to_string(number);
    settings.addresses = {address};
    settings.seeds = std::move(seeds);
    return settings;
}

overlay::Start start_of(int number) {
    overlay::Start start;
    start.fresh_identity.fill(static_cast<std::uint8_t>(number + 1));
    start.boot = Boot(static_cast<std::uint64_t>(number) + 1);
    start.cookie_secret.fill(static_cast<std::uint8_t>(number + 1));
    start.seed = static_cast<std::uint64_t>(number) + 1;
    return start;
}

crypto::KeyRing ring() {
    return *crypto::KeyRing::make(std::string(kOverlayName), {overlay_key()});
}

Speaker::Speaker(int number, const Endpoint& address, std::vector<std::string> seeds)
    : address_(address),
      overlay_(settings_of(number, address, std::move(seeds)), start_of(number),
               std::make_shared<overlay::RecordCache>()),
      member_(overlay_.node().membership().self()),
      boot_(start_of(number).boot),
      key_(*ring().derive(overlay_key().id, member_, boot_)) {}

void Speaker::seal(MemberId receiver, Boot receiver_boot, ByteView sections, Bytes& out) {
    native::DatagramHeader header;
    header.key = overlay_key().id;
    header.sender = member_;
    header.boot = boot_;
    header.counter = ++counter_;
    const native::HeaderBytes head = native::encode_header(header);
    body_ = native::encode_data_prefix(std::nullopt);
    body_.insert(body_.end(), sections.begin(), sections.end());
    out.insert(out.end(), head.begin(), head.end());
    aead_.seal(key_, header.counter, native::associated_data(head, receiver, receiver_boot), body_,
               out);
}

Bytes stray_ack() {
    return native::encode({wire::Ack{kStraySequence}});
}

Bytes ping(const overlay::Overlay& overlay) {
    const wire::Summary summary{overlay.node().view_fingerprint(),
                                overlay.node().events().summary()};
    return native::encode({wire::Ping{ProbeSequence(1), summary}});
}

}  // namespace grapevine::bench

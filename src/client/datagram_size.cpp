#include "client/datagram_size.hpp"

#include <cassert>
#include <numeric>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace grapevine::client {
namespace {

using namespace wire::gossiperl;

// Thrift's binary protocol: each field begins with a type (1) and an id (2), text and lists with
// their length (4), lists with the type of their elements (1). A struct ends with STOP (1).
constexpr std::size_t kFieldBytes = 3;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kListBytes = kFieldBytes + 1 + kLengthBytes;
constexpr std::size_t kI32Bytes = kFieldBytes + 4;
constexpr std::size_t kI64Bytes = kFieldBytes + 8;
constexpr std::size_t kStopBytes = 1;
constexpr std::size_t kBlockBytes = 16;

std::size_t text_bytes(std::string_view text) {
    return kFieldBytes + kLengthBytes + text.size();
}

std::size_t struct_bytes(const DigestAck& ack) {
    std::size_t bytes = text_bytes(ack.name) + kI64Bytes + text_bytes(ack.reply_id) + kListBytes;
    for (const DigestMember& member : ack.membership) {
        bytes += text_bytes(member.member_name) + text_bytes(member.member_ip) + kI32Bytes +
                 kI64Bytes + kStopBytes;
    }
    return bytes + kStopBytes;
}

std::size_t subscribe_ack_bytes(std::string_view reply_id,
                                const std::vector<std::string>& event_types) {
    std::size_t bytes = kI64Bytes + text_bytes(reply_id) + kListBytes + kStopBytes;
    for (const std::string& type : event_types) bytes += kLengthBytes + type.size();
    return bytes;
}

std::size_t struct_bytes(const DigestSubscribeAck& ack) {
    return subscribe_ack_bytes(ack.reply_id, ack.event_types);
}

std::size_t struct_bytes(const DigestUnsubscribeAck& ack) {
    return subscribe_ack_bytes(ack.reply_id, ack.event_types);
}

std::size_t struct_bytes(const DigestEvent& event) {
    return text_bytes(event.event_type) + text_bytes(event.event_object) + kI64Bytes + kStopBytes;
}

std::size_t struct_bytes(const DigestForwardedAck& ack) {
    return text_bytes(ack.name) + text_bytes(ack.reply_id) + text_bytes(ack.secret) + kStopBytes;
}

/// Of one of ours, whose payload types are the names of their structs.
std::size_t envelope_bytes(std::string_view type, std::size_t payload_bytes, std::string_view id) {
    const std::size_t base64_bytes = (payload_bytes + 2) / 3 * 4;
    return text_bytes(type) + kFieldBytes + kLengthBytes + base64_bytes + text_bytes(id) +
           kStopBytes;
}

/// The padding of PKCS#7 is at least one byte.
std::size_t sealed_bytes(std::size_t plaintext_bytes) {
    return kBlockBytes + (plaintext_bytes / kBlockBytes + 1) * kBlockBytes;
}

struct EnvelopeBytes {
    std::string_view id;

    std::size_t operator()(const DigestAck& ack) const {
        return envelope_bytes("digestAck", struct_bytes(ack), id);
    }
    std::size_t operator()(const DigestSubscribeAck& ack) const {
        return envelope_bytes("digestSubscribeAck", struct_bytes(ack), id);
    }
    std::size_t operator()(const DigestUnsubscribeAck& ack) const {
        return envelope_bytes("digestUnsubscribeAck", struct_bytes(ack), id);
    }
    std::size_t operator()(const DigestEvent& event) const {
        return envelope_bytes("digestEvent", struct_bytes(event), id);
    }
    std::size_t operator()(const DigestForwardedAck& ack) const {
        return envelope_bytes("digestForwardedAck", struct_bytes(ack), id);
    }
    std::size_t operator()(const Application& application) const {
        assert(application.envelope);
        return application.envelope->size();
    }
    template <typename Other>
    std::size_t operator()(const Other&) const {
        assert(false && "nothing that a daemon says to a client");
        return 0;
    }
};

}  // namespace

std::size_t datagram_bytes(const Letter& letter) {
    return sealed_bytes(std::visit(EnvelopeBytes{letter.id}, letter.message));
}

}  // namespace grapevine::client

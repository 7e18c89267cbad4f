#include "wire/gossiperl/codec.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include "base/limits.hpp"
#include "wire/gossiperl/translation.hpp"

namespace grapevine::wire::gossiperl {
namespace {

using apache::thrift::TConfiguration;
using apache::thrift::protocol::TProtocolException;
using apache::thrift::protocol::TType;
using apache::thrift::transport::TMemoryBuffer;
using apache::thrift::transport::TTransportException;
using BinaryProtocol = apache::thrift::protocol::TBinaryProtocolT<TMemoryBuffer>;

/// The least that an entry of a list of ours takes. Both structs that come in lists have a number
/// of 8 bytes (with type and id 11), three more fields that are empty texts or numbers of 4 bytes
/// (7 each), and STOP; a text has its length.
constexpr std::size_t kStructBytesMin = 11 + 3 * 7 + 1;
constexpr std::size_t kTextBytesMin = 4;

/// What the entries of the list in a struct are; STOP where there is no list.
template <typename Struct>
constexpr TType kElement = apache::thrift::protocol::T_STOP;
template <>
constexpr TType kElement<thrift::DigestAck> = apache::thrift::protocol::T_STRUCT;
template <>
constexpr TType kElement<thrift::DigestSubscriptions> = apache::thrift::protocol::T_STRUCT;
template <>
constexpr TType kElement<thrift::DigestSubscribe> = apache::thrift::protocol::T_STRING;
template <>
constexpr TType kElement<thrift::DigestUnsubscribe> = apache::thrift::protocol::T_STRING;
template <>
constexpr TType kElement<thrift::DigestSubscribeAck> = apache::thrift::protocol::T_STRING;
template <>
constexpr TType kElement<thrift::DigestUnsubscribeAck> = apache::thrift::protocol::T_STRING;

std::shared_ptr<TMemoryBuffer> buffer_of(ByteView bytes) {
    constexpr int kBytesMax = kOldDatagramBytesMax;
    // The buffer wants bytes that it could write to, and never writes to those that it observes.
    auto* const start = const_cast<std::uint8_t*>(bytes.data());
    return std::make_shared<TMemoryBuffer>(
        start, static_cast<std::uint32_t>(bytes.size()), TMemoryBuffer::OBSERVE,
        std::make_shared<TConfiguration>(kBytesMax, kBytesMax, int{kOldNestingMax}));
}

/// Thrift's binary protocol over bytes that are all there. Believes no length and no count before
/// it has compared them with what is left: generated code makes room for a list by its count, and
/// of structs libthrift itself would let every count pass.
class BoundedReader : public BinaryProtocol {
public:
    BoundedReader(ByteView bytes, TType element)
        : BoundedReader(buffer_of(bytes), static_cast<std::int32_t>(bytes.size()), element) {}

    /// Called by generated code for the lists that it knows, and only for these: what is unknown is
    /// skipped, which makes no room. Generated code does not look at `element` itself.
    std::uint32_t readListBegin_virt(TType& element, std::uint32_t& count) override {
        const std::uint32_t size = readListBegin(element, count);
        if (count == 0) return size;
        if (element != element_) throw TProtocolException(TProtocolException::INVALID_DATA);
        const bool is_struct = element == apache::thrift::protocol::T_STRUCT;
        if (count > left() / (is_struct ? kStructBytesMin : kTextBytesMin)) {
            throw TTransportException(TTransportException::END_OF_FILE);
        }
        if (count > kOldListMax) throw TProtocolException(TProtocolException::SIZE_LIMIT);
        return size;
    }

    [[nodiscard]] std::size_t left() const { return trans_->available_read(); }

private:
    BoundedReader(std::shared_ptr<TMemoryBuffer> buffer, std::int32_t size, TType element)
        : BinaryProtocol(std::move(buffer), size, size, false, false), element_(element) {}

    TType element_;
};

Error::Code code_of(const TProtocolException& exception) {
    switch (exception.getType()) {
        case TProtocolException::SIZE_LIMIT:
        case TProtocolException::DEPTH_LIMIT:
            return Error::Code::over_limit;
        default:
            return Error::Code::malformed;
    }
}

/// Reads a struct and says how many bytes it took. Every exception of libthrift ends here.
template <typename Struct>
Result<std::size_t> read_struct(ByteView bytes, std::string_view field, Struct& out) {
    assert(bytes.size() <= kOldDatagramBytesMax);
    // Bytes that are not there have no address, and libthrift adds to the address.
    if (bytes.empty()) return std::unexpected(Error{Error::Code::truncated, field, 0});
    BoundedReader reader(bytes, kElement<Struct>);
    const auto failed = [&](Error::Code code) {
        return std::unexpected(
            Error{code, field, static_cast<std::uint32_t>(bytes.size() - reader.left())});
    };
    try {
        return out.read(&reader);
    } catch (const TProtocolException& exception) {
        return failed(code_of(exception));
    } catch (const TTransportException&) {
        return failed(Error::Code::truncated);
    } catch (const std::exception&) {
        return failed(Error::Code::malformed);
    }
}

template <typename Struct>
Bytes write_struct(const Struct& from) {
    const auto buffer = std::make_shared<TMemoryBuffer>();
    BinaryProtocol writer(buffer);
    from.write(&writer);
    std::uint8_t* start = nullptr;
    std::uint32_t size = 0;
    buffer->getBuffer(&start, &size);
    return Bytes(start, start + size);
}

Bytes write_envelope(std::string_view id, std::string_view type, ByteView payload) {
    thrift::DigestEnvelope envelope;
    envelope.payload_type = type;
    envelope.bin_payload = to_base64(payload);
    envelope.id = id;
    return write_struct(envelope);
}

/// Base64 as its writers leave it, or broken into lines as the original lets pass.
Result<Bytes> read_base64(std::string& text) {
    constexpr std::string_view kWhitespace = " \t\r\n";
    std::erase_if(text, [&](char letter) { return kWhitespace.contains(letter); });
    auto bytes = from_base64(text);
    if (!bytes) bytes.error().field = "envelope.bin_payload";
    return bytes;
}

template <typename Struct>
Result<Message> read_message(std::string_view type, ByteView payload) {
    Struct from;
    (void)GV_TRY(read_struct(payload, type, from));
    return take(from);
}

/// How the payload of an internal type is read.
struct Reading {
    std::string_view type;
    Result<Message> (*read)(std::string_view type, ByteView payload);
};

constexpr std::array<Reading, 11> kReadings = {{
    {"digest", read_message<thrift::Digest>},
    {"digestAck", read_message<thrift::DigestAck>},
    {"digestSubscriptions", read_message<thrift::DigestSubscriptions>},
    {"digestExit", read_message<thrift::DigestExit>},
    {"digestSubscribe", read_message<thrift::DigestSubscribe>},
    {"digestUnsubscribe", read_message<thrift::DigestUnsubscribe>},
    {"digestSubscribeAck", read_message<thrift::DigestSubscribeAck>},
    {"digestUnsubscribeAck", read_message<thrift::DigestUnsubscribeAck>},
    {"digestEvent", read_message<thrift::DigestEvent>},
    {"digestForwardedAck", read_message<thrift::DigestForwardedAck>},
    {"digestError", read_message<thrift::DigestError>},
}};

}  // namespace

Result<Letter> decode(ByteView plaintext) {
    if (plaintext.size() > kOldDatagramBytesMax) {
        return std::unexpected(Error{Error::Code::over_limit, "envelope", 0});
    }
    thrift::DigestEnvelope envelope;
    const std::size_t size = GV_TRY(read_struct(plaintext, "envelope", envelope));
    GV_TRY_VOID(check_text(envelope.payload_type, "envelope.payload_type"));
    GV_TRY_VOID(check_text(envelope.id, "envelope.id"));
    Bytes payload = GV_TRY(read_base64(envelope.bin_payload));

    Letter letter{.id = std::move(envelope.id), .message = {}};
    const auto* const reading = std::ranges::find(kReadings, envelope.payload_type, &Reading::type);
    if (reading != kReadings.end()) {
        letter.message = GV_TRY(reading->read(reading->type, payload));
        return letter;
    }
    const ByteView read = plaintext.first(size);
    letter.message = Application{.type = std::move(envelope.payload_type),
                                 .envelope = std::make_shared<Bytes>(read.begin(), read.end()),
                                 .payload = std::make_shared<Bytes>(std::move(payload))};
    return letter;
}

Bytes encode(const Letter& letter) {
    return std::visit(
        [&letter](const auto& message) {
            if constexpr (std::is_same_v<std::decay_t<decltype(message)>, Application>) {
                return *message.envelope;
            } else {
                return write_envelope(letter.id, payload_type(letter.message),
                                      write_struct(to_thrift(message)));
            }
        },
        letter.message);
}

Letter make_application(std::string id, std::string type, Bytes payload) {
    assert(!is_internal_type(type));
    Application application{.type = std::move(type),
                            .envelope = nullptr,
                            .payload = std::make_shared<Bytes>(std::move(payload))};
    application.envelope =
        std::make_shared<Bytes>(write_envelope(id, application.type, *application.payload));
    return Letter{std::move(id), std::move(application)};
}

}  // namespace grapevine::wire::gossiperl

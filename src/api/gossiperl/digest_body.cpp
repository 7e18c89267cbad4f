#include "api/gossiperl/digest_body.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/json/value.hpp>
#include <cmath>
#include <concepts>
#include <fmt/core.h>
#include <limits>
#include <map>
#include <string_view>

#include "api/gossiperl/erlang_text.hpp"
#include "base/endpoint.hpp"
#include "base/limits.hpp"

namespace grapevine::api::gossiperl {
namespace {

namespace json = boost::json;

constexpr std::string_view kRecipientIp = "recipient_ip";
constexpr std::string_view kRecipientPort = "recipient_port";

/// What the daemons and clients say among themselves, and the name of the envelope.
constexpr std::array<std::string_view, 12> kOwnMessages = {
    "digest",          "digestAck",          "digestSubscriptions", "digestExit",
    "digestSubscribe", "digestUnsubscribe",  "digestSubscribeAck",  "digestUnsubscribeAck",
    "digestEvent",     "digestForwardedAck", "digestError",         "digestEnvelope",
};

template <typename T>
using Read = std::expected<T, DigestRefusal>;

std::unexpected<DigestRefusal> incomplete() {
    return std::unexpected(
        DigestRefusal{DigestRefusal::Kind::incomplete,
                      "Given JSON arguments not complete. Required fields: digest_type. Optional: "
                      "specification."});
}

std::unexpected<DigestRefusal> unfit(std::string text) {
    return std::unexpected(DigestRefusal{DigestRefusal::Kind::unfit, std::move(text)});
}

std::string_view view_of(json::string_view text) {
    return {text.data(), text.size()};
}

/// Thrift's binary protocol, as far as fields of plain types need it.
class StructWriter {
public:
    template <std::integral T>
    void write(T value) {
        const auto bits = static_cast<std::make_unsigned_t<T>>(value);
        for (std::size_t byte = sizeof(T); byte-- > 0;) {
            bytes_.push_back(
                static_cast<std::uint8_t>(static_cast<std::uint64_t>(bits) >> (8 * byte)));
        }
    }
    void write(double value) { write(std::bit_cast<std::uint64_t>(value)); }
    void write(std::string_view text) {
        write(static_cast<std::int32_t>(text.size()));
        bytes_.insert(bytes_.end(), text.begin(), text.end());
    }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] Bytes finish() {
        constexpr std::uint8_t kStop = 0;
        write(kStop);
        return std::move(bytes_);
    }

private:
    Bytes bytes_;
};

/// Whether `value` fits; if it does it is written.
using Writer = bool (*)(StructWriter&, const json::value&);

template <std::signed_integral T>
bool write_whole(StructWriter& out, const json::value& value) {
    if (!value.is_int64()) return false;
    const std::int64_t number = value.get_int64();
    if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
        return false;
    }
    out.write(static_cast<T>(number));
    return true;
}

bool write_truth(StructWriter& out, const json::value& value) {
    if (!value.is_bool()) return false;
    out.write(static_cast<std::uint8_t>(value.get_bool() ? 1 : 0));
    return true;
}

bool write_double(StructWriter& out, const json::value& value) {
    if (!value.is_number()) return false;
    const double number = value.is_double()  ? value.get_double()
                          : value.is_int64() ? static_cast<double>(value.get_int64())
                                             : static_cast<double>(value.get_uint64());
    if (!std::isfinite(number)) return false;
    out.write(number);
    return true;
}

bool write_text(StructWriter& out, const json::value& value) {
    if (!value.is_string() || value.get_string().size() > kOldDatagramBytesMax) return false;
    out.write(view_of(value.get_string()));
    return true;
}

struct FieldType {
    std::string_view name;
    std::uint8_t code;
    Writer write;
};

constexpr std::array kFieldTypes = {
    FieldType{"bool", 0x02, write_truth},
    FieldType{"byte", 0x03, write_whole<std::int8_t>},
    FieldType{"double", 0x04, write_double},
    FieldType{"i16", 0x06, write_whole<std::int16_t>},
    FieldType{"i32", 0x08, write_whole<std::int32_t>},
    FieldType{"i64", 0x0a, write_whole<std::int64_t>},
    FieldType{"string", 0x0b, write_text},
};

struct Field {
    const FieldType* type;
    const json::value* value;
};

/// The type if this key and value are a type name and a field id.
const FieldType* type_of(std::string_view key, const json::value& id) {
    const auto type = std::ranges::find(kFieldTypes, key, &FieldType::name);
    if (type == kFieldTypes.end() || !id.is_int64()) return nullptr;
    return &*type;
}

Read<std::map<std::int64_t, Field>> read_fields(const json::array& array) {
    constexpr std::int64_t kFieldIdMax = std::numeric_limits<std::int16_t>::max();
    std::map<std::int64_t, Field> fields;
    for (const json::value& item : array) {
        const json::object* const pair = item.if_object();
        if (pair == nullptr || pair->size() != 2) {
            return unfit(
                "A field has exactly two keys: a name with its value, and a type with the "
                "field's id.");
        }
        const auto& first = *pair->begin();
        const auto& second = *(pair->begin() + 1);
        const bool is_in_order = type_of(view_of(second.key()), second.value()) != nullptr;
        const auto& typed = is_in_order ? second : first;
        const auto& named = is_in_order ? first : second;
        const FieldType* const type = type_of(view_of(typed.key()), typed.value());
        if (type == nullptr) {
            return unfit(
                fmt::format("Field {} has no type: give one of string, bool, byte, i16, "
                            "i32, i64, double with the field's id.",
                            to_erlang_binary(view_of(first.key()))));
        }
        const std::int64_t id = typed.value().get_int64();
        if (id < 1 || id > kFieldIdMax) {
            return unfit(fmt::format("Field id {} is not from 1 to {}.", id, kFieldIdMax));
        }
        if (!fields.emplace(id, Field{type, &named.value()}).second) {
            return unfit(fmt::format("Field id {} stands there more than once.", id));
        }
    }
    return fields;
}

Read<Bytes> write_struct(const json::array& array) {
    const auto fields = GV_TRY(read_fields(array));
    StructWriter out;
    for (const auto& [id, field] : fields) {
        out.write(field.type->code);
        out.write(static_cast<std::int16_t>(id));
        if (!field.type->write(out, *field.value)) {
            return unfit(fmt::format("The value {} of field {} does not fit its type, {}.",
                                     to_erlang(*field.value), id, field.type->name));
        }
        if (out.size() >= kOldDatagramBytesMax) {
            return unfit(fmt::format("The message is longer than a datagram, {} bytes.",
                                     kOldDatagramBytesMax));
        }
    }
    return out.finish();
}

Read<std::optional<std::string>> read_recipient(const json::object& object) {
    const json::value* const ip = object.if_contains("recipient_ip");
    const json::value* const port = object.if_contains("recipient_port");
    if (ip == nullptr && port == nullptr) return std::nullopt;
    if (ip == nullptr || port == nullptr) return incomplete();
    if (!ip->is_string() || !port->is_int64()) {
        return unfit("recipient_ip is a text, and recipient_port a whole number.");
    }
    const std::string_view host = view_of(ip->get_string());
    const std::int64_t number = port->get_int64();
    if (host.size() > kOldTextBytesMax || number < 1 || number > 65'535) {
        return unfit("recipient_port is from 1 to 65535.");
    }
    const bool is_v6 = host.find(':') != std::string_view::npos;
    const auto endpoint = Endpoint::parse(is_v6 ? fmt::format("[{}]:{}", host, number)
                                                : fmt::format("{}:{}", host, number));
    if (!endpoint) return unfit(fmt::format("{} is no IP address.", to_erlang(*ip)));
    return to_string(*endpoint);
}

}  // namespace

Read<Digest> read_digest(const json::object& object) {
    const json::key_value_pair* message = nullptr;
    for (const json::key_value_pair& pair : object) {
        const std::string_view key = view_of(pair.key());
        if (key == kRecipientIp || key == kRecipientPort) continue;
        if (message != nullptr) return incomplete();
        message = &pair;
    }
    if (message == nullptr || !message->value().is_array()) return incomplete();
    Digest digest;
    digest.type = view_of(message->key());
    if (digest.type.empty() || digest.type.size() > kOldTextBytesMax) {
        return unfit(fmt::format("A type has 1 to {} bytes.", kOldTextBytesMax));
    }
    if (std::ranges::find(kOwnMessages, digest.type) != kOwnMessages.end()) {
        return unfit(fmt::format("{} is a message of the protocol itself.", digest.type));
    }
    digest.recipient = GV_TRY(read_recipient(object));
    digest.payload = GV_TRY(write_struct(message->value().get_array()));
    return digest;
}

}  // namespace grapevine::api::gossiperl

#include <boost/json.hpp>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "crypto/gossiperl/cipher.hpp"
#include "wire/gossiperl/codec.hpp"

// The old protocol's bytes: 15 messages of known content and 43 datagrams recorded between the
// original daemons and clients, in tests/golden/gossiperl. They are other people's, so nothing here
// rewrites them: what does not read as it says there is wrong.
namespace grapevine::wire::gossiperl {
namespace {

namespace json = boost::json;

json::object read_vectors(const std::string& name) {
    std::ifstream file(std::string(GRAPEVINE_SOURCE_DIR) + "/tests/golden/gossiperl/" + name);
    EXPECT_TRUE(file) << name;
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object();
}

const json::object& synthetic() {
    static const json::object kVectors = read_vectors("synthetic.json");
    return kVectors;
}

const json::object& captured() {
    static const json::object kVectors = read_vectors("captured.json");
    return kVectors;
}

std::string text_of(const json::object& object, std::string_view key) {
    return std::string(object.at(key).as_string());
}

Bytes bytes_of(const json::object& object, std::string_view key) {
    return from_hex(text_of(object, key)).value();
}

crypto::gossiperl::Cipher cipher_of(const json::object& file) {
    return crypto::gossiperl::Cipher(text_of(file, "symmetric_key"));
}

json::array list_of(const std::vector<std::string>& texts) {
    return json::array(texts.begin(), texts.end());
}

json::object entry_of(const DigestMember& member) {
    return {{"member_name", member.member_name},
            {"member_ip", member.member_ip},
            {"member_port", member.member_port},
            {"member_heartbeat", member.member_heartbeat}};
}

json::object entry_of(const DigestSubscription& subscription) {
    return {{"event_type", subscription.event_type},
            {"member_name", subscription.member_name},
            {"origin", subscription.origin},
            {"heartbeat", subscription.heartbeat}};
}

template <typename Entry>
json::array entries_of(const std::vector<Entry>& entries) {
    json::array list;
    for (const Entry& entry : entries) list.emplace_back(entry_of(entry));
    return list;
}

template <typename Subscribe>
json::object subscribe_fields(const Subscribe& message) {
    return {{"name", message.name},
            {"heartbeat", message.heartbeat},
            {"id", message.id},
            {"event_types", list_of(message.event_types)},
            {"secret", message.secret}};
}

template <typename Ack>
json::object ack_fields(const Ack& message) {
    return {{"heartbeat", message.heartbeat},
            {"reply_id", message.reply_id},
            {"event_types", list_of(message.event_types)}};
}

/// What was decoded, in the words of the vectors. Of an application's message nothing: its fields
/// are none of our business, its bytes are compared.
struct Fields {
    json::object operator()(const Digest& message) const {
        return {{"name", message.name},
                {"port", message.port},
                {"heartbeat", message.heartbeat},
                {"id", message.id},
                {"secret", message.secret}};
    }
    json::object operator()(const DigestAck& message) const {
        return {{"name", message.name},
                {"heartbeat", message.heartbeat},
                {"reply_id", message.reply_id},
                {"membership", entries_of(message.membership)}};
    }
    json::object operator()(const DigestSubscriptions& message) const {
        return {{"name", message.name},
                {"heartbeat", message.heartbeat},
                {"reply_id", message.reply_id},
                {"subscriptions", entries_of(message.subscriptions)}};
    }
    json::object operator()(const DigestExit& message) const {
        return {
            {"name", message.name}, {"heartbeat", message.heartbeat}, {"secret", message.secret}};
    }
    json::object operator()(const DigestSubscribe& message) const {
        return subscribe_fields(message);
    }
    json::object operator()(const DigestUnsubscribe& message) const {
        return subscribe_fields(message);
    }
    json::object operator()(const DigestSubscribeAck& message) const { return ack_fields(message); }
    json::object operator()(const DigestUnsubscribeAck& message) const {
        return ack_fields(message);
    }
    json::object operator()(const DigestEvent& message) const {
        return {{"event_type", message.event_type},
                {"event_object", message.event_object},
                {"heartbeat", message.heartbeat}};
    }
    json::object operator()(const DigestForwardedAck& message) const {
        return {{"name", message.name}, {"reply_id", message.reply_id}, {"secret", message.secret}};
    }
    json::object operator()(const DigestError& message) const {
        return {{"name", message.name},
                {"heartbeat", message.heartbeat},
                {"error_code", message.error_code},
                {"error_entity", message.error_entity},
                {"error_entity_name", message.error_entity_name},
                {"error_message", message.error_message},
                {"reply_id", message.reply_id}};
    }
    json::object operator()(const Application& message) const {
        ADD_FAILURE() << message.type << " was taken for an application's message";
        return {};
    }
};

/// Decodes, compares with what the vector says, and gives back the letter.
Letter expect_letter(const json::object& vector, ByteView plaintext) {
    const auto letter = decode(plaintext);
    EXPECT_TRUE(letter) << text_of(vector, "name") << " " << describe(letter.error());
    if (!letter) return {};
    EXPECT_EQ(letter->id, text_of(vector, "envelope_id"));
    EXPECT_EQ(payload_type(letter->message), text_of(vector, "type"));
    if (const auto* application = std::get_if<Application>(&letter->message)) {
        EXPECT_EQ(to_hex(*application->payload), text_of(vector, "payload"));
        EXPECT_EQ(to_hex(*application->envelope), text_of(vector, "envelope"));
    } else {
        EXPECT_EQ(json::value(std::visit(Fields{}, letter->message)), vector.at("fields"))
            << text_of(vector, "name");
    }
    return *letter;
}

template <typename Claim>
void for_each_vector(const json::object& file, const Claim& claim) {
    for (const json::value& vector : file.at("vectors").as_array()) claim(vector.as_object());
}

TEST(GossiperlGolden, every_recorded_datagram_reads_as_stated) {
    const auto cipher = cipher_of(captured());
    std::size_t count = 0;
    for_each_vector(captured(), [&](const json::object& vector) {
        const auto plaintext = cipher.open(bytes_of(vector, "datagram"));
        ASSERT_TRUE(plaintext);
        EXPECT_EQ(to_hex(*plaintext), text_of(vector, "envelope") + text_of(vector, "tail"));
        expect_letter(vector, *plaintext);
        ++count;
    });
    EXPECT_EQ(count, 43U);
}

TEST(GossiperlGolden, what_was_recorded_is_written_again_as_the_same_bytes) {
    for_each_vector(captured(), [](const json::object& vector) {
        const Letter letter = expect_letter(vector, bytes_of(vector, "envelope"));
        EXPECT_EQ(to_hex(encode(letter)), text_of(vector, "envelope")) << text_of(vector, "name");
    });
}

TEST(GossiperlGolden, both_forms_of_every_message_read_as_stated) {
    const auto cipher = cipher_of(synthetic());
    std::size_t count = 0;
    for_each_vector(synthetic(), [&](const json::object& vector) {
        for (const char* const form : {"client_datagram", "erlang_datagram", "forwarded_datagram",
                                       "forwarded_twice_datagram"}) {
            if (!vector.contains(form)) continue;
            const auto plaintext = cipher.open(bytes_of(vector, form));
            ASSERT_TRUE(plaintext) << form;
            EXPECT_TRUE(to_hex(*plaintext).starts_with(text_of(vector, "envelope"))) << form;
            expect_letter(vector, *plaintext);
            ++count;
        }
    });
    EXPECT_EQ(count, 31U);
}

TEST(GossiperlGolden, every_message_is_written_as_the_stated_bytes) {
    const auto cipher = cipher_of(synthetic());
    crypto::gossiperl::Cipher::Iv iv{};
    std::ranges::copy(bytes_of(synthetic(), "client_iv"), iv.begin());
    for_each_vector(synthetic(), [&](const json::object& vector) {
        Letter letter = expect_letter(vector, bytes_of(vector, "envelope"));
        if (const auto* application = std::get_if<Application>(&letter.message)) {
            // One that begins here has the same form as one that passes through.
            letter = make_application(letter.id, application->type, *application->payload);
        }
        const Bytes envelope = encode(letter);
        EXPECT_EQ(to_hex(envelope), text_of(vector, "envelope"));
        EXPECT_EQ(to_hex(cipher.seal(envelope, iv)), text_of(vector, "client_datagram"));
    });
}

TEST(GossiperlGolden, a_forwarded_message_loses_the_padding_of_its_hops) {
    for_each_vector(synthetic(), [](const json::object& vector) {
        if (!vector.contains("forwarded_plaintext")) return;
        const Letter letter = expect_letter(vector, bytes_of(vector, "forwarded_plaintext"));
        EXPECT_EQ(to_hex(encode(letter)), text_of(vector, "envelope"));
    });
}

TEST(GossiperlGolden, no_part_of_an_envelope_is_an_envelope) {
    for (const json::object* const file : {&synthetic(), &captured()}) {
        for_each_vector(*file, [](const json::object& vector) {
            const Bytes envelope = bytes_of(vector, "envelope");
            for (std::size_t size = 0; size < envelope.size(); ++size) {
                // A copy of its own, so that a sanitizer sees who reads behind its end.
                const Bytes cut(envelope.begin(), envelope.begin() + static_cast<long>(size));
                EXPECT_FALSE(decode(cut)) << text_of(vector, "name") << " cut to " << size;
            }
        });
    }
}

TEST(GossiperlGolden, a_datagram_cut_anywhere_before_its_padding_is_refused) {
    const auto cipher = cipher_of(synthetic());
    for_each_vector(synthetic(), [&](const json::object& vector) {
        const Bytes datagram = bytes_of(vector, "client_datagram");
        const std::size_t needed = 16 + bytes_of(vector, "envelope").size();
        for (std::size_t size = 0; size < datagram.size(); ++size) {
            const auto plaintext = cipher.open(ByteView(datagram).first(size));
            const bool is_read = plaintext && decode(*plaintext);
            // Whole blocks that hold the whole envelope are the one exception: nobody asks for the
            // padding.
            EXPECT_EQ(is_read, size % 16 == 0 && size >= needed) << size;
        }
    });
}

TEST(GossiperlGolden, the_struct_within_may_not_be_cut_either) {
    for_each_vector(synthetic(), [](const json::object& vector) {
        const std::string type = text_of(vector, "type");
        if (!is_internal_type(type)) return;
        const Bytes payload = bytes_of(vector, "payload");
        for (std::size_t size = 0; size < payload.size(); ++size) {
            // A type of the same length that is nobody's makes the envelope; then it is renamed.
            Letter letter =
                make_application("i", std::string(type.size(), 'x'),
                                 Bytes(payload.begin(), payload.begin() + static_cast<long>(size)));
            Bytes envelope = encode(letter);
            std::ranges::copy(type, envelope.begin() + 7);
            EXPECT_FALSE(decode(envelope)) << type << " cut to " << size;
        }
    });
}

TEST(GossiperlGolden, another_key_opens_nothing_that_reads) {
    const crypto::gossiperl::Cipher other("another key");
    for (const json::object* const file : {&synthetic(), &captured()}) {
        for_each_vector(*file, [&](const json::object& vector) {
            const char* const form = vector.contains("datagram") ? "datagram" : "client_datagram";
            const auto plaintext = other.open(bytes_of(vector, form));
            ASSERT_TRUE(plaintext);
            EXPECT_FALSE(decode(*plaintext));
        });
    }
}

TEST(GossiperlGolden, arbitrary_bytes_are_no_datagram) {
    const auto cipher = cipher_of(synthetic());
    for (const std::size_t size : {0, 10, 16, 31, 33, 40}) {
        EXPECT_FALSE(cipher.open(Bytes(size, 0xa5))) << size;
    }
    const auto plaintext = cipher.open(Bytes(32, 0xa5));
    ASSERT_TRUE(plaintext);
    EXPECT_FALSE(decode(*plaintext));
}

}  // namespace
}  // namespace grapevine::wire::gossiperl

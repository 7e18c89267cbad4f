#include <gtest/gtest.h>

#include "base/random.hpp"
#include "support/seeds.hpp"
#include "wire/gossiperl/codec.hpp"

// Drawn messages of every kind read as they were written, and have the names that they are known
// by.
namespace grapevine::wire::gossiperl {
namespace {

class Drawing {
public:
    explicit Drawing(std::uint64_t seed) : random_(seed) {}

    std::string text() {
        std::string text(random_.below(40), '\0');
        for (char& letter : text) letter = static_cast<char>(random_.below(256));
        return text;
    }
    std::int64_t number() { return static_cast<std::int64_t>(random_.next()); }
    std::int32_t port() { return static_cast<std::int32_t>(1 + random_.below(65'535)); }
    std::vector<std::string> texts() {
        std::vector<std::string> texts(random_.below(10));
        for (std::string& entry : texts) entry = text();
        return texts;
    }
    Message message() {
        switch (random_.below(11)) {
            case 0:
                return Digest{text(), port(), number(), text(), text()};
            case 1: {
                DigestAck ack{text(), number(), text(), {}};
                for (std::uint64_t left = random_.below(10); left > 0; --left) {
                    ack.membership.push_back({text(), text(), port(), number()});
                }
                return ack;
            }
            case 2: {
                DigestSubscriptions gossip{text(), number(), text(), {}};
                for (std::uint64_t left = random_.below(10); left > 0; --left) {
                    gossip.subscriptions.push_back({text(), text(), text(), number()});
                }
                return gossip;
            }
            case 3:
                return DigestExit{text(), number(), text()};
            case 4:
                return DigestSubscribe{text(), number(), text(), texts(), text()};
            case 5:
                return DigestUnsubscribe{text(), number(), text(), texts(), text()};
            case 6:
                return DigestSubscribeAck{number(), text(), texts()};
            case 7:
                return DigestUnsubscribeAck{number(), text(), texts()};
            case 8:
                return DigestEvent{text(), text(), number()};
            case 9:
                return DigestForwardedAck{text(), text(), text()};
            default:
                return DigestError{text(), number(), static_cast<std::int32_t>(number()),
                                   text(), text(),   text(),
                                   text()};
        }
    }
    Bytes bytes() {
        Bytes bytes(random_.below(500));
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_.below(256));
        return bytes;
    }
    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

private:
    Random random_;
};

template <typename Struct>
bool same_struct(const Message& a, const Message& b) {
    if constexpr (std::is_same_v<Struct, Application>) {
        return false;  // Compared by its bytes instead.
    } else {
        return std::get<Struct>(a) == std::get<Struct>(b);
    }
}

bool same(const Message& a, const Message& b) {
    return a.index() == b.index() &&
           std::visit(
               [&](const auto& message) {
                   return same_struct<std::decay_t<decltype(message)>>(a, b);
               },
               a);
}

TEST(OldCodecRoundTrip, every_message_reads_as_it_was_written) {
    grapevine::testing::for_each_seed(500, [](std::uint64_t seed) {
        Drawing drawing(seed);
        const Letter letter{drawing.text(), drawing.message()};
        const auto again = decode(encode(letter));
        ASSERT_TRUE(again) << describe(again.error());
        EXPECT_EQ(again->id, letter.id);
        EXPECT_TRUE(same(again->message, letter.message)) << payload_type(letter.message);
    });
}

TEST(OldCodecRoundTrip, every_message_of_an_application_too) {
    grapevine::testing::for_each_seed(200, [](std::uint64_t seed) {
        Drawing drawing(seed);
        const Bytes payload = drawing.bytes();
        const Letter letter = make_application(drawing.text(), "app" + drawing.text(), payload);
        const auto again = decode(encode(letter));
        ASSERT_TRUE(again) << describe(again.error());
        EXPECT_EQ(again->id, letter.id);
        EXPECT_EQ(payload_type(again->message), payload_type(letter.message));
        EXPECT_EQ(*std::get<Application>(again->message).payload, payload);
        EXPECT_EQ(encode(*again), encode(letter));
    });
}

TEST(OldCodecRoundTrip, flipped_bytes_are_read_or_refused_and_never_worse) {
    grapevine::testing::for_each_seed(500, [](std::uint64_t seed) {
        Drawing drawing(seed);
        Bytes bytes = encode({drawing.text(), drawing.message()});
        for (std::uint64_t left = 1 + drawing.below(4); left > 0; --left) {
            bytes[drawing.below(bytes.size())] = static_cast<std::uint8_t>(drawing.below(256));
        }
        const auto letter = decode(bytes);
        EXPECT_TRUE(!letter || decode(encode(*letter)));
    });
}

// -- Names ---------------------------------------------------------------------------------------

TEST(OldNames, case_matters) {
    EXPECT_TRUE(is_internal_type("digestAck"));
    EXPECT_TRUE(is_internal_type("digestError"));
    EXPECT_FALSE(is_internal_type("DigestAck"));
    EXPECT_FALSE(is_internal_type("digestEnvelope"));
    EXPECT_FALSE(is_internal_type(""));
}

TEST(OldNames, every_message_has_the_type_that_it_is_read_by) {
    grapevine::testing::for_each_seed(100, [](std::uint64_t seed) {
        const Message message = Drawing(seed).message();
        EXPECT_TRUE(is_internal_type(payload_type(message)));
    });
}

TEST(OldNames, there_are_six_member_events) {
    for (const std::string_view name :
         {"in", "quarantine", "unreachable", "drop", "out", "rejoin"}) {
        EXPECT_TRUE(is_member_event("member_" + std::string(name)));
    }
    EXPECT_FALSE(is_member_event("member_"));
    EXPECT_FALSE(is_member_event("member_up"));
}

}  // namespace
}  // namespace grapevine::wire::gossiperl

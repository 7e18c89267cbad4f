#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "base/random.hpp"
#include "client/sessions.hpp"
#include "client/testing.hpp"

// Random clients come, subscribe, publish, forget to acknowledge, move, leave and vanish. A naive
// twin knows who must be there and who must hear what; the machine checks itself after each input.
namespace grapevine::client {
namespace {

using namespace testing;

const Texts kTypes{"order", "bill", "member_in", "member_out", "member_drop"};

class Story {
public:
    explicit Story(std::uint64_t seed) : random_(seed), port_(settings(seed)) {}

    void step() {
        const Instant next = port_.now + std::chrono::milliseconds(random_.below(900));
        port_.run_until(next);
        follow_time();
        const std::string name(1, static_cast<char>('a' + random_.below(5)));
        const auto at_port = static_cast<std::uint16_t>(5000 + random_.below(3) * 100 +
                                                        static_cast<unsigned char>(name[0]));
        switch (random_.below(8)) {
            case 0:
                subscribe(name, at_port);
                break;
            case 1:
                unsubscribe(name, at_port);
                break;
            case 2:
                leave(name, at_port);
                break;
            case 3:
                publish(at_port);
                break;
            case 4:
                deliver();
                break;
            case 5:
                acknowledge(name, at_port);
                break;
            default:
                attach(name, at_port);
        }
        compare();
    }

    void end() {
        port_.run_until(port_.now + 10s);
        follow_time();
        compare();
        EXPECT_EQ(port_.sessions.size(), 0U);
        EXPECT_EQ(port_.sessions.event_types(), Texts{});
        EXPECT_EQ(port_.sessions.redelivery().pending(), 0U);
        EXPECT_EQ(port_.sessions.redelivery().pending_bytes(), 0U);
        EXPECT_EQ(port_.sessions.deadline(), kNever);
        EXPECT_TRUE(kept_.empty()) << "and nothing on disk";
    }

private:
    struct Twin {
        Instant last_heard;
        std::uint16_t port = 0;
        Texts types;
        std::set<std::string> unacknowledged;  ///< Message ids.
    };

    static SessionSettings settings(std::uint64_t seed) {
        SessionSettings settings = test_settings();
        settings.is_local_delivery = seed % 2 == 0;
        return settings;
    }
    Texts some_types() {
        Texts types;
        for (std::uint64_t i = random_.below(4); i > 0; --i) {
            types.push_back(kTypes[random_.below(kTypes.size())]);
        }
        return types;
    }

    void attach(const std::string& name, std::uint16_t at_port) {
        port_.attach(name, at_port);
        Twin& twin = twins_[name];
        twin.last_heard = port_.now;
        twin.port = at_port;
        EXPECT_EQ(port_.sent<DigestAck>(at_port).size(), 1U);
        note_persists();
    }
    void subscribe(const std::string& name, std::uint16_t at_port) {
        const Texts types = some_types();
        port_.subscribe(name, at_port, types);
        const auto twin = twins_.find(name);
        if (twin == twins_.end()) {
            EXPECT_TRUE(port_.out.is_empty());
            return;
        }
        for (const std::string& type : types) {
            if (!std::ranges::count(twin->second.types, type)) twin->second.types.push_back(type);
        }
        EXPECT_EQ(port_.sent<DigestSubscribeAck>(twin->second.port).at(0).event_types, types);
        note_persists();
    }
    void unsubscribe(const std::string& name, std::uint16_t at_port) {
        const Texts types = some_types();
        port_.unsubscribe(name, at_port, types);
        const auto twin = twins_.find(name);
        if (twin == twins_.end()) return;
        for (const std::string& type : types) {
            std::erase(twin->second.types, type);
            std::erase_if(twin->second.unacknowledged,
                          [&](const std::string& id) { return id.starts_with(type + " "); });
        }
        EXPECT_EQ(port_.sent<DigestUnsubscribeAck>(twin->second.port).at(0).event_types, types);
        note_persists();
    }
    void leave(const std::string& name, std::uint16_t at_port) {
        port_.leave(name, at_port);
        const bool was_there = twins_.erase(name) > 0;
        EXPECT_EQ(port_.out.changes, was_there ? (Changes{{MemberEvent::out, name}}) : Changes{});
        note_persists();
    }
    void publish(std::uint16_t at_port) {
        const std::string type = kTypes[random_.below(2)];
        const std::string id = type + " " + std::to_string(++messages_);
        for (int copies = 1 + static_cast<int>(random_.below(2)); copies > 0; --copies) {
            port_.receive(loopback(at_port), message(id, type));
            EXPECT_EQ(port_.sent<DigestForwardedAck>(at_port).size(), 1U);
            published_ += port_.out.published.size();
        }
        EXPECT_EQ(published_, ++published_expected_);
        if (port_.sessions.settings().is_local_delivery) expect(id, type, at_port);
    }
    void deliver() {
        const std::string type = kTypes[random_.below(2)];
        const std::string id = type + " " + std::to_string(++messages_);
        port_.deliver(message(id, type));
        expect(id, type, 0);
        port_.deliver(message(id, type));
        EXPECT_TRUE(port_.out.is_empty());
    }
    void acknowledge(const std::string& name, std::uint16_t at_port) {
        const auto twin = twins_.find(name);
        if (twin == twins_.end() || twin->second.unacknowledged.empty()) return;
        const std::string id = *twin->second.unacknowledged.begin();
        port_.acknowledge(name, at_port, id);
        twin->second.unacknowledged.erase(id);
    }
    void expect(const std::string& id, const std::string& type, std::uint16_t publisher) {
        for (auto& [name, twin] : twins_) {
            if (twin.port != publisher && std::ranges::count(twin.types, type)) {
                twin.unacknowledged.insert(id);
            }
        }
    }
    void follow_time() {
        std::erase_if(twins_,
                      [&](const auto& item) { return port_.now - item.second.last_heard >= 10s; });
        note_persists();
    }
    void note_persists() {
        for (const auto& [name, session] : port_.out.persists) {
            if (session) {
                kept_[name] = *session;
            } else {
                kept_.erase(name);
            }
        }
    }
    void compare() {
        std::size_t unacknowledged = 0;
        ASSERT_EQ(port_.sessions.size(), twins_.size());
        for (const Sessions::Client& client : port_.sessions.clients()) {
            const auto twin = twins_.find(client.name);
            ASSERT_NE(twin, twins_.end());
            EXPECT_EQ(client.address, loopback(twin->second.port));
            EXPECT_EQ(client.last_heard, twin->second.last_heard);
            EXPECT_EQ(client.event_types, twin->second.types);
            EXPECT_EQ(kept_[client.name], (SavedSession{client.name, "s-" + client.name,
                                                        client.address, client.event_types}));
            for (const std::string& id : twin->second.unacknowledged) {
                EXPECT_TRUE(port_.sessions.redelivery().is_pending(client.name, id));
            }
            unacknowledged += twin->second.unacknowledged.size();
        }
        EXPECT_EQ(kept_.size(), twins_.size());
        EXPECT_EQ(port_.sessions.redelivery().pending(), unacknowledged);
    }

    Random random_;
    Port port_;
    std::map<std::string, Twin> twins_;
    std::map<std::string, SavedSession> kept_;
    int messages_ = 0;
    std::size_t published_ = 0;
    std::size_t published_expected_ = 0;
};

TEST(SessionsModel, agrees_with_a_naive_twin_and_leaves_nothing_behind) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        Story story(seed);
        for (int step = 0; step < 200; ++step) story.step();
        story.end();
        if (::testing::Test::HasFailure()) return;
    }
}

/// Everything that a machine says, as text.
std::string told_by(std::uint64_t seed) {
    Sessions sessions(test_settings(), {}, Instant{}, seed);
    std::string story;
    const auto drain = [&] {
        while (const auto action = sessions.poll()) {
            const auto* send = std::get_if<Sessions::Send>(&*action);
            story += send != nullptr ? send->letter.id : std::to_string(action->index());
        }
    };
    for (std::uint16_t port = 1; port < 50; ++port) {
        sessions.receive(Instant{}, {}, loopback(port), {"e", Digest{"a", port, 0, "d", "s"}});
        drain();
    }
    return story;
}

TEST(SessionsModel, the_same_seed_tells_the_same_story) {
    EXPECT_EQ(told_by(7), told_by(7));
    EXPECT_NE(told_by(7), told_by(8));
}

}  // namespace
}  // namespace grapevine::client

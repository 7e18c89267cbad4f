#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <vector>

#include "crypto/aead.hpp"
#include "overlay/overlay.hpp"
#include "overlay/record_cache.hpp"
#include "overlay/seen_announcements.hpp"
#include "wire/native/announcement.hpp"

namespace grapevine::overlay {
namespace {

using namespace std::chrono_literals;
namespace native = wire::native;

Endpoint address_of(int host) {
    return Endpoint::v4(10, 0, 0, static_cast<std::uint8_t>(host), 9471);
}

/// Announcements come from the port of the group.
Endpoint voice_of(int host) {
    return Endpoint::v4(10, 0, 0, static_cast<std::uint8_t>(host), 9470);
}

crypto::OverlayKey key(std::uint8_t fill) {
    return {KeyId(1), crypto::Secret<32>(Bytes(32, fill))};
}

Settings settings_of(int host) {
    Settings settings;
    settings.name = "web";
    settings.keys = {key(1)};
    settings.protocol = protocol::profile_config(protocol::Profile::fast);
    settings.member_name = "host-" + std::to_string(host);
    settings.addresses = {address_of(host)};
    settings.groups = {Endpoint::v4(239, 255, 94, 71, 9470)};
    return settings;
}

struct Sent {
    int from;
    Endpoint to;
    Bytes bytes;
};

/// Overlays on one network without delay or loss: everybody hears every announcement.
class Lan {
public:
    Overlay& add(int host) { return add(host, settings_of(host)); }

    Overlay& add(int host, Settings settings) {
        Start start;
        start.image.incarnation = Incarnation(++starts_[host]);
        start.fresh_identity.fill(static_cast<std::uint8_t>(host));
        start.boot = Boot(++boots_);
        start.cookie_secret.fill(static_cast<std::uint8_t>(boots_));
        start.seed = boots_;
        hosts_[host] = std::make_unique<Overlay>(std::move(settings), std::move(start),
                                                 std::make_shared<RecordCache>());
        drain(host);
        return *hosts_[host];
    }

    void remove(int host) { hosts_.erase(host); }
    Overlay& at(int host) { return *hosts_.at(host); }
    [[nodiscard]] Instant now() const { return now_; }
    /// Announcements since the start, oldest first.
    std::vector<Sent> announced;
    /// All other datagrams.
    std::vector<Sent> sent;

    void run_for(Duration duration) {
        const Instant end = now_ + duration;
        for (;;) {
            Instant next = kNever;
            for (const auto& [host, overlay] : hosts_) next = std::min(next, overlay->deadline());
            if (next > end) break;
            now_ = std::max(now_, next);
            for (const auto& [host, overlay] : hosts_) {
                if (overlay->deadline() > now_) continue;
                overlay->advance(now_);
                drain(host);
            }
            carry();
        }
        now_ = end;
    }

    /// What `host` sends when it hears this.
    std::vector<Sent> hear(int host, const Endpoint& from, ByteView bytes) {
        const std::size_t before = sent.size();
        at(host).announcement(now_, from, bytes);
        drain(host);
        std::vector<Sent> drawn(sent.begin() + static_cast<std::ptrdiff_t>(before), sent.end());
        carried_ = sent.size();
        return drawn;
    }

    [[nodiscard]] std::size_t alive(int host) { return at(host).node().membership().alive_count(); }

private:
    void drain(int host) {
        while (auto action = hosts_.at(host)->poll()) {
            if (auto* transmit = std::get_if<Overlay::Transmit>(&*action)) {
                sent.push_back({host, transmit->to, std::move(transmit->bytes)});
            } else if (auto* announce = std::get_if<Overlay::Announce>(&*action)) {
                announced.push_back({host, {}, std::move(announce->bytes)});
            }
        }
    }

    void carry() {
        while (heard_ < announced.size() || carried_ < sent.size()) {
            if (heard_ < announced.size()) {
                const Sent wave = announced[heard_++];
                for (const auto& [host, overlay] : hosts_) {
                    overlay->announcement(now_, voice_of(wave.from), wave.bytes);
                    drain(host);
                }
                continue;
            }
            const Sent datagram = sent[carried_++];
            for (const auto& [host, overlay] : hosts_) {
                if (address_of(host) != datagram.to) continue;
                overlay->receive(now_, address_of(datagram.from), datagram.bytes);
                drain(host);
            }
        }
    }

    Instant now_{};
    std::uint64_t boots_ = 0;
    std::map<int, std::uint32_t> starts_;
    std::map<int, std::unique_ptr<Overlay>> hosts_;
    std::size_t heard_ = 0;
    std::size_t carried_ = 0;
};

/// What `host` says of itself when nobody is there.
Bytes first_words(int host, const Settings& settings) {
    Lan lan;
    lan.add(host, settings);
    lan.run_for(1s);
    EXPECT_FALSE(lan.announced.empty());
    return lan.announced.front().bytes;
}

TEST(Announcing, members_without_seeds_find_each_other_within_a_second) {
    Lan lan;
    lan.add(1);
    lan.add(2);
    lan.add(3);
    lan.run_for(1s);
    for (int host = 1; host <= 3; ++host) EXPECT_EQ(lan.alive(host), 3U) << host;
    lan.run_for(60s);
    const auto& counters = lan.at(1).counters();
    EXPECT_EQ(counters.announcements_dropped + counters.announcements_foreign, 0U);
    EXPECT_GE(lan.announced.size(), 60U / 20);
    EXPECT_LE(lan.announced.size(), 60U / 10 + 3);
}

TEST(Announcing, without_groups_nothing_is_said_and_nothing_heard) {
    Lan lan;
    Settings deaf = settings_of(1);
    deaf.groups.clear();
    lan.add(1, deaf);
    lan.run_for(60s);
    EXPECT_TRUE(lan.announced.empty());
    EXPECT_TRUE(lan.hear(1, voice_of(2), first_words(2, settings_of(2))).empty());
    EXPECT_EQ(lan.at(1).counters().announcements_heard, 0U);
}

TEST(Announcing, other_overlays_are_not_heard) {
    Settings other_key = settings_of(2);
    other_key.keys = {key(2)};
    Settings other_name = settings_of(2);
    other_name.name = "shop";
    Settings other_cipher = settings_of(2);
    other_cipher.cipher = crypto::Cipher::aes_256_gcm;
    Settings other_id = settings_of(2);
    other_id.keys.front().id = KeyId(9);
    Lan lan;
    lan.add(1);
    for (const Settings& settings : {other_key, other_name, other_cipher, other_id}) {
        EXPECT_TRUE(lan.hear(1, voice_of(2), first_words(2, settings)).empty());
    }
    EXPECT_EQ(lan.at(1).counters().announcements_foreign, 4U);
    EXPECT_EQ(lan.at(1).counters().announcements_heard, 0U);
}

TEST(Announcing, a_stranger_draws_one_hello_to_each_address_that_it_may_have) {
    Settings settings = settings_of(2);
    settings.addresses.push_back(Endpoint::v4(192, 0, 2, 7, 9999));
    Lan lan;
    lan.add(1);
    const auto drawn = lan.hear(1, voice_of(2), first_words(2, settings));
    ASSERT_EQ(drawn.size(), 2U);
    EXPECT_EQ(drawn[0].to, address_of(2)) << "where it was heard, with the port that it listens on";
    EXPECT_EQ(drawn[1].to, settings.addresses[1]);
    for (const Sent& datagram : drawn) EXPECT_EQ(datagram.bytes.size(), kHelloDatagramBytes);
    EXPECT_EQ(lan.alive(1), 1U) << "it is not believed to be there before it has answered";
}

TEST(Announcing, a_link_local_voice_is_answered_on_its_link) {
    Settings settings = settings_of(2);
    settings.addresses = {Endpoint::parse("[fe80::2]:9471").value()};
    Lan lan;
    lan.add(1);
    const auto drawn =
        lan.hear(1, Endpoint::parse("[fe80::2%3]:9470").value(), first_words(2, settings));
    ASSERT_EQ(drawn.size(), 1U);
    EXPECT_EQ(to_string(drawn[0].to), "[fe80::2%3]:9471");
}

TEST(Announcing, a_recorded_announcement_changes_nothing_for_those_that_heard_it) {
    Lan lan;
    lan.add(1);
    lan.add(2);
    lan.run_for(30s);
    const auto recorded = lan.announced;
    ASSERT_GE(recorded.size(), 2U);
    lan.remove(2);
    lan.run_for(60s);  // Its death is known: it is a stranger again.
    const Endpoint victim = Endpoint::v4(192, 0, 2, 66, 9470);
    const std::uint64_t view = lan.at(1).view_fingerprint();
    for (const Sent& announcement : recorded) {
        EXPECT_TRUE(lan.hear(1, victim, announcement.bytes).empty());
        EXPECT_TRUE(lan.hear(1, voice_of(announcement.from), announcement.bytes).empty());
    }
    EXPECT_EQ(lan.at(1).view_fingerprint(), view);
}

TEST(Announcing, a_recorded_announcement_draws_a_hello_from_those_that_did_not_and_only_once) {
    const Bytes recorded = first_words(2, settings_of(2));
    Lan lan;
    lan.add(1);
    lan.run_for(30s);
    EXPECT_EQ(lan.hear(1, voice_of(2), recorded).size(), 1U);
    EXPECT_TRUE(lan.hear(1, voice_of(2), recorded).empty());
    lan.run_for(30s);
    EXPECT_TRUE(lan.hear(1, voice_of(2), recorded).empty());
    EXPECT_EQ(lan.alive(1), 1U);
}

TEST(Announcing, one_of_an_earlier_life_is_not_believed) {
    Lan lan;
    lan.add(1);
    lan.add(2);
    lan.run_for(2s);
    const Bytes earlier = std::ranges::find(lan.announced, 2, &Sent::from)->bytes;
    lan.remove(1);
    lan.remove(2);
    lan.add(1);  // Has heard nothing of what was said before.
    lan.add(2);
    lan.run_for(2s);
    ASSERT_EQ(lan.alive(1), 2U);
    const auto dropped = lan.at(1).counters().announcements_dropped;
    EXPECT_TRUE(lan.hear(1, voice_of(2), earlier).empty());
    EXPECT_EQ(lan.at(1).counters().announcements_dropped, dropped + 1);
}

/// What a holder of the key can make of an announcement, seal included.
class Insider {
public:
    explicit Insider(ByteView datagram) : ring_(crypto::KeyRing::make("web", {key(1)}).value()) {
        const auto head = native::decode_announcement_head(datagram).value();
        EXPECT_TRUE(aead_.open(*ring_.derive_announcement(head.key, head.salt), 0,
                               datagram.first(native::kAnnouncementHeadBytes),
                               native::sealed_announcement(datagram), body));
    }

    Bytes seal() {
        native::AnnouncementHead head;
        head.key = KeyId(1);
        head.salt.fill(++seals_);
        const auto bytes = native::encode_announcement_head(head);
        Bytes datagram(bytes.begin(), bytes.end());
        aead_.seal(*ring_.derive_announcement(head.key, head.salt), 0, bytes, body, datagram);
        return datagram;
    }

    Bytes body;

private:
    crypto::KeyRing ring_;
    crypto::Aead aead_;
    std::uint8_t seals_ = 0;
};

TEST(Announcing, nobody_can_announce_another_with_the_key_alone) {
    Insider insider(first_words(2, settings_of(2)));
    Lan lan;
    lan.add(1);
    insider.body[8] ^= 1;  // The last byte of told_at.
    EXPECT_TRUE(lan.hear(1, voice_of(2), insider.seal()).empty());
    EXPECT_EQ(lan.at(1).counters().announcements_dropped, 1U);
    insider.body[8] ^= 1;
    EXPECT_EQ(lan.hear(1, voice_of(2), insider.seal()).size(), 1U) << "so it is the signature";
}

TEST(Announcing, what_holds_no_record_is_dropped) {
    Insider insider(first_words(2, settings_of(2)));
    Lan lan;
    lan.add(1);
    const Bytes whole = insider.body;
    for (std::size_t size = 0; size < whole.size(); size += 7) {
        insider.body = Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_TRUE(lan.hear(1, voice_of(2), insider.seal()).empty());
    }
    EXPECT_EQ(lan.at(1).counters().announcements_heard, 0U);
}

TEST(Announcing, a_damaged_announcement_is_not_opened) {
    const Bytes whole = first_words(2, settings_of(2));
    Lan lan;
    lan.add(1);
    for (std::size_t index = 0; index < whole.size(); ++index) {
        Bytes damaged = whole;
        damaged[index] ^= 0x10;
        EXPECT_TRUE(lan.hear(1, voice_of(2), damaged).empty());
        if (index % 100 == 0) lan.run_for(1s);
    }
    EXPECT_EQ(lan.at(1).counters().announcements_heard, 0U);
}

TEST(Announcing, a_flood_is_looked_at_up_to_a_rate) {
    const Bytes garbage = [] {
        Bytes bytes = first_words(2, settings_of(2));
        bytes.back() ^= 1;
        return bytes;
    }();
    Lan lan;
    lan.add(1);
    lan.run_for(1s);
    for (int round = 0; round < 200; ++round) lan.hear(1, voice_of(2), garbage);
    EXPECT_EQ(lan.at(1).counters().announcements_foreign, 200U);
    EXPECT_EQ(lan.at(1).counters().announcements_dropped, 0U);
    lan.hear(1, voice_of(2), garbage);
    EXPECT_EQ(lan.at(1).counters().announcements_foreign, 200U);
    EXPECT_EQ(lan.at(1).counters().announcements_dropped, 1U);
}

TEST(Announcing, who_listens_without_the_key_cannot_tell_who_speaks) {
    Lan lan;
    const std::uint64_t member = lan.add(1).node().membership().self().value();
    lan.run_for(60s);
    ASSERT_GE(lan.announced.size(), 3U);
    for (const Sent& announcement : lan.announced) {
        std::string id;
        for (int shift = 56; shift >= 0; shift -= 8) id += static_cast<char>(member >> shift);
        EXPECT_EQ(as_text(announcement.bytes).find(id), std::string_view::npos);
    }
    const auto& first = lan.announced[0].bytes;
    const auto& second = lan.announced[1].bytes;
    // Version, kind, key and flags are the same; by chance one byte in 256 is.
    std::size_t same = 0;
    for (std::size_t index = 4; index < std::min(first.size(), second.size()); ++index) {
        same += first[index] == second[index] ? 1 : 0;
    }
    EXPECT_LT(same, 10U);
}

TEST(Announcing, at_an_ordinary_port_it_is_no_datagram) {
    Lan lan;
    lan.add(1).receive(lan.now(), voice_of(2), first_words(2, settings_of(2)));
    EXPECT_EQ(lan.at(1).counters().dropped_size, 1U);
}

TEST(Announcing, one_that_leaves_says_no_more) {
    Lan lan;
    lan.add(1);
    lan.run_for(1s);
    lan.at(1).leave(lan.now());
    const std::size_t before = lan.announced.size();
    lan.run_for(60s);
    EXPECT_EQ(lan.announced.size(), before);
}

TEST(SeenAnnouncements, the_same_or_an_earlier_time_of_one_life_is_not_new) {
    SeenAnnouncements seen;
    EXPECT_TRUE(seen.is_new(MemberId(1), Boot(1), 0));
    seen.remember(MemberId(1), Boot(1), 5);
    EXPECT_FALSE(seen.is_new(MemberId(1), Boot(1), 5));
    EXPECT_FALSE(seen.is_new(MemberId(1), Boot(1), 4));
    EXPECT_TRUE(seen.is_new(MemberId(1), Boot(1), 6));
    EXPECT_TRUE(seen.is_new(MemberId(1), Boot(2), 0));
    EXPECT_TRUE(seen.is_new(MemberId(2), Boot(1), 0));
}

TEST(SeenAnnouncements, the_life_heard_of_first_is_displaced) {
    SeenAnnouncements seen;
    for (std::uint64_t member = 1; member <= kAnnouncersMax; ++member) {
        seen.remember(MemberId(member), Boot(1), 5);
    }
    EXPECT_FALSE(seen.is_new(MemberId(1), Boot(1), 5));
    seen.remember(MemberId(kAnnouncersMax + 1), Boot(1), 5);
    EXPECT_EQ(seen.size(), kAnnouncersMax);
    EXPECT_TRUE(seen.is_new(MemberId(1), Boot(1), 5));
    EXPECT_FALSE(seen.is_new(MemberId(2), Boot(1), 5));
}

}  // namespace
}  // namespace grapevine::overlay

#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "overlay/overlay.hpp"
#include "overlay/record_cache.hpp"

// What the tests of the overlay share. Never included by what ships.
namespace grapevine::overlay::testing {

inline Endpoint address_of(int host) {
    return Endpoint::v4(10, 0, 0, static_cast<std::uint8_t>(host), 9471);
}

inline crypto::OverlayKey key(std::uint8_t id) {
    std::array<std::uint8_t, 32> secret{};
    secret.fill(id);
    return {KeyId(id), crypto::Secret<32>(secret)};
}

struct Datagram {
    Endpoint from;
    Endpoint to;
    Bytes bytes;
};

/// A few overlays on a wire without delay or loss, which keeps all it has carried.
class Wire {
public:
    /// Of those that are added from now on.
    std::vector<std::string> subscriber_topics;
    std::vector<crypto::PublicKey> operators;

    Overlay& add(int host, std::vector<std::string> seeds,
                 std::vector<crypto::OverlayKey> keys = {key(1)}, std::string name = "web") {
        Settings settings;
        settings.name = std::move(name);
        settings.keys = std::move(keys);
        settings.protocol = protocol::profile_config(protocol::Profile::fast);
        settings.member_name = "host-" + std::to_string(host);
        settings.addresses = {address_of(host)};
        settings.seeds = std::move(seeds);
        settings.subscriber_topics = subscriber_topics;
        settings.operators = operators;
        Start start;
        start.image = images_[host];
        start.fresh_identity.fill(static_cast<std::uint8_t>(host));
        start.boot = Boot(++boots_);
        start.cookie_secret.fill(static_cast<std::uint8_t>(boots_));
        start.seed = boots_;
        auto& slot = hosts_[host];
        slot = std::make_unique<Overlay>(std::move(settings), std::move(start),
                                         std::make_shared<RecordCache>());
        drain(host);
        return *slot;
    }

    const storage::OverlayImage& image(int host) { return images_[host]; }
    void restore(int host, const storage::OverlayImage& image) { images_[host] = image; }
    void remove(int host) { hosts_.erase(host); }
    Overlay& at(int host) { return *hosts_.at(host); }
    Instant now() const { return now_; }
    std::vector<Datagram>& carried() { return carried_; }
    std::vector<Overlay::Action>& actions(int host) { return actions_[host]; }

    void run_for(Duration duration) {
        const Instant end = now_ + duration;
        for (;;) {
            deliver_all();
            Instant next = kNever;
            for (const auto& [host, overlay] : hosts_) next = std::min(next, overlay->deadline());
            if (next > end) break;
            now_ = std::max(now_, next);
            for (const auto& [host, overlay] : hosts_) {
                if (overlay->deadline() > now_) continue;
                overlay->advance(now_);
                drain(host);
            }
        }
        now_ = end;
    }

    /// Puts a datagram on the wire by hand and returns what came out in answer to it.
    std::vector<Datagram> inject(const Endpoint& from, const Endpoint& to, ByteView bytes) {
        const std::size_t before = queue_.size();
        for (const auto& [host, overlay] : hosts_) {
            if (address_of(host) != to) continue;
            overlay->receive(now_, from, bytes);
            drain(host);
        }
        std::vector<Datagram> answers(queue_.begin() + static_cast<std::ptrdiff_t>(before),
                                      queue_.end());
        queue_.resize(before);
        return answers;
    }

    static std::size_t alive(const Overlay& overlay) {
        return overlay.node().membership().alive_count();
    }

private:
    void drain(int host) {
        while (auto action = hosts_.at(host)->poll()) {
            if (auto* transmit = std::get_if<Overlay::Transmit>(&*action)) {
                queue_.push_back({address_of(host), transmit->to, std::move(transmit->bytes)});
            } else if (auto* persist = std::get_if<Overlay::Persist>(&*action)) {
                apply(host, persist->batch);
                actions_[host].push_back(std::move(*action));
            } else {
                actions_[host].push_back(std::move(*action));
            }
        }
    }

    void deliver_all() {
        while (!queue_.empty()) {
            const Datagram datagram = std::move(queue_.front());
            queue_.erase(queue_.begin());
            for (const auto& [host, overlay] : hosts_) {
                if (address_of(host) != datagram.to) continue;
                overlay->receive(now_, datagram.from, datagram.bytes);
                drain(host);
            }
            carried_.push_back(datagram);
        }
    }

    void apply(int host, const storage::Batch& batch) {
        for (const storage::Write& write : batch.writes) {
            if (write.value) {
                disks_[host][write.key] = *write.value;
            } else {
                disks_[host].erase(write.key);
            }
        }
        std::vector<storage::Entry> entries;
        for (const auto& [name, value] : disks_[host]) entries.push_back({name, value});
        images_[host] = storage::load_overlay(entries);
    }

    Instant now_{};
    std::uint64_t boots_ = 0;
    std::map<int, std::unique_ptr<Overlay>> hosts_;
    std::map<int, std::vector<Overlay::Action>> actions_;
    std::map<int, std::map<std::string, Bytes>> disks_;
    std::map<int, storage::OverlayImage> images_;
    std::vector<Datagram> queue_;
    std::vector<Datagram> carried_;
};

}  // namespace grapevine::overlay::testing

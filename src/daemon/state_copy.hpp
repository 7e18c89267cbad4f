#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "crypto/key_ring.hpp"
#include "protocol/state/map.hpp"
#include "runtime/loop.hpp"
#include "runtime/psk_stream.hpp"
#include "runtime/send_rate.hpp"
#include "wire/state_ranges.hpp"

namespace grapevine::daemon {

/// Full copies of an overlay's shared map, from member to member: a stream over TCP on the
/// overlay's port, under a key derived from the overlay's (TLS 1.3).
///
/// Who wants a copy says from where on, and is sent pages, oldest entries first, each with the
/// place where the next one begins. So a copy that breaks off goes on where it was, from the same
/// member or another, since all have one order. Sending is held to `kRate`, over all copies of the
/// overlay, so that probes of the same network are not late.
///
///     request: version u8 (1), stamp u64, id u64
///     page:    flags u8 (1: more follows), stamp u64, id u64 of the next, cells
///
/// Lives on the loop of the overlay.
class StateCopies {
public:
    /// Bytes per second that all copies from here have together.
    static constexpr std::uint64_t kRate = 8 * 1024 * 1024;
    static constexpr std::size_t kPageBytes = 16 * 1024;
    /// How often a copy that broke off is taken up again before it counts as failed.
    static constexpr int kAttempts = 3;

    struct Hooks {
        std::function<protocol::SharedMap::CopyPage(const wire::StatePosition&, std::size_t)> page;
        /// False: it is no page.
        std::function<bool(ByteView)> take;
        std::function<void(bool is_whole)> ended;
    };

    /// Listens on the TCP port of `bind`'s number. If it is taken, copies can be had from others
    /// and not from us; that is logged.
    StateCopies(runtime::Loop& loop, std::string overlay, const Endpoint& bind,
                const std::vector<crypto::OverlayKey>& keys, Hooks hooks);

    ~StateCopies();
    StateCopies(const StateCopies&) = delete;
    StateCopies& operator=(const StateCopies&) = delete;

    void use_keys(const std::vector<crypto::OverlayKey>& keys);
    /// One at a time. Ends in `ended`, never from within.
    void fetch(std::vector<Endpoint> from);

private:
    struct Serving {
        std::optional<runtime::PskStream> stream;
        wire::StatePosition next;
        bool is_last = false;
        bool is_ended = false;
    };
    struct Fetching {
        explicit Fetching(std::vector<Endpoint> holders) : from(std::move(holders)) {}

        std::vector<Endpoint> from;
        std::size_t address = 0;
        int attempts = 0;
        wire::StatePosition next;
        bool is_whole = false;
        std::optional<runtime::PskConnector> connector;
        std::optional<runtime::PskStream> stream;
    };

    void serve(runtime::PskStream stream);
    void on_request(const std::shared_ptr<Serving>& serving, ByteView frame);
    void send_page(const std::shared_ptr<Serving>& serving);
    void sweep();
    void connect();
    void on_connected(Outcome<runtime::PskStream> stream);
    void on_page(ByteView frame);
    void on_fetch_ended(const Outcome<void>& outcome);
    void finish(bool is_whole);
    [[nodiscard]] runtime::PskKeys psk_keys(const std::vector<crypto::OverlayKey>& keys) const;

    runtime::Loop& loop_;
    std::string overlay_;
    Hooks hooks_;
    runtime::PskKeys keys_;
    runtime::PskLimits limits_;
    std::optional<runtime::PskListener> listener_;
    std::list<std::shared_ptr<Serving>> serving_;
    std::optional<Fetching> fetching_;
    std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace grapevine::daemon

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "control/control.hpp"
#include "daemon/group_sockets.hpp"
#include "overlay/overlay.hpp"
#include "runtime/loop.hpp"
#include "runtime/resolver.hpp"
#include "runtime/udp_socket.hpp"
#include "storage/batch.hpp"

namespace grapevine::daemon {

/// Drives one overlay: datagrams, time and commands in; datagrams, writes and news out. Lives on
/// the thread of its loop; nothing in it is shared.
class Pump {
public:
    struct Sinks {
        /// Must have happened when it returns; a refusal is reported to whoever asked for the
        /// change.
        std::function<Outcome<void>(const storage::Batch&)> persist;
        /// What happened, in order, since the last call. Called at the end of an input, on this
        /// thread.
        std::function<void(std::vector<control::LogItem>)> news;
    };

    /// Binds `bind`, then starts the overlay with the real port in its addresses: those of
    /// `settings` (a port 0 becomes the bound one), or, if there are none, those of this host that
    /// `bind` covers.
    static Outcome<std::unique_ptr<Pump>> open(runtime::Loop& loop, runtime::Resolver& resolver,
                                               const Endpoint& bind, overlay::Settings settings,
                                               overlay::Start start, Sinks sinks);
    ~Pump();
    Pump(const Pump&) = delete;
    Pump& operator=(const Pump&) = delete;

    Outcome<control::PublishReceipt> publish(std::string topic, Bytes payload);
    Outcome<control::KeyValue> set_record(const std::string& key, const std::string& value);
    Outcome<void> erase_record(const std::string& key);
    Outcome<void> forget(const std::string& member);
    Outcome<control::MemberView> member(const std::string& member) const;
    Outcome<control::RecordView> record(const std::string& member) const;
    [[nodiscard]] std::vector<control::MemberView> members() const;
    [[nodiscard]] control::OverlayView view() const;
    void join(const std::vector<std::string>& seeds);
    void change_self(const std::string& name, const control::Labels& labels,
                     std::optional<std::vector<Endpoint>> addresses);
    void set_keys(std::vector<crypto::OverlayKey> keys);

    /// Says goodbye, and calls `done` when the news has had time to spread or nobody is there to
    /// hear it. Bounded: kFarewellMax.
    void leave(std::function<void()> done);
    static constexpr Duration kFarewellMax = std::chrono::seconds(1);

    [[nodiscard]] const Endpoint& bound() const;

private:
    Pump(runtime::Loop& loop, runtime::Resolver& resolver, Sinks sinks);
    void start(overlay::Settings settings, overlay::Start start);
    void on_received(std::span<const runtime::Received> datagrams);
    void on_unreachable(const Endpoint& to);
    void on_announcement(const Endpoint& from, ByteView bytes);
    void follow_addresses();
    void on_timer();
    /// Does what the overlay wants; the refusal of the first write that failed.
    Outcome<void> drain();
    Outcome<void> persist(const storage::Batch& batch);
    void resolve(const std::string& name);
    void note(std::variant<control::LogItem::Event, control::LogItem::Gap, control::LogItem::Member,
                           control::LogItem::Record>
                  what);
    Outcome<MemberId> find(const std::string& member) const;
    void wait_for_farewell(Instant until, std::function<void()> done);

    runtime::Loop& loop_;
    runtime::Resolver& resolver_;
    Sinks sinks_;
    std::optional<runtime::UdpSocket> socket_;
    std::unique_ptr<overlay::Overlay> overlay_;
    std::optional<GroupSockets> groups_;  ///< If the settings name any.
    runtime::Timer timer_;
    runtime::Timer farewell_timer_;
    std::vector<control::LogItem> news_;
    bool is_store_failing_ = false;
    bool are_addresses_ours_ = false;  ///< Found by us, not given by the user.
    /// Callbacks that come after our end find nobody.
    std::shared_ptr<Pump*> self_;
};

/// The addresses of this host on which a socket bound to `bind` can be reached, best first: `bind`
/// itself if it names one; else those of interfaces that are up (global before private before
/// link-local, IPv4 before IPv6), loopback only if there is nothing else. At most
/// kMemberAddressesMax.
std::vector<Endpoint> reachable_addresses(const Endpoint& bind);

}  // namespace grapevine::daemon

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/overlay_pump.hpp"
#include "overlay/gossiperl_overlay.hpp"
#include "runtime/loop.hpp"
#include "runtime/udp_socket.hpp"

namespace grapevine::daemon {

/// Drives one overlay of the old protocol: its socket (two, if it gossips by multicast), time and
/// commands in; datagrams, saved sessions and news out.
class GossiperlPump final : public OverlayPump {
public:
    /// Binds, and logs what the old protocol cannot protect. `settings` is checked and complete but
    /// for a made up member name and port 0, which become what they are.
    static Outcome<std::unique_ptr<OverlayPump>> open(runtime::Loop& loop, const std::string& name,
                                                      control::gossiperl::Settings settings,
                                                      std::vector<client::SavedSession> sessions,
                                                      Sinks sinks);
    ~GossiperlPump() override;

    Outcome<control::PublishReceipt> publish(control::Publish wanted) override;
    Outcome<control::MemberView> member(const std::string& member) const override;
    [[nodiscard]] std::vector<control::MemberView> members() const override;
    [[nodiscard]] control::OverlayView view() const override;
    [[nodiscard]] Outcome<control::gossiperl::StatisticsView> statistics(
        const std::string& window) const override;
    void change(const control::OverlaySpec& before, const control::OverlaySpec& after) override;
    void leave(std::function<void()> done) override;
    [[nodiscard]] const Endpoint& bound() const override;
    Outcome<control::gossiperl::Settings> old_settings() const override;
    Outcome<std::vector<control::gossiperl::MemberView>> old_members() const override;
    Outcome<std::vector<control::gossiperl::SubscriptionView>> old_subscriptions() const override;
    Outcome<void> send_digest(const std::string& type, Bytes payload,
                              const std::optional<std::string>& recipient) override;

private:
    using Via = gossiperl::Node::Via;

    GossiperlPump(runtime::Loop& loop, std::string name, Sinks sinks);
    Outcome<runtime::UdpSocket> bind(const runtime::UdpOptions& options, Via via);
    Outcome<void> open_sockets();
    void start(std::vector<client::SavedSession> sessions);
    [[nodiscard]] overlay::GossiperlOverlay::Settings overlay_settings() const;
    void on_received(Via via, std::span<const runtime::Received> datagrams);
    void rejoin();
    void drain();
    void note(const gossiperl::Node::MemberChanged& changed);
    void note(const gossiperl::Node::MessageSeen& seen);
    [[nodiscard]] std::int64_t heartbeat_of(Instant last_heard) const;

    runtime::Loop& loop_;
    std::string name_;
    Sinks sinks_;
    control::gossiperl::Settings settings_;
    std::optional<runtime::UdpSocket> socket_;
    std::optional<runtime::UdpSocket> client_socket_;  ///< Of a multicast overlay.
    std::optional<overlay::GossiperlOverlay> overlay_;
    runtime::Timer timer_;
    runtime::Timer rejoin_timer_;
    std::optional<StatisticsFeed> statistics_feed_;
    std::vector<control::LogItem> news_;
    std::uint64_t passed_ = 0;  ///< Messages seen, ours and others'.
};

}  // namespace grapevine::daemon

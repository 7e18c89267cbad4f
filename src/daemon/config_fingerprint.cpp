#include "daemon/config_fingerprint.hpp"

#include <fmt/core.h>
#include <string_view>

#include "base/checksum.hpp"

namespace grapevine::daemon {
namespace {

/// Settings one after the other, each with its name, so that none can pass for another.
class Listing {
public:
    void add(std::string_view name, Duration value) { add_number(name, value.count()); }
    void add(std::string_view name, double value) { text_ += fmt::format("{}={}\n", name, value); }
    void add(std::string_view name, std::string_view value) {
        text_ += fmt::format("{}={}:{}\n", name, value.size(), value);
    }
    template <typename T>
        requires(std::is_enum_v<T> || std::is_integral_v<T>)
    void add(std::string_view name, T value) {
        add_number(name, static_cast<std::int64_t>(value));
    }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    void add_number(std::string_view name, std::int64_t value) {
        text_ += fmt::format("{}={}\n", name, value);
    }

    std::string text_;
};

void add_detection(Listing& list, const protocol::ProtocolConfig& config) {
    list.add("detector", config.detector);
    list.add("probe_period", config.probe_period);
    list.add("ping_timeout", config.ping_timeout);
    list.add("indirect_count", config.indirect_count);
    list.add("local_health_max", config.local_health_max);
    list.add("lateness_max", config.lateness_max);
    list.add("ring_count", config.ring_count);
    list.add("ring_period", config.ring_period);
    list.add("ring_timeout", config.ring_timeout);
    list.add("ring_retry", config.ring_retry);
    list.add("burst_count", config.burst_count);
    list.add("burst_gap", config.burst_gap);
    list.add("burst_patience", config.burst_patience);
    list.add("heartbeat_interval", config.heartbeat_interval);
    list.add("heartbeat_fail", config.heartbeat_fail);
    list.add("heartbeat_subnet_label", config.heartbeat_subnet_label);
    list.add("phi_interval", config.phi_interval);
    list.add("phi_threshold", config.phi_threshold);
    list.add("phi_window", config.phi_window);
    list.add("phi_deviation_min", config.phi_deviation_min);
    list.add("phi_pause", config.phi_pause);
    list.add("phi_monitors", config.phi_monitors);
    list.add("batch_quiet", config.batch_quiet);
    list.add("batch_hold", config.batch_hold);
    list.add("settle_time", config.settle_time);
    list.add("suspicion_alpha", config.suspicion_alpha);
    list.add("suspicion_beta", config.suspicion_beta);
    list.add("suspicion_confirmations", config.suspicion_confirmations);
    list.add("last_chance_probe", config.last_chance_probe);
}

void add_spreading(Listing& list, const protocol::ProtocolConfig& config) {
    list.add("rumor_interval", config.rumor_interval);
    list.add("rumor_fanout", config.rumor_fanout);
    list.add("rumor_counter", config.rumor_counter);
    list.add("sync_interval", config.sync_interval);
    list.add("reconnect_interval", config.reconnect_interval);
    list.add("certificate_life", config.certificate_life);
    list.add("tombstone_life", config.tombstone_life);
    list.add("zone_label", config.zone_label);
    list.add("zone_representatives", config.zone_representatives);
    list.add("zone_interval", config.zone_interval);
    list.add("summary_path", config.summary_path);
    list.add("summary_interval", config.summary_interval);
}

void add_events(Listing& list, const protocol::ProtocolConfig& config) {
    list.add("dissemination", config.dissemination);
    list.add("mongering.direction", config.mongering.direction);
    list.add("mongering.has_feedback", config.mongering.has_feedback);
    list.add("mongering.has_counter", config.mongering.has_counter);
    list.add("mongering.k", config.mongering.k);
    list.add("mongering.fanout", config.mongering.fanout);
    list.add("mongering.interval", config.mongering.interval);
    list.add("tree_root_degree", config.tree_root_degree);
    list.add("tree_degree", config.tree_degree);
    list.add("lazy_links", config.lazy_links);
    list.add("announce_delay", config.announce_delay);
    list.add("causal_patience", config.causal_patience);
    list.add("event_gather", config.event_gather);
    list.add("event_fanout", config.event_fanout);
    list.add("frontier_interval", config.frontier_interval);
    list.add("repair_delay", config.repair_delay);
    list.add("repair_retry", config.repair_retry);
    list.add("gap_patience", config.gap_patience);
    list.add("retention_age", config.retention_age);
    list.add("retention_bytes", config.retention_bytes);
}

}  // namespace

std::string config_fingerprint(const overlay::Settings& settings) {
    Listing list;
    list.add("name", settings.name);
    list.add("cipher", settings.cipher);
    add_detection(list, settings.protocol);
    add_spreading(list, settings.protocol);
    add_events(list, settings.protocol);
    for (const std::string& pattern : settings.subscriber_topics) {
        list.add("subscriber_topics", pattern);
    }
    return fmt::format("{:016x}", fnv1a(as_bytes(list.text())));
}

}  // namespace grapevine::daemon

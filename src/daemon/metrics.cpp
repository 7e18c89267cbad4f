#include <map>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <string>
#include <vector>

#include "daemon/host.hpp"

// Counters are plain integers in the machines; here they get the names and the format that
// Prometheus wants. A registry is built for each scrape: there is nothing to keep in step between
// two of them.
namespace grapevine::daemon {
namespace {

using Labels = std::map<std::string, std::string>;

void gauge(prometheus::Registry& registry, const std::string& name, const std::string& help,
           const Labels& labels, double value) {
    prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels).Set(value);
}

void counter(prometheus::Registry& registry, const std::string& name, const std::string& help,
             const Labels& labels, double value) {
    prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels).Increment(
        value);
}

/// "dropped_replayed_total" -> "Dropped replayed": the reference page says more.
std::string help_of(std::string name) {
    if (name.ends_with("_total")) name.resize(name.size() - 6);
    for (char& letter : name) {
        if (letter == '_') letter = ' ';
    }
    name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
    return name + ", see docs/reference/metrics.md";
}

void add_overlay(prometheus::Registry& registry, const control::OverlayView& view) {
    const Labels overlay{{"overlay", view.name}};
    const std::vector<std::pair<std::string, std::uint64_t>> members = {
        {"alive", view.members_alive},
        {"suspect", view.members_suspect},
        {"dead", view.members_dead},
        {"left", view.members_left},
    };
    for (const auto& [status, count] : members) {
        gauge(registry, "grapevine_members", "Members of an overlay by status, as seen here",
              {{"overlay", view.name}, {"status", status}}, static_cast<double>(count));
    }
    for (const auto& [name, value] : view.counters) {
        const std::string full = "grapevine_" + name;
        if (name.ends_with("_total")) {
            counter(registry, full, help_of(name), overlay, static_cast<double>(value));
        } else {
            gauge(registry, full, help_of(name), overlay, static_cast<double>(value));
        }
    }
}

}  // namespace

std::string render_metrics(const std::vector<control::OverlayView>& views,
                           const control::InfoView& info) {
    prometheus::Registry registry;
    gauge(registry, "grapevine_info", "Always 1; the version is a label",
          {{"version", info.version}}, 1);
    gauge(registry, "grapevine_ready", "1 if the daemon is ready", {}, info.is_ready ? 1 : 0);
    gauge(registry, "grapevine_uptime_seconds", "Time since the daemon started", {},
          static_cast<double>(info.uptime_ms) / 1000);
    gauge(registry, "grapevine_resident_bytes", "Resident memory of the daemon", {},
          static_cast<double>(info.resident_bytes));
    gauge(registry, "grapevine_overlays", "Overlays that this daemon hosts", {},
          static_cast<double>(info.overlays));
    for (const control::OverlayView& view : views) add_overlay(registry, view);
    return prometheus::TextSerializer().Serialize(registry.Collect());
}

}  // namespace grapevine::daemon

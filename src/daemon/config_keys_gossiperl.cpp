#include <array>

#include "daemon/config_keys.hpp"

// The keys of the old protocol, in the words of its own documentation where it has some.
namespace grapevine::daemon {
namespace {

constexpr std::array<std::string_view, 2> kSwitch = {"off", "on"};

using Spec = control::OverlaySpec;

std::string text(KeyValue& value) {
    return std::get<std::string>(std::move(value));
}

std::int64_t integer(const KeyValue& value) {
    return std::get<std::int64_t>(value);
}

/// Whole seconds, rounded up: the old protocol knows no others.
std::int64_t seconds(const KeyValue& value) {
    return (integer(value) + 999) / 1000;
}

control::gossiperl::Settings& settings(Spec* spec) {
    if (!spec->gossiperl) spec->gossiperl.emplace();
    return *spec->gossiperl;
}

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kDay = 86'400 * kSecond;

const std::array kKeys = {
    Key{.name = "overlay.symmetric_key",
        .type = KeyType::text,
        .default_text = "none",
        .description =
            "Needed with protocol gossiperl, and for nothing else: the text of which all "
            "daemons and clients of the overlay make their AES key.",
        .flag = "--symmetric-key",
        .environment = "GRAPEVINE_OVERLAY_SYMMETRIC_KEY",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { settings(spec).symmetric_key = text(value); }},
    Key{.name = "overlay.secret",
        .type = KeyType::text,
        .default_text = "default-overlay-secret",
        .description = "Gossiperl only: the secret between its daemons.",
        .flag = "--secret",
        .environment = "GRAPEVINE_OVERLAY_SECRET",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec, KeyValue value) { settings(spec).secret = text(value); }},
    Key{.name = "overlay.rack_name",
        .type = KeyType::text,
        .default_text = "default",
        .description = "Gossiperl only: the name under which `seeds` are shown as a rack.",
        .flag = "--rack-name",
        .environment = "GRAPEVINE_OVERLAY_RACK_NAME",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec, KeyValue value) { settings(spec).rack_name = text(value); }},
    Key{.name = "overlay.ip_hint",
        .type = KeyType::text,
        .default_text = "none",
        .description = "Gossiperl only: our own address as others see it behind NAT, so that we do "
                       "not gossip to ourselves when it is among the seeds.",
        .flag = "--ip-hint",
        .environment = "GRAPEVINE_OVERLAY_IP_HINT",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec, KeyValue value) { settings(spec).ip_hint = text(value); }},
    Key{.name = "overlay.multicast_ttl",
        .type = KeyType::integer,
        .default_text = "4",
        .description = "Gossiperl only: how many routers a multicast datagram may pass.",
        .flag = "--multicast-ttl",
        .environment = "GRAPEVINE_OVERLAY_MULTICAST_TTL",
        .kind_of_default = Key::Default::worked_out,
        .min = 0,
        .max = 255,
        .set =
            [](Config&, Spec* spec, KeyValue value) {
                control::gossiperl::Settings& of = settings(spec);
                if (!of.multicast) of.multicast.emplace();
                of.multicast->ttl = integer(value);
            }},
    Key{.name = "overlay.quarantine_after",
        .type = KeyType::duration,
        .default_text = "20s",
        .description = "Gossiperl only: a member silent for so long is in quarantine.",
        .flag = "--quarantine-after",
        .environment = "GRAPEVINE_OVERLAY_QUARANTINE_AFTER",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = kSecond,
        .max = kDay,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { settings(spec).quarantine_after = seconds(value); }},
    Key{.name = "overlay.max_quarantined",
        .type = KeyType::duration,
        .default_text = "10s",
        .description = "Gossiperl only: after so long in quarantine it is unreachable.",
        .flag = "--max-quarantined",
        .environment = "GRAPEVINE_OVERLAY_MAX_QUARANTINED",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = 0,
        .max = kDay,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { settings(spec).max_quarantined = seconds(value); }},
    Key{.name = "overlay.drop_unreachable_after",
        .type = KeyType::duration,
        .default_text = "180s",
        .description = "Gossiperl only: a member silent for so long is dropped. 0s: never.",
        .flag = "--drop-unreachable-after",
        .environment = "GRAPEVINE_OVERLAY_DROP_UNREACHABLE_AFTER",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = 0,
        .max = kDay,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { settings(spec).drop_unreachable_after = seconds(value); }},
    Key{.name = "overlay.redelivery_retry_every",
        .type = KeyType::duration,
        .default_text = "5s",
        .description =
            "Gossiperl only: how often a message is sent again that a subscriber has not "
            "acknowledged.",
        .flag = "--redelivery-retry-every",
        .environment = "GRAPEVINE_OVERLAY_REDELIVERY_RETRY_EVERY",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = kSecond,
        .max = kDay,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { settings(spec).redelivery_retry_every = seconds(value); }},
    Key{.name = "overlay.redelivery_retry_max",
        .type = KeyType::integer,
        .default_text = "0",
        .description =
            "Gossiperl only: how often at most; 0: until it has acknowledged or is gone.",
        .flag = "--redelivery-retry-max",
        .environment = "GRAPEVINE_OVERLAY_REDELIVERY_RETRY_MAX",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = 0,
        .max = 2'147'483'647,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { settings(spec).redelivery_retry_max = integer(value); }},
    Key{.name = "overlay.gossip_round_every",
        .type = KeyType::duration,
        .default_text = "2s",
        .description = "Gossiperl only: how often we gossip.",
        .flag = "--gossip-round-every",
        .environment = "GRAPEVINE_OVERLAY_GOSSIP_ROUND_EVERY",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = kSecond,
        .max = kDay,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { settings(spec).gossip_round_every = seconds(value); }},
    Key{.name = "overlay.drop_stale_subscriptions_after",
        .type = KeyType::duration,
        .default_text = "20s",
        .description = "Gossiperl only: subscriptions of other daemons that were not refreshed for "
                       "so long are forgotten.",
        .flag = "--drop-stale-subscriptions-after",
        .environment = "GRAPEVINE_OVERLAY_DROP_STALE_SUBSCRIPTIONS_AFTER",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = kSecond,
        .max = kDay,
        .set =
            [](Config&, Spec* spec, KeyValue value) {
                settings(spec).drop_stale_subscriptions_after = seconds(value);
            }},
    Key{.name = "overlay.local_delivery",
        .type = KeyType::choice,
        .default_text = "off",
        .description = "Whether what a gossiperl client publishes also reaches other gossiperl "
                       "clients of this host. The original never did that.",
        .flag = "--local-delivery",
        .environment = "GRAPEVINE_OVERLAY_LOCAL_DELIVERY",
        .kind_of_default = Key::Default::worked_out,
        .alone = "on",
        .choices = kSwitch,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { spec->is_local_delivery = text(value) == "on"; }},
    Key{.name = "overlay.announce_exit",
        .type = KeyType::choice,
        .default_text = "off",
        .description = "Gossiperl only: say goodbye to the peers at the end. An original daemon "
                       "that has us among its seeds loses its members when it hears that.",
        .flag = "--announce-exit",
        .environment = "GRAPEVINE_OVERLAY_ANNOUNCE_EXIT",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .alone = "on",
        .choices = kSwitch,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { settings(spec).is_exit_announced = text(value) == "on"; }},

    // -- Scripts of the original -----------------------------------------------------------------
    Key{.name = "gossiperl.rest",
        .type = KeyType::choice,
        .default_text = "off",
        .description = "The REST API of gossiperl, for scripts written for it: reads its "
                       "settings.json, listens where that says, and answers on http.bind too.",
        .flag = "--gossiperl",
        .environment = "GRAPEVINE_GOSSIPERL_REST",
        .alone = "on",
        .choices = kSwitch,
        .set = [](Config& config, Spec*,
                  KeyValue value) { config.gossiperl.is_rest_on = text(value) == "on"; }},
    Key{.name = "gossiperl.settings",
        .type = KeyType::path,
        .default_text = "/etc/gossiperl/settings.json, if it exists",
        .description = "The settings.json to read.",
        .flag = "--gossiperl-settings",
        .environment = "GRAPEVINE_GOSSIPERL_SETTINGS",
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config& config, Spec*,
                  KeyValue value) { config.gossiperl.settings_file = text(value); }},
    Key{.name = "gossiperl.rest_bind",
        .type = KeyType::address,
        .default_text = "rest_ip and rest_port of settings.json, else 0.0.0.0:8080",
        .description = "Where the old REST API listens.",
        .flag = "--gossiperl-rest-bind",
        .environment = "GRAPEVINE_GOSSIPERL_REST_BIND",
        .kind_of_default = Key::Default::worked_out,
        .set =
            [](Config& config, Spec*, KeyValue value) {
                // Parsed once already: the type says so.
                config.gossiperl.rest_bind = Endpoint::parse(text(value)).value_or(Endpoint{});
            }},
};

}  // namespace

std::span<const Key> gossiperl_keys() {
    return kKeys;
}

}  // namespace grapevine::daemon

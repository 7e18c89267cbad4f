#include "daemon/overlay_spec.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <set>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/limits.hpp"
#include "base/nearest.hpp"
#include "crypto/key_ring.hpp"
#include "daemon/detection_settings.hpp"
#include "daemon/dissemination_settings.hpp"
#include "daemon/gossiperl_settings.hpp"
#include "daemon/group_sockets.hpp"
#include "daemon/sample_rules.hpp"

namespace grapevine::daemon {

const char* const kDefaultOverlayBind = "0.0.0.0:9471";

namespace {

/// A DNS name (253) with brackets to spare, a colon and a port.
constexpr std::size_t kSeedBytesMax = 262;

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::unexpected<Refusal> no(std::string field, std::string message, std::string cure,
                            Refusal::Code code = Refusal::Code::invalid) {
    return std::unexpected(Refusal{code, std::move(message), std::move(cure), std::move(field)});
}

enum class Case : std::uint8_t { lower, either };

Outcome<void> check_name(std::string_view name, std::size_t bytes_max, Case letters,
                         std::string_view what, std::string_view field) {
    const std::string cure =
        fmt::format("use 1 to {} of {}0-9, '.', '_' and '-', beginning with a letter or digit",
                    bytes_max, letters == Case::lower ? "a-z, " : "A-Z, a-z, ");
    if (name.empty()) return no(std::string(field), fmt::format("{} is empty", what), cure);
    if (name.size() > bytes_max) {
        return no(std::string(field),
                  fmt::format("{} has {} characters, more than {}", what, name.size(), bytes_max),
                  cure, Refusal::Code::over_limit);
    }
    for (std::size_t index = 0; index < name.size(); ++index) {
        const char c = name[index];
        const bool is_alphanumeric =
            is_lower(c) || is_digit(c) || (letters == Case::either && is_upper(c));
        const bool is_inner = c == '.' || c == '_' || c == '-';
        if (is_alphanumeric || (is_inner && index > 0)) continue;
        return no(std::string(field),
                  fmt::format("{} '{}' has a character that names may not have, at position {}",
                              what, printable(name), index + 1),
                  cure);
    }
    return {};
}

Outcome<void> check_bind(const std::string& text) {
    if (Endpoint::parse(text)) return {};
    return no("bind", fmt::format("'{}' is not an address with a port", printable(text)),
              "write one such as 0.0.0.0:9471, [::]:9471 or 192.0.2.7:0 (port 0 picks one)");
}

Outcome<void> check_advertise(const std::vector<std::string>& addresses) {
    if (addresses.size() > kMemberAddressesMax) {
        return no("advertise",
                  fmt::format("{} addresses, more than {}", addresses.size(), kMemberAddressesMax),
                  "name the ones by which others reach this host", Refusal::Code::over_limit);
    }
    for (const std::string& text : addresses) {
        const auto endpoint = Endpoint::parse(text);
        if (!endpoint) {
            return no("advertise",
                      fmt::format("'{}' is not an address with a port", printable(text)),
                      "write one such as 192.0.2.7:9471 or [2001:db8::7]:9471; port 0 means the "
                      "port of bind");
        }
        if (endpoint->is_unspecified()) {
            return no("advertise", fmt::format("'{}' is no address that others can reach", text),
                      "write an address of this host, such as 192.0.2.7:9471");
        }
    }
    return {};
}

Outcome<void> check_keys(const std::vector<std::string>& keys) {
    if (keys.empty()) {
        return no("keys", "there is no key", "make one with: grapevine keys generate");
    }
    if (keys.size() > kKeysMax) {
        return no("keys", fmt::format("{} keys, more than {}", keys.size(), kKeysMax),
                  "remove keys that nobody sends with any more", Refusal::Code::over_limit);
    }
    std::set<std::uint8_t> ids;
    for (const std::string& text : keys) {
        if (text == kOpenKey) {
            if (ids.insert(0).second) continue;
            return no("keys", "the open key has the id 0, and so has another",
                      "give every key an id of its own");
        }
        const KeyText key = GV_TRY(parse_key(text));
        if (!ids.insert(key.id).second) {
            return no("keys", fmt::format("two keys have the id {}", key.id),
                      "give every key an id of its own");
        }
    }
    return {};
}

Outcome<void> check_operators(const std::vector<std::string>& operators) {
    if (operators.size() > kOperatorsMax) {
        return no("operators",
                  fmt::format("{} operators, more than {}", operators.size(), kOperatorsMax),
                  "name a few", Refusal::Code::over_limit);
    }
    for (const std::string& text : operators) GV_TRY_VOID(parse_operator(text));
    return {};
}

Outcome<void> check_choice(std::string_view field, const std::string& text,
                           std::span<const std::string_view> known) {
    if (std::ranges::find(known, text) != known.end()) return {};
    return no(std::string(field), fmt::format("'{}' is not known", printable(text)),
              nearest_cure(text, known));
}

Outcome<void> check_range(std::string_view field, std::uint64_t value, std::uint64_t min,
                          std::uint64_t max, std::string_view range) {
    if (value >= min && value <= max) return {};
    return no(std::string(field), "is out of range", fmt::format("write {}", range),
              Refusal::Code::over_limit);
}

}  // namespace

std::string printable(std::string_view text, std::size_t bytes_max) {
    std::string result;
    for (const char c : text.substr(0, bytes_max)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7f) {
            result += fmt::format("\\x{:02x}", byte);
        } else {
            result += c;
        }
    }
    if (text.size() > bytes_max) result += "...";
    return result;
}

Outcome<std::array<std::uint8_t, 32>> parse_operator(std::string_view text) {
    const auto bytes = from_base64url(text);
    std::array<std::uint8_t, 32> key{};
    if (!bytes || bytes->size() != key.size()) {
        return no("operators", fmt::format("'{}' is no public key of an operator", printable(text)),
                  "write the 43 characters that `grapevine operator new` has printed");
    }
    std::ranges::copy(*bytes, key.begin());
    return key;
}

Outcome<KeyText> parse_key(std::string_view text) {
    const std::string cure =
        "write ID:SECRET as `grapevine keys generate` prints it: a number from 0 to 255, a colon "
        "and 43 characters";
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return no("keys", "a key has no colon", cure);
    const std::string_view id_text = text.substr(0, colon);
    unsigned id = 0;
    const auto [end, error] =
        std::from_chars(id_text.data(), id_text.data() + id_text.size(), id, 10);
    if (error != std::errc() || end != id_text.data() + id_text.size() || id > 255 ||
        id_text.size() > 3) {
        return no("keys", "a key's id is not a number from 0 to 255", cure);
    }
    const auto secret = from_base64url(text.substr(colon + 1));
    if (!secret) {
        return no("keys", fmt::format("the secret of key {} is not base64url", id), cure);
    }
    KeyText key;
    if (secret->size() != key.secret.size()) {
        return no("keys",
                  fmt::format("the secret of key {} has {} bytes, not {}", id, secret->size(),
                              key.secret.size()),
                  cure);
    }
    key.id = static_cast<std::uint8_t>(id);
    std::ranges::copy(*secret, key.secret.begin());
    return key;
}

std::string format_key(const KeyText& key) {
    return fmt::format("{}:{}", key.id, to_base64url(key.secret));
}

Outcome<void> check_overlay_name(std::string_view name) {
    return check_name(name, kOverlayNameBytesMax, Case::lower, "the overlay's name", "name");
}

Outcome<void> check_old_overlay_name(std::string_view name) {
    return check_name(name, kOverlayNameBytesMax, Case::either, "the overlay's name", "name");
}

Outcome<void> check_member_name(std::string_view name) {
    return check_name(name, kMemberNameBytesMax, Case::either, "the member's name", "member_name");
}

Outcome<void> check_seed(std::string_view seed) {
    const std::string cure = "write HOST:PORT, such as host-1.example:9471 or [2001:db8::7]:9471";
    const std::string shown = printable(seed);
    if (seed.size() > kSeedBytesMax) {
        return no("seeds", fmt::format("'{}' is longer than any host name", shown), cure,
                  Refusal::Code::over_limit);
    }
    const std::size_t colon = seed.rfind(':');
    if (colon == std::string_view::npos || seed.ends_with(']')) {
        return no("seeds", fmt::format("'{}' has no port", shown), cure);
    }
    const std::string_view host = seed.substr(0, colon);
    const std::string_view port_text = seed.substr(colon + 1);
    unsigned port = 0;
    const auto [end, error] =
        std::from_chars(port_text.data(), port_text.data() + port_text.size(), port, 10);
    if (error != std::errc() || end != port_text.data() + port_text.size() || port == 0 ||
        port > 65535) {
        return no("seeds", fmt::format("'{}' has no port from 1 to 65535", shown), cure);
    }
    if (host.empty()) return no("seeds", fmt::format("'{}' has no host", shown), cure);
    if (host.starts_with('[')) {
        if (Endpoint::parse(seed)) return {};
        return no("seeds", fmt::format("'{}' is not an IPv6 address with a port", shown), cure);
    }
    const bool is_numeric =
        std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; });
    if (is_numeric && !Endpoint::parse(seed)) {
        return no("seeds", fmt::format("'{}' is not an IPv4 address with a port", shown), cure);
    }
    const bool is_host_name = std::ranges::all_of(host, [](char c) {
        return is_lower(c) || is_upper(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
    });
    if (!is_host_name) {
        const bool is_bare_v6 = host.find(':') != std::string_view::npos;
        return no("seeds",
                  is_bare_v6 ? fmt::format("'{}' is an IPv6 address without brackets", shown)
                             : fmt::format("'{}' is not a host name with a port", shown),
                  cure);
    }
    return {};
}

Outcome<void> check_labels(const control::Labels& labels) {
    if (labels.size() > kLabelsMax) {
        return no("labels", fmt::format("{} labels, more than {}", labels.size(), kLabelsMax),
                  "keep larger things in the member's record", Refusal::Code::over_limit);
    }
    std::size_t bytes = 0;
    std::set<std::string_view> keys;
    for (const auto& [key, value] : labels) {
        GV_TRY_VOID(check_name(key, kLabelKeyBytesMax, Case::either, "the label's key", "labels"));
        if (!keys.insert(key).second) {
            return no("labels", fmt::format("the label '{}' is given twice", key), "keep one");
        }
        if (value.size() > kLabelValueBytesMax) {
            return no("labels",
                      fmt::format("the value of label '{}' has {} bytes, more than {}", key,
                                  value.size(), kLabelValueBytesMax),
                      "keep larger things in the member's record", Refusal::Code::over_limit);
        }
        if (std::ranges::any_of(value, [](char c) { return c >= 0 && (c < 0x20 || c == 0x7f); })) {
            return no("labels", fmt::format("the value of label '{}' has a control character", key),
                      "use printable text");
        }
        bytes += key.size() + value.size();
    }
    if (bytes > kLabelsBytesMax) {
        return no(
            "labels",
            fmt::format("the labels have {} bytes in all, more than {}", bytes, kLabelsBytesMax),
            "keep larger things in the member's record", Refusal::Code::over_limit);
    }
    return {};
}

bool is_gossiperl(const control::OverlaySpec& spec) {
    return spec.protocol == "gossiperl";
}

void expand_open_key(control::OverlaySpec& spec) {
    if (!spec.keys) return;
    for (std::string& key : *spec.keys) {
        if (key != kOpenKey) continue;
        const crypto::OverlayKey open = crypto::open_key(spec.name);
        key = format_key({open.id.value(), open.secret.bytes()});
    }
}

bool is_open(const control::OverlaySpec& spec) {
    control::OverlaySpec open;
    open.name = spec.name;
    open.keys = {std::string(kOpenKey)};
    expand_open_key(open);
    return spec.keys && std::ranges::find(*spec.keys, open.keys->front()) != spec.keys->end();
}

std::string open_warning(const std::string& overlay) {
    return fmt::format(
        "overlay '{}' is open: its key is made from its name, so everybody who reaches it can "
        "join, read and publish; for a key of your own give the same --key on every host "
        "(grapevine keys generate makes one)",
        overlay);
}

bool has_multicast(const control::OverlaySpec& spec) {
    return !is_gossiperl(spec) && spec.multicast && *spec.multicast != "off";
}

Refusal no_key_for_multicast() {
    return {Refusal::Code::invalid, "multicast needs a key that all hosts have",
            "give the same --key on every host (grapevine keys generate makes one), or --key open "
            "to let in everybody on this network",
            "keys"};
}

static Outcome<void> check_samples(const control::OverlaySpec& spec) {
    if (is_gossiperl(spec)) {
        return no("samples", "the gossiperl protocol has no records",
                  "leave them out, or use protocol = \"grapevine\"");
    }
    GV_TRY(parse_samples(*spec.sampling.samples));
    return {};
}

std::vector<Refusal> check_overlay_spec(const control::OverlaySpec& spec) {
    std::vector<Refusal> refusals;
    const auto note = [&refusals](Outcome<void> outcome, std::string_view field) {
        if (outcome) return;
        refusals.push_back(std::move(outcome.error()));
        refusals.back().field = field;
    };
    note(is_gossiperl(spec) ? check_old_overlay_name(spec.name) : check_overlay_name(spec.name),
         "name");
    if (spec.protocol) note(check_choice("protocol", *spec.protocol, kProtocolNames), "protocol");
    if (spec.retention_age_ms) {
        // A negative age wraps to a number above every range.
        note(check_range("retention_age_ms", static_cast<std::uint64_t>(*spec.retention_age_ms),
                         kRetentionAgeMinMs, kRetentionAgeMaxMs, "from 1 s to 7 days"),
             "retention_age_ms");
    }
    if (spec.retention_bytes) {
        note(check_range("retention_bytes", *spec.retention_bytes, kRetentionBytesMin,
                         kRetentionBytesMax, "from 1 MiB to 4 GiB"),
             "retention_bytes");
    }
    if (spec.sampling.samples) note(check_samples(spec), "samples");
    if (is_gossiperl(spec)) {
        const auto found = check_gossiperl_spec(spec);
        refusals.insert(refusals.end(), found.begin(), found.end());
        const auto more = check_dissemination(spec.dissemination);
        refusals.insert(refusals.end(), more.begin(), more.end());
        return refusals;
    }
    if (spec.gossiperl) {
        note(no("protocol", "settings of the gossiperl protocol are given, but not the protocol",
                "set protocol = \"gossiperl\", or leave them out"),
             "protocol");
    }
    if (spec.client_key &&
        (spec.client_key->empty() || spec.client_key->size() > kOldTextBytesMax)) {
        note(no("client_key", "is empty or too long",
                fmt::format("write 1 to {} bytes, as the clients have it", kOldTextBytesMax)),
             "client_key");
    }
    if (spec.bind) note(check_bind(*spec.bind), "bind");
    if (spec.advertise) note(check_advertise(*spec.advertise), "advertise");
    if (spec.seeds) {
        if (spec.seeds->size() > kSeedsMax) {
            note(no("seeds", fmt::format("{} seeds, more than {}", spec.seeds->size(), kSeedsMax),
                    "a few are enough: one that answers tells of all others",
                    Refusal::Code::over_limit),
                 "seeds");
        }
        for (const std::string& seed : *spec.seeds) note(check_seed(seed), "seeds");
    }
    if (spec.keys) note(check_keys(*spec.keys), "keys");
    if (spec.operators) note(check_operators(*spec.operators), "operators");
    if (spec.multicast) {
        const auto bind = Endpoint::parse(spec.bind.value_or(kDefaultOverlayBind));
        const auto groups = parse_groups(*spec.multicast, bind.value_or(Endpoint{}));
        if (!groups) note(std::unexpected(groups.error()), "multicast");
    }
    if (spec.profile) note(check_choice("profile", *spec.profile, kProfileNames), "profile");
    const auto found = check_detection(spec.detection);
    refusals.insert(refusals.end(), found.begin(), found.end());
    const auto more = check_dissemination(spec.dissemination);
    refusals.insert(refusals.end(), more.begin(), more.end());
    if (spec.cipher) note(check_choice("cipher", *spec.cipher, kCipherNames), "cipher");
    if (spec.member_name) note(check_member_name(*spec.member_name), "member_name");
    if (spec.labels) note(check_labels(*spec.labels), "labels");
    return refusals;
}

}  // namespace grapevine::daemon

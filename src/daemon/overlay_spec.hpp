#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "control/control.hpp"

// What may stand in an `OverlaySpec`, whoever wrote it: a file, a flag, an environment variable, an
// invitation or a request. One set of rules, one wording of their refusals.
namespace grapevine::daemon {

/// A key of an overlay as people carry it: "1:base64url of 32 bytes".
struct KeyText {
    std::uint8_t id = 0;
    std::array<std::uint8_t, 32> secret{};
    friend bool operator==(const KeyText&, const KeyText&) = default;
};

/// Refuses an id above 255, a secret of another length and foreign letters. The refusal never
/// repeats the secret.
Outcome<KeyText> parse_key(std::string_view text);
std::string format_key(const KeyText& key);

/// The public key of an operator as people carry it: base64url of 32 bytes.
Outcome<std::array<std::uint8_t, 32>> parse_operator(std::string_view text);

/// 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
Outcome<void> check_overlay_name(std::string_view name);

/// The same with A-Z: the original took any name, and scripts made use of it.
Outcome<void> check_old_overlay_name(std::string_view name);

/// 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
Outcome<void> check_member_name(std::string_view name);

/// "host:port" or "[v6]:port", the port from 1 to 65535; at most 262 bytes.
Outcome<void> check_seed(std::string_view seed);

Outcome<void> check_labels(const control::Labels& labels);

/// Every rule that a specification breaks, in the order of its fields; empty when it is good.
/// `Refusal::field` is the field's name in the specification ("bind", "keys"). Absent fields are
/// good: whether one may be absent is for the caller to say.
std::vector<Refusal> check_overlay_spec(const control::OverlaySpec& spec);

/// Whether it speaks the old protocol.
bool is_gossiperl(const control::OverlaySpec& spec);

/// What stands in place of a key to let in everybody who knows the overlay's name.
inline constexpr std::string_view kOpenKey = "open";

/// Puts the well-known key of the overlay's name where `keys` says "open".
void expand_open_key(control::OverlaySpec& spec);

/// Whether a key of it is the well-known one. `keys` have been expanded.
bool is_open(const control::OverlaySpec& spec);

/// What is said in the log about an open overlay.
std::string open_warning(const std::string& overlay);

/// Whether it is a native overlay that announces itself.
bool has_multicast(const control::OverlaySpec& spec);

/// The refusal of an overlay that announces itself without a key: each host would make its own, and
/// nobody would understand anybody.
Refusal no_key_for_multicast();

/// Where an overlay listens unless told otherwise: "0.0.0.0:9471".
extern const char* const kDefaultOverlayBind;

inline constexpr std::array<std::string_view, 2> kProtocolNames = {"grapevine", "gossiperl"};
inline constexpr std::array<std::string_view, 3> kProfileNames = {"fast", "lan", "wan"};
inline constexpr std::array<std::string_view, 2> kCipherNames = {"chacha20-poly1305",
                                                                 "aes-256-gcm"};

/// Less than a second keeps nothing for anybody; a week is nothing special.
inline constexpr std::uint64_t kRetentionAgeMinMs = 1000;
inline constexpr std::uint64_t kRetentionAgeMaxMs = 7ULL * 24 * 3600 * 1000;
/// The largest event must fit; it is held in memory, so 4 GiB is generous.
inline constexpr std::uint64_t kRetentionBytesMin = 1024 * 1024;
inline constexpr std::uint64_t kRetentionBytesMax = 4ULL * 1024 * 1024 * 1024;

/// At most `bytes_max` bytes of what somebody wrote, fit to be repeated to them on a terminal:
/// control characters and bytes above 126 are shown as \xNN.
std::string printable(std::string_view text, std::size_t bytes_max = 64);

}  // namespace grapevine::daemon

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {

/// What another host must know to enter an overlay, as one word that can be pasted into a chat.
///
/// Who holds the token holds the overlay key: treat it like a password. It names no member and does
/// not expire; it is worthless after the keys in it have been rotated out.
///
///     token   "gv1." base64url(body)
///     body    length u16, of all that follows the length, checksum included
///             overlay name (sized), cipher u8, profile u8,
///             key count u8, per key: id u8, secret 32 bytes
///             seed count u8, per seed: "host:port" (sized)
///             detector u8, if it is another than the profile's, or operators follow: its place in
///             kDetectorNames, 255 for that of the profile
///             operator count u8 (1 or more), if there are any, per operator: public key 32 bytes
///             checksum u32: CRC-32 (IEEE 802.3) of all bytes before it
///
/// The length tells a token that lost its end from one that was altered: people copy incompletely
/// far more often than they mistype.
struct Invitation {
    std::string overlay;
    std::string cipher = "chacha20-poly1305";
    std::string profile = "lan";
    std::string detector;                  ///< Empty: as the profile says.
    std::vector<KeyText> keys;             ///< 1 to kKeysMax; the first is used to send.
    std::vector<std::string> seeds;        ///< At most kSeedsMax; may be empty.
    std::vector<std::string> operators{};  ///< At most kOperatorsMax; base64url.

    friend bool operator==(const Invitation&, const Invitation&) = default;
};

/// The token. The invitation must hold what `parse_invitation` would accept; asserted.
std::string format_invitation(const Invitation& invitation);

/// Reads a token from a stranger. White space anywhere in it is ignored, because terminals and
/// mail wrap lines. A refusal says where the token is damaged and never repeats it: it is a secret.
Outcome<Invitation> parse_invitation(std::string_view token);

/// The overlay that joining by this invitation creates.
control::OverlaySpec to_spec(const Invitation& invitation);

}  // namespace grapevine::daemon

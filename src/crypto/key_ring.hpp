#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "crypto/secret.hpp"

namespace grapevine::crypto {

/// What seals the datagrams of an overlay. The same on all its members: it is part of the key
/// derivation, so members that disagree do not understand each other at all.
enum class Cipher : std::uint8_t {
    chacha20_poly1305 = 0,  ///< RFC 8439. The default: fast without AES instructions.
    aes_256_gcm = 1,        ///< NIST SP 800-38D. Faster where the processor has them.
};

/// "chacha20-poly1305", "aes-256-gcm".
std::string_view to_string(Cipher cipher);
Result<Cipher> parse_cipher(std::string_view text);

/// A secret shared by all members of an overlay.
struct OverlayKey {
    KeyId id;
    Secret<32> secret;

    friend bool operator==(const OverlayKey&, const OverlayKey&) = default;
};

/// A new key out of 32 random bytes of the caller's: no randomness is made here.
OverlayKey generate_key(KeyId id, std::span<const std::uint8_t, 32> random);

/// The form for files and invitations: base64url of the 32 bytes, 43 letters. The id is not in it.
std::string to_text(const Secret<32>& secret);

/// truncated or malformed (field "key") if it is anything but the output of `to_text`.
Result<Secret<32>> parse_secret(std::string_view text);

/// The key of an overlay that is open to everybody who knows its name. No secret: whoever reads
/// this can make it. It keeps overlays of different names apart, and nothing else. Its id is 0.
///
/// HKDF-SHA-256 with the text "grapevine open overlay" as secret, no salt, and the name as info.
OverlayKey open_key(std::string_view overlay_name);

/// What one sender seals with in one life of it, under one key of the ring.
struct SubKey {
    Cipher cipher = Cipher::chacha20_poly1305;
    Secret<32> secret;

    friend bool operator==(const SubKey&, const SubKey&) = default;
};

/// The keys that are valid in an overlay, and the subkeys that datagrams are sealed with.
///
/// Why a subkey per sender and boot? The nonce of both ciphers is 96 bits. Random ones under a key
/// that hundreds of members share repeat too soon (SP 800-38D allows 2^32 messages: 5 days for
/// 1,000 members at 10 datagrams a second), and counters under it collide at once. With a key of
/// its own for each life of each sender, a counter from 0 is safe, and the replay window needs one
/// anyway.
///
/// All keys open, the first seals. To rotate: add the new one behind on every member, move it to
/// the front on every member, take the old one away. Immutable; secrets are wiped on destruction.
class KeyRing {
public:
    /// Refused (invalid or over_limit, with the cure): a name that is empty, longer than
    /// kOverlayNameBytesMax or with control characters; no key, more than kKeysMax, an id twice.
    static Outcome<KeyRing> make(std::string overlay_name, std::vector<OverlayKey> keys,
                                 Cipher cipher = Cipher::chacha20_poly1305);

    /// The subkey of `sender` in the life named by `boot`; nothing if no key has this id. Costs
    /// about three microseconds: keep the result for as long as the sender is known, and limit how
    /// often a stranger can ask for it.
    ///
    /// HKDF-SHA-256 (RFC 5869) with the key as secret, `boot` as salt (8 bytes, big endian) and as
    /// info: "grapevine v1", cipher (1), length of the overlay's name (1), the name, key id (1),
    /// sender (8, big endian). So members of overlays with other names cannot talk by accident, not
    /// even with the same key, and a key used with two ciphers makes two subkeys.
    [[nodiscard]] std::optional<SubKey> derive(KeyId key, MemberId sender, Boot boot) const;

    /// The subkey of one announcement to a network, which is named by random bytes and not by its
    /// sender, so that who listens learns nothing about who speaks; nothing if no key has this id.
    /// With a key for each datagram its counter is always 0. Costs about three microseconds.
    ///
    /// HKDF-SHA-256 with the key as secret, `salt`, and as info: "grapevine v1 announcement",
    /// cipher (1), length of the overlay's name (1), the name, key id (1).
    [[nodiscard]] std::optional<SubKey> derive_announcement(
        KeyId key, std::span<const std::uint8_t, kAnnouncementSaltBytes> salt) const;

    /// The one to seal with.
    [[nodiscard]] KeyId sending() const { return keys_.front().id; }
    [[nodiscard]] const std::string& overlay_name() const { return overlay_name_; }
    [[nodiscard]] const std::vector<OverlayKey>& keys() const { return keys_; }
    [[nodiscard]] Cipher cipher() const { return cipher_; }

private:
    KeyRing(std::string overlay_name, std::vector<OverlayKey> keys, Cipher cipher)
        : overlay_name_(std::move(overlay_name)), keys_(std::move(keys)), cipher_(cipher) {}

    std::string overlay_name_;
    std::vector<OverlayKey> keys_;
    Cipher cipher_;
};

}  // namespace grapevine::crypto

#include "crypto/key_ring.hpp"

#include <algorithm>
#include <bitset>
#include <fmt/core.h>
#include <utility>

#include "base/reader.hpp"
#include "crypto/hash.hpp"

namespace grapevine::crypto {
namespace {

constexpr std::string_view kContext = "grapevine v1";
constexpr std::string_view kAnnouncementContext = "grapevine v1 announcement";
constexpr std::string_view kOpenSecret = "grapevine open overlay";

std::unexpected<Refusal> refuse(Refusal::Code code, std::string field, std::string message,
                                std::string cure) {
    return std::unexpected(Refusal{code, std::move(message), std::move(cure), std::move(field)});
}

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte < 0x20 || byte == 0x7f;
    });
}

}  // namespace

std::string_view to_string(Cipher cipher) {
    return cipher == Cipher::aes_256_gcm ? "aes-256-gcm" : "chacha20-poly1305";
}

Result<Cipher> parse_cipher(std::string_view text) {
    for (const Cipher cipher : {Cipher::chacha20_poly1305, Cipher::aes_256_gcm}) {
        if (text == to_string(cipher)) return cipher;
    }
    return std::unexpected(Error{Error::Code::unsupported, "cipher", 0});
}

OverlayKey generate_key(KeyId id, std::span<const std::uint8_t, 32> random) {
    return OverlayKey{id, Secret<32>(random)};
}

std::string to_text(const Secret<32>& secret) {
    return to_base64url(secret.view());
}

Result<Secret<32>> parse_secret(std::string_view text) {
    auto bytes = from_base64url(text);
    if (!bytes) return std::unexpected(Error{bytes.error().code, "key", bytes.error().detail});
    if (bytes->size() != 32) {
        wipe(*bytes);
        const auto code = bytes->size() < 32 ? Error::Code::truncated : Error::Code::malformed;
        return std::unexpected(Error{code, "key", static_cast<std::uint32_t>(text.size())});
    }
    const Secret<32> secret{ByteView(*bytes)};
    wipe(*bytes);
    return secret;
}

Outcome<KeyRing> KeyRing::make(std::string overlay_name, std::vector<OverlayKey> keys,
                               Cipher cipher) {
    using Code = Refusal::Code;
    if (overlay_name.empty()) {
        return refuse(Code::invalid, "name", "the overlay has no name", "give it one");
    }
    if (overlay_name.size() > kOverlayNameBytesMax) {
        return refuse(Code::over_limit, "name",
                      fmt::format("the overlay's name has {} bytes", overlay_name.size()),
                      fmt::format("use at most {}", kOverlayNameBytesMax));
    }
    if (has_control_characters(overlay_name)) {
        return refuse(Code::invalid, "name", "the overlay's name has control characters",
                      "use printable characters");
    }
    if (keys.empty()) {
        return refuse(Code::invalid, "keys", "the overlay has no key",
                      "make one with `grapevine keys generate`");
    }
    if (keys.size() > kKeysMax) {
        return refuse(
            Code::over_limit, "keys", fmt::format("{} keys are given", keys.size()),
            fmt::format("keep at most {}: remove those that nobody sends with", kKeysMax));
    }
    std::bitset<256> seen;
    for (const OverlayKey& key : keys) {
        if (seen.test(key.id.value())) {
            return refuse(Code::invalid, "keys",
                          fmt::format("key id {} is given twice", key.id.value()),
                          "give every key an id of its own");
        }
        seen.set(key.id.value());
    }
    return KeyRing(std::move(overlay_name), std::move(keys), cipher);
}

std::optional<SubKey> KeyRing::derive(KeyId key, MemberId sender, Boot boot) const {
    const auto found = std::ranges::find(keys_, key, &OverlayKey::id);
    if (found == keys_.end()) return std::nullopt;

    Bytes salt;
    Writer(salt).integer(boot.value());
    Bytes info;
    Writer writer(info);
    writer.bytes(as_bytes(kContext));
    writer.integer(static_cast<std::uint8_t>(cipher_));
    writer.integer(static_cast<std::uint8_t>(overlay_name_.size()));
    writer.bytes(as_bytes(overlay_name_));
    writer.integer(key.value());
    writer.integer(sender.value());

    SubKey subkey;
    subkey.cipher = cipher_;
    hkdf_sha256(found->secret.view(), salt, info, subkey.secret.writable());
    return subkey;
}

std::optional<SubKey> KeyRing::derive_announcement(
    KeyId key, std::span<const std::uint8_t, kAnnouncementSaltBytes> salt) const {
    const auto found = std::ranges::find(keys_, key, &OverlayKey::id);
    if (found == keys_.end()) return std::nullopt;

    Bytes info;
    Writer writer(info);
    writer.bytes(as_bytes(kAnnouncementContext));
    writer.integer(static_cast<std::uint8_t>(cipher_));
    writer.integer(static_cast<std::uint8_t>(overlay_name_.size()));
    writer.bytes(as_bytes(overlay_name_));
    writer.integer(key.value());

    SubKey subkey;
    subkey.cipher = cipher_;
    hkdf_sha256(found->secret.view(), salt, info, subkey.secret.writable());
    return subkey;
}

OverlayKey open_key(std::string_view overlay_name) {
    OverlayKey key;
    hkdf_sha256(as_bytes(kOpenSecret), {}, as_bytes(overlay_name), key.secret.writable());
    return key;
}

}  // namespace grapevine::crypto

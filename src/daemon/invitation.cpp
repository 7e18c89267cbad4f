#include "daemon/invitation.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <set>

#include "base/limits.hpp"
#include "base/reader.hpp"
#include "protocol/membership/config.hpp"

namespace grapevine::daemon {

namespace {

constexpr std::string_view kPrefix = "gv1.";
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kLengthBytes = 2;
/// In place of a detector: as the profile says.
constexpr std::uint8_t kOfProfile = 0xff;
/// The longest token: a name of 64, 8 keys of 33 and 64 seeds of 264 bytes make 17,236; in base64
/// 22,982 characters. Wrapped at every character it would have twice as many.
constexpr std::size_t kTokenBytesMax = 48 * 1024;

const char* const kCopyAgain = "copy the whole output of `grapevine invite` again";

std::unexpected<Refusal> no(std::string message, std::string cure = kCopyAgain) {
    return std::unexpected(
        Refusal{Refusal::Code::invalid, std::move(message), std::move(cure), "token"});
}

/// CRC-32 of IEEE 802.3 (reflected, polynomial 0xedb88320). Bit by bit: tokens are short and rare.
/// It finds every burst of up to 32 bits, and all but one in 2^32 of other damage.
std::uint32_t crc32(ByteView bytes) {
    std::uint32_t crc = 0xffffffffU;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
        }
    }
    return ~crc;
}

std::uint8_t index_of(std::span<const std::string_view> names, std::string_view name) {
    const auto found = std::ranges::find(names, name);
    assert(found != names.end());
    return static_cast<std::uint8_t>(found - names.begin());
}

/// The fields between length and checksum, whose bytes are known to be as they were written. A
/// refusal therefore means another version of Grapevine, or somebody who made the token by hand.
Result<Invitation> read_fields(Reader& reader) {
    Invitation invitation;
    invitation.overlay = GV_TRY(reader.sized_text(kOverlayNameBytesMax, "overlay name"));
    const auto cipher = GV_TRY(reader.integer<std::uint8_t>("cipher"));
    const auto profile = GV_TRY(reader.integer<std::uint8_t>("profile"));
    if (cipher >= kCipherNames.size()) {
        return reader.refuse<Invitation>(Error::Code::unsupported, "cipher");
    }
    if (profile >= kProfileNames.size()) {
        return reader.refuse<Invitation>(Error::Code::unsupported, "profile");
    }
    invitation.cipher = kCipherNames[cipher];
    invitation.profile = kProfileNames[profile];
    const auto key_count = GV_TRY(reader.integer<std::uint8_t>("key count"));
    if (key_count == 0) return reader.refuse<Invitation>(Error::Code::malformed, "key count");
    if (key_count > kKeysMax) {
        return reader.refuse<Invitation>(Error::Code::over_limit, "key count");
    }
    for (std::uint8_t index = 0; index < key_count; ++index) {
        KeyText key;
        key.id = GV_TRY(reader.integer<std::uint8_t>("key id"));
        const ByteView secret = GV_TRY(reader.bytes(key.secret.size(), "key secret"));
        std::ranges::copy(secret, key.secret.begin());
        invitation.keys.push_back(key);
    }
    const auto seed_count = GV_TRY(reader.integer<std::uint8_t>("seed count"));
    if (seed_count > kSeedsMax) {
        return reader.refuse<Invitation>(Error::Code::over_limit, "seed count");
    }
    for (std::uint8_t index = 0; index < seed_count; ++index) {
        invitation.seeds.push_back(GV_TRY(reader.sized_text(kTokenBytesMax, "seed")));
    }
    if (!reader.at_end()) {
        const auto detector = GV_TRY(reader.integer<std::uint8_t>("detector"));
        if (detector >= protocol::kDetectorNames.size() && detector != kOfProfile) {
            return reader.refuse<Invitation>(Error::Code::unsupported, "detector");
        }
        if (detector != kOfProfile) invitation.detector = protocol::kDetectorNames[detector];
    }
    if (!reader.at_end()) {
        const auto count = GV_TRY(reader.integer<std::uint8_t>("operator count"));
        if (count == 0 || count > kOperatorsMax) {
            return reader.refuse<Invitation>(Error::Code::over_limit, "operator count");
        }
        for (std::uint8_t index = 0; index < count; ++index) {
            const ByteView key = GV_TRY(reader.bytes(32, "operator"));
            invitation.operators.push_back(to_base64url(key));
        }
    }
    GV_TRY_VOID(reader.expect_end("end"));
    return invitation;
}

/// Drops white space and checks the alphabet, telling the place as the reader of the token counts.
Outcome<std::string> clean(std::string_view token) {
    std::string text;
    for (std::size_t index = 0; index < token.size(); ++index) {
        const char c = token[index];
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
        const bool is_legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!is_legal) {
            return no(fmt::format("the token is damaged: character {} does not belong in a token",
                                  index + 1));
        }
        text += c;
    }
    return text;
}

/// base64url of what a token holds takes this many characters.
std::size_t characters_of(std::size_t bytes) {
    return (bytes * 4 + 2) / 3;
}

/// The whole body, once its length and its checksum are right.
Outcome<Bytes> verified_body(std::string_view text) {
    // A base64 group that was cut leaves one letter that means nothing.
    std::string_view encoded = text.substr(kPrefix.size());
    const std::size_t characters = text.size();
    if (encoded.size() % 4 == 1) encoded.remove_suffix(1);
    const auto decoded = from_base64url(encoded);
    std::size_t claimed = 0;
    if (const auto head =
            from_base64url(encoded.substr(0, std::min<std::size_t>(4, encoded.size())));
        head && head->size() >= kLengthBytes) {
        claimed = kLengthBytes + ((*head)[0] * 256U) + (*head)[1];
    } else {
        return no(fmt::format("the token is cut short: only {} characters are there", characters));
    }
    const std::size_t whole = kPrefix.size() + characters_of(claimed);
    if (characters < whole) {
        return no(fmt::format("the token is cut short: {} of its {} characters are there",
                              characters, whole));
    }
    if (characters > whole) {
        return no(fmt::format("the token is too long: it has {} characters after its end",
                              characters - whole));
    }
    if (!decoded || decoded->size() != claimed || claimed < kLengthBytes + kChecksumBytes) {
        return no("the token is damaged: it is not base64url");
    }
    Reader checksum_reader(ByteView(*decoded).last(kChecksumBytes));
    const auto checksum = checksum_reader.integer<std::uint32_t>("checksum");
    if (crc32(ByteView(*decoded).first(decoded->size() - kChecksumBytes)) != *checksum) {
        return no("the token is damaged: its checksum does not match, a character was changed");
    }
    return *decoded;
}

}  // namespace

std::string format_invitation(const Invitation& invitation) {
    assert(check_overlay_name(invitation.overlay));
    assert(!invitation.keys.empty() && invitation.keys.size() <= kKeysMax);
    assert(invitation.seeds.size() <= kSeedsMax);
    Bytes fields;
    Writer writer(fields);
    writer.sized_text(invitation.overlay);
    writer.integer(index_of(kCipherNames, invitation.cipher));
    writer.integer(index_of(kProfileNames, invitation.profile));
    writer.integer(static_cast<std::uint8_t>(invitation.keys.size()));
    for (const KeyText& key : invitation.keys) {
        writer.integer(key.id);
        writer.bytes(key.secret);
    }
    writer.integer(static_cast<std::uint8_t>(invitation.seeds.size()));
    for (const std::string& seed : invitation.seeds) {
        assert(check_seed(seed));
        writer.sized_text(seed);
    }
    if (!invitation.detector.empty()) {
        writer.integer(index_of(protocol::kDetectorNames, invitation.detector));
    } else if (!invitation.operators.empty()) {
        writer.integer(kOfProfile);
    }
    if (!invitation.operators.empty()) {
        writer.integer(static_cast<std::uint8_t>(invitation.operators.size()));
        for (const std::string& text : invitation.operators) writer.bytes(*parse_operator(text));
    }
    Bytes body;
    Writer frame(body);
    frame.integer(static_cast<std::uint16_t>(fields.size() + kChecksumBytes));
    frame.bytes(fields);
    frame.integer(crc32(body));
    return std::string(kPrefix) + to_base64url(body);
}

Outcome<Invitation> parse_invitation(std::string_view token) {
    if (token.size() > kTokenBytesMax) {
        return no(fmt::format("the token has {} characters, more than any token", token.size()));
    }
    const std::string text = GV_TRY(clean(token));
    if (text.empty()) return no("the token is empty", "get one from `grapevine invite`");
    if (!text.starts_with(kPrefix)) {
        if (text.size() >= 3 && text.starts_with("gv") && text[2] >= '2' && text[2] <= '9') {
            return no("the token was made by a newer Grapevine", "update this host's Grapevine");
        }
        return no("this is not an invitation: it does not begin with 'gv1.'",
                  "paste what `grapevine invite` printed on a member of the overlay");
    }
    const Bytes body = GV_TRY(verified_body(text));
    Reader reader(
        ByteView(body).subspan(kLengthBytes, body.size() - kLengthBytes - kChecksumBytes));
    auto invitation = read_fields(reader);
    if (!invitation) {
        return no(fmt::format("the token is whole, but not one that this version understands ({})",
                              describe(invitation.error())),
                  "update Grapevine on both hosts and invite again");
    }
    control::OverlaySpec spec = to_spec(*invitation);
    if (auto refusals = check_overlay_spec(spec); !refusals.empty()) {
        return no(fmt::format("the token is whole, but its {} is not legal: {}",
                              refusals.front().field, refusals.front().message),
                  "invite again with the same version of Grapevine on both hosts");
    }
    return *std::move(invitation);
}

control::OverlaySpec to_spec(const Invitation& invitation) {
    control::OverlaySpec spec;
    spec.name = invitation.overlay;
    spec.cipher = invitation.cipher;
    spec.profile = invitation.profile;
    if (!invitation.detector.empty()) spec.detection.detector = invitation.detector;
    spec.seeds = invitation.seeds;
    if (!invitation.operators.empty()) spec.operators = invitation.operators;
    spec.keys.emplace();
    for (const KeyText& key : invitation.keys) spec.keys->push_back(format_key(key));
    return spec;
}

}  // namespace grapevine::daemon

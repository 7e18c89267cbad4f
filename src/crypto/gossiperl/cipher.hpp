#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace grapevine::crypto::gossiperl {

/// The cipher of the old protocol: AES-256-CBC under SHA-256 of the symmetric key's text, the IV in
/// clear in front.
///
/// It protects nothing against whoever can write to the network: there is no authentication (flip
/// bits in the IV and the first block of the text follows), no protection against replay, and one
/// key for all daemons and all local applications. It lives in a folder of its own so that nothing
/// else ever takes it for a seal.
class Cipher {
public:
    using Iv = std::array<std::uint8_t, 16>;

    explicit Cipher(std::string_view symmetric_key);
    ~Cipher();
    Cipher(Cipher&&) noexcept;
    Cipher& operator=(Cipher&&) noexcept;

    /// The text with whatever padding its sender gave it: the original pads with zeros and checks
    /// nothing, so nobody may. Nothing when the length is not a multiple of 16 or below 32. A wrong
    /// key shows only as garbage.
    [[nodiscard]] std::optional<Bytes> open(ByteView datagram) const;

    /// IV, then the text padded as PKCS#7: the form of the client libraries, the shortest that
    /// everybody reads. `iv` must be fresh and unpredictable.
    [[nodiscard]] Bytes seal(ByteView plaintext, const Iv& iv) const;

private:
    class Contexts;
    std::unique_ptr<Contexts> contexts_;
};

}  // namespace grapevine::crypto::gossiperl

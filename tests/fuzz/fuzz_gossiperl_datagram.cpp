#include <algorithm>
#include <cstdlib>

#include "crypto/gossiperl/cipher.hpp"
#include "wire/gossiperl/codec.hpp"

// Datagrams of the old protocol under the key of the recorded ones: cipher and decoder together
// never crash, and whatever is sealed opens as it was, whether it reads or not.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const crypto::gossiperl::Cipher kCipher("v3JElaRswYgxOt4b");
    const ByteView input(data, size);
    if (const auto plaintext = kCipher.open(input)) {
        if (plaintext->size() + 16 != size) std::abort();
        if (const auto letter = wire::gossiperl::decode(*plaintext)) {
            if (wire::gossiperl::encode(*letter).empty()) std::abort();
        }
    } else if (size >= 32 && size % 16 == 0) {
        std::abort();
    }
    const auto opened = kCipher.open(kCipher.seal(input, {}));
    if (!opened || opened->size() < size) std::abort();
    if (!std::ranges::equal(ByteView(*opened).first(size), input)) std::abort();
    return 0;
}

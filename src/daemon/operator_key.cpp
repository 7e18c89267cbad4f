#include "daemon/operator_key.hpp"

#include "base/bytes.hpp"
#include "crypto/identity.hpp"
#include "crypto/key_ring.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::daemon {
namespace {

OperatorKey key_of(const crypto::Secret<32>& seed) {
    const auto identity = crypto::Identity::from_seed(seed.bytes());
    return {crypto::to_text(seed), to_base64url(identity.public_key())};
}

}  // namespace

OperatorKey make_operator_key() {
    crypto::Secret<32> seed;
    runtime::os_random(seed.writable());
    return key_of(seed);
}

Outcome<OperatorKey> read_operator_key(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    const auto last = text.find_last_not_of(kBlank);
    if (first != std::string_view::npos) {
        const auto seed = crypto::parse_secret(text.substr(first, last - first + 1));
        if (seed) return key_of(*seed);
    }
    return std::unexpected(Refusal{Refusal::Code::invalid, "this is no operator key",
                                   "give a file that `grapevine operator new` has written",
                                   "operator_key"});
}

Outcome<crypto::Identity> signer_of(const std::string& secret) {
    const auto seed = crypto::parse_secret(secret);
    if (seed) return crypto::Identity::from_seed(seed->bytes());
    return std::unexpected(Refusal{Refusal::Code::invalid, "this is no operator key",
                                   "give the file that `grapevine operator new` has written",
                                   "operator_key"});
}

}  // namespace grapevine::daemon

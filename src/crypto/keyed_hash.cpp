#include "crypto/keyed_hash.hpp"

#include <cassert>
#include <cstddef>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <optional>

#include "base/reader.hpp"

namespace grapevine::crypto {

struct KeyedHash::State {
    EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
    EVP_MAC_CTX* context = algorithm != nullptr ? EVP_MAC_CTX_new(algorithm) : nullptr;
    std::optional<Key> key;  ///< That the context has.

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        EVP_MAC_CTX_free(context);
        EVP_MAC_free(algorithm);
    }
};

KeyedHash::KeyedHash() : state_(std::make_shared<State>()) {
    assert(state_->context != nullptr && "every OpenSSL 3 has SipHash");
    std::size_t size = sizeof(Value);
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
    const int is_set = EVP_MAC_CTX_set_params(state_->context, parameters.data());
    assert(is_set == 1);
}

KeyedHash::Value KeyedHash::operator()(const Key& key, ByteView message) const {
    State& state = *state_;
    const bool is_new = state.key != key;
    int is_right = EVP_MAC_init(state.context, is_new ? key.data() : nullptr,
                                is_new ? key.size() : 0, nullptr);
    state.key = key;
    is_right &= EVP_MAC_update(state.context, message.data(), message.size());
    std::array<std::uint8_t, sizeof(Value)> out{};
    std::size_t size = 0;
    is_right &= EVP_MAC_final(state.context, out.data(), &size, out.size());
    assert(is_right == 1 && size == out.size());
    Reader reader(out);
    Value value;
    value.high = *reader.integer<std::uint64_t>("high");
    value.low = *reader.integer<std::uint64_t>("low");
    return value;
}

}  // namespace grapevine::crypto

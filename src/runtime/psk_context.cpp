#include "runtime/psk_context.hpp"

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <cassert>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

namespace grapevine::runtime {
namespace asio = boost::asio;

namespace {

/// A shared key goes with the hash of its cipher, and these two have the same one. The first is
/// what datagrams are sealed with, for the same reason: small hosts have no AES instructions.
constexpr const char* kCiphers = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
constexpr std::array<unsigned char, 2> kSessionCipher = {0x13, 0x03};

/// What OpenSSL is told of a key: its id, two hexadecimal digits, and the overlay's name.
std::string identity_of(KeyId key, std::string_view overlay) {
    return fmt::format("{:02x}{}", key.value(), overlay);
}

struct Entry {
    KeyId id;
    std::string identity;
    PskSecret secret{};
};

struct PskContext {
    explicit PskContext(asio::ssl::context::method method) : context(method) {}
    ~PskContext() {
        for (Entry& entry : entries) OPENSSL_cleanse(entry.secret.data(), entry.secret.size());
    }
    PskContext(const PskContext&) = delete;
    PskContext& operator=(const PskContext&) = delete;

    asio::ssl::context context;
    std::vector<Entry> entries;
};

/// Where a context keeps its PskContext, and a connection the Entry that it rests on.
int context_slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}
int connection_slot() {
    static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

PskContext& keys_of(SSL* connection) {
    void* const keys = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), context_slot());
    assert(keys != nullptr);
    return *static_cast<PskContext*>(keys);
}

/// The form in which OpenSSL takes a key; nullptr if there is no memory. The caller owns it.
SSL_SESSION* make_session(SSL* connection, const Entry& entry) {
    SSL_SESSION* session = SSL_SESSION_new();
    const SSL_CIPHER* cipher = SSL_CIPHER_find(connection, kSessionCipher.data());
    if (session != nullptr && cipher != nullptr &&
        SSL_SESSION_set1_master_key(session, entry.secret.data(), entry.secret.size()) == 1 &&
        SSL_SESSION_set_cipher(session, cipher) == 1 &&
        SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1) {
        return session;
    }
    SSL_SESSION_free(session);
    return nullptr;
}

int find_key(SSL* connection, const unsigned char* identity, std::size_t length,
             SSL_SESSION** session) {
    *session = nullptr;
    const std::string_view wanted(reinterpret_cast<const char*>(identity), length);
    for (Entry& entry : keys_of(connection).entries) {
        if (entry.identity != wanted) continue;
        *session = make_session(connection, entry);
        SSL_set_ex_data(connection, connection_slot(), &entry);
        return *session != nullptr ? 1 : 0;
    }
    // No session and no failure: the handshake goes on without a key, and ends because there is no
    // certificate either.
    return 1;
}

int offer_key(SSL* connection, const EVP_MD* /*hash*/, const unsigned char** identity,
              std::size_t* length, SSL_SESSION** session) {
    Entry& entry = keys_of(connection).entries.front();
    *session = make_session(connection, entry);
    if (*session == nullptr) return 0;
    *identity = reinterpret_cast<const unsigned char*>(entry.identity.data());
    *length = entry.identity.size();
    SSL_set_ex_data(connection, connection_slot(), &entry);
    return 1;
}

Outcome<std::shared_ptr<PskContext>> make_context(asio::ssl::context::method method,
                                                  const PskKeys& keys) {
    assert(!keys.keys.empty() && keys.keys.size() <= kKeysMax);
    assert(keys.overlay.size() <= kOverlayNameBytesMax);
    auto made = std::make_shared<PskContext>(method);
    made->entries.reserve(keys.keys.size());
    for (const PskKey& key : keys.keys) {
        made->entries.push_back({key.id, identity_of(key.id, keys.overlay), key.secret});
    }
    SSL_CTX* native = made->context.native_handle();
    const bool is_set = SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION) == 1 &&
                        SSL_CTX_set_ciphersuites(native, kCiphers) == 1 &&
                        SSL_CTX_set_num_tickets(native, 0) == 1 &&
                        SSL_CTX_set_ex_data(native, context_slot(), made.get()) == 1;
    if (!is_set) {
        return std::unexpected(Refusal{Refusal::Code::internal,
                                       "OpenSSL cannot speak TLS 1.3 with a shared key", "", ""});
    }
    SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
    return made;
}

TlsContext shared(std::shared_ptr<PskContext> made) {
    asio::ssl::context* const context = &made->context;
    return {std::move(made), context};
}

}  // namespace

Outcome<TlsContext> make_psk_server_tls(const PskKeys& keys) {
    auto made = GV_TRY(make_context(asio::ssl::context::tls_server, keys));
    SSL_CTX_set_psk_find_session_callback(made->context.native_handle(), find_key);
    return shared(std::move(made));
}

Outcome<TlsContext> make_psk_client_tls(const PskKeys& keys) {
    auto made = GV_TRY(make_context(asio::ssl::context::tls_client, keys));
    // Who answers with a certificate, instead of with the key, is trusted by nobody.
    made->context.set_verify_mode(asio::ssl::verify_peer);
    SSL_CTX_set_psk_use_session_callback(made->context.native_handle(), offer_key);
    return shared(std::move(made));
}

std::optional<KeyId> psk_key_of(Transport& transport) {
    SSL* const connection = transport.native_tls();
    assert(connection != nullptr);
    if (SSL_session_reused(connection) != 1) return std::nullopt;
    const auto* entry = static_cast<const Entry*>(SSL_get_ex_data(connection, connection_slot()));
    if (entry == nullptr) return std::nullopt;
    return entry->id;
}

}  // namespace grapevine::runtime

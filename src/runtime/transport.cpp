#include "runtime/transport.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace grapevine::runtime {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

class PlainTransport final : public Transport {
public:
    explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) {}

    void handshake(Done done) override {
        asio::post(socket_.get_executor(),
                   [done = std::move(done)]() mutable { done(error_code()); });
    }
    void read_some(asio::mutable_buffer room, Transferred done) override {
        socket_.async_read_some(room, std::move(done));
    }
    void write_some(asio::const_buffer bytes, Transferred done) override {
        socket_.async_write_some(bytes, std::move(done));
    }
    void shutdown(Done done) override {
        error_code failure;
        socket_.shutdown(tcp::socket::shutdown_send, failure);
        asio::post(socket_.get_executor(),
                   [done = std::move(done), failure]() mutable { done(failure); });
    }
    [[nodiscard]] bool is_tls() const override { return false; }
    [[nodiscard]] tcp::socket& socket() override { return socket_; }

private:
    tcp::socket socket_;
};

class TlsTransport final : public Transport {
public:
    using Role = asio::ssl::stream_base::handshake_type;

    TlsTransport(tcp::socket socket, TlsContext context, Role role)
        : context_(std::move(context)), stream_(std::move(socket), *context_), role_(role) {}

    void handshake(Done done) override { stream_.async_handshake(role_, std::move(done)); }
    void read_some(asio::mutable_buffer room, Transferred done) override {
        stream_.async_read_some(room, std::move(done));
    }
    void write_some(asio::const_buffer bytes, Transferred done) override {
        stream_.async_write_some(bytes, std::move(done));
    }
    void shutdown(Done done) override { stream_.async_shutdown(std::move(done)); }
    [[nodiscard]] bool is_tls() const override { return true; }
    [[nodiscard]] ssl_st* native_tls() override { return stream_.native_handle(); }
    [[nodiscard]] tcp::socket& socket() override { return stream_.next_layer(); }

    asio::ssl::stream<tcp::socket>& stream() { return stream_; }

private:
    // Certificates may be exchanged while this connection lives.
    TlsContext context_;
    asio::ssl::stream<tcp::socket> stream_;
    Role role_;
};

std::string openssl_reason(const error_code& failure) {
    ERR_clear_error();
    return failure.message();
}

Outcome<TlsContext> make_context(asio::ssl::context::method method) {
    auto context = std::make_shared<asio::ssl::context>(method);
    SSL_CTX* native = context->native_handle();
    if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1) {
        return std::unexpected(
            Refusal{Refusal::Code::internal, "OpenSSL cannot speak TLS 1.2", "", ""});
    }
    // An idle connection gives back its 34 KiB of buffers.
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    return context;
}

}  // namespace

void Transport::close() {
    error_code ignored;
    socket().close(ignored);
}

void Transport::abort() {
    error_code ignored;
    socket().set_option(asio::socket_base::linger(true, 0), ignored);
    socket().close(ignored);
}

std::unique_ptr<Transport> make_plain_transport(tcp::socket socket) {
    return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> make_tls_server_transport(tcp::socket socket, TlsContext context) {
    return std::make_unique<TlsTransport>(std::move(socket), std::move(context),
                                          asio::ssl::stream_base::server);
}

std::unique_ptr<Transport> make_tls_client_transport(tcp::socket socket, TlsContext context,
                                                     const std::string& host) {
    auto transport = std::make_unique<TlsTransport>(std::move(socket), std::move(context),
                                                    asio::ssl::stream_base::client);
    error_code not_numeric;
    asio::ip::make_address(host, not_numeric);
    // RFC 6066: the name indication is for names; addresses are left out.
    if (not_numeric) SSL_set_tlsext_host_name(transport->stream().native_handle(), host.c_str());
    if (SSL_get_verify_mode(transport->stream().native_handle()) != SSL_VERIFY_NONE) {
        transport->stream().set_verify_callback(asio::ssl::host_name_verification(host));
    }
    return transport;
}

Outcome<TlsContext> make_server_tls(const HttpTls& files) {
    TlsContext context = GV_TRY(make_context(asio::ssl::context::tls_server));
    error_code failure;
    context->use_certificate_chain_file(files.certificate_file.string(), failure);
    if (failure) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid,
                    fmt::format("cannot use the certificate {}: {}",
                                files.certificate_file.string(), openssl_reason(failure)),
                    "give a readable PEM file that starts with the certificate", ""});
    }
    context->use_private_key_file(files.key_file.string(), asio::ssl::context::pem, failure);
    if (failure) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid,
                    fmt::format("cannot use the key {} with the certificate {}: {}",
                                files.key_file.string(), files.certificate_file.string(),
                                openssl_reason(failure)),
                    "give the PEM file of the key that the certificate was made for", ""});
    }
    return context;
}

Outcome<TlsContext> make_client_tls(Verification verification,
                                    const std::filesystem::path& ca_file) {
    TlsContext context = GV_TRY(make_context(asio::ssl::context::tls_client));
    if (verification == Verification::none) {
        context->set_verify_mode(asio::ssl::verify_none);
        return context;
    }
    context->set_verify_mode(asio::ssl::verify_peer);
    error_code failure;
    if (ca_file.empty()) {
        context->set_default_verify_paths(failure);
    } else {
        context->load_verify_file(ca_file.string(), failure);
    }
    if (failure) {
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       fmt::format("cannot read the authorities in {}: {}",
                                                   ca_file.string(), openssl_reason(failure)),
                                       "give a readable PEM file of certificates", ""});
    }
    return context;
}

}  // namespace grapevine::runtime

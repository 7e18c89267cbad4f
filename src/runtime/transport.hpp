#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "runtime/http_server.hpp"

namespace boost::asio::ssl {
class context;
}

struct ssl_st;

namespace grapevine::runtime {

/// A byte stream in both directions, plain TCP or TLS, behind one type. For the sources of this
/// folder only. HTTP and WebSocket code is compiled once against this, and not once per kind of
/// stream: that halves the time the compiler takes.
///
/// At most one read and one write at a time. Completions come from the loop, never from within the
/// call; buffers must live until then. `close` ends what is under way with an error.
class Transport {
public:
    using Done = std::move_only_function<void(boost::system::error_code)>;
    using Transferred = std::move_only_function<void(boost::system::error_code, std::size_t)>;

    virtual ~Transport() = default;

    virtual void handshake(Done done) = 0;
    virtual void read_some(boost::asio::mutable_buffer room, Transferred done) = 0;
    virtual void write_some(boost::asio::const_buffer bytes, Transferred done) = 0;

    /// Tells the other side that nothing more comes. With TLS, done is when it has answered.
    virtual void shutdown(Done done) = 0;
    [[nodiscard]] virtual bool is_tls() const = 0;
    /// OpenSSL's connection; nullptr if this is none.
    [[nodiscard]] virtual ssl_st* native_tls() { return nullptr; }
    [[nodiscard]] virtual boost::asio::ip::tcp::socket& socket() = 0;

    void close();
    /// Closes and throws away what the kernel still wanted to deliver: for those who do not read.
    void abort();
};

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

std::unique_ptr<Transport> make_plain_transport(boost::asio::ip::tcp::socket socket);
std::unique_ptr<Transport> make_tls_server_transport(boost::asio::ip::tcp::socket socket,
                                                     TlsContext context);
/// `host` is the name asked for (SNI) and, if the context verifies, the name that must answer.
std::unique_ptr<Transport> make_tls_client_transport(boost::asio::ip::tcp::socket socket,
                                                     TlsContext context, const std::string& host);

Outcome<TlsContext> make_server_tls(const HttpTls& files);

enum class Verification : std::uint8_t { required, none };
/// Trusts the authorities in `ca_file` (PEM), or those of the system when that is empty.
Outcome<TlsContext> make_client_tls(Verification verification,
                                    const std::filesystem::path& ca_file);

}  // namespace grapevine::runtime

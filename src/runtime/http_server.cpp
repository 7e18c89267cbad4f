#include "runtime/http_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <vector>

#include "runtime/http_connection.hpp"
#include "runtime/http_peers.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/system_refusal.hpp"
#include "runtime/tcp.hpp"
#include "runtime/transport.hpp"

namespace grapevine::runtime {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct HttpServer::State : std::enable_shared_from_this<State> {
    State(Loop& loop, HttpServerOptions options, Handler handler)
        : shared(std::make_shared<HttpServerShared>(loop, std::move(options), std::move(handler))),
          acceptor(loop.context()),
          retry(loop, [this] { accept(); }) {}

    void accept() {
        if (!acceptor.is_open()) return;
        acceptor.async_accept([self = shared_from_this()](error_code failure, tcp::socket socket) {
            if (!self->acceptor.is_open()) return;
            if (failure) return self->retry.arm(self->shared->loop.now() + kAcceptPause);
            self->admit(std::move(socket));
            self->accept();
        });
    }

    void admit(tcp::socket socket) {
        error_code failure;
        const tcp::endpoint remote = socket.remote_endpoint(failure);
        if (failure) return;  // It has gone already.
        const auto peer = from_socket_address(remote.data(), static_cast<socklen_t>(remote.size()));
        socket.set_option(tcp::no_delay(true), failure);
        const bool is_refused = shared->peers.size() >= shared->options.connections_max;
        if (is_refused) {
            ++shared->counters.connections_refused;
            if (shared->refused.size() >= kHttpRefusedConnectionsMax) return;
        } else {
            ++shared->counters.connections_accepted;
        }
        auto connection = std::make_shared<HttpConnection>(
            shared,
            shared->tls ? make_tls_server_transport(std::move(socket), shared->tls)
                        : make_plain_transport(std::move(socket)),
            peer.value_or(Endpoint()),
            is_refused ? HttpConnection::Admission::refused : HttpConnection::Admission::served);
        if (is_refused) {
            shared->refused.insert(connection);
        } else {
            shared->add(connection);
        }
        connection->start();
    }

    void stop_accepting() {
        shared->is_stopping = true;
        error_code ignored;
        acceptor.close(ignored);
        retry.cancel();
        const std::vector<std::shared_ptr<HttpPeer>> all(shared->peers.begin(),
                                                         shared->peers.end());
        for (const auto& peer : all) peer->close_if_idle();
    }

    void close_everything() {
        stop_accepting();
        std::vector<std::shared_ptr<HttpPeer>> all(shared->peers.begin(), shared->peers.end());
        all.insert(all.end(), shared->refused.begin(), shared->refused.end());
        for (const auto& peer : all) peer->close_now();
        // Requests still out for an answer hold the shared part; they must not hold, with it, what
        // the handler captured. Not now: it may be the handler who ends the server.
        shared->loop.post([kept = shared] { kept->handler = nullptr; });
    }

    std::shared_ptr<HttpServerShared> shared;
    tcp::acceptor acceptor;
    Timer retry;
    Endpoint bound;
};

Outcome<HttpServer> HttpServer::listen(Loop& loop, HttpServerOptions options, Handler handler) {
    const Endpoint bind = options.bind;
    auto state = std::make_shared<State>(loop, std::move(options), std::move(handler));
    HttpServerShared& shared = *state->shared;
    if (shared.options.tls) shared.tls = GV_TRY(make_server_tls(*shared.options.tls));
    if (const error_code failure = open_acceptor(state->acceptor, bind)) {
        return std::unexpected(refuse_listen(bind, failure.value()));
    }
    const auto bound = local_endpoint(state->acceptor.native_handle());
    if (!bound) return std::unexpected(system_refusal("cannot read the bound address", errno));
    state->bound = *bound;
    state->accept();
    return HttpServer(std::move(state));
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

HttpServer::HttpServer(HttpServer&&) noexcept = default;

HttpServer& HttpServer::operator=(HttpServer&& other) noexcept {
    if (this != &other) {
        if (state_) state_->close_everything();
        state_ = std::move(other.state_);
    }
    return *this;
}

HttpServer::~HttpServer() {
    if (state_) state_->close_everything();
}

const Endpoint& HttpServer::bound() const {
    return state_->bound;
}

const HttpCounters& HttpServer::counters() const {
    return state_->shared->counters;
}

Outcome<void> HttpServer::reload_tls() {
    HttpServerShared& shared = *state_->shared;
    if (shared.options.tls) shared.tls = GV_TRY(make_server_tls(*shared.options.tls));
    return {};
}

void HttpServer::stop_accepting() {
    state_->stop_accepting();
}

}  // namespace grapevine::runtime

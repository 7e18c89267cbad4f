#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cassert>
#include <cerrno>
#include <fmt/core.h>
#include <map>

#include "runtime/psk_context.hpp"
#include "runtime/psk_state.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/system_refusal.hpp"
#include "runtime/tcp.hpp"

// The two ways to a PskStream: being connected to, and connecting.
namespace grapevine::runtime {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// -- The handshake --

PskHandshake::PskHandshake(Loop& loop, std::unique_ptr<Transport> transport, Done done)
    : transport_(std::move(transport)), done_(std::move(done)), timer_(loop, [this] {
          is_late_ = true;
          transport_->close();
      }) {}

void PskHandshake::start(Instant until) {
    timer_.arm(until);
    transport_->handshake([self = shared_from_this()](error_code failure) { self->end(failure); });
}

void PskHandshake::cancel() {
    done_ = nullptr;
    timer_.cancel();
    transport_->close();
}

void PskHandshake::end(const error_code& failure) {
    timer_.cancel();
    Done done = std::exchange(done_, nullptr);
    if (!done) return;
    Result result{std::move(transport_), std::nullopt, failure, is_late_};
    if (!failure && !is_late_) result.key = psk_key_of(*result.transport);
    done(std::move(result));
}

// -- The listener --

struct PskListener::State : std::enable_shared_from_this<State> {
    State(Loop& its_loop, PskLimits its_limits, Opened opened)
        : loop(its_loop),
          limits(std::move(its_limits)),
          on_opened(std::move(opened)),
          acceptor(loop.context()),
          retry(loop, [this] { accept(); }) {}

    void accept() {
        if (!acceptor.is_open()) return;
        acceptor.async_accept([self = shared_from_this()](error_code failure, tcp::socket socket) {
            if (!self->acceptor.is_open()) return;
            if (failure) return self->retry.arm(self->loop.now() + kAcceptPause);
            self->admit(std::move(socket));
            self->accept();
        });
    }

    void admit(tcp::socket socket) {
        if (handshakes.size() >= kPskHandshakesMax || *streams >= kPskStreamsMax) {
            ++counters.refused;
            return;
        }
        error_code failure;
        const tcp::endpoint remote = socket.remote_endpoint(failure);
        if (failure) return;  // It has gone already.
        const auto peer = from_socket_address(remote.data(), static_cast<socklen_t>(remote.size()));
        socket.set_option(tcp::no_delay(true), failure);
        const std::uint64_t number = next_number++;
        const auto handshake = std::make_shared<PskHandshake>(
            loop, make_tls_server_transport(std::move(socket), tls),
            [this, number, peer = peer.value_or(Endpoint())](PskHandshake::Result result) {
                const auto self = shared_from_this();
                handshakes.erase(number);
                open(std::move(result), peer);
            });
        handshakes.emplace(number, handshake);
        handshake->start(loop.now() + limits.handshake_timeout);
    }

    void open(PskHandshake::Result result, const Endpoint& peer) {
        if (!acceptor.is_open()) return;
        if (result.is_late) {
            ++counters.timed_out;
        } else if (!result.key) {
            ++counters.unproven;
        } else if (*streams >= kPskStreamsMax) {
            ++counters.refused;
        } else {
            ++counters.opened;
            on_opened(PskStream(std::make_shared<PskStream::State>(
                loop, std::move(result.transport), peer, *result.key, limits,
                std::make_unique<PskPlace>(streams))));
        }
    }

    void stop() {
        error_code ignored;
        acceptor.close(ignored);
        retry.cancel();
        for (const auto& [number, handshake] : handshakes) handshake->cancel();
        handshakes.clear();
        // It may be the callback that ends us, so it goes when the loop is back.
        loop.post([self = shared_from_this()] { self->on_opened = nullptr; });
    }

    Loop& loop;
    PskLimits limits;
    Opened on_opened;
    tcp::acceptor acceptor;
    Timer retry;
    TlsContext tls;
    Endpoint bound;
    std::map<std::uint64_t, std::shared_ptr<PskHandshake>> handshakes;
    std::uint64_t next_number = 0;
    std::shared_ptr<std::size_t> streams = std::make_shared<std::size_t>(0);
    PskListenerCounters counters;
};

Outcome<PskListener> PskListener::listen(Loop& loop, PskListenerOptions options, Opened on_opened) {
    auto state = std::make_shared<State>(loop, std::move(options.limits), std::move(on_opened));
    state->tls = GV_TRY(make_psk_server_tls(options.keys));
    if (const error_code failure = open_acceptor(state->acceptor, options.bind)) {
        return std::unexpected(refuse_listen(options.bind, failure.value()));
    }
    const auto bound = local_endpoint(state->acceptor.native_handle());
    if (!bound) return std::unexpected(system_refusal("cannot read the bound address", errno));
    state->bound = *bound;
    state->accept();
    return PskListener(std::move(state));
}

PskListener::PskListener(std::shared_ptr<State> state) : state_(std::move(state)) {}
PskListener::PskListener(PskListener&&) noexcept = default;

PskListener& PskListener::operator=(PskListener&& other) noexcept {
    if (this != &other) {
        if (state_) state_->stop();
        state_ = std::move(other.state_);
    }
    return *this;
}

PskListener::~PskListener() {
    if (state_) state_->stop();
}

Outcome<void> PskListener::use_keys(const PskKeys& keys) {
    state_->tls = GV_TRY(make_psk_server_tls(keys));
    return {};
}

const Endpoint& PskListener::bound() const {
    return state_->bound;
}
const PskListenerCounters& PskListener::counters() const {
    return state_->counters;
}

// -- The connector --

struct PskConnector::State : std::enable_shared_from_this<State> {
    State(Loop& its_loop, const Endpoint& endpoint, const PskKeys& keys, PskLimits its_limits,
          Done when_done)
        : loop(its_loop),
          to(endpoint),
          overlay(keys.overlay),
          key(keys.keys.front().id),
          limits(std::move(its_limits)),
          done(std::move(when_done)),
          socket(loop.context()),
          timer(loop, [this] {
              error_code ignored;
              is_late = true;
              socket.close(ignored);
          }) {}

    void connect(TlsContext context) {
        until = loop.now() + limits.handshake_timeout;
        timer.arm(until);
        socket.async_connect(to_tcp(to), [self = shared_from_this(),
                                          context = std::move(context)](error_code failure) {
            self->timer.cancel();
            if (!self->done) return;
            if (failure) return self->end(std::unexpected(self->refuse_connect(failure)));
            self->shake_hands(context);
        });
    }

    void shake_hands(const TlsContext& context) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        handshake = std::make_shared<PskHandshake>(
            loop, make_tls_client_transport(std::move(socket), context, ip_to_string(to)),
            [this](PskHandshake::Result result) {
                const auto self = shared_from_this();
                handshake.reset();
                if (!result.key) return end(std::unexpected(refuse_handshake(result)));
                end(PskStream(std::make_shared<PskStream::State>(
                    loop, std::move(result.transport), to, *result.key, limits, nullptr)));
            });
        handshake->start(until);
    }

    [[nodiscard]] Refusal refuse_connect(const error_code& failure) const {
        if (is_late) return refuse_late();
        if (failure == asio::error::connection_refused) {
            return {Refusal::Code::unavailable,
                    fmt::format("nothing listens on TCP {}", to_string(to)),
                    "open this port for TCP as well as for UDP, if it is an overlay's", ""};
        }
        return system_refusal(fmt::format("cannot connect to TCP {}", to_string(to)),
                              failure.value());
    }

    [[nodiscard]] Refusal refuse_late() const {
        return {Refusal::Code::unavailable,
                fmt::format("TCP {} did not answer in time", to_string(to)),
                "open this port for TCP as well as for UDP, if it is an overlay's", ""};
    }

    [[nodiscard]] Refusal refuse_handshake(const PskHandshake::Result& result) const {
        if (result.is_late) return refuse_late();
        const error_code& failure = result.failure;
        if (failure && failure.category() != asio::error::get_ssl_category()) {
            return {Refusal::Code::unavailable,
                    fmt::format("TCP {} ended the connection before it was open: {}", to_string(to),
                                failure.message()),
                    "it may have no room for another stream; try again later", ""};
        }
        return {Refusal::Code::forbidden,
                fmt::format("TCP {} does not hold our key {:02x} of the overlay \"{}\"{}{}",
                            to_string(to), key.value(), overlay, failure ? ": " : "",
                            failure ? failure.message() : ""),
                "give both the same key; while keys are exchanged, put one that both have first",
                ""};
    }

    void end(Outcome<PskStream> outcome) {
        timer.cancel();
        if (Done called = std::exchange(done, nullptr)) called(std::move(outcome));
    }

    void give_up() {
        error_code ignored;
        timer.cancel();
        socket.close(ignored);
        if (handshake) handshake->cancel();
        // What it captured may be what ends us.
        if (done) loop.post([kept = std::exchange(done, nullptr)] {});
    }

    Loop& loop;
    const Endpoint to;
    const std::string overlay;
    const KeyId key;
    PskLimits limits;
    Done done;
    tcp::socket socket;
    Timer timer;
    Instant until{};
    bool is_late = false;
    std::shared_ptr<PskHandshake> handshake;
};

PskConnector::PskConnector(Loop& loop, const Endpoint& to, const PskKeys& keys, PskLimits limits,
                           Done done)
    : state_(std::make_shared<State>(loop, to, keys, std::move(limits), std::move(done))) {
    auto context = make_psk_client_tls(keys);
    if (context) {
        state_->connect(*std::move(context));
    } else {
        loop.post([state = state_, refusal = std::move(context.error())]() mutable {
            state->end(std::unexpected(std::move(refusal)));
        });
    }
}

PskConnector::PskConnector(PskConnector&&) noexcept = default;

PskConnector& PskConnector::operator=(PskConnector&& other) noexcept {
    if (this != &other) {
        if (state_) state_->give_up();
        state_ = std::move(other.state_);
    }
    return *this;
}

PskConnector::~PskConnector() {
    if (state_) state_->give_up();
}

}  // namespace grapevine::runtime

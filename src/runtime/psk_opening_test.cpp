// Who gets a stream, and who does not.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cerrno>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "runtime/psk_context.hpp"
#include "runtime/psk_testing.hpp"
#include "runtime/tcp.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

bool is_closed(const FileDescriptor& socket) {
    char byte = 0;
    const ssize_t count = ::recv(socket.value(), &byte, 1, MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

// -- Keys --

TEST_F(PskStreams, who_holds_another_key_is_told_so_and_counted) {
    listen(keys_of({3}));
    PskKeys other = keys_of({3});
    other.keys[0].secret.fill(9);
    const auto refused = connect(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::forbidden);
    EXPECT_NE(refused.error().message.find("does not hold our key 03 of the overlay \"blue\""),
              std::string::npos)
        << describe(refused.error());
    EXPECT_TRUE(wait_for([&] { return listener->counters().unproven == 1; }));
    EXPECT_TRUE(servers.empty());
}

TEST_F(PskStreams, a_key_of_another_id_or_overlay_opens_nothing) {
    listen(keys_of({3}));
    for (const PskKeys& keys : {keys_of({4}), keys_of({3}, "red")}) {
        const auto refused = connect(keys);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Refusal::Code::forbidden) << describe(refused.error());
    }
    EXPECT_TRUE(wait_for([&] { return listener->counters().unproven == 2; }));
    EXPECT_TRUE(servers.empty());
}

TEST_F(PskStreams, a_listener_takes_any_of_its_keys_and_says_which) {
    listen(keys_of({3, 7}));
    for (const std::uint8_t id : Bytes{3, 7}) {
        const auto stream = connect(keys_of({id}));
        ASSERT_TRUE(stream) << describe(stream.error());
        EXPECT_EQ(stream->key(), KeyId(id));
        ASSERT_TRUE(wait_for([&] { return !servers.empty(); }));
        EXPECT_EQ(servers.back()->stream->key(), KeyId(id));
        servers.clear();
    }
}

TEST_F(PskStreams, keys_are_exchanged_while_streams_are_open) {
    open();
    ASSERT_TRUE(listener->use_keys(keys_of({7})));
    EXPECT_FALSE(connect(keys_of({3})));
    EXPECT_TRUE(connect(keys_of({7})));
    client->write_all({frame_of(100)});
    EXPECT_TRUE(wait_for([&] { return servers[0]->frames.size() == 1; }));
}

TEST_F(PskStreams, there_are_as_many_keys_as_the_limit_says) {
    std::vector<std::uint8_t> ids;
    for (std::uint8_t id = 0; id < kKeysMax; ++id) ids.push_back(id);
    listen(keys_of(ids));
    EXPECT_TRUE(connect(keys_of({kKeysMax - 1})));
    ids.push_back(kKeysMax);
    EXPECT_DEATH((void)listener->use_keys(keys_of(ids)), "kKeysMax");
}

// -- Strangers --

/// A server that shows a certificate of its own making, and knows no keys.
TlsContext make_certified_tls() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    auto context =
        std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
    SSL_CTX_use_certificate(context->native_handle(), certificate);
    SSL_CTX_use_PrivateKey(context->native_handle(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

TEST_F(PskStreams, who_answers_with_a_certificate_is_not_trusted) {
    namespace asio = boost::asio;
    asio::ip::tcp::acceptor acceptor(loop.context());
    ASSERT_FALSE(open_acceptor(acceptor, Endpoint::v4(127, 0, 0, 1, 0)));
    std::unique_ptr<Transport> server;
    acceptor.async_accept([&](boost::system::error_code, asio::ip::tcp::socket socket) {
        server = make_tls_server_transport(std::move(socket), make_certified_tls());
        server->handshake([](boost::system::error_code) {});
    });
    const auto refused = connect_to(*local_endpoint(acceptor.native_handle()), keys_of({3}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::forbidden) << describe(refused.error());
    loop.run_for(5ms);
}

TEST_F(PskStreams, who_offers_no_key_is_refused) {
    listen(keys_of({3}));
    boost::asio::ip::tcp::socket socket(loop.context());
    socket.connect(to_tcp(listener->bound()));
    const auto client_side = make_tls_client_transport(
        std::move(socket), make_client_tls(Verification::none, {}).value(), "127.0.0.1");
    std::optional<boost::system::error_code> result;
    client_side->handshake([&](boost::system::error_code failure) { result = failure; });
    EXPECT_TRUE(wait_for([&] { return result.has_value(); }));
    EXPECT_TRUE(*result);
    EXPECT_TRUE(wait_for([&] { return listener->counters().unproven == 1; }));
    EXPECT_TRUE(servers.empty());
}

TEST_F(PskStreams, garbage_is_refused_and_counted) {
    listen(keys_of({3}));
    const FileDescriptor socket = raw();
    const Bytes garbage = frame_of(2000);
    EXPECT_GT(::send(socket.value(), garbage.data(), garbage.size(), MSG_NOSIGNAL), 0);
    EXPECT_TRUE(wait_for([&] { return listener->counters().unproven == 1; }));
    EXPECT_TRUE(wait_for([&] { return is_closed(socket); }));
}

TEST_F(PskStreams, who_says_nothing_is_waited_for_so_long) {
    listen(keys_of({3}), {.handshake_timeout = 200ms});
    const Instant start = loop.now();
    const FileDescriptor socket = raw();
    EXPECT_TRUE(wait_for([&] { return listener->counters().timed_out == 1; }));
    EXPECT_GE(loop.now() - start, 200ms);
    EXPECT_TRUE(wait_for([&] { return is_closed(socket); }));
}

TEST_F(PskStreams, a_listener_shakes_hands_with_so_many_at_once) {
    listen(keys_of({3}));
    std::vector<FileDescriptor> silent;
    for (std::size_t count = 0; count < kPskHandshakesMax; ++count) silent.push_back(raw());
    loop.run_for(20ms);
    EXPECT_EQ(listener->counters().refused, 0U);
    const auto refused = connect(keys_of({3}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::unavailable) << describe(refused.error());
    EXPECT_EQ(listener->counters().refused, 1U);
    silent.clear();
    EXPECT_TRUE(wait_for([&] { return listener->counters().unproven == kPskHandshakesMax; }));
    EXPECT_TRUE(connect(keys_of({3})));
}

TEST_F(PskStreams, a_listener_has_so_many_streams_at_once) {
    listen(keys_of({3}));
    std::vector<PskStream> streams;
    for (std::size_t count = 1; count <= kPskStreamsMax; ++count) {
        auto stream = connect(keys_of({3}));
        ASSERT_TRUE(stream) << describe(stream.error());
        streams.push_back(*std::move(stream));
        ASSERT_TRUE(wait_for([&] { return servers.size() == count; }));
    }
    EXPECT_FALSE(connect(keys_of({3})));
    EXPECT_EQ(listener->counters().refused, 1U);
    servers.pop_back();
    EXPECT_TRUE(connect(keys_of({3}))) << "a place is free when a stream ends";
}

// -- Absent --

TEST_F(PskStreams, where_nobody_listens_the_refusal_says_so) {
    listen(keys_of({3}));
    const Endpoint gone = listener->bound();
    listener.reset();
    const auto refused = connect_to(gone, keys_of({3}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::unavailable);
    EXPECT_NE(refused.error().message.find("nothing listens"), std::string::npos);
}

TEST_F(PskStreams, a_port_that_is_taken_is_refused_with_the_cure) {
    listen(keys_of({3}));
    const auto second =
        PskListener::listen(loop, {listener->bound(), keys_of({3})}, [](PskStream) {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Refusal::Code::conflict);
    EXPECT_FALSE(second.error().cure.empty());
}

TEST_F(PskStreams, an_answer_that_does_not_come_is_waited_for_so_long) {
    FileDescriptor silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto any = to_socket_address(Endpoint::v4(127, 0, 0, 1, 0), AF_INET);
    ASSERT_EQ(::bind(silent.value(), any->get(), any->length), 0);
    ASSERT_EQ(::listen(silent.value(), 1), 0);
    const Instant start = loop.now();
    const auto refused =
        connect_to(*local_endpoint(silent.value()), keys_of({3}), {.handshake_timeout = 200ms});
    EXPECT_GE(loop.now() - start, 200ms);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::unavailable);
    EXPECT_NE(refused.error().message.find("in time"), std::string::npos);
}

// -- Ends --

TEST_F(PskStreams, everything_ends_at_any_moment) {
    for (int turns = 0; turns < 60; ++turns) {
        listen(keys_of({3}));
        bool is_called = false;
        {
            PskConnector connector(loop, listener->bound(), keys_of({3}), {},
                                   [&](Outcome<PskStream>) { is_called = true; });
            for (int turn = 0; turn < turns && !is_called; ++turn) loop.run_for(50us);
            is_called = false;
            if (turns % 2 == 0) listener.reset();
        }
        loop.run_for(1ms);
        EXPECT_FALSE(is_called);
        listener.reset();
        servers.clear();
        loop.run_for(1ms);
    }
}

}  // namespace
}  // namespace grapevine::runtime

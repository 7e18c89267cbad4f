#include <cstdio>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "runtime/files.hpp"
#include "runtime/http_client.hpp"
#include "runtime/http_test_support.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// A certificate that vouches for itself, for localhost and both loopback addresses.
class TlsServer : public testing::Test {
protected:
    TlsServer() { make_certificate("first"); }

    void make_certificate(const std::string& name) {
        EVP_PKEY* key = EVP_EC_gen("P-256");
        X509* certificate = X509_new();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, key);
        X509_NAME* subject = X509_get_subject_name(certificate);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(certificate, subject);
        X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                                    "DNS:localhost,IP:127.0.0.1,IP:::1");
        X509_add_ext(certificate, names, -1);
        X509_EXTENSION_free(names);
        X509_sign(certificate, key, EVP_sha256());
        std::FILE* file = std::fopen(certificate_file().c_str(), "w");
        PEM_write_X509(file, certificate);
        std::fclose(file);
        file = std::fopen(key_file().c_str(), "w");
        PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(file);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }

    [[nodiscard]] fs::path certificate_file() const { return folder_.path() / "certificate.pem"; }
    [[nodiscard]] fs::path key_file() const { return folder_.path() / "key.pem"; }

    [[nodiscard]] HttpServerOptions options() const {
        HttpServerOptions options = on_loopback();
        options.tls = HttpTls{certificate_file(), key_file()};
        return options;
    }
    [[nodiscard]] HttpClient trusting_client() const {
        return HttpClient({.ca_file = certificate_file()});
    }
    static std::string url(const TestServer& server, std::string_view host, std::string_view path) {
        return fmt::format("https://{}:{}{}", host, server.bound().port, path);
    }

    TemporaryDirectory folder_ = TemporaryDirectory::make("grapevine-tls").value();
};

TEST_F(TlsServer, a_client_that_trusts_the_certificate_is_served) {
    TestServer server(options());
    for (const char* host : {"127.0.0.1", "localhost"}) {
        const auto answer = trusting_client().request("GET", url(server, host, "/echo"));
        ASSERT_TRUE(answer.has_value()) << describe(answer.error());
        EXPECT_TRUE(contains(answer->body, "tls=true"));
    }
}

TEST_F(TlsServer, a_stranger_is_not_trusted_unless_one_insists) {
    TestServer server(options());
    const auto refused = HttpClient().request("GET", url(server, "127.0.0.1", "/echo"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Refusal::Code::forbidden);
    EXPECT_TRUE(contains(refused.error().cure, "CA file"));
    EXPECT_EQ(
        HttpClient({.is_insecure = true}).request("GET", url(server, "127.0.0.1", "/echo"))->status,
        200U);
    EXPECT_GE(server.counters().tls_failed, 1U);
}

TEST_F(TlsServer, a_certificate_for_another_name_is_refused) {
    HttpServerOptions everywhere = options();
    everywhere.bind = Endpoint::v4(127, 0, 0, 2, 0);
    TestServer server(everywhere);
    const auto refused = trusting_client().request("GET", url(server, "127.0.0.2", "/echo"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Refusal::Code::forbidden);
}

TEST_F(TlsServer, large_bodies_pass_in_both_directions) {
    TestServer server(options());
    HttpClient client = trusting_client();
    const std::string body(1'500'000, 'b');
    EXPECT_EQ(client.request("POST", url(server, "127.0.0.1", "/size"), {}, body)->body, "1500000");
    EXPECT_EQ(client.request("GET", url(server, "127.0.0.1", "/huge"))->body.size(), 20'000'000U);
}

TEST_F(TlsServer, a_refused_body_is_answered) {
    HttpServerOptions limited = options();
    limited.body_bytes_max = 1000;
    TestServer server(limited);
    const auto answer = trusting_client().request("POST", url(server, "127.0.0.1", "/size"), {},
                                                  std::string(500'000, 'b'));
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(answer->status, 413U);
}

TEST_F(TlsServer, a_stream_arrives_line_by_line) {
    TestServer server(options());
    std::vector<std::string> lines;
    const auto answer = trusting_client().stream(url(server, "127.0.0.1", "/stream"), {},
                                                 [&](std::string_view line) {
                                                     lines.emplace_back(line);
                                                     if (line.empty()) server.drop_streams();
                                                     return true;
                                                 });
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(lines, (std::vector<std::string>{"data: first", ""}));
}

TEST_F(TlsServer, a_client_that_never_shakes_hands_is_cut_off) {
    HttpServerOptions impatient = options();
    impatient.header_timeout = 50ms;
    TestServer server(impatient);
    RawClient client(server.bound());
    EXPECT_TRUE(client.is_cut_off());
    EXPECT_EQ(server.counters().timed_out_reading, 1U);
}

TEST_F(TlsServer, plain_text_to_a_tls_port_is_cut_off_and_counted) {
    TestServer server(options());
    RawClient client(server.bound());
    client.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.is_cut_off());
    EXPECT_EQ(server.counters().tls_failed, 1U);
}

TEST_F(TlsServer, the_connection_above_the_limit_is_told_so_in_tls) {
    HttpServerOptions limited = options();
    limited.connections_max = 1;
    TestServer server(limited);
    RawClient first(server.bound());
    server.wait_for([](const HttpCounters& counters) { return counters.connections_open == 1; });
    const auto answer = trusting_client().request("GET", url(server, "127.0.0.1", "/echo"));
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(answer->status, 503U);
}

TEST_F(TlsServer, files_that_do_not_serve_are_refused_by_name) {
    Loop loop;
    HttpServerOptions wrong = options();
    wrong.tls->certificate_file = folder_.path() / "missing.pem";
    auto refused = HttpServer::listen(loop, wrong, {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(contains(refused.error().message, "missing.pem"));
    wrong = options();
    wrong.tls->key_file = certificate_file();
    refused = HttpServer::listen(loop, wrong, {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(contains(refused.error().message, "cannot use the key"));
}

TEST_F(TlsServer, a_reload_serves_the_new_certificate_and_a_bad_one_changes_nothing) {
    Loop loop;
    HttpServer server = HttpServer::listen(loop, options(), {}).value();
    make_certificate("second");
    EXPECT_TRUE(server.reload_tls().has_value());
    fs::remove(key_file());
    EXPECT_FALSE(server.reload_tls().has_value());
}

TEST_F(TlsServer, nothing_older_than_tls_1_2_is_spoken) {
    TestServer server(options());
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    SSL* session = SSL_new(context);
    BIO* connection = BIO_new_connect(to_string(server.bound()).c_str());
    ASSERT_EQ(BIO_do_connect(connection), 1);
    SSL_set_bio(session, connection, connection);
    EXPECT_NE(SSL_connect(session), 1);
    SSL_free(session);
    SSL_CTX_free(context);
}

}  // namespace
}  // namespace grapevine::runtime

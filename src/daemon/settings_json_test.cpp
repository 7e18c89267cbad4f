#include "daemon/settings_json.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "runtime/files.hpp"

namespace grapevine::daemon {
namespace {

using Dialect = InfluxSettings::Dialect;

Outcome<SettingsJson> read(std::string_view text) {
    return read_settings_text(text, "/etc/gossiperl/settings.json");
}

/// The field of the refusal, or "fine".
std::string field_of(std::string_view text) {
    const auto settings = read(text);
    return settings ? "fine" : settings.error().field;
}

TEST(SettingsJson, what_is_not_said_has_the_defaults_of_the_original) {
    const auto settings = read("{}");
    ASSERT_TRUE(settings);
    EXPECT_EQ(to_string(settings->rest_bind), "0.0.0.0:8080");
    EXPECT_FALSE(settings->rest_tls);
    EXPECT_FALSE(settings->credentials.rest_user);
    EXPECT_FALSE(settings->credentials.superuser);
    EXPECT_FALSE(settings->influx);
    EXPECT_TRUE(settings->warnings.empty());
    EXPECT_EQ(settings->file, "/etc/gossiperl/settings.json");
}

TEST(SettingsJson, everything_that_is_said_arrives) {
    const auto settings = read(R"({
        "rest_ip": "::1",
        "rest_port": 8443,
        "rest_num_acceptors": 100,
        "rest_ssl": {"cacertfile": "ca.crt", "certfile": "server.crt", "keyfile": "/k/server.key"},
        "superuser": {"username": "superuser", "password": "superpass"},
        "rest_user": {"username": "gossiperl_username", "password": "gossiperl_password"},
        "statictics_backend": {
            "enabled": true,
            "engine": "gossiperl_statistics_influxdb",
            "gossiperl_statistics_influxdb_configuration": {
                "host": "influx", "port": 8087, "username": "u", "password": "p",
                "protocol": "https", "timeout": 250}}})");
    ASSERT_TRUE(settings) << describe(settings.error());
    EXPECT_EQ(to_string(settings->rest_bind), "[::1]:8443");
    EXPECT_EQ(settings->rest_tls->certificate_file, "/etc/gossiperl/server.crt");
    EXPECT_EQ(settings->rest_tls->key_file, "/k/server.key");
    EXPECT_EQ(settings->credentials.superuser->username, "superuser");
    EXPECT_EQ(settings->credentials.rest_user->password, "gossiperl_password");
    ASSERT_TRUE(settings->influx);
    EXPECT_EQ(settings->influx->dialect, Dialect::v08);
    EXPECT_EQ(settings->influx->host, "influx");
    EXPECT_EQ(settings->influx->port, 8087);
    EXPECT_EQ(settings->influx->username, "u");
    EXPECT_EQ(settings->influx->password, "p");
    EXPECT_TRUE(settings->influx->is_https);
    EXPECT_EQ(settings->influx->timeout, std::chrono::milliseconds(250));
    EXPECT_EQ(settings->warnings.size(), 2U);  // The acceptors and the CA.
}

TEST(SettingsJson, keys_may_stand_in_any_order) {
    const auto settings = read(R"({"rest_ssl":{"keyfile":"k","certfile":"c"},
        "rest_user":{"password":"p","username":"u"},"rest_port":1,"rest_ip":"127.0.0.1"})");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->rest_tls->key_file, "/etc/gossiperl/k");
    EXPECT_EQ(settings->credentials.rest_user->username, "u");
    EXPECT_EQ(to_string(settings->rest_bind), "127.0.0.1:1");
}

TEST(SettingsJson, both_spellings_and_both_places_of_options_are_read) {
    for (const char* backend : {"statictics_backend", "statistics_backend"}) {
        for (const char* options :
             {"gossiperl_statistics_influxdb", "gossiperl_statistics_influxdb_configuration"}) {
            const std::string text = std::string("{\"") + backend + R"(":{")" + options +
                                     R"(":{"port":7},"engine":"gossiperl_statistics_influxdb",)"
                                     R"("enabled":true}})";
            const auto settings = read(text);
            ASSERT_TRUE(settings) << text;
            ASSERT_TRUE(settings->influx) << text;
            EXPECT_EQ(settings->influx->port, 7);
            EXPECT_EQ(settings->influx->host, "localhost");
            EXPECT_TRUE(settings->warnings.empty());
        }
    }
    EXPECT_EQ(field_of(R"({"statictics_backend":{},"statistics_backend":{}})"),
              "statistics_backend");
}

TEST(SettingsJson, of_two_places_of_options_the_engine_s_own_wins) {
    const auto settings = read(R"({"statistics_backend":{"enabled":true,
        "engine":"gossiperl_statistics_influxdb",
        "gossiperl_statistics_influxdb_configuration":{"port":1},
        "gossiperl_statistics_influxdb":{"port":2}}})");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->influx->port, 2);
    EXPECT_EQ(settings->warnings.size(), 1U);
}

TEST(SettingsJson, statistics_are_written_only_if_they_are_enabled_and_the_engine_is_known) {
    EXPECT_FALSE(read(R"({"statistics_backend":{"enabled":false,
        "engine":"gossiperl_statistics_influxdb"}})")
                     ->influx);
    EXPECT_FALSE(
        read(R"({"statistics_backend":{"engine":"gossiperl_statistics_influxdb"}})")->influx);
    const auto other = read(R"({"statistics_backend":{"enabled":true,"engine":"carbon"}})");
    EXPECT_FALSE(other->influx);
    EXPECT_EQ(other->warnings.size(), 1U);
}

TEST(SettingsJson, current_servers_are_spoken_to_in_line_protocol) {
    const auto influx = [](const std::string& options) {
        return read(R"({"statistics_backend":{"enabled":true,
            "engine":"gossiperl_statistics_influxdb",
            "gossiperl_statistics_influxdb":{)" +
                    options + "}}}");
    };
    EXPECT_EQ(influx(R"("api_version":"1","database":"d")")->influx->dialect, Dialect::v1);
    EXPECT_EQ(influx(R"("api_version":"1","database":"d")")->influx->database, "d");
    const auto second = influx(R"("api_version":"2","org":"o","bucket":"b","token":"t")");
    EXPECT_EQ(second->influx->dialect, Dialect::v2);
    EXPECT_EQ(second->influx->bucket, "b");
    const std::string place = "statistics_backend.gossiperl_statistics_influxdb.";
    EXPECT_EQ(influx(R"("api_version":"2","org":"o","bucket":"b")").error().field, place + "token");
    EXPECT_EQ(influx(R"("api_version":"2","org":"o","token":"t")").error().field, place + "bucket");
    EXPECT_EQ(
        influx(R"("api_version":"2","org":"o","bucket":"b","token":"t\r\nx: y")").error().field,
        place + "token");
    EXPECT_EQ(influx(R"("api_version":"3")").error().field, place + "api_version");
}

TEST(SettingsJson, what_is_of_another_type_or_form_is_refused_with_its_place) {
    const std::pair<const char*, const char*> kWrong[] = {
        {R"({"rest_ip":5})", "rest_ip"},
        {R"({"rest_ip":"localhost"})", "rest_ip"},
        {R"({"rest_ip":""})", "rest_ip"},
        {R"({"rest_port":"8080"})", "rest_port"},
        {R"({"rest_port":0})", "rest_port"},
        {R"({"rest_port":65536})", "rest_port"},
        {R"({"rest_port":8080.0})", "rest_port"},
        {R"({"rest_num_acceptors":"many"})", "rest_num_acceptors"},
        {R"({"rest_ssl":true})", "rest_ssl"},
        {R"({"rest_ssl":{"certfile":"c"}})", "rest_ssl.keyfile"},
        {R"({"rest_ssl":{"keyfile":"k"}})", "rest_ssl.certfile"},
        {R"({"rest_ssl":{"keyfile":1,"certfile":"c"}})", "rest_ssl.keyfile"},
        {R"({"superuser":"root"})", "superuser"},
        {R"({"superuser":null})", "superuser"},
        {R"({"superuser":{"username":"u"}})", "superuser.password"},
        {R"({"rest_user":{"password":"p"}})", "rest_user.username"},
        {R"({"rest_user":{"username":"u","password":""}})", "rest_user.password"},
        {R"({"rest_user":{"username":"u:v","password":"p"}})", "rest_user.username"},
        {R"({"statictics_backend":[]})", "statictics_backend"},
        {R"({"statictics_backend":{"enabled":"true"}})", "statictics_backend.enabled"},
        {R"({"statictics_backend":{"engine":5}})", "statictics_backend.engine"},
        {R"({"statistics_backend":{"gossiperl_statistics_influxdb":{"host":"a b"}}})",
         "statistics_backend.gossiperl_statistics_influxdb.host"},
        {R"({"statistics_backend":{"gossiperl_statistics_influxdb":{"protocol":"udp"}}})",
         "statistics_backend.gossiperl_statistics_influxdb.protocol"},
        {R"({"statistics_backend":{"gossiperl_statistics_influxdb":{"timeout":0}}})",
         "statistics_backend.gossiperl_statistics_influxdb.timeout"},
        {R"({"statistics_backend":{"gossiperl_statistics_influxdb":{"timeout":60001}}})",
         "statistics_backend.gossiperl_statistics_influxdb.timeout"},
        {R"({"rest_port":1,"rest_port":2})", "rest_port"},
    };
    for (const auto& [text, field] : kWrong) {
        const auto settings = read(text);
        ASSERT_FALSE(settings) << text;
        EXPECT_EQ(settings.error().field, field) << text;
        EXPECT_NE(settings.error().message.find("/etc/gossiperl/settings.json"), std::string::npos);
        EXPECT_FALSE(settings.error().cure.empty());
    }
}

TEST(SettingsJson, what_is_no_object_of_json_is_refused) {
    for (const char* text :
         {"", "   ", "5", "[]", "{", "{\"rest_port\":8080,}", "// no\n{}", "{} {}", "\xff"}) {
        EXPECT_FALSE(read(text)) << text;
    }
    EXPECT_FALSE(read(std::string(1'000'000, '[')));
}

TEST(SettingsJson, a_line_feed_may_stand_anywhere_as_it_could) {
    const auto settings = read("{\"rest_user\":{\"username\":\"us\ner\",\"password\":\"p\"}}");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->credentials.rest_user->username, "user");
}

TEST(SettingsJson, a_refusal_never_repeats_a_secret) {
    for (const char* text : {
             R"({"rest_user":{"username":"u","password":["sesame"]}})",
             R"({"rest_user":{"username":"sesame:","password":"sesame"}})",
             R"({"superuser":"sesame"})",
             R"({"statistics_backend":{"gossiperl_statistics_influxdb":
                 {"api_version":"2","org":"o","bucket":"b","token":"sesame sesame"}}})",
             R"({"rest_user":{"username":"u","password":"sesame)",
         }) {
        const auto settings = read(text);
        ASSERT_FALSE(settings) << text;
        EXPECT_EQ(describe(settings.error()).find("sesame"), std::string::npos) << text;
    }
}

TEST(SettingsJson, what_nobody_knows_is_a_warning_with_the_nearest_name) {
    const auto settings = read(R"({"rest_prot":1,"rest_user":{"username":"u","password":"p",
                                   "passwrd":"q"}})");
    ASSERT_TRUE(settings);
    ASSERT_EQ(settings->warnings.size(), 2U);
    EXPECT_NE(settings->warnings[0].find("did you mean rest_port"), std::string::npos);
    EXPECT_NE(settings->warnings[1].find("rest_user.passwrd"), std::string::npos);
}

TEST(SettingsJson, warnings_have_a_limit) {
    std::string text = "{\"a\":1";
    for (int index = 0; index < 100; ++index) text += ",\"x" + std::to_string(index) + "\":1";
    EXPECT_EQ(read(text + "}")->warnings.size(), 32U);
}

// -- Files --

TEST(SettingsJson, the_first_file_that_exists_is_read) {
    const auto folder = runtime::TemporaryDirectory::make("settings");
    const std::string first = (folder->path() / "first.json").string();
    const std::string second = (folder->path() / "second.json").string();
    EXPECT_EQ(*read_settings({first, second}), std::nullopt);
    ASSERT_TRUE(runtime::write_file_atomic(second, as_bytes(R"({"rest_port":2})")));
    EXPECT_EQ((*read_settings({first, second}))->rest_bind.port, 2);
    ASSERT_TRUE(runtime::write_file_atomic(first, as_bytes(R"({"rest_port":1})")));
    EXPECT_EQ((*read_settings({first, second}))->rest_bind.port, 1);
    EXPECT_EQ((*read_settings({first, second}))->file, first);
    ASSERT_TRUE(runtime::write_file_atomic(first, as_bytes("{")));
    EXPECT_FALSE(read_settings({first, second}));
}

TEST(SettingsJson, a_file_above_the_limit_is_refused) {
    const auto folder = runtime::TemporaryDirectory::make("settings");
    const std::string file = (folder->path() / "settings.json").string();
    std::string text = "{}";
    text += std::string(kSettingsJsonBytesMax - 2, ' ');
    ASSERT_TRUE(runtime::write_file_atomic(file, as_bytes(text)));
    EXPECT_TRUE(read_settings({file}));
    ASSERT_TRUE(runtime::write_file_atomic(file, as_bytes(text + " ")));
    EXPECT_EQ(read_settings({file}).error().code, Refusal::Code::over_limit);
}

}  // namespace
}  // namespace grapevine::daemon

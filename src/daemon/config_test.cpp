#include "daemon/config.hpp"

#include <cstdlib>
#include <fmt/core.h>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "base/limits.hpp"
#include "daemon/config_keys.hpp"
#include "daemon/config_values.hpp"
#include "daemon/invitation.hpp"
#include "runtime/files.hpp"

namespace grapevine::daemon {
namespace {

const std::string kKey = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

ConfigSources sources() {
    ConfigSources result;
    result.environment = {{"HOME", "/users/ann"}};
    result.host_name = "host-1";
    return result;
}

Config good(std::string_view text, const ConfigSources& from = sources()) {
    auto config = load_config_text(from, text, "/etc/g.toml");
    if (!config) {
        for (const Refusal& refusal : config.error()) ADD_FAILURE() << describe(refusal);
        return {};
    }
    return *std::move(config);
}

/// Every problem, one a line: "message | cure".
std::string bad(std::string_view text, const ConfigSources& from = sources()) {
    const auto config = load_config_text(from, text, "/etc/g.toml");
    if (config) return "accepted";
    std::string problems;
    for (const Refusal& refusal : config.error()) {
        problems +=
            fmt::format("{}{} | {}", problems.empty() ? "" : "\n", refusal.message, refusal.cure);
    }
    return problems;
}

const control::OverlaySpec& only(const Config& config) {
    EXPECT_EQ(config.overlays.size(), 1U);
    return config.overlays.front();
}

TEST(Config, an_empty_file_gives_the_defaults_and_no_overlay) {
    const Config config = good("");
    EXPECT_EQ(config.name, "host-1");
    EXPECT_EQ(config.state_folder, "/users/ann/.local/state/grapevine");
    EXPECT_EQ(to_string(config.http.bind), "127.0.0.1:9470");
    EXPECT_EQ(config.http.token_file, "/users/ann/.local/state/grapevine/token");
    EXPECT_EQ(config.http.connections_max, 256U);
    EXPECT_FALSE(config.http.is_open_on_loopback);
    EXPECT_TRUE(config.http.is_metrics_open);
    EXPECT_EQ(config.log.level, "info");
    EXPECT_EQ(config.log.format, "text");
    EXPECT_EQ(config.workers, 1U);
    EXPECT_TRUE(config.overlays.empty());
    EXPECT_TRUE(config.warnings.empty());
}

TEST(Config, root_keeps_its_state_where_daemons_do) {
    ConfigSources from = sources();
    from.is_root = true;
    EXPECT_EQ(good("", from).state_folder, "/var/lib/grapevine");
    EXPECT_EQ(default_config_file(from), "/etc/grapevine/grapevine.toml");
}

TEST(Config, the_users_own_directories_are_honoured) {
    ConfigSources from = sources();
    from.environment["XDG_STATE_HOME"] = "/xs";
    from.environment["XDG_CONFIG_HOME"] = "/xc";
    EXPECT_EQ(default_state_folder(from), "/xs/grapevine");
    EXPECT_EQ(default_config_file(from), "/xc/grapevine/grapevine.toml");
}

TEST(Config, a_file_sets_every_kind_of_key) {
    const Config config = good(R"(
name = "web-1"
state = "state"
workers = 2
labels = { rack = "r1", dc = "d1" }
[http]
bind = "[::1]:0"
anonymous = "loopback"
[log]
level = "debug"
[overlay.demo]
bind = "0.0.0.0:9500"
seeds = ["a.example:9500", "[::1]:9501"]
keys = ["1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
profile = "fast"
labels = { rack = "r2" }
retention_age = "30s"
retention_bytes = "2MiB"
)");
    EXPECT_EQ(config.state_folder, "/etc/state");
    EXPECT_EQ(to_string(config.http.bind), "[::1]:0");
    EXPECT_TRUE(config.http.is_open_on_loopback);
    const control::OverlaySpec& spec = only(config);
    EXPECT_EQ(spec.name, "demo");
    EXPECT_EQ(spec.bind, "0.0.0.0:9500");
    EXPECT_EQ(spec.seeds->size(), 2U);
    EXPECT_EQ(spec.profile, "fast");
    EXPECT_EQ(spec.cipher, "chacha20-poly1305");
    EXPECT_EQ(spec.member_name, "web-1");
    EXPECT_EQ(spec.labels, (control::Labels{{"dc", "d1"}, {"rack", "r2"}}));
    EXPECT_EQ(spec.retention_age_ms, 30'000);
    EXPECT_EQ(spec.retention_bytes, 2U << 20U);
}

TEST(Config, flags_beat_the_environment_which_beats_the_file) {
    ConfigSources from = sources();
    EXPECT_EQ(good("[log]\nlevel='debug'", from).log.level, "debug");
    from.environment["GRAPEVINE_LOG_LEVEL"] = "warn";
    EXPECT_EQ(good("[log]\nlevel='debug'", from).log.level, "warn");
    from.flags = {{"log.level", "error"}};
    EXPECT_EQ(good("[log]\nlevel='debug'", from).log.level, "error");
}

TEST(Config, flags_define_an_overlay) {
    ConfigSources from = sources();
    from.flags = {{"overlay.name", "demo"}, {"overlay.bind", "127.0.0.1:0"},
                  {"overlay.seeds", "a:1"}, {"overlay.seeds", "b:2, c:3"},
                  {"overlay.keys", kKey},   {"overlay.labels", "rack=r1"}};
    const Config config = good("", from);
    const control::OverlaySpec& spec = only(config);
    EXPECT_EQ(spec.name, "demo");
    EXPECT_EQ(spec.seeds, (std::vector<std::string>{"a:1", "b:2", "c:3"}));
    EXPECT_EQ(spec.labels, (control::Labels{{"rack", "r1"}}));
}

TEST(Config, overlay_flags_without_a_name_mean_the_only_overlay) {
    ConfigSources from = sources();
    from.flags = {{"overlay.profile", "wan"}};
    EXPECT_EQ(only(good("[overlay.a]", from)).profile, "wan");
    EXPECT_EQ(bad("", from),
              "--profile: there is no overlay that this could be about | name it with --overlay "
              "NAME");
    EXPECT_EQ(bad("[overlay.a]\nbind='1.1.1.1:1'\n[overlay.b]", from),
              "--profile: it is not said which overlay this is about | name it with --overlay "
              "NAME");
}

TEST(Config, the_environment_replaces_a_list_of_the_file) {
    ConfigSources from = sources();
    from.environment["GRAPEVINE_OVERLAY_SEEDS"] = "x:1,y:2";
    from.environment["GRAPEVINE_OVERLAY_KEYS"] = kKey;
    EXPECT_EQ(only(good("[overlay.a]\nseeds=['z:3']", from)).seeds,
              (std::vector<std::string>{"x:1", "y:2"}));
}

TEST(Config, a_misspelled_variable_is_a_warning) {
    ConfigSources from = sources();
    from.environment["GRAPEVINE_LOG_LEVLE"] = "debug";
    from.environment["GRAPEVINE_URL"] = "http://127.0.0.1:1";
    const Config config = good("", from);
    ASSERT_EQ(config.warnings.size(), 1U);
    EXPECT_EQ(config.warnings[0],
              "the environment variable GRAPEVINE_LOG_LEVLE means nothing here; did you mean "
              "GRAPEVINE_LOG_LEVEL?");
}

TEST(Config, an_unknown_key_is_refused_with_the_nearest) {
    EXPECT_EQ(bad("[http]\nbnid = '1'"),
              "/etc/g.toml:2:1: http.bnid: is not a key that exists | did you mean bind?");
    EXPECT_EQ(bad("[overlay.demo]\nseed = ['a:1']"),
              "/etc/g.toml:2:1: overlay.demo.seed: is not a key that exists | did you mean seeds?");
    EXPECT_EQ(bad("[htpt]\nbind = '1'"),
              "/etc/g.toml:1:2: htpt: is not a key that exists | did you mean http?");
}

TEST(Config, a_text_that_is_not_toml_is_refused_with_its_place) {
    const std::string problem = bad("name = web-1");
    EXPECT_TRUE(problem.starts_with("/etc/g.toml:1:")) << problem;
    EXPECT_NE(problem.find("this is not TOML"), std::string::npos) << problem;
}

TEST(Config, a_value_of_the_wrong_type_is_refused_with_an_example) {
    EXPECT_EQ(bad("workers = '2'"),
              "/etc/g.toml:1:11: workers: is a string, which it cannot be | write workers = 1");
    EXPECT_EQ(bad("http = 5"),
              "/etc/g.toml:1:8: http: is a number, not a table | write [http] on a line of its "
              "own, and its keys below");
    EXPECT_EQ(bad("[overlay.a]\nseeds = 'a:1'"),
              "/etc/g.toml:2:9: overlay.a.seeds: is a string, which it cannot be | write seeds = "
              "[\"192.0.2.7:9471\"]");
    EXPECT_EQ(bad("[overlay.a]\nseeds = [1]"),
              "/etc/g.toml:2:9: overlay.a.seeds: is an array of something other than strings | "
              "write seeds = [\"192.0.2.7:9471\"]");
}

struct BadValue {
    std::string_view text;
    std::string_view problem;
};

class ConfigValue : public testing::TestWithParam<BadValue> {};

TEST_P(ConfigValue, is_refused_with_place_and_cure) {
    EXPECT_EQ(bad(GetParam().text), GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    EachKind, ConfigValue,
    testing::Values(
        BadValue{"workers = 0",
                 "/etc/g.toml:1:11: workers: 0 is out of range | write a whole "
                 "number from 1 to 64"},
        BadValue{"workers = 65",
                 "/etc/g.toml:1:11: workers: 65 is out of range | write a whole "
                 "number from 1 to 64"},
        BadValue{"name = 'a b'",
                 "/etc/g.toml:1:8: name: the member's name 'a b' has a character that names may "
                 "not have, at position 2 | use 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', "
                 "beginning with a letter or digit"},
        BadValue{"state = ''",
                 "/etc/g.toml:1:9: state: is empty | name a path, or leave the key out"},
        BadValue{"[http]\nbind = '127.0.0.1'",
                 "/etc/g.toml:2:8: http.bind: '127.0.0.1' is not an address with a port | write "
                 "one such as 127.0.0.1:9470 or [::1]:9470"},
        BadValue{"[http]\ntls_key = 'k.pem'",
                 "/etc/g.toml:2:11: http.tls_key: is set without http.tls_certificate | set "
                 "http.tls_certificate too, or neither"},
        BadValue{"[log]\nlevel = 'debgu'",
                 "/etc/g.toml:2:9: log.level: 'debgu' is not known | did you mean debug?"},
        BadValue{"[overlay.A]",
                 "/etc/g.toml:1:10: overlay.A: the overlay's name 'A' has a character that names "
                 "may not have, at position 1 | use 1 to 64 of a-z, 0-9, '.', '_' and '-', "
                 "beginning with a letter or digit"},
        BadValue{"[overlay.a]\nbind = 'host:1'",
                 "/etc/g.toml:2:8: overlay.a.bind: 'host:1' is not an address with a port | write "
                 "one such as 0.0.0.0:9471 or [::1]:9470"},
        BadValue{"[overlay.a]\nprofile = 'lna'",
                 "/etc/g.toml:2:11: overlay.a.profile: 'lna' is not known | did you mean lan?"},
        BadValue{"[overlay.a]\nretention_age = '5'",
                 "/etc/g.toml:2:17: overlay.a.retention_age: '5' has no unit | write a whole "
                 "number and ms, s, m, h or d, such as 30s or 5m"},
        BadValue{"[overlay.a]\nretention_age = '8d'",
                 "/etc/g.toml:2:17: overlay.a.retention_age: '8d' is out of range | write a value "
                 "from 1s to 7d"},
        BadValue{"[overlay.a]\nretention_bytes = '16MB'",
                 "/etc/g.toml:2:19: overlay.a.retention_bytes: '16MB' has the unknown unit 'MB' | "
                 "write a whole number of bytes, or one with KiB, MiB or GiB, such as 16MiB"},
        BadValue{"[overlay.a]\nretention_bytes = 5",
                 "/etc/g.toml:2:19: overlay.a.retention_bytes: '5' is out of range | write a value "
                 "from 1MiB to 4GiB"},
        BadValue{"[overlay.a]\nkeys = ['AAAA']",
                 "/etc/g.toml:2:8: overlay.a.keys: a key has no colon | write ID:SECRET as "
                 "`grapevine keys generate` prints it: a number from 0 to 255, a colon and 43 "
                 "characters"},
        BadValue{"[overlay.a]\nkeys = ['1:AAAA']",
                 "/etc/g.toml:2:8: overlay.a.keys: the secret of key 1 has 3 bytes, not 32 | write "
                 "ID:SECRET as `grapevine keys generate` prints it: a number from 0 to 255, a "
                 "colon and 43 characters"},
        BadValue{"[overlay.a]\nkeys = []",
                 "/etc/g.toml:2:8: overlay.a.keys: there is no key | make one with: grapevine keys "
                 "generate"},
        BadValue{"[overlay.a]\nseeds = ['a:1']",
                 "/etc/g.toml:2:9: overlay.a: has seeds but no keys, and would never be let in | "
                 "copy the keys of a member, or use an invitation: grapevine agent --join TOKEN"},
        BadValue{"[overlay.a]\nkeys = ['1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']\n"
                 "seeds = ['::1:5']",
                 "/etc/g.toml:3:9: overlay.a.seeds: '::1:5' is an IPv6 address without brackets | "
                 "write HOST:PORT, such as host-1.example:9471 or [2001:db8::7]:9471"},
        BadValue{"[overlay.a]\nadvertise = ['0.0.0.0:1']",
                 "/etc/g.toml:2:13: overlay.a.advertise: '0.0.0.0:1' is no address that others "
                 "can reach | write an address of this host, such as 192.0.2.7:9471"},
        BadValue{"[overlay.a]\nmulticast = 'yes'",
                 "/etc/g.toml:2:13: overlay.a.multicast: 'yes' is not on, off or a group with a "
                 "port | write on, or a group such as 239.1.2.3:9470 or [ff15::1]:9470\n"
                 "/etc/g.toml:2:13: overlay.a: multicast needs a key that all hosts have | give "
                 "the same --key on every host (grapevine keys generate makes one), or --key open "
                 "to let in everybody on this network"},
        BadValue{"[overlay.a]\nkeys = ['0:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'open']",
                 "/etc/g.toml:2:8: overlay.a.keys: the open key has the id 0, and so has another | "
                 "give every key an id of its own"},
        BadValue{"[overlay.a]\n[overlay.b]",
                 "/etc/g.toml:2:10: overlay.b.bind: port 9471 is already that of overlay a | give "
                 "every overlay a port of its own"}));

TEST(Config, all_problems_are_told_at_once) {
    EXPECT_EQ(bad("workers = 0\n[log]\nlevel = 'x'\ncolour = 1"),
              "/etc/g.toml:4:1: log.colour: is not a key that exists | known are: level, format\n"
              "/etc/g.toml:3:9: log.level: 'x' is not known | known are: debug, info, warn, "
              "error, off\n"
              "/etc/g.toml:1:11: workers: 0 is out of range | write a whole number from 1 to 64");
}

TEST(Config, a_flag_is_named_in_its_refusal) {
    ConfigSources from = sources();
    from.flags = {{"http.bind", "x"}};
    EXPECT_TRUE(bad("", from).starts_with("--http-bind: http.bind: 'x' is not an address"));
    from.flags.clear();
    from.environment["GRAPEVINE_WORKERS"] = "many";
    EXPECT_TRUE(bad("", from).starts_with("GRAPEVINE_WORKERS: workers: 'many' is not a whole"));
}

TEST(Config, a_damaged_invitation_is_refused_before_the_daemon_starts) {
    ConfigSources from = sources();
    from.flags = {{"join", "gv1.AAAA"}};
    EXPECT_TRUE(bad("", from).starts_with("--join: join: the token")) << bad("", from);
}

TEST(Config, flags_beside_an_invitation_are_about_its_overlay) {
    Invitation invitation;
    invitation.overlay = "demo";
    invitation.profile = "fast";
    invitation.keys = {parse_key(kKey).value()};
    invitation.seeds = {"192.0.2.7:9471"};
    ConfigSources from = sources();
    from.flags = {{"join", format_invitation(invitation)}};
    EXPECT_TRUE(good("", from).overlays.empty()) << "the daemon makes it, and keeps it";
    from.flags.emplace_back("overlay.bind", "127.0.0.1:9472");
    const Config config = good("", from);
    const control::OverlaySpec& spec = only(config);
    EXPECT_EQ(spec.name, "demo");
    EXPECT_EQ(spec.bind, "127.0.0.1:9472");
    EXPECT_EQ(spec.profile, "fast");
    EXPECT_EQ(spec.seeds, invitation.seeds);
    EXPECT_EQ(spec.keys, (std::vector<std::string>{kKey}));
}

TEST(Config, multicast_without_any_overlay_means_the_open_overlay_lan) {
    ConfigSources from = sources();
    from.flags = {{"overlay.bind", "[::]:9471"}, {"overlay.multicast", "on"}};
    const Config config = good("", from);
    const control::OverlaySpec& spec = only(config);
    EXPECT_EQ(spec.name, "lan");
    EXPECT_EQ(spec.multicast, "on");
    EXPECT_EQ(spec.bind, "[::]:9471");
    EXPECT_EQ(spec.keys,
              (std::vector<std::string>{"0:H7ejzIQSbL13gvtnSC4kvDKyvzuqk1akhTxegHQRbdE"}));
    ASSERT_EQ(config.warnings.size(), 1U);
    EXPECT_TRUE(config.warnings.front().starts_with("overlay 'lan' is open")) << "said plainly";
}

TEST(Config, multicast_in_the_environment_does_the_same) {
    ConfigSources from = sources();
    from.environment["GRAPEVINE_OVERLAY_MULTICAST"] = "on";
    EXPECT_EQ(only(good("", from)).name, "lan");
}

TEST(Config, an_overlay_with_a_key_of_its_own_is_not_open) {
    ConfigSources from = sources();
    from.flags = {{"overlay.keys", kKey}, {"overlay.multicast", "on"}};
    EXPECT_EQ(only(good("", from)).keys, (std::vector<std::string>{kKey}));
    EXPECT_TRUE(good("", from).warnings.empty());
    from.flags = {{"overlay.multicast", "on"}};
    EXPECT_EQ(only(good("[overlay.a]\nkeys=['" + kKey + "']", from)).name, "a");
}

TEST(Config, an_overlay_that_was_named_is_open_only_if_that_is_said) {
    ConfigSources from = sources();
    from.flags = {{"overlay.name", "team"}, {"overlay.multicast", "on"}};
    EXPECT_EQ(bad("", from),
              "--multicast: overlay.team: multicast needs a key that all hosts have | give the "
              "same --key on every host (grapevine keys generate makes one), or --key open to let "
              "in everybody on this network");
    from.flags.emplace_back("overlay.keys", "open");
    EXPECT_TRUE(only(good("", from)).keys->front().starts_with("0:"));
    EXPECT_EQ(good("", from).warnings.size(), 1U);
}

TEST(Config, multicast_that_is_off_asks_for_nothing) {
    EXPECT_EQ(only(good("[overlay.a]\nmulticast='off'")).keys, std::nullopt);
    ConfigSources from = sources();
    from.flags = {{"overlay.multicast", "off"}};
    EXPECT_NE(bad("", from).find("there is no overlay"), std::string::npos);
}

TEST(Config, a_bad_host_name_asks_for_a_name) {
    ConfigSources from = sources();
    from.host_name = "my host";
    EXPECT_NE(bad("", from).find("set one with --name"), std::string::npos);
}

TEST(Config, ports_on_different_addresses_do_not_clash) {
    good("[overlay.a]\nbind='127.0.0.1:9471'\n[overlay.b]\nbind='127.0.0.2:9471'");
    good("[overlay.a]\nbind='127.0.0.1:0'\n[overlay.b]\nbind='127.0.0.1:0'");
    good("[overlay.a]\nbind='0.0.0.0:9471'\n[overlay.b]\nbind='[::1]:9471'");
    EXPECT_NE(bad("[overlay.a]\nbind='[::]:9471'\n[overlay.b]\nbind='127.0.0.1:9471'"), "accepted");
}

TEST(Config, an_open_api_without_tls_is_a_warning) {
    EXPECT_EQ(good("[http]\nbind='0.0.0.0:9470'").warnings.size(), 1U);
    EXPECT_EQ(good("[http]\nbind='[::1]:9470'").warnings.size(), 0U);
}

TEST(Config, limits_are_enforced_one_above) {
    std::string text;
    for (std::size_t index = 0; index <= kOverlaysMax; ++index) {
        text += fmt::format("[overlay.o{}]\nbind='127.0.0.1:0'\n", index);
    }
    EXPECT_NE(bad(text).find("257 overlays, more than 256"), std::string::npos);
    std::string seeds;
    for (std::size_t index = 0; index <= kSeedsMax; ++index) {
        seeds += fmt::format("'h{}:1',", index);
    }
    EXPECT_NE(bad(fmt::format("[overlay.a]\nkeys=['{}']\nseeds=[{}]", kKey, seeds))
                  .find("65 seeds, more than 64"),
              std::string::npos);
    std::string labels;
    for (std::size_t index = 0; index <= kLabelsMax; ++index) {
        labels += fmt::format("{}k{}='v'", index == 0 ? "" : ",", index);
    }
    EXPECT_NE(bad(fmt::format("labels = {{ {} }}", labels)).find("17 labels, more than 16"),
              std::string::npos);
}

TEST(Config, a_file_that_was_named_must_exist) {
    ConfigSources from = sources();
    from.config_file = "/nowhere/g.toml";
    const auto config = load_config(from);
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().front().message.find("/nowhere/g.toml"), std::string::npos)
        << config.error().front().message;
    from.config_file.reset();
    EXPECT_TRUE(load_config(from));
}

TEST(Config, a_file_is_read_and_loaded_again_from_its_sources) {
    auto folder = runtime::TemporaryDirectory::make("gv-config");
    ASSERT_TRUE(folder);
    const auto path = folder->path() / "g.toml";
    ASSERT_TRUE(runtime::write_file_atomic(path, as_bytes("[overlay.a]\nbind='127.0.0.1:0'")));
    ConfigSources from = sources();
    from.config_file = path.string();
    const auto first = load_config(from);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->config_file, path.string());
    ASSERT_TRUE(runtime::write_file_atomic(
        path, as_bytes("workers = 3\n[overlay.a]\nbind='127.0.0.1:1'\nmember_name='x'")));
    const auto second = load_config(first->sources);
    ASSERT_TRUE(second);
    EXPECT_EQ(keys_needing_restart(*first, *second),
              (std::vector<std::string>{"workers", "overlay.a.bind"}));
}

TEST(Config, what_is_described_can_be_loaded_and_is_the_same) {
    const Config config = good(R"(
name = "web-1"
state = "/s"
labels = { "a.b" = "say \"x\"" }
[overlay."v1.2"]
bind = "127.0.0.1:0"
advertise = ["192.0.2.1:0"]
)");
    const std::string text = describe_config(config);
    EXPECT_EQ(describe_config(good(text)), text);
}

TEST(Config, a_description_never_shows_a_secret) {
    const Config config = good(fmt::format("[overlay.a]\nkeys=['{}']", kKey));
    EXPECT_EQ(describe_config(config).find("AAAA"), std::string::npos);
}

TEST(Config, every_key_has_a_flag_a_variable_and_a_description_of_its_own) {
    std::set<std::string_view> seen;
    for (const Key& key : config_keys()) {
        EXPECT_TRUE(key.flag.starts_with("--")) << key.name;
        EXPECT_TRUE(key.environment.starts_with("GRAPEVINE_")) << key.name;
        EXPECT_TRUE(key.description.ends_with(".")) << key.name;
        EXPECT_NE(key.set, nullptr) << key.name;
        EXPECT_TRUE(seen.insert(key.flag).second) << key.flag;
        EXPECT_TRUE(seen.insert(key.environment).second) << key.environment;
    }
}

TEST(Config, the_reference_page_says_what_the_table_says) {
    const std::string path = GRAPEVINE_SOURCE_DIR "/docs/reference/configuration.md";
    std::ifstream file(path);
    std::stringstream content;
    content << file.rdbuf();
    const std::string page = content.str();
    const std::string begin = "<!-- made from src/daemon/config_keys.cpp: begin -->\n\n";
    const std::string end = "\n<!-- end -->";
    const std::size_t first = page.find(begin);
    const std::size_t last = page.find(end);
    ASSERT_NE(first, std::string::npos);
    ASSERT_NE(last, std::string::npos);
    const std::size_t start = first + begin.size();
    if (std::getenv("GV_REWRITE") != nullptr) {
        std::ofstream(path) << page.substr(0, start) + config_reference() + page.substr(last);
        return;
    }
    EXPECT_EQ(page.substr(start, last - start), config_reference())
        << "run this test with GV_REWRITE=1 and review the difference";
}

TEST(ConfigValues, durations_and_sizes_survive_the_round_trip) {
    for (const std::string_view text : {"1ms", "1500ms", "30s", "5m", "2h", "7d"}) {
        const auto value = parse_duration_ms(text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(format_duration_ms(*value), text);
    }
    for (const std::string_view text : {"1B", "1KiB", "16MiB", "4GiB"}) {
        const auto value = parse_size(text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(format_size(*value), text);
    }
    EXPECT_EQ(parse_size("1024"), 1024U);
}

TEST(ConfigValues, garbage_is_refused) {
    for (const std::string_view text :
         {"", "s", "5", "-5s", "5 s", "5.5s", "99999999999999999999s", "9999999999d", "5S"}) {
        EXPECT_FALSE(parse_duration_ms(text)) << text;
    }
    for (const std::string_view text :
         {"", "MiB", "-1", "1 MiB", "1e3", "18446744073709551615GiB"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
}

}  // namespace
}  // namespace grapevine::daemon

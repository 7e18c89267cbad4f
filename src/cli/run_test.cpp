#include "cli/run.hpp"

#include <gtest/gtest.h>
#include <sstream>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/files.hpp"
#include "runtime/process.hpp"

namespace grapevine::cli {
namespace {

struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
};

Outcome grapevine(const std::vector<std::string>& arguments, const std::string& input = {}) {
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in(input);
    // A state folder that does not exist: no token of the user's is ever used.
    Console console{out, err, in, {{"HOME", "/nonexistent"}}, false, false, false};
    Outcome outcome;
    outcome.code = run(arguments, console);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
}

TEST(CommandLine, without_words_it_shows_the_help) {
    const Outcome outcome = grapevine({});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find("Subcommands:"), std::string::npos);
}

TEST(CommandLine, every_command_has_help_and_an_example) {
    for (const CommandInfo& command : describe_commands()) {
        if (command.path.empty()) continue;
        std::vector<std::string> words;
        std::istringstream split(command.path);
        for (std::string word; split >> word;) words.push_back(word);
        words.emplace_back("--help");
        const Outcome outcome = grapevine(words);
        EXPECT_EQ(outcome.code, 0) << command.path;
        EXPECT_NE(outcome.out.find("Usage: grapevine " + command.path), std::string::npos)
            << outcome.out;
        const bool has_example = !command.commands.empty() || command.path == "version" ||
                                 outcome.out.find("Examples:") != std::string::npos;
        EXPECT_TRUE(has_example) << command.path;
    }
}

struct Mistake {
    std::vector<std::string> arguments;
    std::string err;
};

class CommandLineMistake : public testing::TestWithParam<Mistake> {};

TEST_P(CommandLineMistake, ends_with_code_2_and_a_cure) {
    const Outcome outcome = grapevine(GetParam().arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err, GetParam().err);
    EXPECT_EQ(outcome.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    EachKind, CommandLineMistake,
    testing::Values(
        Mistake{{"mebmers"},
                "error: 'grapevine mebmers' is not a command\n  cure: did you mean members?\n"},
        Mistake{{"record", "gte", "x"},
                "error: 'grapevine record gte' is not a command\n  cure: did you mean get?\n"},
        Mistake{{"members", "--wacth"},
                "error: 'grapevine members' has no flag --wacth\n  cure: did you mean --watch?\n"},
        Mistake{{"agent", "--http-bnid=1"},
                "error: 'grapevine agent' has no flag --http-bnid\n  cure: did you mean "
                "--http-bind?\n"},
        Mistake{{"publish"}, "error: topic is required\n  cure: see: grapevine publish --help\n"},
        Mistake{{"demo", "--members", "21"},
                "error: --members: Value 21 not in range 2 to 20\n  cure: see: grapevine demo "
                "--help\n"},
        Mistake{{"help", "nothing-like-it"},
                "error: 'grapevine nothing-like-it' is not a command\n  cure: known are: agent, "
                "demo, members, info, rtt, reachability, sql, aggregate, publish, ui, top, trace, "
                "query, estimate, subscribe, join, leave, forget, invite, record, state, overlay, "
                "keys, operator, wipe, config, summary, sim, version, completion, lab, help\n"},
        Mistake{{"members", "--url", "ftp://x"},
                "error: \"ftp://x\" is no http or https URL\n  cure: write it like "
                "http://127.0.0.1:9470/v1\n"},
        Mistake{{"join", "a:1", "b"},
                "error: 'b' has no port\n  cure: write HOST:PORT, such as host-1.example:9471 or "
                "[2001:db8::7]:9471\n"},
        Mistake{{"overlay", "create", "Demo"},
                "error: the overlay's name 'Demo' has a character that names may not have, at "
                "position 1\n  cure: use 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a "
                "letter or digit\n"},
        Mistake{{"overlay", "change", "demo", "--retention-age", "5"},
                "error: --retention-age: '5' has no unit\n  cure: write a whole number and ms, s, "
                "m, h or d, such as 30s or 5m\n"}));

TEST(CommandLine, a_daemon_that_is_not_there_is_code_3) {
    // Port 1 of loopback: nobody listens there, and nobody but root could.
    const Outcome outcome = grapevine({"members", "--url", "http://127.0.0.1:1", "-o", "demo"});
    EXPECT_EQ(outcome.code, 3);
    EXPECT_EQ(outcome.err,
              "error: nothing listens on 127.0.0.1:1\n  cure: is the daemon running? start it "
              "with: grapevine agent\n");
}

TEST(CommandLine, a_token_file_that_was_named_must_exist) {
    const Outcome outcome = grapevine({"members", "--token-file", "/nonexistent/token"});
    EXPECT_EQ(outcome.code, 4);
    EXPECT_NE(outcome.err.find("/nonexistent/token"), std::string::npos);
}

TEST(CommandLine, a_generated_key_is_one_that_the_configuration_takes) {
    const Outcome outcome = grapevine({"keys", "generate", "--id", "7"});
    ASSERT_EQ(outcome.code, 0);
    const auto key = daemon::parse_key(outcome.out.substr(0, outcome.out.size() - 1));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->id, 7);
    EXPECT_NE(grapevine({"keys", "generate", "--id", "7"}).out, outcome.out);
}

TEST(CommandLine, versions_and_topics_are_shown) {
    EXPECT_EQ(grapevine({"version"}).out, "grapevine " GRAPEVINE_VERSION "\n");
    EXPECT_EQ(grapevine({"--version"}).out, "grapevine " GRAPEVINE_VERSION "\n");
    EXPECT_NE(grapevine({"help", "exit-codes"}).out.find("  3  no daemon"), std::string::npos);
    EXPECT_EQ(grapevine({"help", "record", "set"}).out, grapevine({"record", "set", "-h"}).out);
}

TEST(CommandLine, every_problem_of_a_configuration_is_printed) {
    const auto folder = runtime::TemporaryDirectory::make("gv-cli").value();
    const auto file = folder.path() / "g.toml";
    ASSERT_TRUE(runtime::write_file_atomic(file, as_bytes("workers = 0\n[htpt]\n")));
    const Outcome outcome = grapevine({"agent", "--check", "--config", file.string()});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err,
              "error: " + file.string() +
                  ":2:2: htpt: is not a key that exists\n  cure: did you mean http?\n"
                  "error: " +
                  file.string() +
                  ":1:11: workers: 0 is out of range\n  cure: write a whole number from 1 to "
                  "64\n");
}

TEST(CommandLine, a_good_configuration_is_described_and_nothing_is_started) {
    const Outcome outcome =
        grapevine({"agent", "--check", "--name", "web-1", "--overlay", "demo", "--seed", "a:1,b:2",
                   "--key", "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("seeds = [\"a:1\", \"b:2\"]"), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find("AAAA"), std::string::npos) << "no secrets";
}

TEST(CommandLine, the_reference_page_names_every_command_and_flag) {
    const auto content =
        runtime::read_file(GRAPEVINE_SOURCE_DIR "/docs/reference/cli.md", 1024 * 1024);
    ASSERT_TRUE(content);
    const std::string page(as_text(*content));
    for (const CommandInfo& command : describe_commands()) {
        if (command.commands.empty()) {
            EXPECT_NE(page.find("grapevine " + command.path), std::string::npos) << command.path;
        }
        // Those of the agent are on the page of the configuration.
        if (command.path == "agent") continue;
        for (const std::string& flag : command.flags) {
            EXPECT_NE(page.find(flag), std::string::npos) << command.path << " " << flag;
        }
    }
}

TEST(Completion, the_scripts_are_ones_that_their_shells_can_read) {
    for (const std::string shell : {"bash", "zsh", "fish"}) {
        const auto folder = runtime::TemporaryDirectory::make("gv-cli").value();
        const auto file = folder.path() / "script";
        const std::string script = completion_script(shell);
        ASSERT_TRUE(runtime::write_file_atomic(file, as_bytes(script)));
        EXPECT_NE(script.find("retention-age"), std::string::npos) << shell;
        auto child = runtime::ChildProcess::spawn({.arguments = {shell, "-n", file.string()}});
        if (!child) continue;  // That shell is not on this host.
        EXPECT_TRUE(child->wait().is_success()) << shell;
    }
}

TEST(Completion, bash_offers_commands_and_flags) {
    const auto folder = runtime::TemporaryDirectory::make("gv-cli").value();
    const auto file = folder.path() / "script";
    const std::string script = completion_script("bash") + R"(
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _grapevine; echo "${COMPREPLY[*]}"; }
ask grapevine mem
ask grapevine record g
ask grapevine record get --mem
ask grapevine members --url x --wa
)";
    ASSERT_TRUE(runtime::write_file_atomic(file, as_bytes(script)));
    auto child = runtime::ChildProcess::spawn(
        {.arguments = {"bash", file.string()}, .standard_output = runtime::OutputTarget::pipe()});
    ASSERT_TRUE(child);
    EXPECT_EQ(child->read_output_line(), "members");
    EXPECT_EQ(child->read_output_line(), "get");
    EXPECT_EQ(child->read_output_line(), "--member");
    EXPECT_EQ(child->read_output_line(), "--watch");
}

}  // namespace
}  // namespace grapevine::cli

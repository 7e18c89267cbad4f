#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/failure.hpp"
#include "cli/options.hpp"

// For the sources that speak to the command-line library; everybody else includes arguments.hpp.
namespace grapevine::cli {

using Texts = std::vector<std::string>;
/// What was given for keys of the configuration, by key.
using KeyTexts = std::map<std::string, Texts>;

/// One set of options per command; the library writes into them while it parses.
struct AllOptions {
    AgentOptions agent;
    KeyTexts agent_keys;
    DemoOptions demo;
    MembersOptions members;
    RoundTripOptions round_trip;
    ReachabilityOptions reachability;
    SqlOptions sql;
    AggregateOptions aggregate;
    InfoOptions info;
    PublishOptions publish;
    UiOptions ui;
    UiOptions lab_page;
    TopOptions top;
    TraceOptions trace;
    QueryOptions query;
    EstimateOptions estimate;
    SubscribeOptions subscribe;
    JoinOptions join;
    LeaveOptions leave;
    ForgetOptions forget;
    InviteOptions invite;
    RecordOptions record;
    StateOptions state;
    OverlayOptions overlay;
    KeyTexts overlay_keys;
    KeysOptions keys;
    OperatorOptions operator_key;
    WipeOptions wipe;
    ConfigOptions config;
    SummaryOptions summary;
    SimOptions sim;
    LabOptions lab;
    LabRunOptions lab_run;
    VersionOptions version;
    CompletionOptions completion;
};

/// All commands with their flags, described once: for parsing, help and completion.
class Grammar {
public:
    Grammar();
    Grammar(const Grammar&) = delete;
    Grammar& operator=(const Grammar&) = delete;

    [[nodiscard]] CLI::App& root() { return root_; }

    /// The command that was chosen; valid after a parse of `root` that did not throw.
    [[nodiscard]] Attempt<Command> finish() { return finish_(); }

private:
    CLI::App* add(CLI::App& parent, const std::string& name, const std::string& description);
    template <typename Options>
    void choose(CLI::App* app, Options& options);
    void add_agent();
    void add_demo();
    void add_looking();
    void add_network();
    void add_publish();
    void add_pictures();  // grammar_page.cpp
    void add_trace();
    void add_query();     // grammar_query.cpp
    void add_estimate();  // the same
    void add_subscribe();
    void add_joining();
    void add_record();
    void add_state();  // grammar_state.cpp
    void add_overlay();
    void add_tools();
    void add_answers();  // grammar_answers.cpp
    void add_lab();      // grammar_lab.cpp
    void add_lab_run(CLI::App& lab);
    // grammar_keys.cpp
    void add_keys_commands(CLI::App* keys);
    void add_managing();
    void add_config();
    void add_summary();  // grammar_summary.cpp

    CLI::App root_;
    AllOptions all_;
    std::function<Attempt<Command>()> finish_;
};

template <typename Options>
void Grammar::choose(CLI::App* app, Options& options) {
    app->callback([this, &options] {
        finish_ = [&options]() -> Attempt<Command> { return Command(options); };
    });
}

/// Whether the command is about one overlay.
enum class WithOverlay : std::uint8_t { yes, no };

/// The flags of every command that asks a daemon.
/// Of the commands that open the page in a browser (grammar_page.cpp).
void add_page_flags(CLI::App* app, UiOptions& options);
void add_connection(CLI::App* app, Connection& to, WithOverlay with_overlay = WithOverlay::yes);
void add_json(CLI::App* app, bool& is_json);

/// "grapevine 0.1.0"
std::string version_line();

/// "grapevine record set"
std::string path_of(const CLI::App& app);

/// "see: grapevine record set --help"
std::string see_help(const CLI::App& app);

}  // namespace grapevine::cli

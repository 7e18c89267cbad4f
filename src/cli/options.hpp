#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// What each command was asked to do. Made by `parse_arguments`, done by `run_command`.
namespace grapevine::cli {

/// How to reach the daemon. Empty texts: the environment, then the defaults.
struct Connection {
    std::string url;
    std::string token;
    std::string token_file;
    std::string overlay;
    std::string ca_file;
    bool is_insecure = false;
    double timeout_seconds = 10;
};

struct AgentOptions {
    std::vector<std::pair<std::string, std::string>> flags;  ///< As `daemon::ConfigSources::flags`.
    std::optional<std::string> config_file;
    bool is_check = false;
};

struct DemoOptions {
    std::size_t members = 5;
    std::optional<double> seconds;  ///< How long to stay up after the story; absent: until Ctrl-C.
    std::string profile = "fast";
    double rate = 20;  ///< Events per second, over all daemons.
    bool is_json = false;
};

struct MembersOptions {
    Connection connection;
    std::vector<std::string> statuses;
    std::vector<std::string> labels;
    std::string sort = "name";
    bool is_watch = false;
    bool is_json = false;
};

struct RoundTripOptions {
    Connection connection;
    std::string from;
    std::string to;  ///< Empty: our own member.
    bool is_json = false;
};

struct ReachabilityOptions {
    Connection connection;
    double age_seconds = 5;
    bool is_json = false;
};

struct InfoOptions {
    Connection connection;
    bool is_json = false;
};

struct PublishOptions {
    Connection connection;
    std::string topic;
    std::optional<std::string> payload;
    std::string file;
    std::vector<std::string> after;  ///< Ids of events.
    bool is_traced = false;
    bool is_json = false;
};

struct UiOptions {
    Connection connection;
    bool is_read_only = false;
    bool is_printed_only = false;  ///< No browser is started.
    std::string route{};           ///< Of the page, such as "/lab"; empty: where it begins.
    bool is_json = false;
};

struct TopOptions {
    Connection connection;
    double interval_seconds = 1;
    std::uint64_t count = 0;  ///< Of pictures; 0: no end.
    bool is_json = false;
};

struct SqlOptions {
    Connection connection;
    std::string statement;
    std::vector<std::string> parameters;
    bool is_json = false;
    bool is_csv = false;
};

struct AggregateOptions {
    enum class What : std::uint8_t { set, get, list, remove, follow };
    What what = What::list;
    Connection connection;
    std::string name;
    // What `set` defines: `sql`, or the rest.
    std::string sql;
    std::string function;
    std::string key;
    std::string group_by;
    std::vector<std::string> statuses;
    std::vector<std::string> labels;  ///< "key=value"
    std::optional<std::uint32_t> top;
    std::uint64_t count = 0;  ///< Of values to follow; 0: no end.
    bool is_json = false;
};

struct TraceOptions {
    Connection connection;
    std::string event;
    std::string svg_file;
    double wait_seconds = 2;
    bool is_json = false;
};

struct QueryOptions {
    Connection connection;
    std::string name;
    std::string payload;
    std::string file;
    std::vector<std::string> filters;
    std::string timeout = "2s";
    std::int64_t timeout_ms = 0;
    bool is_json = false;
};

struct EstimateOptions {
    Connection connection;
    std::string what = "count";  ///< "mean:load"
    std::string method;
    bool is_json = false;
};

struct SubscribeOptions {
    Connection connection;
    std::vector<std::string> patterns;
    std::string from = "now";
    std::string cursor;
    std::uint64_t count = 0;     ///< 0: no end.
    double give_up_seconds = 0;  ///< 0: never.
    bool is_json = false;
};

struct JoinOptions {
    Connection connection;
    std::vector<std::string> targets;  ///< One invitation, or seeds.
    bool is_json = false;
};

struct LeaveOptions {
    Connection connection;
};

struct ForgetOptions {
    Connection connection;
    std::string member;
};

struct InviteOptions {
    Connection connection;
    std::vector<std::string> seeds;
    bool is_json = false;
};

struct RecordOptions {
    enum class What : std::uint8_t { get, set, unset, list };
    What what = What::list;
    Connection connection;
    std::string key;
    std::string value;
    std::string member;  ///< Empty: our own.
    bool is_json = false;
};

struct StateOptions {
    enum class What : std::uint8_t {
        get,
        put,
        erase,
        list,
        count,
        set_add,
        set_remove,
        watch,
        load,
        dump
    };
    What what = What::list;
    Connection connection;
    std::string key;  ///< Or the prefix of keys.
    std::string value;
    std::vector<std::string> elements;
    std::int64_t change = 1;
    std::string ttl;      ///< "30s"; empty: for ever.
    std::string version;  ///< Of `put` and `erase`: what the key must have.
    bool must_be_new = false;
    std::string file = "-";
    bool is_json = false;
};

struct OverlayOptions {
    enum class What : std::uint8_t { list, show, create, change, remove };
    What what = What::list;
    Connection connection;
    std::string name;
    /// By key of the configuration without "overlay.", as given.
    std::vector<std::pair<std::string, std::vector<std::string>>> settings;
    bool is_json = false;
};

struct KeysOptions {
    enum class What : std::uint8_t { generate, status, rotate };
    What what = What::generate;
    Connection connection;
    std::uint32_t id = 1;
    std::string key;  ///< To rotate to; empty: a fresh one.
    std::vector<std::string> without;
    std::string operator_file;
    bool is_waiting = false;
    double give_up_seconds = 600;  ///< Of waiting.
    bool is_json = false;
};

struct OperatorOptions {
    bool is_new = false;  ///< Else: shown.
    std::string file;
    bool is_json = false;
};

struct WipeOptions {
    Connection connection;
    std::string part;  ///< Empty: list what was wiped.
    std::string operator_file;
    bool is_json = false;
};

struct ConfigOptions {
    enum class What : std::uint8_t { status, propose, take_back };
    What what = What::status;
    Connection connection;
    std::vector<std::string> settings;  ///< "SETTING=VALUE"
    std::string canary;                 ///< A share; empty: the default.
    std::optional<std::uint64_t> health_interval_ms;
    std::string operator_file;
    bool is_json = false;
};

struct SummaryOptions {
    enum class What : std::uint8_t { show, define, remove, set, unset };
    What what = What::show;
    Connection connection;
    std::string name;  ///< Of a statement, or of a value.
    std::string text;  ///< The statement, or the value.
    std::optional<std::uint64_t> expires_in_ms;
    std::string operator_file;
    bool is_json = false;
};

struct SimOptions {
    std::string scenario;
    std::uint64_t seed = 1;
    std::optional<std::size_t> members;
    std::string detector;  ///< Empty: the scenario's.
    std::string trace_file;
    bool is_list = false;
    bool is_json = false;
};

struct LabOptions {
    std::vector<std::string> detectors;   ///< Empty: all.
    std::vector<std::string> conditions;  ///< Empty: all.
    std::string profile = "fast";
    std::size_t members = 64;
    std::size_t crashes = 20;  ///< In each cell.
    std::uint64_t seed = 1;
    double loss_percent = 10;
    std::uint32_t stall_ms = 300;
    double calm_seconds = 30;
    bool is_json = false;
};

struct LabRunOptions {
    std::string link;  ///< Experiment, settings and actions: docs/lab.md.
    bool is_json = false;
    bool is_csv = false;
    std::string svg_file;  ///< Empty: no picture.
};

struct VersionOptions {
    bool is_json = false;
};

struct CompletionOptions {
    std::string shell;
};

/// A text that is the whole answer: help.
struct ShowText {
    std::string text;
};

using Command =
    std::variant<ShowText, AgentOptions, DemoOptions, MembersOptions, RoundTripOptions,
                 ReachabilityOptions, InfoOptions, SqlOptions, AggregateOptions, PublishOptions,
                 UiOptions, TopOptions, TraceOptions, QueryOptions, EstimateOptions,
                 SubscribeOptions, JoinOptions, LeaveOptions, ForgetOptions, InviteOptions,
                 RecordOptions, StateOptions, OverlayOptions, KeysOptions, SimOptions, LabOptions,
                 LabRunOptions, VersionOptions, CompletionOptions, OperatorOptions, WipeOptions,
                 ConfigOptions, SummaryOptions>;

}  // namespace grapevine::cli

#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "cli/console.hpp"
#include "cli/failure.hpp"
#include "cli/options.hpp"

// What each command does. Answers go to `console.out`, remarks to `console.err`; why it did not
// work is returned, for `run` to print.
namespace grapevine::cli {

// Looking (looking.cpp, looking_network.cpp)
Attempt<void> show_members(const MembersOptions& options, Console& console);
Attempt<void> show_round_trip(const RoundTripOptions& options, Console& console);
Attempt<void> show_reachability(const ReachabilityOptions& options, Console& console);
Attempt<void> show_info(const InfoOptions& options, Console& console);
Attempt<void> show_record(const RecordOptions& options, Console& console);
Attempt<void> show_overlays(const OverlayOptions& options, Console& console);

// Questions about all members at once (answers.cpp)
Attempt<void> run_sql(const SqlOptions& options, Console& console);
Attempt<void> aggregate(const AggregateOptions& options, Console& console);

// Pictures: in the browser (page.cpp) and in the terminal (top.cpp)
Attempt<void> open_page(const UiOptions& options, Console& console);
Attempt<void> top(const TopOptions& options, Console& console);

// Tracing (tracing.cpp)
Attempt<void> trace(const TraceOptions& options, Console& console);

// Asking (querying.cpp)
/// Returns the exit code: 0 if all that were expected have answered.
Attempt<int> query(const QueryOptions& options, Console& console);

Attempt<void> estimate(const EstimateOptions& options, Console& console);

// Changing (changing.cpp)
Attempt<void> publish(const PublishOptions& options, Console& console);
Attempt<void> join(const JoinOptions& options, Console& console);
Attempt<void> leave(const LeaveOptions& options, Console& console);
Attempt<void> forget(const ForgetOptions& options, Console& console);
Attempt<void> invite(const InviteOptions& options, Console& console);
/// The shared map: `state get|put|...`.
Attempt<void> state(const StateOptions& options, Console& console);
Attempt<void> change_record(const RecordOptions& options, Console& console);
Attempt<void> change_overlay(const OverlayOptions& options, Console& console);

// Following (following.cpp)
Attempt<void> subscribe(const SubscribeOptions& options, Console& console);
Attempt<void> watch_members(const MembersOptions& options, Console& console);

// What concerns a whole overlay (managing.cpp)
Attempt<void> show_keys(const KeysOptions& options, Console& console);
Attempt<void> rotate_keys(const KeysOptions& options, Console& console);
Attempt<void> wipe(const WipeOptions& options, Console& console);
/// The secret half in the file of an operator's key.
Attempt<std::string> read_operator_secret(const std::string& file);
/// What is set for the whole overlay (rolling_out.cpp).
Attempt<void> config(const ConfigOptions& options, Console& console);
/// Zones within zones (summary.cpp).
Attempt<void> summary(const SummaryOptions& options, Console& console);
/// Makes the key of an operator, or shows the public half of one.
Attempt<void> operator_key(const OperatorOptions& options, Console& console);

// Without a daemon (tools.cpp, completion.cpp)
/// Returns the exit code of the daemon.
Attempt<int> agent(const AgentOptions& options, Console& console);
Attempt<void> generate_key(const KeysOptions& options, Console& console);
Attempt<void> show_version(const VersionOptions& options, Console& console);
Attempt<void> simulate(const SimOptions& options, Console& console);
Attempt<void> compare_detectors(const LabOptions& options, Console& console);
Attempt<void> run_lab(const LabRunOptions& options, Console& console);
std::string completion_script(const std::string& shell);

// Shared
/// The matrix and the troubles in an answer, for people.
std::string reachability_page(const boost::json::value& answer, const Paint& paint);
/// The rows of an answer, for people and as RFC 4180 wants them.
std::string rows_table(const boost::json::value& answer, const Paint& paint);
std::string rows_csv(const boost::json::value& answer);
/// How far a rotation is, for people.
std::string keys_page(const boost::json::value& answer, const Paint& paint);
/// What is set for the whole overlay and how far it is rolled out, for people.
std::string config_page(const boost::json::value& answer, const Paint& paint);
/// Tables of zones within zones, for people.
std::string summary_page(const boost::json::value& answer, const Paint& paint);
/// A table of the members of an answer, which has them under "members".
std::string members_table(const boost::json::value& answer, const Paint& paint);
/// "/members?status=..&label=..", with what was asked for.
std::string members_query(const MembersOptions& options);

}  // namespace grapevine::cli

#include "cli/run.hpp"

#include <ostream>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/demo_story.hpp"

namespace grapevine::cli {

namespace {

/// Sends each kind of options to its command.
struct Dispatch {
    Console& console;

    static Attempt<int> done(const Attempt<void>& attempt) {
        if (!attempt) return std::unexpected(attempt.error());
        return 0;
    }

    Attempt<int> operator()(const ShowText& show) const {
        console.out << show.text;
        return 0;
    }
    Attempt<int> operator()(const AgentOptions& options) const { return agent(options, console); }
    Attempt<int> operator()(const DemoOptions& options) const {
        return done(run_demo(options, console));
    }
    Attempt<int> operator()(const MembersOptions& options) const {
        return done(options.is_watch ? watch_members(options, console)
                                     : show_members(options, console));
    }
    Attempt<int> operator()(const RoundTripOptions& options) const {
        return done(show_round_trip(options, console));
    }
    Attempt<int> operator()(const ReachabilityOptions& options) const {
        return done(show_reachability(options, console));
    }
    Attempt<int> operator()(const SqlOptions& options) const {
        return done(run_sql(options, console));
    }
    Attempt<int> operator()(const AggregateOptions& options) const {
        return done(aggregate(options, console));
    }
    Attempt<int> operator()(const InfoOptions& options) const {
        return done(show_info(options, console));
    }
    Attempt<int> operator()(const PublishOptions& options) const {
        return done(publish(options, console));
    }
    Attempt<int> operator()(const UiOptions& options) const {
        return done(open_page(options, console));
    }
    Attempt<int> operator()(const TopOptions& options) const { return done(top(options, console)); }
    Attempt<int> operator()(const TraceOptions& options) const {
        return done(trace(options, console));
    }
    Attempt<int> operator()(const QueryOptions& options) const { return query(options, console); }
    Attempt<int> operator()(const EstimateOptions& options) const {
        return done(estimate(options, console));
    }
    Attempt<int> operator()(const SubscribeOptions& options) const {
        return done(subscribe(options, console));
    }
    Attempt<int> operator()(const JoinOptions& options) const {
        return done(join(options, console));
    }
    Attempt<int> operator()(const LeaveOptions& options) const {
        return done(leave(options, console));
    }
    Attempt<int> operator()(const ForgetOptions& options) const {
        return done(forget(options, console));
    }
    Attempt<int> operator()(const InviteOptions& options) const {
        return done(invite(options, console));
    }
    Attempt<int> operator()(const RecordOptions& options) const {
        using What = RecordOptions::What;
        const bool is_looking = options.what == What::get || options.what == What::list;
        return done(is_looking ? show_record(options, console) : change_record(options, console));
    }
    Attempt<int> operator()(const StateOptions& options) const {
        return done(state(options, console));
    }
    Attempt<int> operator()(const OverlayOptions& options) const {
        using What = OverlayOptions::What;
        const bool is_looking = options.what == What::list || options.what == What::show;
        return done(is_looking ? show_overlays(options, console)
                               : change_overlay(options, console));
    }
    Attempt<int> operator()(const KeysOptions& options) const {
        using What = KeysOptions::What;
        if (options.what == What::status) return done(show_keys(options, console));
        if (options.what == What::rotate) return done(rotate_keys(options, console));
        return done(generate_key(options, console));
    }
    Attempt<int> operator()(const OperatorOptions& options) const {
        return done(operator_key(options, console));
    }
    Attempt<int> operator()(const WipeOptions& options) const {
        return done(wipe(options, console));
    }
    Attempt<int> operator()(const ConfigOptions& options) const {
        return done(config(options, console));
    }
    Attempt<int> operator()(const SummaryOptions& options) const {
        return done(summary(options, console));
    }
    Attempt<int> operator()(const SimOptions& options) const {
        return done(simulate(options, console));
    }
    Attempt<int> operator()(const LabOptions& options) const {
        return done(compare_detectors(options, console));
    }
    Attempt<int> operator()(const LabRunOptions& options) const {
        return done(run_lab(options, console));
    }
    Attempt<int> operator()(const VersionOptions& options) const {
        return done(show_version(options, console));
    }
    Attempt<int> operator()(const CompletionOptions& options) const {
        console.out << completion_script(options.shell);
        return 0;
    }
};

}  // namespace

int run(const std::vector<std::string>& arguments, Console& console) {
    const auto command = parse_arguments(arguments);
    const Attempt<int> result =
        command ? std::visit(Dispatch{console}, *command) : std::unexpected(command.error());
    console.out.flush();
    Failure failure;
    if (!result) {
        failure = result.error();
    } else if (!console.out) {
        // A script that believes half an answer is worse off than one that fails.
        failure = Failure{ExitCode::failed, "the output could not be written", "is the disk full?"};
    } else {
        return *result;
    }
    console.err << describe(failure);
    console.err.flush();
    return static_cast<int>(failure.code);
}

}  // namespace grapevine::cli

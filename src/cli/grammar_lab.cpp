#include <CLI/App.hpp>
#include <CLI/Validators.hpp>

#include "cli/grammar.hpp"
#include "sim/detector_lab.hpp"

namespace grapevine::cli {

void Grammar::add_lab_run(CLI::App& lab) {
    CLI::App* app = add(lab, "run", "Run an experiment to its end, as its link says.");
    LabRunOptions& options = all_.lab_run;
    app->add_option("link", options.link,
                    "experiment=NAME&SETTING=VALUE&..., as the page gives it.")
        ->type_name("LINK")
        ->required();
    auto* json = app->add_flag("--json", options.is_json, "Print JSON, for scripts.");
    app->add_flag("--csv", options.is_csv, "Print a line per round.")->excludes(json);
    app->add_option("--svg", options.svg_file, "Write a picture of the curve to this file.")
        ->type_name("FILE");
    app->callback(
        [this] { finish_ = [this]() -> Attempt<Command> { return Command(all_.lab_run); }; });
}

void Grammar::add_lab() {
    CLI::App* lab =
        add(root_, "lab", "Experiments in the simulator: the page, or a command below.");
    lab->require_subcommand(0, 1);
    add_page_flags(lab, all_.lab_page);
    lab->callback([this, lab] {
        // Called behind that of a command below, too.
        if (!lab->get_subcommands().empty()) return;
        all_.lab_page.route = "/lab";
        finish_ = [this]() -> Attempt<Command> { return Command(all_.lab_page); };
    });
    add_lab_run(*lab);
    CLI::App* app = add(*lab, "detectors", "Compare the failure detectors on the same crashes.");
    LabOptions& options = all_.lab;
    const std::vector<std::string> names(protocol::kDetectorNames.begin(),
                                         protocol::kDetectorNames.end());
    app->add_option("--detector", options.detectors, "Only this one. May be repeated.")
        ->type_name("DETECTOR")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->check(CLI::IsMember(names));
    app->add_option("--condition", options.conditions,
                    "Only these rows: calm, loss or stalls. May be repeated.")
        ->type_name("CONDITION")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->check(CLI::IsMember({"calm", "loss", "stalls"}));
    app->add_option("--profile", options.profile, "The set of times: fast, lan or wan.")
        ->type_name("PROFILE")
        ->check(CLI::IsMember({"fast", "lan", "wan"}))
        ->capture_default_str();
    app->add_option("--members", options.members, "How many members.")
        ->type_name("N")
        ->check(CLI::Range(3, 10000))
        ->capture_default_str();
    app->add_option("--crashes", options.crashes, "How many crashes per row.")
        ->type_name("N")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app->add_option("--seed", options.seed, "Same seed, same table.")
        ->type_name("S")
        ->capture_default_str();
    app->add_option("--loss", options.loss_percent,
                    "Lost datagrams in the rows with loss, in percent.")
        ->type_name("PERCENT")
        ->check(CLI::Range(0.0, 90.0))
        ->capture_default_str();
    app->add_option("--stall", options.stall_ms,
                    "In the rows with stalls, every second one member does nothing for so many "
                    "milliseconds.")
        ->type_name("MS")
        ->check(CLI::Range(0, 600000))
        ->capture_default_str();
    app->add_option("--calm", options.calm_seconds,
                    "Simulated seconds before the first crash, in which bytes are counted.")
        ->type_name("S")
        ->check(CLI::Range(1.0, 86400.0))
        ->capture_default_str();
    app->add_flag("--json", options.is_json, "Print JSON, for scripts.");
    app->callback([this] { finish_ = [this]() -> Attempt<Command> { return Command(all_.lab); }; });
}

}  // namespace grapevine::cli

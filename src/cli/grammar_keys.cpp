#include <CLI/CLI.hpp>

#include "cli/grammar.hpp"

// Commands that concern a whole overlay: its keys, and what is wiped in it.
namespace grapevine::cli {
namespace {

void add_operator_file(CLI::App* app, std::string& file) {
    app->add_option("--operator-key", file,
                    "File with the key of an operator, where the overlay names any.")
        ->type_name("FILE");
}

}  // namespace

void Grammar::add_keys_commands(CLI::App* keys) {
    using What = KeysOptions::What;
    KeysOptions& options = all_.keys;
    CLI::App* status = add(*keys, "status", "Show which member holds which key.");
    add_json(status, options.is_json);
    add_connection(status, options.connection);
    choose(status, options);
    status->preparse_callback([&options](std::size_t) { options.what = What::status; });

    CLI::App* rotate = add(*keys, "rotate", "Bring all members to a new key, without a pause.");
    rotate->add_option("--key", options.key, "The new key; else a fresh one.")->type_name("KEY");
    rotate
        ->add_option("--without", options.without,
                     "A member that is not waited for, by name or id. May be repeated.")
        ->type_name("MEMBER")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_operator_file(rotate, options.operator_file);
    rotate->add_flag("--wait", options.is_waiting, "Return when the old key is gone everywhere.");
    rotate->add_option("--give-up", options.give_up_seconds, "Seconds to wait.")
        ->type_name("SECONDS")
        ->check(CLI::Range(1.0, 86400.0))
        ->capture_default_str();
    add_json(rotate, options.is_json);
    add_connection(rotate, options.connection);
    choose(rotate, options);
    rotate->preparse_callback([&options](std::size_t) { options.what = What::rotate; });
}

void Grammar::add_managing() {
    OperatorOptions& keeper = all_.operator_key;
    CLI::App* operators = add(root_, "operator", "Keys of those who decide for an overlay.");
    operators->require_subcommand(1);
    CLI::App* make = add(*operators, "new", "Make a key, and print its public half.");
    make->add_option("--out", keeper.file, "The file to be written.")
        ->type_name("FILE")
        ->required();
    add_json(make, keeper.is_json);
    choose(make, keeper);
    make->preparse_callback([&keeper](std::size_t) { keeper.is_new = true; });
    CLI::App* show = add(*operators, "show", "Print the public half of a key.");
    show->add_option("file", keeper.file, "What `operator new` has written.")
        ->type_name("FILE")
        ->required();
    add_json(show, keeper.is_json);
    choose(show, keeper);

    CLI::App* wiping = add(root_, "wipe", "Wipe a part of the state on all members.");
    wiping
        ->add_option("part", all_.wipe.part,
                     "records, events, state or state:PREFIX; without it, what has been wiped.")
        ->type_name("PART");
    add_operator_file(wiping, all_.wipe.operator_file);
    add_json(wiping, all_.wipe.is_json);
    add_connection(wiping, all_.wipe.connection);
    choose(wiping, all_.wipe);
    add_config();
    add_summary();
}

void Grammar::add_config() {
    using What = ConfigOptions::What;
    ConfigOptions& options = all_.config;
    CLI::App* config = add(root_, "config", "What is set for a whole overlay.");
    config->require_subcommand(1);
    const auto finish = [&](CLI::App* app, What what) {
        add_json(app, options.is_json);
        add_connection(app, options.connection);
        choose(app, options);
        app->preparse_callback([&options, what](std::size_t) { options.what = what; });
    };
    finish(add(*config, "status", "Show what is set, who runs it, and how far it is rolled out."),
           What::status);
    CLI::App* propose = add(*config, "propose", "Roll settings out to all members, carefully.");
    propose
        ->add_option("settings", options.settings,
                     "What to set, as in the configuration file; nothing behind the =: as each "
                     "member is configured.")
        ->type_name("SETTING=VALUE")
        ->required();
    propose
        ->add_option("--canary", options.canary,
                     "The share of members that try it first: 0.1 or 10%, which is the default.")
        ->type_name("SHARE");
    propose
        ->add_option("--health-interval", options.health_interval_ms,
                     "Milliseconds; the trial takes three of them. Default 10000.")
        ->type_name("MS")
        ->check(CLI::Range(std::uint64_t{1000}, std::uint64_t{3'600'000}));
    add_operator_file(propose, options.operator_file);
    finish(propose, What::propose);
    finish(add(*config, "return", "Take the last roll-out back, under way or everywhere."),
           What::take_back);
}

}  // namespace grapevine::cli

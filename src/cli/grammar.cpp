#include "cli/grammar.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/core.h>

#include "cli/help.hpp"
#include "daemon/config_keys.hpp"

namespace grapevine::cli {

namespace {

std::string_view word_of(daemon::KeyType type) {
    switch (type) {
        case daemon::KeyType::text:
            return "TEXT";
        case daemon::KeyType::path:
            return "PATH";
        case daemon::KeyType::address:
            return "ADDRESS:PORT";
        case daemon::KeyType::integer:
            return "NUMBER";
        case daemon::KeyType::size:
            return "SIZE";
        case daemon::KeyType::duration:
            return "DURATION";
        case daemon::KeyType::choice:
            return "CHOICE";
        case daemon::KeyType::list:
            return "LIST";
        case daemon::KeyType::labels:
            return "KEY=VALUE";
    }
    return "VALUE";
}

std::string group_of(const daemon::Key& key) {
    if (key.is_of_overlay()) return "Overlay";
    if (key.name.starts_with("http.")) return "HTTP";
    if (key.name.starts_with("log.")) return "Log";
    return "Daemon";
}

std::string sentence_of(const daemon::Key& key) {
    std::string text(key.description);
    if (!key.choices.empty()) {
        text += " One of:";
        for (const auto choice : key.choices) text += fmt::format(" {}", choice);
        text += ".";
    }
    if (key.kind_of_default == daemon::Key::Default::fixed) {
        text += fmt::format(" Default: {}.", key.default_text);
    }
    return text;
}

enum class KeySet : std::uint8_t { all, of_overlay };

/// Whether an overlay that is made over the API can have it: those of the old protocol are not, and
/// samples can run programs.
/// Whether an overlay that is made over the API can have it: those of the old protocol are not.
bool is_of_native_overlay(const daemon::Key& key) {
    if (!key.is_of_overlay() || key.name == "overlay.name" || key.name == "overlay.protocol") {
        return false;
    }
    const auto sampling = daemon::sampling_keys();
    if (std::ranges::find(sampling, key.name, &daemon::Key::name) != sampling.end()) return false;
    return key.name == "overlay.local_delivery" ||
           std::ranges::find(daemon::gossiperl_keys(), key.name, &daemon::Key::name) ==
               daemon::gossiperl_keys().end();
}

/// The flags of the configuration, from its table.
void add_keys(CLI::App* app, KeySet set, KeyTexts& texts) {
    for (const daemon::Key& key : daemon::config_keys()) {
        if (key.name == "config") continue;
        if (set == KeySet::of_overlay && !is_of_native_overlay(key)) continue;
        CLI::Option* option =
            app->add_option(std::string(key.flag), texts[std::string(key.name)], sentence_of(key));
        option->type_name(std::string(word_of(key.type)));
        const bool is_many =
            key.type == daemon::KeyType::list || key.type == daemon::KeyType::labels;
        option->expected(1)->multi_option_policy(is_many ? CLI::MultiOptionPolicy::TakeAll
                                                         : CLI::MultiOptionPolicy::TakeLast);
        if (!key.alone.empty()) option->expected(0, 1)->default_str(std::string(key.alone));
        option->group(set == KeySet::all ? group_of(key) : std::string("Settings"));
    }
}

}  // namespace

std::string version_line() {
    return std::string("grapevine ") + GRAPEVINE_VERSION;
}

std::string path_of(const CLI::App& app) {
    const CLI::App* parent = app.get_parent();
    return parent == nullptr ? app.get_name() : path_of(*parent) + " " + app.get_name();
}

std::string see_help(const CLI::App& app) {
    return fmt::format("see: {} --help", path_of(app));
}

/// What the chosen command comes to, after parsing.
Grammar::Grammar()
    : root_(
          "Gossip as a service for the host: who is in the group, who has failed, and events "
          "between all.",
          "grapevine") {
    finish_ = [this]() -> Attempt<Command> { return Command(ShowText{root_.help()}); };
    root_.set_help_flag("-h,--help", "Show this help.");
    root_.set_version_flag("--version", version_line(), "Show the version.");
    root_.footer("`grapevine COMMAND --help` says more of each, with examples.");
    add_agent();
    add_demo();
    add_looking();
    add_network();
    add_answers();
    add_publish();
    add_pictures();
    add_trace();
    add_query();
    add_estimate();
    add_subscribe();
    add_joining();
    add_record();
    add_state();
    add_overlay();
    add_tools();
    add_lab();
    add(root_, "help", "Show help for a command, or: exit-codes, environment.");
}

CLI::App* Grammar::add(CLI::App& parent, const std::string& name, const std::string& description) {
    CLI::App* app = parent.add_subcommand(name, description);
    app->set_help_flag("-h,--help", "Show this help.");
    const std::string path = &parent == &root_ ? name : parent.get_name() + " " + name;
    app->footer(std::string(examples_of(path)));
    return app;
}

void Grammar::add_agent() {
    CLI::App* app = add(root_, "agent", "Run the daemon.");
    AgentOptions& options = all_.agent;
    app->add_option("--config", options.config_file,
                    std::string(daemon::find_key("config")->description))
        ->type_name("FILE");
    app->add_flag("--check", options.is_check,
                  "Check the configuration, print what it comes to, and start nothing.");
    add_keys(app, KeySet::all, all_.agent_keys);
    app->callback([this] {
        finish_ = [this]() -> Attempt<Command> {
            for (const auto& [name, texts] : all_.agent_keys) {
                for (const std::string& text : texts) all_.agent.flags.emplace_back(name, text);
            }
            return Command(all_.agent);
        };
    });
}

void Grammar::add_demo() {
    CLI::App* app = add(root_, "demo", "Watch several daemons on this host find each other.");
    DemoOptions& options = all_.demo;
    app->add_option("--members", options.members, "How many daemons.")
        ->type_name("N")
        ->check(CLI::Range(2, 20))
        ->capture_default_str();
    app->add_option("--seconds", options.seconds,
                    "Stay up this long after the story, instead of until Ctrl-C.")
        ->type_name("S")
        ->check(CLI::Range(0.0, 86400.0));
    app->add_option("--profile", options.profile, "How eagerly failures are detected.")
        ->type_name("PROFILE")
        ->check(CLI::IsMember({"fast", "lan"}))
        ->capture_default_str();
    app->add_option("--rate", options.rate, "Events per second, over all daemons.")
        ->type_name("R")
        ->check(CLI::Range(0.1, 200.0))
        ->capture_default_str();
    app->add_flag("--json", options.is_json,
                  "End with one JSON object on standard output; the rest goes to standard "
                  "error.");
    choose(app, options);
}

void Grammar::add_looking() {
    CLI::App* members = add(root_, "members", "Show who is in the overlay.");
    members
        ->add_option("--status", all_.members.statuses,
                     "Only members with this status. May be repeated.")
        ->type_name("STATUS")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->check(CLI::IsMember({"alive", "suspect", "dead", "left"}));
    members
        ->add_option("--label", all_.members.labels,
                     "Only members with this label. May be repeated; all must hold.")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    CLI::Option* sort =
        members->add_option("--sort", all_.members.sort,
                            "name, or rtt: nearest first, those of unknown distance last.");
    sort->type_name("ORDER")->check(CLI::IsMember({"name", "rtt"}))->capture_default_str();
    members->add_flag("-w,--watch", all_.members.is_watch, "Follow the changes until Ctrl-C.")
        ->excludes(sort);
    add_json(members, all_.members.is_json);
    add_connection(members, all_.members.connection);
    choose(members, all_.members);

    CLI::App* info = add(root_, "info", "Show the daemon and its overlays.");
    add_json(info, all_.info.is_json);
    add_connection(info, all_.info.connection, WithOverlay::no);
    choose(info, all_.info);
}

void Grammar::add_network() {
    CLI::App* rtt = add(root_, "rtt", "Show the round trip between two members.");
    rtt->add_option("from", all_.round_trip.from, "A member, by name or id.")
        ->type_name("A")
        ->required();
    rtt->add_option("to", all_.round_trip.to, "The other one; else our own.")->type_name("B");
    add_json(rtt, all_.round_trip.is_json);
    add_connection(rtt, all_.round_trip.connection);
    choose(rtt, all_.round_trip);

    CLI::App* reachability = add(root_, "reachability", "Show who reaches whom.");
    ReachabilityOptions& options = all_.reachability;
    reachability
        ->add_option("--age", options.age_seconds,
                     "What a member found out longer ago than so many seconds it finds out anew.")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.0, 3600.0))
        ->capture_default_str();
    add_json(reachability, options.is_json);
    // All members examine all others before they answer.
    options.connection.timeout_seconds = 60;
    add_connection(reachability, options.connection);
    choose(reachability, options);
}

void Grammar::add_publish() {
    CLI::App* app = add(root_, "publish", "Publish an event to all members.");
    PublishOptions& options = all_.publish;
    app->add_option("topic", options.topic, "Such as deploy.started.")
        ->type_name("TOPIC")
        ->required();
    CLI::Option* payload = app->add_option(
        "payload", options.payload, "The payload; without it and --file, standard input is read.");
    payload->type_name("PAYLOAD");
    app->add_option("-f,--file", options.file, "Take the payload from this file.")
        ->type_name("FILE")
        ->excludes(payload);
    app->add_option("--after", options.after,
                    "An event that subscribers shall see first, by its id; may be repeated.")
        ->type_name("EVENT")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app->add_flag("--trace", options.is_traced,
                  "Let members note how they learn of it, and print its id for: grapevine trace.");
    add_json(app, options.is_json);
    add_connection(app, options.connection);
    choose(app, options);
}

void Grammar::add_trace() {
    CLI::App* app = add(root_, "trace", "Show how an event spread.");
    TraceOptions& options = all_.trace;
    app->add_option("event", options.event, "Its id, as grapevine publish --trace prints it.")
        ->type_name("EVENT")
        ->required();
    app->add_option("--svg", options.svg_file, "Write a picture of the tree to this file.")
        ->type_name("FILE");
    app->add_option("--wait", options.wait_seconds,
                    "How long to wait for members that do not answer.")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.001, 30.0))
        ->capture_default_str();
    add_json(app, options.is_json);
    add_connection(app, options.connection);
    choose(app, options);
}

void Grammar::add_subscribe() {
    CLI::App* app = add(root_, "subscribe", "Follow events.");
    SubscribeOptions& options = all_.subscribe;
    app->add_option("patterns", options.patterns,
                    "Topics; * stands for one word, > for the rest. All when none is given.")
        ->type_name("PATTERN");
    CLI::Option* cursor = app->add_option("--cursor", options.cursor,
                                          "Continue behind the event that had this cursor.");
    cursor->type_name("CURSOR");
    app->add_option("--from", options.from, "Where to begin: oldest (that is kept) or now.")
        ->check(CLI::IsMember({"oldest", "now"}))
        ->capture_default_str()
        ->excludes(cursor);
    app->add_option("-n,--count", options.count, "End after so many events.")->type_name("N");
    app->add_option("--give-up", options.give_up_seconds,
                    "End with exit code 5 after so long without the count.")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.0, 86400.0 * 365));
    app->add_flag("--json", options.is_json, "Print one JSON object a line.");
    add_connection(app, options.connection);
    choose(app, options);
}

void Grammar::add_joining() {
    CLI::App* join = add(root_, "join", "Accept an invitation, or contact seeds.");
    join->add_option("target", all_.join.targets,
                     "A token of `grapevine invite`, or HOST:PORT of members.")
        ->type_name("TOKEN|SEED")
        ->required();
    add_json(join, all_.join.is_json);
    add_connection(join, all_.join.connection);
    choose(join, all_.join);

    CLI::App* leave = add(root_, "leave", "Say goodbye to an overlay, until the next start.");
    add_connection(leave, all_.leave.connection);
    choose(leave, all_.leave);

    CLI::App* forget = add(root_, "forget", "Remove a dead or left member from the view.");
    forget->add_option("member", all_.forget.member, "Its name or id.")
        ->type_name("MEMBER")
        ->required();
    add_connection(forget, all_.forget.connection);
    choose(forget, all_.forget);

    CLI::App* invite = add(root_, "invite", "Print a token that lets another host in.");
    invite
        ->add_option("--seed", all_.invite.seeds,
                     "Addresses to put into the token instead of ours. May be repeated.")
        ->type_name("HOST:PORT")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_json(invite, all_.invite.is_json);
    add_connection(invite, all_.invite.connection);
    choose(invite, all_.invite);
}

void Grammar::add_record() {
    CLI::App* app = add(root_, "record", "Small facts that each member tells of itself.");
    app->require_subcommand(1);
    RecordOptions& options = all_.record;
    const auto verb = [&](const std::string& name, const std::string& description,
                          RecordOptions::What what) {
        CLI::App* sub = add(*app, name, description);
        sub->callback([this, what] {
            finish_ = [this, what]() -> Attempt<Command> {
                all_.record.what = what;
                return Command(all_.record);
            };
        });
        return sub;
    };
    CLI::App* get = verb("get", "Print the value of a key.", RecordOptions::What::get);
    CLI::App* set = verb("set", "Set a key of our own record.", RecordOptions::What::set);
    CLI::App* unset = verb("unset", "Erase a key of our own record.", RecordOptions::What::unset);
    CLI::App* list = verb("list", "Show a whole record.", RecordOptions::What::list);
    for (CLI::App* sub : {get, set, unset}) {
        sub->add_option("key", options.key, "The key.")->type_name("KEY")->required();
    }
    set->add_option("value", options.value, "The value.")->type_name("VALUE")->required();
    for (CLI::App* sub : {get, list}) {
        sub->add_option("-m,--member", options.member, "Whose record; else our own.")
            ->type_name("MEMBER");
    }
    for (CLI::App* sub : {get, set, list}) add_json(sub, options.is_json);
    for (CLI::App* sub : {get, set, unset, list}) add_connection(sub, options.connection);
}

void Grammar::add_overlay() {
    CLI::App* app = add(root_, "overlay", "The overlays of this daemon.");
    app->require_subcommand(1);
    const auto verb = [&](const std::string& name, const std::string& description,
                          OverlayOptions::What what) {
        CLI::App* sub = add(*app, name, description);
        sub->callback([this, what] {
            finish_ = [this, what]() -> Attempt<Command> {
                all_.overlay.what = what;
                for (const auto& [key, texts] : all_.overlay_keys) {
                    if (!texts.empty()) all_.overlay.settings.emplace_back(key, texts);
                }
                return Command(all_.overlay);
            };
        });
        if (what != OverlayOptions::What::list) {
            sub->add_option("name", all_.overlay.name, "The overlay's name.")
                ->type_name("NAME")
                ->required();
        }
        if (what != OverlayOptions::What::remove) add_json(sub, all_.overlay.is_json);
        return sub;
    };
    using What = OverlayOptions::What;
    CLI::App* list = verb("list", "List the overlays.", What::list);
    CLI::App* show = verb("show", "Show one overlay with its counters.", What::show);
    CLI::App* create = verb("create", "Create an overlay and keep it.", What::create);
    CLI::App* change = verb("change", "Change what is given, leave the rest.", What::change);
    CLI::App* remove = verb("remove", "Leave an overlay and forget it.", What::remove);
    for (CLI::App* sub : {create, change}) {
        add_keys(sub, KeySet::of_overlay, all_.overlay_keys);
    }
    for (CLI::App* sub : {list, show, create, change, remove}) {
        add_connection(sub, all_.overlay.connection, WithOverlay::no);
    }
}

void Grammar::add_tools() {
    CLI::App* keys = add(root_, "keys", "Overlay keys.");
    keys->require_subcommand(1);
    CLI::App* generate = add(*keys, "generate", "Print a new random key.");
    generate->add_option("--id", all_.keys.id, "Its id: another than those in use.")
        ->type_name("ID")
        ->check(CLI::Range(0, 255))
        ->capture_default_str();
    add_json(generate, all_.keys.is_json);
    choose(generate, all_.keys);
    add_keys_commands(keys);
    add_managing();

    CLI::App* sim = add(root_, "sim", "Run a scenario in the simulator.");
    SimOptions& options = all_.sim;
    sim->add_option("scenario", options.scenario, "A file, or a name of --list.")
        ->type_name("SCENARIO");
    sim->add_flag("--list", options.is_list, "List the scenarios that are shipped.");
    sim->add_option("--seed", options.seed, "Same seed, same run.")
        ->type_name("S")
        ->capture_default_str();
    sim->add_option("--members", options.members, "Instead of the scenario's own number.")
        ->type_name("N")
        ->check(CLI::Range(1, 20000));
    sim->add_option("--detector", options.detector, "Instead of the scenario's own.")
        ->type_name("DETECTOR")
        ->check(CLI::IsMember({"rings", "swim", "heartbeat", "phi"}));
    sim->add_option("--trace", options.trace_file, "Write one JSON object per thing happened.")
        ->type_name("FILE");
    add_json(sim, options.is_json);
    sim->callback([this, sim] {
        finish_ = [this, sim]() -> Attempt<Command> {
            if (all_.sim.scenario.empty() && !all_.sim.is_list) {
                return fail(ExitCode::usage, "no scenario is named", see_help(*sim));
            }
            return Command(all_.sim);
        };
    });

    CLI::App* version = add(root_, "version", "Show the version.");
    add_json(version, all_.version.is_json);
    choose(version, all_.version);

    CLI::App* completion = add(root_, "completion", "Print a completion script for a shell.");
    completion->add_option("shell", all_.completion.shell, "bash, zsh or fish.")
        ->type_name("SHELL")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    choose(completion, all_.completion);
}

}  // namespace grapevine::cli

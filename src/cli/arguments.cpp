#include "cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/core.h>

#include "base/nearest.hpp"
#include "cli/grammar.hpp"
#include "cli/help.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::cli {

namespace {

Texts names_of_commands(const CLI::App& app) {
    Texts names;
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(sub->get_name());
    }
    return names;
}

CLI::App* find_command(CLI::App& app, const std::string& name) {
    const auto all = app.get_subcommands([](CLI::App*) { return true; });
    const auto found =
        std::ranges::find_if(all, [&name](const CLI::App* sub) { return sub->get_name() == name; });
    return found == all.end() ? nullptr : *found;
}

Failure unknown_command(const CLI::App& app, const std::string& word) {
    const Texts names = names_of_commands(app);
    const std::vector<std::string_view> known(names.begin(), names.end());
    return Failure{ExitCode::usage,
                   fmt::format("'{} {}' is not a command", path_of(app), daemon::printable(word)),
                   nearest_cure(word, known)};
}

Failure unknown_flag(const CLI::App& app, const std::string& flag) {
    Texts names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto nearest = nearest_name(flag, known);
    return Failure{ExitCode::usage,
                   fmt::format("'{}' has no flag {}", path_of(app), daemon::printable(flag)),
                   nearest ? fmt::format("did you mean {}?", *nearest) : see_help(app)};
}

std::string help_of(const CLI::App& app) {
    const CLI::App* parent = app.get_parent();
    return app.help(parent == nullptr ? std::string() : path_of(*parent));
}

Attempt<Command> help(CLI::App& root, const Texts& words) {
    if (words.size() == 1 && !words.front().starts_with("-")) {
        const std::string_view topic = help_topic(words.front());
        if (!topic.empty()) return Command(ShowText{std::string(topic)});
    }
    CLI::App* app = &root;
    for (const std::string& word : words) {
        if (word == "-h" || word == "--help") {
            if (app == &root) app = find_command(root, "help");
            break;
        }
        CLI::App* next = find_command(*app, word);
        if (next == nullptr) return std::unexpected(unknown_command(*app, word));
        app = next;
    }
    return Command(ShowText{help_of(*app)});
}

/// The last command that was named, for help about it.
const CLI::App& selected(const CLI::App& root) {
    const CLI::App* app = &root;
    for (;;) {
        const auto subs = app->get_subcommands();
        if (subs.empty()) return *app;
        app = subs.front();
    }
}

/// Unknown commands and long flags, found before the library parses: its own message would be
/// about whatever is missing because of them.
std::optional<Failure> find_mistake(CLI::App& root, const Texts& arguments) {
    CLI::App* app = &root;
    for (std::size_t index = 0; index < arguments.size(); ++index) {
        const std::string& word = arguments[index];
        if (word == "--") return std::nullopt;
        if (word.starts_with("--")) {
            const std::string flag = word.substr(0, word.find('='));
            const CLI::Option* option = app->get_option_no_throw(flag);
            if (option == nullptr) return unknown_flag(*app, flag);
            const bool is_next_a_flag =
                index + 1 < arguments.size() && arguments[index + 1].starts_with("-");
            const bool takes_value = option->get_items_expected_min() > 0 ||
                                     (option->get_items_expected_max() > 0 && !is_next_a_flag);
            if (takes_value && word.find('=') == std::string::npos) ++index;
            continue;
        }
        if (word.starts_with("-") && word.size() > 1) {
            const CLI::Option* option = app->get_option_no_throw(word.substr(0, 2));
            const bool takes_value =
                option != nullptr && option->get_items_expected_max() > 0 && word.size() == 2;
            if (takes_value) ++index;
            continue;
        }
        if (names_of_commands(*app).empty()) continue;
        CLI::App* next = find_command(*app, word);
        if (next == nullptr) return unknown_command(*app, word);
        app = next;
    }
    return std::nullopt;
}

void describe_into(CLI::App& app, const std::string& path, std::vector<CommandInfo>& into) {
    CommandInfo info;
    info.path = path;
    info.description = app.get_description();
    info.commands = names_of_commands(app);
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            if (name != "help") info.flags.push_back("--" + name);
        }
    }
    into.push_back(info);
    for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
        describe_into(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), into);
    }
}

}  // namespace

Attempt<Command> parse_arguments(const std::vector<std::string>& arguments) {
    Grammar grammar;
    CLI::App& root = grammar.root();
    if (arguments.empty()) return Command(ShowText{root.help()});
    if (arguments.front() == "help") {
        return help(root, Texts(arguments.begin() + 1, arguments.end()));
    }
    if (auto mistake = find_mistake(root, arguments)) return std::unexpected(std::move(*mistake));
    // The library reports by exceptions; they end here.
    try {
        root.parse(Texts(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        return Command(ShowText{help_of(selected(root))});
    } catch (const CLI::CallForVersion&) {
        return Command(ShowText{version_line() + "\n"});
    } catch (const CLI::ParseError& error) {
        return fail(ExitCode::usage, error.what(), see_help(selected(root)));
    }
    return grammar.finish();
}

std::vector<CommandInfo> describe_commands() {
    Grammar grammar;
    std::vector<CommandInfo> all;
    describe_into(grammar.root(), "", all);
    return all;
}

}  // namespace grapevine::cli

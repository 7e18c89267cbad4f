#include <algorithm>
#include <fmt/core.h>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace grapevine::cli {

namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

/// Inside single quotes of any of the three shells.
std::string quoted(std::string_view text) {
    std::string result;
    for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return "'" + result + "'";
}

/// Words that may follow, by the commands that stand before: the same for bash and zsh.
std::string cases(const std::vector<CommandInfo>& commands) {
    std::string text;
    for (const CommandInfo& command : commands) {
        text += fmt::format("        {}) words={} ;;\n", quoted(command.path),
                            quoted(joined(command.commands) +
                                   (command.commands.empty() ? "" : " ") + joined(command.flags)));
    }
    return text;
}

std::string bash_script(const std::vector<CommandInfo>& commands) {
    std::string text = R"(# bash completion of grapevine; made by: grapevine completion bash
_grapevine() {
    local current="${COMP_WORDS[COMP_CWORD]}" path='' words='' word index
    for ((index = 1; index < COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        case "$word" in
            -*) ;;
            *)
                case "|)";
    std::string paths;
    for (const CommandInfo& command : commands) {
        if (!command.path.empty()) paths += command.path + "|";
    }
    text += paths + R"(" in
                    *"|${path:+$path }$word|"*) path="${path:+$path }$word" ;;
                esac
                ;;
        esac
    done
    case "$path" in
)";
    text += cases(commands);
    text += R"(    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [[ ${#COMPREPLY[@]} -eq 0 && "$current" != -* ]]; then
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -F _grapevine grapevine
)";
    return text;
}

std::string zsh_script(const std::vector<CommandInfo>& commands) {
    std::string text =
        "#compdef grapevine\n# made by: grapevine completion zsh\n_grapevine() {\n"
        "    local path_='' words_ word known=(";
    for (const CommandInfo& command : commands) {
        if (!command.path.empty()) text += quoted(command.path) + " ";
    }
    text += R"()
    for word in "${(@)words[2,CURRENT-1]}"; do
        if (( ${known[(Ie)${path_:+$path_ }$word]} )); then
            path_="${path_:+$path_ }$word"
        fi
    done
    case "$path_" in
)";
    for (const CommandInfo& command : commands) {
        text += fmt::format("        {}) words_=({} {}) ;;\n", quoted(command.path),
                            joined(command.commands), joined(command.flags));
    }
    text += R"(    esac
    compadd -- $words_ || _files
}
if [ "$funcstack[1]" = "_grapevine" ]; then
    _grapevine "$@"
else
    compdef _grapevine grapevine
fi
)";
    return text;
}

std::string fish_script(const std::vector<CommandInfo>& commands) {
    std::string text = "# fish completion of grapevine; made by: grapevine completion fish\n";
    for (const CommandInfo& command : commands) {
        // True when all words of the path were typed, and none of its own subcommands.
        std::string condition;
        std::string path = command.path;
        std::replace(path.begin(), path.end(), ' ', '\n');
        if (command.path.empty()) {
            condition = "__fish_use_subcommand";
        } else {
            for (std::size_t start = 0; start <= path.size();) {
                const std::size_t end = std::min(path.find('\n', start), path.size());
                condition +=
                    fmt::format("{}__fish_seen_subcommand_from {}",
                                condition.empty() ? "" : "; and ", path.substr(start, end - start));
                start = end + 1;
            }
            if (!command.commands.empty()) {
                condition += fmt::format("; and not __fish_seen_subcommand_from {}",
                                         joined(command.commands));
            }
        }
        for (const CommandInfo& sub : commands) {
            const std::size_t space = sub.path.rfind(' ');
            const std::string parent =
                space == std::string::npos ? std::string() : sub.path.substr(0, space);
            if (sub.path.empty() || parent != command.path) continue;
            text += fmt::format("complete -c grapevine -f -n {} -a {} -d {}\n", quoted(condition),
                                sub.path.substr(space == std::string::npos ? 0 : space + 1),
                                quoted(sub.description));
        }
        for (const std::string& flag : command.flags) {
            text += fmt::format("complete -c grapevine -n {} -l {}\n", quoted(condition),
                                flag.substr(2));
        }
    }
    return text;
}

}  // namespace

std::string completion_script(const std::string& shell) {
    const auto commands = describe_commands();
    if (shell == "zsh") return zsh_script(commands);
    return shell == "fish" ? fish_script(commands) : bash_script(commands);
}

}  // namespace grapevine::cli

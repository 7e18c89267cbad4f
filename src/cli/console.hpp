#pragma once

#include <iosfwd>
#include <map>
#include <string>

#include "cli/text.hpp"

namespace grapevine::cli {

/// What a command sees of the process around it. Tests give their own.
struct Console {
    std::ostream& out;
    std::ostream& err;
    std::istream& in;
    std::map<std::string, std::string> environment;
    bool is_out_terminal = false;
    bool is_err_terminal = false;
    bool is_in_terminal = false;

    /// Empty when it is not set.
    [[nodiscard]] std::string variable(const std::string& name) const {
        const auto found = environment.find(name);
        return found == environment.end() ? std::string() : found->second;
    }
    /// Colour only for a terminal, and only if the user does not mind (https://no-color.org).
    [[nodiscard]] Paint out_paint() const { return Paint(is_out_terminal && wants_colour()); }
    [[nodiscard]] Paint err_paint() const { return Paint(is_err_terminal && wants_colour()); }

private:
    [[nodiscard]] bool wants_colour() const {
        return variable("NO_COLOR").empty() && variable("TERM") != "dumb";
    }
};

/// How many lines the terminal behind a descriptor has; 0 when it does not say.
std::size_t terminal_rows(int descriptor);

/// That of this process.
Console console_of_process();

}  // namespace grapevine::cli

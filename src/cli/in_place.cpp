#include "cli/in_place.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <ostream>
#include <string>

namespace grapevine::cli {

void InPlace::show(std::ostream& out, std::string_view picture) {
    // Up to where the last picture began, then each line over the old one: nothing flickers. Lines
    // longer than the terminal would be counted wrongly, so they are cut there (no wrapping).
    std::string drawn = "\x1b[?7l";
    if (lines_drawn_ > 0) drawn += fmt::format("\x1b[{}A\r", lines_drawn_);
    for (const char c : picture) {
        if (c == '\n') drawn += "\x1b[K";
        drawn += c;
    }
    drawn += "\x1b[J\x1b[?7h";
    out << drawn << std::flush;
    lines_drawn_ = static_cast<std::size_t>(std::ranges::count(picture, '\n'));
}

}  // namespace grapevine::cli

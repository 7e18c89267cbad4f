#pragma once

#include <cstddef>
#include <iosfwd>
#include <string_view>

namespace grapevine::cli {

/// Draws one picture over the one before, on a terminal.
class InPlace {
public:
    /// `picture`: lines that end with a line feed. Those longer than the terminal are cut there.
    void show(std::ostream& out, std::string_view picture);

private:
    std::size_t lines_drawn_ = 0;
};

}  // namespace grapevine::cli

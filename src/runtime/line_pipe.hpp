#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "runtime/clock.hpp"

namespace grapevine::runtime {

/// Lines in on one descriptor and out on another: for a program that speaks a text protocol on its
/// standard input and output, and has nothing else to wait for. (Whoever has, uses a Loop.)
///
/// Blocks. Owns neither descriptor. Memory: one line, and what one read brings.
class LinePipe {
public:
    struct Input {
        enum class Kind : std::uint8_t {
            line,  ///< `line` has come, without its line feed.
            time,  ///< It is `until`, and there was none.
            end,   ///< No more will come.
        };
        Kind kind = Kind::end;
        std::string line{};
    };

    /// Of a line longer than `line_bytes_max` only one byte more than that is given, so that the
    /// reader sees that it is too long.
    LinePipe(SteadyClock clock, int input, int output, std::size_t line_bytes_max);

    /// Waits for a line, but not beyond `until`. A last line without line feed counts. `system`:
    /// the read failed; the pipe is of no more use then.
    Result<Input> next(Instant until);

    /// Writes the line and a line feed, waiting as long as the reader makes us wait. `system`: the
    /// write failed, perhaps in the middle.
    Result<void> write(std::string_view line);

private:
    [[nodiscard]] bool take_line(Input& input);

    SteadyClock clock_;
    int input_;
    int output_;
    std::size_t line_bytes_max_;
    std::string buffer_;        ///< What has come and was not given yet.
    std::size_t searched_ = 0;  ///< So many bytes of it hold no line feed.
    bool is_skipping_ = false;  ///< The rest of a line that was too long is thrown away.
    bool has_ended_ = false;
};

}  // namespace grapevine::runtime

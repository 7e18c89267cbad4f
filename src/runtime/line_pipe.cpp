#include "runtime/line_pipe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace grapevine::runtime {
namespace {

std::unexpected<Error> failed(std::string_view what) {
    return std::unexpected(Error{Error::Code::system, what, static_cast<std::uint32_t>(errno)});
}

timespec to_timespec(Duration duration) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
    return {static_cast<time_t>(seconds.count()), (duration - seconds).count()};
}

}  // namespace

LinePipe::LinePipe(SteadyClock clock, int input, int output, std::size_t line_bytes_max)
    : clock_(clock), input_(input), output_(output), line_bytes_max_(line_bytes_max) {}

bool LinePipe::take_line(Input& input) {
    const std::size_t feed = buffer_.find('\n', searched_);
    const bool is_whole = feed != std::string::npos;
    std::size_t size = is_whole ? feed : buffer_.size();
    const bool is_too_long = size > line_bytes_max_;
    if (!is_whole && !is_too_long && !(has_ended_ && size > 0)) {
        searched_ = size;
        return false;
    }
    const bool is_rest = is_skipping_;
    is_skipping_ = !is_whole && is_too_long;
    if (!is_rest) {
        input = {Input::Kind::line, buffer_.substr(0, std::min(size, line_bytes_max_ + 1))};
    }
    buffer_.erase(0, is_whole ? size + 1 : size);
    searched_ = 0;
    return !is_rest || take_line(input);
}

Result<LinePipe::Input> LinePipe::next(Instant until) {
    Input input;
    while (!take_line(input)) {
        if (has_ended_) return Input{Input::Kind::end};
        pollfd waiting{input_, POLLIN, 0};
        const Duration left = std::max(until - clock_.now(), Duration::zero());
        const timespec timeout = to_timespec(left);
        const int ready = ::ppoll(&waiting, 1, until == kNever ? nullptr : &timeout, nullptr);
        if (ready < 0 && errno != EINTR) return failed("poll");
        if (ready == 0) return Input{Input::Kind::time};
        if (ready < 0) continue;
        std::array<char, 16 * 1024> bytes;
        const ssize_t count = ::read(input_, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR && errno != EAGAIN) return failed("read");
        if (count == 0) has_ended_ = true;
        if (count > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return input;
}

Result<void> LinePipe::write(std::string_view line) {
    std::string text(line);
    text += '\n';
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t count = ::write(output_, text.data() + done, text.size() - done);
        if (count > 0) done += static_cast<std::size_t>(count);
        if (count >= 0 || errno == EINTR) continue;
        if (errno != EAGAIN) return failed("write");
        pollfd waiting{output_, POLLOUT, 0};
        if (::ppoll(&waiting, 1, nullptr, nullptr) < 0 && errno != EINTR) return failed("poll");
    }
    return {};
}

}  // namespace grapevine::runtime

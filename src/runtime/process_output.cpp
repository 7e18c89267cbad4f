#include "runtime/process_output.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include "runtime/clock.hpp"
#include "runtime/process.hpp"

namespace grapevine::runtime {
namespace {

constexpr Duration kSlice = std::chrono::milliseconds(100);

std::unexpected<Refusal> failed(std::string message, std::string cure) {
    return std::unexpected(
        Refusal{Refusal::Code::unavailable, std::move(message), std::move(cure), ""});
}

std::unexpected<Refusal> too_slow(Duration time_max) {
    return failed(
        fmt::format("it took longer than {} ms",
                    std::chrono::duration_cast<std::chrono::milliseconds>(time_max).count()),
        "give it more time, or less to do");
}

/// Reads until the end of the output.
Outcome<std::string> read_all(int descriptor, const SteadyClock& clock, Duration time_max,
                              std::size_t bytes_max, const std::atomic<bool>& is_cancelled) {
    std::string text;
    for (;;) {
        const Duration left = time_max - clock.now().time_since_epoch();
        if (left <= Duration::zero()) return too_slow(time_max);
        if (is_cancelled) return failed("it was given up", "");
        pollfd waiting{descriptor, POLLIN, 0};
        const auto slice = std::chrono::ceil<std::chrono::milliseconds>(std::min(left, kSlice));
        const int ready = ::poll(&waiting, 1, static_cast<int>(slice.count()));
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
        std::array<char, 4096> buffer;
        const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > bytes_max) {
            return failed(fmt::format("it wrote more than {} bytes", bytes_max),
                          "let it print nothing but what is asked for");
        }
    }
}

}  // namespace

Outcome<std::string> output_of(const std::vector<std::string>& arguments, Duration time_max,
                               std::size_t bytes_max, const std::atomic<bool>& is_cancelled) {
    const SteadyClock clock;
    ProcessOptions options;
    options.arguments = arguments;
    options.standard_output = OutputTarget::pipe();
    options.standard_error = OutputTarget::discard();
    options.group = ProcessOptions::Group::own;
    // Its end kills the program, whichever way we leave.
    ChildProcess child = GV_TRY(ChildProcess::spawn(options));
    std::string text =
        GV_TRY(read_all(child.output_descriptor(), clock, time_max, bytes_max, is_cancelled));
    const Duration left = time_max - clock.now().time_since_epoch();
    const auto status = child.wait_for(std::max(left, Duration::zero()));
    if (!status) return too_slow(time_max);
    if (status->is_success()) return text;
    return failed(status->code
                      ? fmt::format("it ended with code {}", *status->code)
                      : fmt::format("signal {} ended it", status->signal_number.value_or(0)),
                  "run it by hand to see what is wrong");
}

}  // namespace grapevine::runtime

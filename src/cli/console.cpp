#include "cli/console.hpp"

#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/config.hpp"

namespace grapevine::cli {

std::size_t terminal_rows(int descriptor) {
    winsize size{};
    return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

Console console_of_process() {
    return Console{.out = std::cout,
                   .err = std::cerr,
                   .in = std::cin,
                   .environment = daemon::sources_of_process().environment,
                   .is_out_terminal = ::isatty(STDOUT_FILENO) == 1,
                   .is_err_terminal = ::isatty(STDERR_FILENO) == 1,
                   .is_in_terminal = ::isatty(STDIN_FILENO) == 1};
}

}  // namespace grapevine::cli

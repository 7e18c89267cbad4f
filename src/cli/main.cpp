#include "cli/console.hpp"
#include "cli/run.hpp"

int main(int argument_count, char** arguments) {
    auto console = grapevine::cli::console_of_process();
    return grapevine::cli::run({arguments + 1, arguments + argument_count}, console);
}

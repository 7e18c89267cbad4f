#include <cmath>
#include <fmt/core.h>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"
#include "cli/trace_tree.hpp"
#include "control/event_id.hpp"
#include "runtime/files.hpp"

namespace grapevine::cli {

Attempt<void> trace(const TraceOptions& options, Console& console) {
    const auto event = control::parse_event_id(options.event, "event");
    if (!event) return fail(ExitCode::usage, event.error().message, event.error().cure);
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    std::string path =
        fmt::format("/events/{}/{}/{}/trace?patience_ms={}", event->publisher, event->epoch,
                    event->sequence, std::llround(options.wait_seconds * 1000));
    if (event->channel != 0) path += fmt::format("&channel={}", event->channel);
    const boost::json::value answer = GV_TRY(remote.get(GV_TRY(remote.overlay_path(path))));
    if (!options.svg_file.empty()) {
        constexpr unsigned kForEverybody = 0644;
        const auto written = runtime::write_file_atomic(options.svg_file,
                                                        as_bytes(trace_svg(answer)), kForEverybody);
        if (!written) return std::unexpected(to_failure(written.error()));
    }
    if (options.is_json) {
        console.out << pretty(answer);
    } else if (options.svg_file.empty()) {
        console.out << trace_text(answer, console.out_paint());
    }
    return {};
}

}  // namespace grapevine::cli

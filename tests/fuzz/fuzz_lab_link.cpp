#include <cstdlib>

#include "api/lab_session.hpp"
#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "sim/lab/settings.hpp"

// A link of the lab comes from a page, a mail or somebody's shell: whatever it says, reading it
// never crashes, and what is read is written as a link that reads as the same. The same bytes are
// tried as a message of the lab's stream.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(ByteView(data, size));
    if (const auto settings = sim::lab::Settings::parse_link(text)) {
        const std::string link = settings->to_link();
        if (link.size() > kLabLinkBytesMax) std::abort();
        const auto again = sim::lab::Settings::parse_link(link);
        if (!again || *again != *settings) std::abort();
    }
    if (const auto action = sim::lab::parse_action(text)) {
        if (sim::lab::parse_action(sim::lab::to_string(*action)) != *action) std::abort();
    }
    (void)api::decode_lab_message(text);
    return 0;
}

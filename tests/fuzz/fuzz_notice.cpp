#include <cstdlib>

#include "overlay/ring_plan.hpp"
#include "overlay/rollout_plan.hpp"
#include "protocol/notices.hpp"
#include "wire/native/codec.hpp"
#include "wire/size.hpp"

// The decoders of notices, of what they say, and of what members say of their keys never crash, and
// what they accept encodes to the same bytes.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    const auto notice = wire::native::decode_notice(input);
    if (notice) {
        const Bytes again = wire::native::encode_notice(*notice);
        if (again != Bytes(input.begin(), input.end())) std::abort();
        if (wire::encoded_size(*notice) != size) std::abort();
        if (wire::native::encode_notice_signed_part("web", *notice).empty()) std::abort();
        static_cast<void>(protocol::wipe_of(*notice));
    }
    const auto plan = overlay::decode_ring_plan(input);
    if (plan && overlay::encode_ring_plan(*plan) != Bytes(input.begin(), input.end())) std::abort();
    // The first byte stands for the epoch of the notice, which says how many signatures there are.
    if (size > 0) {
        const auto rollout = overlay::decode_rollout_plan(data[0], input.subspan(1));
        if (rollout) {
            if (overlay::encode_rollout_plan(*rollout) != Bytes(data + 1, data + size)) {
                std::abort();
            }
            static_cast<void>(overlay::is_understood(rollout->next));
        }
    }
    const auto doing = overlay::parse_rollout_state(as_text(input));
    if (doing && *overlay::parse_rollout_state(overlay::to_text(*doing)) != *doing) std::abort();
    const auto state = overlay::parse_key_state(as_text(input));
    if (state && *overlay::parse_key_state(overlay::to_text(*state)) != *state) std::abort();
    return 0;
}

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "crypto/key_ring.hpp"

namespace grapevine::overlay {

/// What a notice of rotation says: the ring that every member shall have. Complete in itself, so
/// that one who has slept through earlier stages needs none of them.
struct RingPlan {
    enum class Stage : std::uint8_t {
        install = 1,  ///< Everybody holds the new key, and nobody seals with it.
        use = 2,      ///< Everybody seals with it; the old ones still open.
        remove = 3,   ///< The old ones are gone.
    };
    Stage stage = Stage::install;
    KeyId target;                          ///< The new key.
    std::vector<crypto::OverlayKey> keys;  ///< The first seals.

    friend bool operator==(const RingPlan&, const RingPlan&) = default;
};

/// "install", "use", "remove".
std::string_view to_string(RingPlan::Stage stage);

/// Of `ring`, whose first key seals, and a new key: the plan to begin with.
RingPlan first_plan(std::vector<crypto::OverlayKey> ring, crypto::OverlayKey fresh);
/// The stage after that of `plan`, which is not the last.
RingPlan next_plan(const RingPlan& plan);

/// The body of a notice: FORMAT.md, section 7.2. A plan that keeps its rules.
Bytes encode_ring_plan(const RingPlan& plan);
/// Truncated, malformed, over_limit, or unsupported for a form that we do not know.
Result<RingPlan> decode_ring_plan(ByteView body);

/// What a member says that it has done, in its record of keys.
struct KeyState {
    std::uint64_t epoch = 0;
    std::uint64_t digest = 0;  ///< Of the plan: two of one epoch are not the same.
    KeyId uses;
    std::vector<KeyId> holds;

    friend bool operator==(const KeyState&, const KeyState&) = default;
};

std::uint64_t digest_of_plan(ByteView body);
/// Names a secret without telling it.
std::uint64_t fingerprint_of(const crypto::OverlayKey& key);

std::string to_text(const KeyState& state);
/// Malformed for what is no such text, over_limit for too many keys: other members wrote it.
Result<KeyState> parse_key_state(std::string_view text);

}  // namespace grapevine::overlay

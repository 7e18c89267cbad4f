#include "overlay/ring_plan.hpp"

#include <algorithm>
#include <bitset>
#include <cassert>
#include <charconv>
#include <fmt/core.h>
#include <iterator>
#include <utility>

#include "base/limits.hpp"
#include "base/reader.hpp"
#include "crypto/hash.hpp"

namespace grapevine::overlay {
namespace {

constexpr std::uint8_t kForm = 1;

std::uint64_t head_of(ByteView bytes) {
    const auto hash = crypto::sha256(bytes);
    std::uint64_t head = 0;
    for (int index = 0; index < 8; ++index) head = head << 8U | hash.at(index);
    return head;
}

Result<void> check(const RingPlan& plan) {
    const auto refuse = [](std::string_view field) {
        return std::unexpected(Error{Error::Code::malformed, field, 0});
    };
    std::bitset<256> ids;
    for (const crypto::OverlayKey& key : plan.keys) ids.set(key.id.value());
    if (plan.keys.empty() || ids.count() != plan.keys.size()) return refuse("plan.keys");
    if (!ids.test(plan.target.value())) return refuse("plan.target");
    const bool is_first = plan.keys.front().id == plan.target;
    const bool is_alone = plan.keys.size() == 1;
    switch (plan.stage) {
        case RingPlan::Stage::install:
            return is_first ? refuse("plan.target") : Result<void>();
        case RingPlan::Stage::use:
            return is_first && !is_alone ? Result<void>() : refuse("plan.target");
        case RingPlan::Stage::remove:
            return is_alone ? Result<void>() : refuse("plan.keys");
    }
    return refuse("plan.stage");
}

/// The next word of `text`, which is cut off it; numbers in `base`.
template <typename Number>
Result<Number> number(std::string_view& text, char end, int base) {
    const std::string_view word = text.substr(0, text.find(end));
    Number value{};
    const auto [last, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (error != std::errc{} || last != word.data() + word.size()) {
        return std::unexpected(Error{Error::Code::malformed, "keys", 0});
    }
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return value;
}

}  // namespace

std::string_view to_string(RingPlan::Stage stage) {
    switch (stage) {
        case RingPlan::Stage::install:
            return "install";
        case RingPlan::Stage::use:
            return "use";
        case RingPlan::Stage::remove:
            return "remove";
    }
    return "unknown";
}

RingPlan first_plan(std::vector<crypto::OverlayKey> ring, crypto::OverlayKey fresh) {
    RingPlan plan{RingPlan::Stage::install, fresh.id, std::move(ring)};
    plan.keys.push_back(std::move(fresh));
    assert(check(plan));
    return plan;
}

RingPlan next_plan(const RingPlan& plan) {
    assert(plan.stage != RingPlan::Stage::remove);
    const auto target = std::ranges::find(plan.keys, plan.target, &crypto::OverlayKey::id);
    assert(target != plan.keys.end());
    RingPlan next{RingPlan::Stage::remove, plan.target, {*target}};
    if (plan.stage == RingPlan::Stage::install) {
        next.stage = RingPlan::Stage::use;
        std::ranges::remove_copy(plan.keys, std::back_inserter(next.keys), *target);
    }
    assert(check(next));
    return next;
}

Bytes encode_ring_plan(const RingPlan& plan) {
    assert(check(plan));
    Bytes body;
    Writer writer(body);
    writer.integer(kForm);
    writer.integer(static_cast<std::uint8_t>(plan.stage));
    writer.integer(plan.target.value());
    writer.integer(static_cast<std::uint8_t>(plan.keys.size()));
    for (const crypto::OverlayKey& key : plan.keys) {
        writer.integer(key.id.value());
        writer.bytes(key.secret.view());
    }
    return body;
}

Result<RingPlan> decode_ring_plan(ByteView body) {
    Reader reader(body);
    const auto form = GV_TRY(reader.integer<std::uint8_t>("plan.form"));
    if (form != kForm) return reader.refuse<RingPlan>(Error::Code::unsupported, "plan.form");
    const auto stage = GV_TRY(reader.integer<std::uint8_t>("plan.stage"));
    RingPlan plan;
    plan.stage = static_cast<RingPlan::Stage>(stage);
    plan.target = KeyId(GV_TRY(reader.integer<std::uint8_t>("plan.target")));
    const auto count = GV_TRY(reader.integer<std::uint8_t>("plan.keys"));
    if (count > kKeysMax) return reader.refuse<RingPlan>(Error::Code::over_limit, "plan.keys");
    for (std::uint8_t index = 0; index < count; ++index) {
        const KeyId id(GV_TRY(reader.integer<std::uint8_t>("plan.key")));
        const ByteView secret = GV_TRY(reader.bytes(32, "plan.secret"));
        plan.keys.push_back({id, crypto::Secret<32>(secret)});
    }
    GV_TRY_VOID(reader.expect_end("plan"));
    GV_TRY_VOID(check(plan));
    return plan;
}

std::uint64_t digest_of_plan(ByteView body) {
    return head_of(body);
}

std::uint64_t fingerprint_of(const crypto::OverlayKey& key) {
    return head_of(key.secret.view());
}

std::string to_text(const KeyState& state) {
    std::string text = fmt::format("{} {:016x} {} ", state.epoch, state.digest, state.uses.value());
    for (std::size_t index = 0; index < state.holds.size(); ++index) {
        text += fmt::format("{}{}", index == 0 ? "" : ",", state.holds[index].value());
    }
    return text;
}

Result<KeyState> parse_key_state(std::string_view text) {
    KeyState state;
    state.epoch = GV_TRY(number<std::uint64_t>(text, ' ', 10));
    state.digest = GV_TRY(number<std::uint64_t>(text, ' ', 16));
    state.uses = KeyId(GV_TRY(number<std::uint8_t>(text, ' ', 10)));
    do {
        if (state.holds.size() == kKeysMax) {
            return std::unexpected(Error{Error::Code::over_limit, "keys", 0});
        }
        state.holds.push_back(KeyId(GV_TRY(number<std::uint8_t>(text, ',', 10))));
    } while (!text.empty());
    return state;
}

}  // namespace grapevine::overlay

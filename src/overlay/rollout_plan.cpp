#include "overlay/rollout_plan.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <fmt/core.h>
#include <span>
#include <utility>

#include "base/checksum.hpp"
#include "base/limits.hpp"
#include "base/reader.hpp"

namespace grapevine::overlay {
namespace {

constexpr std::uint8_t kForm = 1;
constexpr std::uint64_t kShareWhole = 1000;

std::uint32_t milliseconds_of(Duration duration) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::size_t following_count(RolloutStage stage) {
    return kRolloutStages - 1 - static_cast<std::size_t>(stage);
}

void write_values(Writer& writer, const LiveValues& values) {
    assert(values.size() <= kRolloutValuesMax);
    writer.integer(static_cast<std::uint8_t>(values.size()));
    for (const auto& [id, value] : values) {
        writer.integer(id);
        writer.varint(value);
    }
}

Result<LiveValues> read_values(Reader& reader) {
    const auto count = GV_TRY(reader.integer<std::uint8_t>("rollout.values"));
    if (count > kRolloutValuesMax) {
        return reader.refuse<LiveValues>(Error::Code::over_limit, "rollout.values");
    }
    LiveValues values;
    std::uint8_t last = 0;
    for (std::uint8_t index = 0; index < count; ++index) {
        const auto id = GV_TRY(reader.integer<std::uint8_t>("rollout.setting"));
        if (id <= last) return reader.refuse<LiveValues>(Error::Code::malformed, "rollout.setting");
        values[id] = GV_TRY(reader.varint("rollout.value"));
        last = id;
    }
    return values;
}

/// All that the stages have in common, in the order of the body.
void write_core(Writer& writer, const RolloutPlan& plan) {
    writer.integer(kForm);
    writer.integer(plan.canary_share);
    writer.integer(milliseconds_of(plan.health_interval));
    writer.integer(plan.salt);
    writer.varint(plan.base_epoch);
    write_values(writer, plan.base);
    write_values(writer, plan.next);
}

/// The next word of `text`, which is cut off it.
std::string_view cut_word(std::string_view& text) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
}

template <typename Number>
Result<Number> number(std::string_view& text, int base = 10) {
    const std::string_view word = cut_word(text);
    Number value{};
    const auto [last, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (error != std::errc{} || last != word.data() + word.size()) {
        return std::unexpected(Error{Error::Code::malformed, "rollout", 0});
    }
    return value;
}

template <typename Choice>
Result<Choice> choice(std::string_view& text, std::span<const std::string_view> names) {
    const auto found = std::ranges::find(names, cut_word(text));
    if (found == names.end()) {
        return std::unexpected(Error{Error::Code::malformed, "rollout", 0});
    }
    return static_cast<Choice>(found - names.begin());
}

}  // namespace

std::string_view to_string(RolloutStage stage) {
    switch (stage) {
        case RolloutStage::canary:
            return "canary";
        case RolloutStage::everywhere:
            return "everywhere";
        case RolloutStage::returned:
            return "returned";
    }
    return "unknown";
}

std::string_view to_string(RolloutState::Health health) {
    return kRolloutHealthNames[static_cast<std::size_t>(health)];
}

std::string_view to_string(RolloutState::Reason reason) {
    return kRolloutReasonNames[static_cast<std::size_t>(reason)];
}

bool RolloutPlan::is_canary(MemberId member) const {
    // The highest 32 bits of the hash, so that the product stays within 64.
    const std::uint64_t draw = mix64(mix64(member.value() ^ salt) + epoch) >> 32U;
    return draw * kShareWhole >> 32U < canary_share;
}

const LiveValues& RolloutPlan::values_for(MemberId member) const {
    return epoch_for(member) == epoch ? next : base;
}

std::uint64_t RolloutPlan::epoch_for(MemberId member) const {
    if (stage == RolloutStage::everywhere) return epoch;
    return stage == RolloutStage::canary && is_canary(member) ? epoch : base_epoch;
}

std::uint64_t RolloutPlan::digest() const {
    Bytes core;
    Writer writer(core);
    write_core(writer, *this);
    return mix64(fnv1a(core, mix64(epoch)));
}

RolloutPlan RolloutPlan::at_stage(RolloutStage later) const {
    assert(later >= stage && following.size() == following_count(stage));
    RolloutPlan plan = *this;
    plan.stage = later;
    plan.following.erase(
        plan.following.begin(),
        plan.following.end() - static_cast<std::ptrdiff_t>(following_count(later)));
    return plan;
}

Bytes encode_rollout_plan(const RolloutPlan& plan) {
    assert(plan.following.size() == following_count(plan.stage));
    Bytes body;
    Writer writer(body);
    write_core(writer, plan);
    for (const wire::Signature& signature : plan.following) writer.bytes(signature);
    assert(body.size() <= kNoticeBodyBytesMax);
    return body;
}

Result<RolloutPlan> decode_rollout_plan(std::uint64_t notice_epoch, ByteView body) {
    Reader reader(body);
    const auto bad = [&](std::string_view field) {
        return reader.refuse<RolloutPlan>(Error::Code::malformed, field);
    };
    const auto form = GV_TRY(reader.integer<std::uint8_t>("rollout.form"));
    if (form != kForm) return reader.refuse<RolloutPlan>(Error::Code::unsupported, "rollout.form");
    RolloutPlan plan;
    plan.epoch = notice_epoch / kRolloutStages;
    plan.stage = static_cast<RolloutStage>(notice_epoch % kRolloutStages);
    if (plan.epoch == 0) return bad("rollout.epoch");
    plan.canary_share = GV_TRY(reader.integer<std::uint16_t>("rollout.share"));
    if (plan.canary_share < kCanaryShareMin || plan.canary_share > kCanaryShareMax) {
        return bad("rollout.share");
    }
    plan.health_interval =
        std::chrono::milliseconds(GV_TRY(reader.integer<std::uint32_t>("rollout.interval")));
    if (plan.health_interval < kHealthIntervalMin || plan.health_interval > kHealthIntervalMax) {
        return bad("rollout.interval");
    }
    plan.salt = GV_TRY(reader.integer<std::uint64_t>("rollout.salt"));
    plan.base_epoch = GV_TRY(reader.varint("rollout.base_epoch"));
    if (plan.base_epoch >= plan.epoch) return bad("rollout.base_epoch");
    plan.base = GV_TRY(read_values(reader));
    plan.next = GV_TRY(read_values(reader));
    for (std::size_t index = 0; index < following_count(plan.stage); ++index) {
        const ByteView view = GV_TRY(reader.bytes(wire::Signature{}.size(), "rollout.following"));
        std::ranges::copy(view, plan.following.emplace_back().begin());
    }
    GV_TRY_VOID(reader.expect_end("rollout"));
    return plan;
}

std::string to_text(const RolloutState& state) {
    return fmt::format("{} {} {:016x} {} {} {}", state.running, state.epoch, state.digest,
                       to_string(state.health), to_string(state.reason), state.intervals);
}

Result<RolloutState> parse_rollout_state(std::string_view text) {
    const std::string_view whole = text;
    RolloutState state;
    state.running = GV_TRY(number<std::uint64_t>(text));
    state.epoch = GV_TRY(number<std::uint64_t>(text));
    state.digest = GV_TRY(number<std::uint64_t>(text, 16));
    state.health = GV_TRY(choice<RolloutState::Health>(text, kRolloutHealthNames));
    state.reason = GV_TRY(choice<RolloutState::Reason>(text, kRolloutReasonNames));
    state.intervals = GV_TRY(number<std::uint32_t>(text));
    // One way to write it, so that members need not agree on what else it could mean.
    if (to_text(state) != whole)
        return std::unexpected(Error{Error::Code::malformed, "rollout", 0});
    return state;
}

}  // namespace grapevine::overlay

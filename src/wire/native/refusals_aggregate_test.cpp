// What the decoder refuses in the steps of aggregates (FORMAT.md, section 6.32). Each test builds
// the bytes field by field.

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "base/limits.hpp"
#include "wire/messages.hpp"
#include "wire/native/codec.hpp"

namespace grapevine::wire::native {
namespace {

AggregateStep sound() {
    AggregateStep step;
    step.starter = MemberId(7);
    step.run = 9;
    step.method = AggregateStep::Method::push_pull;
    step.of = AggregateStep::Of::mean;
    step.key = "load";
    step.rounds = 30;
    step.round = 3;
    step.sequence = 4;
    step.values = {1.5, -2};
    step.instances = {{MemberId(1), 0.5}, {MemberId(2), 0.25}};
    return step;
}

/// The fields of `step`, as they would be written if there were no rules; `cut` bytes are left out
/// at the end.
std::string verdict(const AggregateStep& step, std::size_t cut = 0) {
    Bytes body;
    Writer writer(body);
    writer.integer(step.starter.value());
    writer.integer(step.run);
    writer.integer(static_cast<std::uint8_t>(step.method));
    writer.integer(static_cast<std::uint8_t>(step.of));
    writer.sized_text(step.key);
    writer.integer(step.rounds);
    writer.integer(step.round);
    writer.integer(static_cast<std::uint8_t>(step.part));
    writer.varint(step.sequence);
    writer.integer(static_cast<std::uint8_t>(step.values.size()));
    for (const double value : step.values) writer.integer(std::bit_cast<std::uint64_t>(value));
    writer.integer(static_cast<std::uint8_t>(step.instances.size()));
    for (const auto& instance : step.instances) {
        writer.integer(instance.starter.value());
        writer.integer(std::bit_cast<std::uint64_t>(instance.amount));
    }
    for (const float minimum : step.minima) writer.integer(std::bit_cast<std::uint32_t>(minimum));
    body.resize(body.size() - cut);
    Bytes packet;
    Writer framed(packet);
    framed.integer(static_cast<std::uint8_t>(SectionType::aggregate_step));
    framed.sized_bytes(body);
    const auto decoded = decode(packet);
    if (decoded) return "accepted";
    return std::string(to_string(decoded.error().code)) + " " + std::string(decoded.error().field);
}

TEST(Refusals, an_aggregate_step_is_cut_nowhere) {
    EXPECT_EQ(verdict(sound()), "accepted");
    // Behind the instances there may be minima; in front of that nothing may be missing.
    for (std::size_t cut = 1; cut < 50; ++cut) EXPECT_NE(verdict(sound(), cut), "accepted") << cut;
}

TEST(Refusals, an_aggregate_step_has_known_kinds) {
    AggregateStep step = sound();
    step.method = static_cast<AggregateStep::Method>(4);
    EXPECT_EQ(verdict(step), "malformed aggregate.method");
    step = sound();
    step.of = static_cast<AggregateStep::Of>(6);
    EXPECT_EQ(verdict(step), "malformed aggregate.of");
    step = sound();
    step.part = static_cast<AggregateStep::Part>(0);
    EXPECT_EQ(verdict(step), "malformed aggregate.part");
}

TEST(Refusals, an_aggregate_step_is_of_a_member_and_within_its_rounds) {
    AggregateStep step = sound();
    step.starter = kNobody;
    EXPECT_EQ(verdict(step), "malformed aggregate.starter");
    step = sound();
    step.rounds = 0;
    step.round = 0;
    EXPECT_EQ(verdict(step), "malformed aggregate.rounds");
    step.rounds = kAggregateRoundsMax;
    EXPECT_EQ(verdict(step), "accepted");
    step.rounds = kAggregateRoundsMax + 1;
    EXPECT_EQ(verdict(step), "over limit aggregate.rounds");
    step = sound();
    step.round = 31;
    EXPECT_EQ(verdict(step), "malformed aggregate.round");
    step = sound();
    step.key = std::string(kRecordKeyBytesMax + 1, 'k');
    EXPECT_EQ(verdict(step), "over limit aggregate.key");
    step.key = "a\nb";
    EXPECT_EQ(verdict(step), "malformed aggregate.key");
}

TEST(Refusals, an_aggregate_step_has_finite_values_and_not_too_many) {
    AggregateStep step = sound();
    step.values.assign(kAggregateValuesMax, 1);
    EXPECT_EQ(verdict(step), "accepted");
    step.values.push_back(1);
    EXPECT_EQ(verdict(step), "over limit aggregate.values");
    for (const double wrong : {std::numeric_limits<double>::infinity(), std::nan("")}) {
        step = sound();
        step.values[1] = wrong;
        EXPECT_EQ(verdict(step), "malformed aggregate.value");
        step = sound();
        step.instances[0].amount = wrong;
        EXPECT_EQ(verdict(step), "malformed aggregate.instance");
    }
}

TEST(Refusals, instances_of_an_aggregate_climb_and_are_not_too_many) {
    AggregateStep step = sound();
    std::swap(step.instances[0], step.instances[1]);
    EXPECT_EQ(verdict(step), "malformed aggregate.instance");
    step = sound();
    step.instances[0].starter = kNobody;
    EXPECT_EQ(verdict(step), "malformed aggregate.instance");
    step.instances.clear();
    for (std::uint64_t id = 1; id <= kAggregateInstancesMax; ++id) {
        step.instances.push_back({MemberId(id), 1});
    }
    EXPECT_EQ(verdict(step), "accepted");
    step.instances.push_back({MemberId(99), 1});
    EXPECT_EQ(verdict(step), "over limit aggregate.instances");
}

TEST(Refusals, minima_of_an_aggregate_are_all_or_none_and_stand_alone) {
    AggregateStep step = sound();
    step.values.clear();
    step.instances.clear();
    step.minima.assign(kAggregateMinima, 0.5F);
    step.minima[3] = std::numeric_limits<float>::infinity();
    EXPECT_EQ(verdict(step), "accepted");
    EXPECT_EQ(verdict(step, 4), "truncated aggregate.minimum");
    for (const float wrong : {-1.0F, std::nanf("")}) {
        step.minima[3] = wrong;
        EXPECT_EQ(verdict(step), "malformed aggregate.minimum");
    }
    step.minima[3] = 1;
    step.minima.push_back(1);
    EXPECT_NE(verdict(step), "accepted");
    step.minima.pop_back();
    step.values = {1};
    EXPECT_EQ(verdict(step), "malformed aggregate.minima");
}

}  // namespace
}  // namespace grapevine::wire::native

#include <bit>

#include "wire/native/sections.hpp"

// FORMAT.md, section 6.32.
namespace grapevine::wire::native {
namespace {

template <typename Number, typename Bits>
void write_number(Writer& writer, Number number) {
    writer.integer(std::bit_cast<Bits>(number));
}

template <typename Enum>
Result<Enum> read_enum(Reader& reader, Enum last, std::string_view field) {
    const auto value = GV_TRY(reader.integer<std::uint8_t>(field));
    if (value == 0 || value > static_cast<std::uint8_t>(last)) {
        return reader.refuse<Enum>(Error::Code::malformed, field);
    }
    return static_cast<Enum>(value);
}

Result<void> read_amounts(Reader& reader, AggregateStep& step) {
    const auto values = GV_TRY(reader.integer<std::uint8_t>("aggregate.values"));
    if (values > kAggregateValuesMax) {
        return reader.refuse<void>(Error::Code::over_limit, "aggregate.values");
    }
    for (std::size_t index = 0; index < values; ++index) {
        const auto bits = GV_TRY(reader.integer<std::uint64_t>("aggregate.value"));
        step.values.push_back(std::bit_cast<double>(bits));
    }
    const auto instances = GV_TRY(reader.integer<std::uint8_t>("aggregate.instances"));
    if (instances > kAggregateInstancesMax) {
        return reader.refuse<void>(Error::Code::over_limit, "aggregate.instances");
    }
    for (std::size_t index = 0; index < instances; ++index) {
        const MemberId starter(GV_TRY(reader.integer<std::uint64_t>("aggregate.instance")));
        const auto bits = GV_TRY(reader.integer<std::uint64_t>("aggregate.instance"));
        step.instances.push_back({starter, std::bit_cast<double>(bits)});
    }
    return {};
}

}  // namespace

void write_body(Writer& writer, const AggregateStep& step) {
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
    for (const double value : step.values) write_number<double, std::uint64_t>(writer, value);
    writer.integer(static_cast<std::uint8_t>(step.instances.size()));
    for (const auto& instance : step.instances) {
        writer.integer(instance.starter.value());
        write_number<double, std::uint64_t>(writer, instance.amount);
    }
    for (const float minimum : step.minima) write_number<float, std::uint32_t>(writer, minimum);
}

Result<AggregateStep> read_aggregate_step(Reader& reader) {
    AggregateStep step;
    step.starter = MemberId(GV_TRY(reader.integer<std::uint64_t>("aggregate.starter")));
    step.run = GV_TRY(reader.integer<std::uint64_t>("aggregate.run"));
    step.method = GV_TRY(read_enum(reader, AggregateStep::Method::extrema, "aggregate.method"));
    step.of = GV_TRY(read_enum(reader, AggregateStep::Of::min, "aggregate.of"));
    step.key = GV_TRY(reader.sized_text(kRecordKeyBytesMax, "aggregate.key"));
    step.rounds = GV_TRY(reader.integer<std::uint8_t>("aggregate.rounds"));
    step.round = GV_TRY(reader.integer<std::uint8_t>("aggregate.round"));
    step.part = GV_TRY(read_enum(reader, AggregateStep::Part::reply, "aggregate.part"));
    step.sequence = static_cast<std::uint32_t>(GV_TRY(
        read_bounded(reader, std::numeric_limits<std::uint32_t>::max(), "aggregate.sequence")));
    GV_TRY_VOID(read_amounts(reader, step));
    if (reader.at_end()) return step;
    step.minima.reserve(kAggregateMinima);
    for (std::size_t index = 0; index < kAggregateMinima; ++index) {
        const auto bits = GV_TRY(reader.integer<std::uint32_t>("aggregate.minimum"));
        step.minima.push_back(std::bit_cast<float>(bits));
    }
    return step;
}

}  // namespace grapevine::wire::native

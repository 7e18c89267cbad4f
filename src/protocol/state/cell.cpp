#include "protocol/state/cell.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "wire/state_ranges.hpp"

namespace grapevine::protocol {
namespace {

constexpr std::size_t kMemberBytes = 8;
constexpr std::size_t kStampBytes = 8;
constexpr std::uint8_t kDeletedFlag = 1;
constexpr std::uint8_t kExpiresFlag = 2;
/// Between key and kind: below everything that a key may contain, so that a key sorts before all
/// that it is the beginning of.
constexpr char kKeyEnd = '\0';

void append_number(std::string& text, std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        text.push_back(static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xffU));
    }
}

bool has_controls(std::string_view text) {
    return std::ranges::any_of(text, [](char letter) {
        return static_cast<unsigned char>(letter) < 0x20U || letter == 0x7f;
    });
}

bool raise(auto& held, const auto& other) {
    if (!(held < other)) return false;
    held = other;
    return true;
}

bool join(ValueContent& held, const ValueContent& other) {
    return raise(held, other);
}
bool join(CounterContent& held, const CounterContent& other) {
    bool is_changed = raise(held.plus, other.plus);
    is_changed |= raise(held.minus, other.minus);
    is_changed |= raise(held.plus_gone, other.plus_gone);
    is_changed |= raise(held.minus_gone, other.minus_gone);
    return is_changed;
}
bool join(ElementContent& held, const ElementContent& other) {
    bool is_changed = raise(held.added, other.added);
    is_changed |= raise(held.removed, other.removed);
    return is_changed;
}

bool is_right_part(const CellId& id) {
    switch (id.kind) {
        case CellKind::value:
            return id.part.empty();
        case CellKind::counter:
            return id.part.size() == kMemberBytes + kStampBytes;
        case CellKind::element:
            return id.part.size() > kMemberBytes + 1 &&
                   id.part[id.part.size() - kMemberBytes - 1] == kKeyEnd &&
                   is_state_element(element_of(id.part));
    }
    return false;
}

Result<CellId> read_id(Reader& reader) {
    const auto refuse = [&](Error::Code code, std::string_view field) {
        return reader.refuse<CellId>(code, field);
    };
    const ByteView bytes = GV_TRY(reader.sized_bytes(
        kStateKeyBytesMax + kStateElementBytesMax + kMemberBytes + 3, "cell.id"));
    const std::string_view text = as_text(bytes);
    const std::size_t end = text.find(kKeyEnd);
    if (end == std::string_view::npos || end + 1 == text.size()) {
        return refuse(Error::Code::malformed, "cell.id");
    }
    CellId id;
    id.key = text.substr(0, end);
    if (!is_state_key(id.key)) return refuse(Error::Code::malformed, "cell.key");
    const auto kind = static_cast<std::uint8_t>(text[end + 1]);
    if (kind < 1 || kind > 3) return refuse(Error::Code::unsupported, "cell.kind");
    id.kind = static_cast<CellKind>(kind);
    id.part = text.substr(end + 2);
    if (!is_right_part(id)) return refuse(Error::Code::malformed, "cell.part");
    return id;
}

Result<ValueContent> read_value(Reader& reader) {
    ValueContent content;
    content.written = Stamp(GV_TRY(reader.integer<std::uint64_t>("cell.written")));
    content.writer = MemberId(GV_TRY(reader.integer<std::uint64_t>("cell.writer")));
    const auto flags = GV_TRY(reader.integer<std::uint8_t>("cell.flags"));
    if (flags > (kDeletedFlag | kExpiresFlag)) {
        return reader.refuse<ValueContent>(Error::Code::malformed, "cell.flags");
    }
    content.is_deleted = (flags & kDeletedFlag) != 0;
    if ((flags & kExpiresFlag) != 0) {
        content.expires_ms = GV_TRY(reader.varint("cell.expires"));
        if (content.expires_ms == 0 || content.expires_ms >> 48U != 0) {
            return reader.refuse<ValueContent>(Error::Code::malformed, "cell.expires");
        }
    }
    content.bytes = GV_TRY(reader.sized_text(kStateValueBytesMax, "cell.value"));
    if (content.is_deleted && (!content.bytes.empty() || content.expires_ms != 0)) {
        return reader.refuse<ValueContent>(Error::Code::malformed, "cell.value");
    }
    return content;
}

Result<CounterContent> read_counter(Reader& reader) {
    CounterContent content;
    content.plus = GV_TRY(reader.varint("cell.plus"));
    content.minus = GV_TRY(reader.varint("cell.minus"));
    content.plus_gone = GV_TRY(reader.varint("cell.plus_gone"));
    content.minus_gone = GV_TRY(reader.varint("cell.minus_gone"));
    if (content.plus_gone > content.plus || content.minus_gone > content.minus) {
        return reader.refuse<CounterContent>(Error::Code::malformed, "cell.gone");
    }
    return content;
}

Result<ElementContent> read_element(Reader& reader) {
    ElementContent content;
    content.added = Stamp(GV_TRY(reader.integer<std::uint64_t>("cell.added")));
    content.removed = Stamp(GV_TRY(reader.integer<std::uint64_t>("cell.removed")));
    return content;
}

}  // namespace

std::string counter_part(MemberId member, Stamp birth) {
    std::string part;
    append_number(part, member.value());
    append_number(part, birth.value());
    return part;
}

std::string element_part(MemberId member, std::string_view element) {
    std::string part(element);
    part.push_back(kKeyEnd);
    append_number(part, member.value());
    return part;
}

MemberId counter_owner(std::string_view part) {
    Reader reader(as_bytes(part));
    const auto member = reader.integer<std::uint64_t>("part");
    return member ? MemberId(*member) : kNobody;
}

Stamp counter_birth(std::string_view part) {
    Reader reader(as_bytes(part.substr(std::min(part.size(), kMemberBytes))));
    const auto birth = reader.integer<std::uint64_t>("part");
    return birth ? Stamp(*birth) : Stamp{};
}

std::string_view element_of(std::string_view part) {
    return part.size() > kMemberBytes ? part.substr(0, part.size() - kMemberBytes - 1)
                                      : std::string_view{};
}

bool merge(Cell& held, const Cell& other) {
    assert(held.id == other.id && held.content.index() == other.content.index());
    if (auto* value = std::get_if<ValueContent>(&held.content)) {
        const auto& theirs = std::get<ValueContent>(other.content);
        if (*value == theirs) return raise(held.stamp, other.stamp);
        if (!join(*value, theirs)) return false;
        held.stamp = other.stamp;
        return true;
    }
    bool is_changed = std::visit(
        [&](auto& content) {
            return join(content, std::get<std::decay_t<decltype(content)>>(other.content));
        },
        held.content);
    is_changed |= raise(held.stamp, other.stamp);
    return is_changed;
}

bool is_dead(const Cell& cell, std::uint64_t unix_ms) {
    return std::visit(
        Overloaded{
            [&](const ValueContent& value) {
                return value.is_deleted || (value.expires_ms != 0 && value.expires_ms <= unix_ms);
            },
            [](const CounterContent& counter) {
                return counter.plus == counter.plus_gone && counter.minus == counter.minus_gone;
            },
            [](const ElementContent& element) { return element.added <= element.removed; },
        },
        cell.content);
}

Stamp dead_since(const Cell& cell) {
    const auto* value = std::get_if<ValueContent>(&cell.content);
    if (value == nullptr || value->expires_ms == 0) return cell.stamp;
    return std::max(cell.stamp, Stamp(value->expires_ms << 16U));
}

std::string encode(const CellId& id) {
    std::string text = id.key;
    text.push_back(kKeyEnd);
    text.push_back(static_cast<char>(id.kind));
    text += id.part;
    return text;
}

Bytes encode(const Cell& cell) {
    Bytes bytes;
    Writer writer(bytes);
    writer.sized_text(encode(cell.id));
    writer.integer(cell.stamp.value());
    std::visit(Overloaded{
                   [&](const ValueContent& value) {
                       writer.integer(value.written.value());
                       writer.integer(value.writer.value());
                       const bool expires = value.expires_ms != 0;
                       writer.integer(static_cast<std::uint8_t>(
                           (value.is_deleted ? kDeletedFlag : 0) | (expires ? kExpiresFlag : 0)));
                       if (expires) writer.varint(value.expires_ms);
                       writer.sized_text(value.bytes);
                   },
                   [&](const CounterContent& counter) {
                       writer.varint(counter.plus);
                       writer.varint(counter.minus);
                       writer.varint(counter.plus_gone);
                       writer.varint(counter.minus_gone);
                   },
                   [&](const ElementContent& element) {
                       writer.integer(element.added.value());
                       writer.integer(element.removed.value());
                   },
               },
               cell.content);
    return bytes;
}

Result<Cell> decode_cell(ByteView bytes) {
    Reader reader(bytes);
    Cell cell;
    cell.id = GV_TRY(read_id(reader));
    cell.stamp = Stamp(GV_TRY(reader.integer<std::uint64_t>("cell.stamp")));
    // No entry is at the end of the order, which ranges use as their bound.
    if (cell.stamp >= wire::kStateEnd.stamp) {
        return reader.refuse<Cell>(Error::Code::malformed, "cell.stamp");
    }
    switch (cell.id.kind) {
        case CellKind::value:
            cell.content = GV_TRY(read_value(reader));
            break;
        case CellKind::counter:
            cell.content = GV_TRY(read_counter(reader));
            break;
        case CellKind::element:
            cell.content = GV_TRY(read_element(reader));
            break;
    }
    GV_TRY_VOID(reader.expect_end("cell"));
    return cell;
}

std::string_view encoded_id(ByteView cell) {
    Reader reader(cell);
    const auto bytes = reader.sized_bytes(cell.size(), "cell.id");
    assert(bytes);
    return as_text(*bytes);
}

bool is_state_key(std::string_view key) {
    return !key.empty() && key.size() <= kStateKeyBytesMax && !has_controls(key);
}

bool is_state_element(std::string_view element) {
    return !element.empty() && element.size() <= kStateElementBytesMax && !has_controls(element);
}

}  // namespace grapevine::protocol

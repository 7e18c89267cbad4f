// Writing, and taking what others wrote. See map.hpp; comparing is in map_sync.cpp, reading in
// map_views.cpp.

#include "protocol/state/map.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <limits>
#include <utility>

#include "base/mutant.hpp"
#include "base/reader.hpp"

namespace grapevine::protocol {
namespace {

/// Of one member, in one direction: sums of counters stay far from the end of numbers.
constexpr std::uint64_t kCounterMax = std::uint64_t{1} << 52U;

Refusal full() {
    return {Refusal::Code::over_limit, "the shared map of this overlay is full",
            fmt::format("delete something: it holds at most {} cells and {} bytes", kStateCellsMax,
                        kStateBytesMax),
            ""};
}

Refusal mismatch(std::string_view what) {
    return {Refusal::Code::conflict, fmt::format("the key {}", what),
            "read the key again, and decide anew", "version"};
}

std::string_view name_of(CellKind kind) {
    return kind == CellKind::value ? "value" : kind == CellKind::counter ? "counter" : "set";
}

}  // namespace

SharedMap::SharedMap(MemberId self, Duration interval, Duration grace, Hash hash,
                     std::function<View()> view, std::uint64_t seed)
    : self_(self),
      interval_(interval),
      hash_(std::move(hash)),
      view_(std::move(view)),
      random_(seed),
      floor_(grace),
      cells_([this](ByteView bytes) { return hash_(salt_, bytes); }) {}

void SharedMap::restore(const Bytes& bytes) {
    const auto cell = decode_cell(bytes);
    if (!cell) {
        ++counters_.dropped_malformed;
        return;
    }
    if (is_wiped(*cell)) return;
    if (!cells_.put(*cell)) {
        ++counters_.dropped_full;
        return;
    }
    // Whatever it says, it was ours once: a clock that went back must not outdate it.
    (void)clock_.observe(std::numeric_limits<std::uint64_t>::max() >> 17U, cell->stamp);
}

void SharedMap::restore(const Meta& meta) {
    floor_.restore(meta.floor);
    stored_synced_ = meta.floor.synced;
    if (meta.salt == salt_) return;
    salt_ = meta.salt;
    if (cells_.count() > 0) {
        cells_.rehash([this](ByteView bytes) { return hash_(salt_, bytes); });
    }
}

void SharedMap::observe(Moment moment) {
    moment_ = moment;
    if (expired_up_to_ != Stamp{}) return;
    expired_up_to_ = stamp_at(moment.unix_ms);
    life_began_ = clock_.read(moment.unix_ms);
}

/// The first cell of a map: its life, and its salt if nobody has told us one, begin.
void SharedMap::born() {
    const Stamp now = clock_.read(moment_.unix_ms);
    floor_.note_birth(now);
    if (salt_ == wire::StateSalt{}) salt_ = {now, random_.next()};
    is_meta_changed_ = true;
}

// -- What users do --

Outcome<void> SharedMap::check_write(std::string_view key, CellKind kind,
                                     std::optional<Stamp> expected) const {
    if (!is_state_key(key)) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid, "that is no key of the shared map",
                    fmt::format("give 1 to {} bytes without control characters", kStateKeyBytesMax),
                    "key"});
    }
    const auto held = find(moment_, key);
    if (held && held->kind != kind) {
        return std::unexpected(
            Refusal{Refusal::Code::conflict,
                    fmt::format("the key holds a {}, not a {}", name_of(held->kind), name_of(kind)),
                    "delete it first, or take another key", "key"});
    }
    if (!expected) return {};
    if (*expected == Stamp{} && held) return std::unexpected(mismatch("exists already"));
    if (*expected != Stamp{} && !held) return std::unexpected(mismatch("does not exist"));
    if (held && held->version != *expected) {
        return std::unexpected(mismatch("has another version here"));
    }
    return {};
}

/// Keeps a cell of our own making, and sees to it that everybody hears of it.
Outcome<void> SharedMap::write(Cell cell) {
    if (cells_.count() == 0) born();
    if (!keep(cell)) return std::unexpected(full());
    ++counters_.writes;
    changed_.insert(cell.id.key);
    told(cell);
    return {};
}

Outcome<Stamp> SharedMap::put(Moment moment, std::string_view key, std::string_view value,
                              const PutOptions& options) {
    observe(moment);
    GV_TRY_VOID(check_write(key, CellKind::value, options.expected));
    if (value.size() > kStateValueBytesMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit, fmt::format("the value has {} bytes", value.size()),
                    fmt::format("at most {}: put larger things where they belong, and their "
                                "address here",
                                kStateValueBytesMax),
                    "value"});
    }
    const Stamp stamp = clock_.read(moment.unix_ms);
    ValueContent content{stamp, self_, false, 0, std::string(value)};
    if (options.lifetime_ms) content.expires_ms = moment.unix_ms + *options.lifetime_ms;
    auto written = write({{std::string(key), CellKind::value, {}}, stamp, std::move(content)});
    settle();
    if (!written) return std::unexpected(std::move(written).error());
    return stamp;
}

Outcome<void> SharedMap::put_all(Moment moment,
                                 const std::vector<std::pair<std::string, std::string>>& values) {
    observe(moment);
    assert(values.size() <= kStateSpreadCellsMax);
    for (const auto& [key, value] : values) {
        GV_TRY_VOID(check_write(key, CellKind::value, std::nullopt));
        assert(value.size() <= kStateValueBytesMax);
    }
    Outcome<void> outcome;
    for (const auto& [key, value] : values) {
        const Stamp stamp = clock_.read(moment.unix_ms);
        outcome =
            write({{key, CellKind::value, {}}, stamp, ValueContent{stamp, self_, false, 0, value}});
        if (!outcome) break;
    }
    settle();
    return outcome;
}

Outcome<Stamp> SharedMap::erase(Moment moment, std::string_view key,
                                std::optional<Stamp> expected) {
    observe(moment);
    const auto held = find(moment, key);
    if (!held) {
        return std::unexpected(Refusal{Refusal::Code::not_found, "no such key in the shared map",
                                       "list them with: grapevine state list", "key"});
    }
    GV_TRY_VOID(check_write(key, held->kind, expected));
    const Stamp stamp = clock_.read(moment.unix_ms);
    const std::string prefix = std::string(key) + '\0';
    std::vector<Cell> cells;
    cells_.visit(prefix, prefix, [&](ByteView bytes) {
        auto cell = decode_cell(bytes);
        assert(cell);
        if (!is_dead(*cell, moment.unix_ms)) cells.push_back(*std::move(cell));
        return true;
    });
    Outcome<void> outcome;
    for (Cell& cell : cells) {
        cell.stamp = stamp;
        if (auto* counter = std::get_if<CounterContent>(&cell.content)) {
            counter->plus_gone = counter->plus;
            counter->minus_gone = counter->minus;
        } else if (auto* element = std::get_if<ElementContent>(&cell.content)) {
            element->removed = element->added;
        } else {
            cell.content = ValueContent{stamp, self_, true, 0, {}};
        }
        if (outcome) outcome = write(std::move(cell));
    }
    settle();
    if (!outcome) return std::unexpected(std::move(outcome).error());
    return stamp;
}

Outcome<StateEntry> SharedMap::count(Moment moment, std::string_view key, std::int64_t change) {
    observe(moment);
    GV_TRY_VOID(check_write(key, CellKind::counter, std::nullopt));
    // Ours, of this life: of an earlier one we may have forgotten the last that we said, and what
    // we add to less is less than what others hold.
    std::optional<Cell> own;
    const std::string prefix = std::string(key) + '\0';
    cells_.visit(prefix, prefix, [&](ByteView bytes) {
        auto cell = decode_cell(bytes);
        assert(cell);
        if (cell->id.kind == CellKind::counter && counter_owner(cell->id.part) == self_ &&
            counter_birth(cell->id.part) > life_began_) {
            own = *std::move(cell);
        }
        return true;
    });
    const Stamp stamp = clock_.read(moment.unix_ms);
    if (!own) {
        own = Cell{{std::string(key), CellKind::counter, counter_part(self_, stamp)},
                   stamp,
                   CounterContent{}};
    }
    own->stamp = stamp;
    auto& content = std::get<CounterContent>(own->content);
    std::uint64_t& side = change < 0 ? content.minus : content.plus;
    const std::uint64_t step =
        change < 0 ? 0 - static_cast<std::uint64_t>(change) : static_cast<std::uint64_t>(change);
    if (side > kCounterMax - std::min(step, kCounterMax)) {
        return std::unexpected(Refusal{Refusal::Code::over_limit, "the counter is full",
                                       "delete it, and begin anew", "change"});
    }
    side += step;
    auto written = write(*std::move(own));
    settle();
    if (!written) return std::unexpected(std::move(written).error());
    auto entry = find(moment, key);
    if (entry) return *std::move(entry);
    // Worth nothing, and so not to be seen: nobody has ever added to it.
    StateEntry empty;
    empty.key = key;
    empty.kind = CellKind::counter;
    empty.version = stamp;
    return empty;
}

Outcome<StateEntry> SharedMap::change_set(Moment moment, std::string_view key,
                                          const std::vector<std::string>& added,
                                          const std::vector<std::string>& removed) {
    observe(moment);
    GV_TRY_VOID(check_write(key, CellKind::element, std::nullopt));
    for (const auto* elements : {&added, &removed}) {
        for (const std::string& element : *elements) {
            if (is_state_element(element)) continue;
            return std::unexpected(Refusal{
                Refusal::Code::invalid, "that is no element of a set",
                fmt::format("give 1 to {} bytes without control characters", kStateElementBytesMax),
                "elements"});
        }
    }
    const Stamp stamp = clock_.read(moment.unix_ms);
    Outcome<void> outcome;
    const std::string prefix = std::string(key) + '\0';
    std::vector<Cell> going;
    cells_.visit(prefix, prefix, [&](ByteView bytes) {
        auto cell = decode_cell(bytes);
        assert(cell);
        if (cell->id.kind == CellKind::element && !is_dead(*cell, moment.unix_ms) &&
            std::ranges::find(removed, element_of(cell->id.part)) != removed.end()) {
            going.push_back(*std::move(cell));
        }
        return true;
    });
    for (Cell& cell : going) {
        cell.stamp = stamp;
        auto& content = std::get<ElementContent>(cell.content);
        content.removed = content.added;
        outcome = write(std::move(cell));
    }
    for (const std::string& element : added) {
        CellId id{std::string(key), CellKind::element, element_part(self_, element)};
        Cell cell = cells_.find(id).value_or(Cell{id, stamp, ElementContent{}});
        cell.stamp = stamp;
        std::get<ElementContent>(cell.content).added = stamp;
        if (outcome) outcome = write(std::move(cell));
    }
    settle();
    if (!outcome) return std::unexpected(std::move(outcome).error());
    if (auto entry = find(moment, key)) return *std::move(entry);
    StateEntry empty;
    empty.key = key;
    empty.kind = CellKind::element;
    empty.version = stamp;
    return empty;
}

// -- Telling --

void SharedMap::told(const Cell& cell) {
    Bytes bytes = encode(cell);
    if (untold_bytes_ + bytes.size() > kStateSpreadBytesMax) tell_spread();
    untold_bytes_ += bytes.size();
    untold_.push_back(std::move(bytes));
    if (untold_.size() == kStateSpreadCellsMax) tell_spread();
}

void SharedMap::tell_spread() {
    if (untold_.empty()) return;
    Bytes body;
    Writer writer(body);
    writer.integer(salt_.created.value());
    writer.integer(salt_.random);
    for (const Bytes& cell : untold_) writer.sized_bytes(cell);
    untold_.clear();
    untold_bytes_ = 0;
    outbox_.push(Spread{std::move(body)});
}

void SharedMap::take_spread(Moment moment, MemberId from, ByteView body) {
    observe(moment);
    if (from == self_) return;
    Reader reader(body);
    const auto created = reader.integer<std::uint64_t>("spread.salt");
    const auto random = reader.integer<std::uint64_t>("spread.salt");
    if (!created || !random) {
        ++counters_.dropped_malformed;
        return;
    }
    // Whoever holds nothing has nothing to compare; so all that begin together agree at once.
    if (cells_.count() == 0 && Stamp(*created) != Stamp{}) {
        adopt_salt({Stamp(*created), *random});
    }
    while (!reader.at_end()) {
        const auto bytes = reader.sized_bytes(kStateCellBytesMax, "spread.cell");
        const auto cell = bytes ? decode_cell(*bytes) : std::unexpected(bytes.error());
        if (!cell) {
            ++counters_.dropped_malformed;
            break;
        }
        take(*cell, Source::told);
    }
    settle();
}

// -- Taking --

void SharedMap::take(const Cell& cell, Source source) {
    if (!clock_.observe(moment_.unix_ms, cell.stamp)) {
        ++counters_.dropped_future;
        return;
    }
    if (is_wiped(cell)) {
        ++counters_.dropped_wiped;
        return;
    }
    const auto held = cells_.find(cell.id);
    if (!held && is_dead(cell, moment_.unix_ms) && dead_since(cell) <= floor_.collected()) {
        ++counters_.known;  // And forgotten.
        return;
    }
    Cell merged = held ? *held : cell;
    if (held && !merge(merged, cell)) {
        ++counters_.known;
        return;
    }
    const Stamp now = stamp_at(moment_.unix_ms);
    if (is_dead(merged, moment_.unix_ms) && dead_since(merged) <= floor_.late_before(now) &&
        !floor_.is_behind(now)) {
        merged.stamp = clock_.read(moment_.unix_ms);
        ++counters_.redated;
    }
    if (cells_.count() == 0) born();
    if (!keep(merged)) {
        ++counters_.dropped_full;
        return;
    }
    // Whoever follows what is copied reads all of it again (`Reloaded`).
    if (source != Source::copy) changed_.insert(cell.id.key);
    ++counters_.taken;
}

bool SharedMap::is_wiped(const Cell& cell) const {
    return std::ranges::any_of(wiped_, [&](const auto& wipe) {
        return cell.stamp < wipe.second && cell.id.key.starts_with(wipe.first);
    });
}

bool SharedMap::keep(const Cell& cell) {
    if (!cells_.put(cell)) return false;
    unwritten_.push_back({encode(cell.id), encode(cell)});
    return true;
}

/// The end of an input: first the disk, then everybody else.
void SharedMap::settle() {
    if (cells_.count() == 0 && floor_.view().birth != wire::kUnborn) {
        floor_.note_birth(wire::kUnborn);
        is_meta_changed_ = true;
    }
    if (!unwritten_.empty() || is_meta_changed_) {
        outbox_.push(
            Persist{std::exchange(unwritten_, {}), std::exchange(is_meta_changed_, false), false});
    }
    if (!changed_.empty()) {
        Changed changed;
        changed.keys.assign(changed_.begin(), changed_.end());
        changed_.clear();
        outbox_.push(std::move(changed));
    }
    tell_spread();
}

void SharedMap::wipe(Moment moment, std::string_view prefix, Stamp before) {
    observe(moment);
    Stamp& wiped = wiped_[std::string(prefix)];
    if (wiped >= before) return;
    wiped = before;
    std::vector<std::string> ids;
    cells_.visit(prefix, prefix, [&](ByteView bytes) {
        const auto cell = decode_cell(bytes);
        assert(cell);
        if (cell->stamp < before) ids.emplace_back(encoded_id(bytes));
        return true;
    });
    for (const std::string& id : ids) {
        cells_.erase(id);
        unwritten_.push_back({id, std::nullopt});
    }
    if (!ids.empty()) outbox_.push(Reloaded{Reloaded::Reason::wiped, ids.size()});
    settle();
}

}  // namespace grapevine::protocol

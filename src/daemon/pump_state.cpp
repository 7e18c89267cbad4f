// The shared map of a native overlay, as users see it. See pump.hpp and protocol/state/map.hpp.

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <utility>

#include "base/overloaded.hpp"
#include "daemon/pump.hpp"
#include "daemon/views.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"

namespace grapevine::daemon {
namespace {

constexpr std::size_t kListBytesMax = 1024 * 1024;

std::string version_text(Stamp version) {
    return fmt::format("{:016x}", version.value());
}

Outcome<std::optional<Stamp>> stamp_of(const std::optional<control::StateVersion>& text) {
    if (!text) return std::nullopt;
    if (text->empty()) return Stamp{};
    std::uint64_t value = 0;
    const char* const last = text->data() + text->size();
    const auto [end, failure] = std::from_chars(text->data(), last, value, 16);
    if (failure == std::errc() && end == last && text->size() == 16) return Stamp(value);
    return std::unexpected(Refusal{Refusal::Code::invalid, "that is no version of a key",
                                   "give it as it was read: 16 hexadecimal digits; empty for a "
                                   "key that must not exist",
                                   "version"});
}

control::StateEntryView view_of(const protocol::StateEntry& entry) {
    control::StateEntryView view;
    view.key = entry.key;
    view.type = entry.kind == protocol::CellKind::value     ? "value"
                : entry.kind == protocol::CellKind::counter ? "counter"
                                                            : "set";
    view.version = version_text(entry.version);
    view.value = entry.value;
    if (entry.writer != kNobody) view.writer = id_text(entry.writer);
    view.count = entry.count;
    view.elements = entry.elements;
    view.element_count = entry.element_count;
    view.expires_at_ms = static_cast<std::int64_t>(entry.expires_ms);
    return view;
}

Outcome<control::Answer> read_back(const std::optional<protocol::StateEntry>& entry) {
    if (entry) return view_of(*entry);
    return std::unexpected(Refusal{Refusal::Code::not_found, "no such key in the shared map",
                                   "list them with: grapevine state list", "key"});
}

}  // namespace

Outcome<control::Answer> Pump::state(const control::StateCommand& command) {
    using Command = control::StateCommand;
    const Instant now = loop_.now();
    tell_wall(now);
    auto answer = std::visit(
        Overloaded{
            [&](const Command::Get& get) -> Outcome<control::Answer> {
                const auto& node = overlay_->node();
                return read_back(node.state().find(node.moment(now), get.key));
            },
            [&](const Command::List& list) -> Outcome<control::Answer> {
                return list_state(now, list);
            },
            [&](const Command::Put& put) -> Outcome<control::Answer> {
                const auto expected = GV_TRY(stamp_of(put.expected));
                GV_TRY_VOID(check_store());
                GV_TRY_VOID(
                    overlay_->put_state(now, put.key, put.value, {put.lifetime_ms, expected}));
                const auto& node = overlay_->node();
                return read_back(node.state().find(node.moment(now), put.key));
            },
            [&](const Command::Load& load) -> Outcome<control::Answer> {
                GV_TRY_VOID(check_store());
                GV_TRY_VOID(overlay_->put_state(now, load.values));
                return control::Done{};
            },
            [&](const Command::Erase& erase) -> Outcome<control::Answer> {
                const auto expected = GV_TRY(stamp_of(erase.expected));
                GV_TRY_VOID(check_store());
                GV_TRY_VOID(overlay_->erase_state(now, erase.key, expected));
                return control::Done{};
            },
            [&](const Command::Count& count) -> Outcome<control::Answer> {
                GV_TRY_VOID(check_store());
                return view_of(GV_TRY(overlay_->count_state(now, count.key, count.change)));
            },
            [&](const Command::ChangeSet& change) -> Outcome<control::Answer> {
                GV_TRY_VOID(check_store());
                return view_of(GV_TRY(
                    overlay_->change_state_set(now, change.key, change.added, change.removed)));
            },
        },
        command.what);
    const auto drained = drain();
    // Not on the disk: whoever wrote it must not rely on it, though the others have it.
    if (!drained && answer) return std::unexpected(drained.error());
    return answer;
}

/// While the disk takes nothing, neither do we: read-only.
Outcome<void> Pump::check_store() {
    if (!is_store_failing_) return {};
    // It may have room again. What tells is a write that changes nothing.
    const auto meta = overlay_->node().state().meta();
    return persist({{storage::save_state_meta(overlay_->settings().name, meta.salt, meta.floor)},
                    storage::Durability::lazy});
}

Outcome<control::Answer> Pump::list_state(Instant now,
                                          const control::StateCommand::List& list) const {
    const auto& node = overlay_->node();
    control::StatePage page;
    // One more, to know whether there is more.
    const auto entries =
        node.state().list(node.moment(now), list.prefix, list.after, list.limit + 1, kListBytesMax);
    std::size_t bytes = 0;
    for (const protocol::StateEntry& entry : entries) {
        if (page.entries.size() == list.limit) break;
        bytes += entry.key.size() + entry.value.size();
        page.entries.push_back(view_of(entry));
    }
    const bool is_cut = entries.size() > list.limit || bytes >= kListBytesMax / 2;
    if (is_cut && !page.entries.empty()) page.next = page.entries.back().key;
    return page;
}

void Pump::note_reload(const overlay::Overlay::StateReloaded& reloaded) {
    using Reason = overlay::Overlay::StateReloaded::Reason;
    const std::string& name = overlay_->settings().name;
    switch (reloaded.reason) {
        case Reason::copied:
            runtime::log::info("state", "{}: took a full copy of the shared map", name);
            return note(control::LogItem::StateReload{"copied", 0});
        case Reason::wiped:
            runtime::log::warn("state", "{}: {} cells of the shared map were wiped", name,
                               reloaded.dropped);
            return note(control::LogItem::StateReload{"wiped", reloaded.dropped});
        case Reason::reset:
            runtime::log::warn("state",
                               "{}: this member was away for too long to tell what was deleted "
                               "since: its copy of the shared map, {} cells, is dropped",
                               name, reloaded.dropped);
            return note(control::LogItem::StateReload{"reset", reloaded.dropped});
    }
}

/// What the disk did not take of the shared map goes there before what comes later, so that a
/// restart never finds an older state than it was told of.
Outcome<void> Pump::save(const storage::Batch& batch) {
    const bool is_state = std::ranges::all_of(batch.writes, [](const storage::Write& write) {
        return write.bucket.starts_with("state/");
    });
    if (!is_state) return sinks_.persist(batch);
    if (unsaved_.empty() && !is_bucket_unsaved_) {
        auto written = sinks_.persist(batch);
        if (!written) keep_unsaved(batch);
        return written;
    }
    keep_unsaved(batch);
    storage::Batch all{{}, batch.durability};
    if (is_bucket_unsaved_) all.writes.push_back(storage::erase_state(overlay_->settings().name));
    for (const auto& [key, write] : unsaved_) all.writes.push_back(write);
    auto written = sinks_.persist(all);
    if (written) {
        unsaved_.clear();
        is_bucket_unsaved_ = false;
    }
    return written;
}

void Pump::keep_unsaved(const storage::Batch& batch) {
    for (const storage::Write& write : batch.writes) {
        if (write.key.empty()) {
            unsaved_.clear();
            is_bucket_unsaved_ = true;
        } else {
            unsaved_[write.key] = write;
        }
    }
}

void Pump::open_copies() {
    StateCopies::Hooks hooks;
    hooks.page = [this](const wire::StatePosition& start, std::size_t bytes_max) {
        return overlay_->node().state().copy_page(start, bytes_max);
    };
    hooks.take = [this](ByteView page) {
        const Instant now = loop_.now();
        tell_wall(now);
        const bool is_right = overlay_->take_state_copy(now, page);
        (void)drain();
        return is_right;
    };
    hooks.ended = [this](bool is_whole) {
        const Instant now = loop_.now();
        tell_wall(now);
        overlay_->state_copy_ended(now, is_whole);
        (void)drain();
    };
    copies_.emplace(loop_, overlay_->settings().name, bound(), overlay_->copy_keys(),
                    std::move(hooks));
}

void Pump::note_state(const overlay::Overlay::StateChanged& changed) {
    const auto& node = overlay_->node();
    const protocol::Moment moment = node.moment(loop_.now());
    for (const std::string& key : changed.keys) {
        control::LogItem::State item{key, std::nullopt};
        if (const auto entry = node.state().find(moment, key)) item.entry = view_of(*entry);
        note(std::move(item));
    }
}

}  // namespace grapevine::daemon

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "control/control.hpp"

namespace grapevine::client {

/// What happened in one overlay, as this daemon saw it, kept for a while and read by position: so
/// that a subscriber which was away for a minute continues where it stopped.
///
/// A log and not a queue per subscriber: a slow or absent reader costs nothing and holds nobody up;
/// what it pays for its absence is told to it (`Page::missed`), in number, before the next item.
/// Delivery is at least once: the reader keeps the position, and gives it again after a crash.
///
/// Offsets count from 1 in each life of the log and are never reused. A position of another life
/// means nothing here; `life` is what a reader's cursor carries to find that out.
///
/// Memory: `Limits`; the oldest items go first, and the newest is kept whatever its size. Age
/// counts from the append, and is looked at when something is appended or `expire` is called. One
/// thread.
class EventLog final : public control::Log {
public:
    struct Limits {
        std::size_t bytes_max = 16U << 20U;
        Duration age_max = std::chrono::minutes(5);
    };

    /// `life` is new at each start: 16 hexadecimal digits of 64 random bits in the daemon.
    EventLog(Limits limits, std::string life);

    /// Gives the item its offset, which is returned, makes room for it, and wakes who waits.
    std::uint64_t append(Instant now, control::LogItem item);
    /// Drops what is over age.
    void expire(Instant now);

    /// An `offset` that is older than `oldest` is moved there, and `missed` says by how much (of
    /// all items, whatever the filter). One beyond `next` is moved back to it. The page ends before
    /// the item that would take it above `bytes_max`, but has at least one if one passes. Topic
    /// patterns that `TopicFilter` refuses match nothing: whoever takes them from users has them
    /// parsed. A gap has no topic: it passes for everybody who wants events.
    [[nodiscard]] Page read(std::uint64_t offset, const Filter& filter, std::size_t items_max,
                            std::size_t bytes_max) const override;
    [[nodiscard]] std::uint64_t oldest() const override { return next_ - items_.size(); }
    [[nodiscard]] std::uint64_t next() const override { return next_; }
    [[nodiscard]] std::string life() const override { return life_; }
    /// `wake` may read, append, and destroy or make handles.
    [[nodiscard]] std::shared_ptr<void> on_append(std::function<void()> wake) override;
    [[nodiscard]] std::shared_ptr<void> want(const std::vector<std::string>& topics) override;
    /// What all readers together want, each pattern once, in order.
    [[nodiscard]] std::vector<std::string> wanted() const;
    /// Calls `changed` whenever that may have changed. One listener; it may read, and neither
    /// append nor make or destroy handles.
    void on_want(std::function<void()> changed) { readers_->changed = std::move(changed); }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t count() const { return items_.size(); }
    /// Asserts what must hold between any two calls.
    void check_invariants() const;

private:
    struct Entry {
        Instant appended_at;
        std::size_t cost = 0;
        std::shared_ptr<const control::LogItem> item;
    };

    /// Outlives the log while somebody holds a handle.
    struct Readers {
        std::multiset<std::string> topics;
        std::function<void()> changed;
    };

    void drop_oldest();

    Limits limits_;
    std::string life_;
    std::uint64_t next_ = 1;
    std::size_t bytes_ = 0;
    std::deque<Entry> items_;
    std::vector<std::weak_ptr<std::function<void()>>> wakes_;
    std::shared_ptr<Readers> readers_ = std::make_shared<Readers>();
};

/// What an item costs in memory: its texts and payload, and a flat sum for what holds them.
std::size_t cost_of(const control::LogItem& item);

}  // namespace grapevine::client

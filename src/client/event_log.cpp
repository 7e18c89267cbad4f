#include "client/event_log.hpp"

#include <algorithm>
#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

#include "client/topic_pattern.hpp"

namespace grapevine::client {
namespace {

using control::LogItem;

/// The item with its largest alternative, its control block, its entry, and the heap's own, rounded
/// to a power of two: so that a million empty items are not free.
constexpr std::size_t kItemOverheadBytes = 256;

std::size_t cost_of_what(const LogItem::Event& event) {
    return event.publisher.size() + event.topic.size() +
           (event.payload ? event.payload->size() : 0);
}
std::size_t cost_of_what(const LogItem::Gap& gap) {
    return gap.publisher.size();
}
std::size_t cost_of_member(const control::MemberView& member) {
    std::size_t cost =
        member.id.size() + member.name.size() + member.status.size() + member.path.size();
    for (const std::string& address : member.addresses) cost += sizeof(address) + address.size();
    for (const auto& [key, value] : member.labels) cost += 64 + key.size() + value.size();
    return cost;
}
std::size_t cost_of_what(const LogItem::Member& change) {
    return change.kind.size() + cost_of_member(change.member);
}
std::size_t cost_of_what(const LogItem::Members& changes) {
    std::size_t cost = changes.kind.size();
    for (const control::MemberView& member : changes.members) {
        cost += sizeof(member) + cost_of_member(member);
    }
    return cost;
}
std::size_t cost_of_what(const LogItem::View& view) {
    return view.fingerprint.size();
}
std::size_t cost_of_what(const LogItem::Record& record) {
    std::size_t cost = record.member.size();
    for (const auto& [key, value] : record.changes) {
        cost += 72 + key.size() + (value ? value->size() : 0);
    }
    return cost;
}

std::size_t cost_of_what(const LogItem::State& state) {
    std::size_t cost = state.key.size();
    if (!state.entry) return cost;
    cost += sizeof(*state.entry) + state.entry->key.size() + state.entry->value.size();
    for (const std::string& element : state.entry->elements) {
        cost += sizeof(element) + element.size();
    }
    return cost;
}
std::size_t cost_of_what(const LogItem::StateReload& reload) {
    return reload.reason.size();
}

bool passes(const LogItem& item, const control::Log::Filter& filter, const TopicFilter& topics) {
    return std::visit(
        [&](const auto& what) {
            using T = std::remove_cvref_t<decltype(what)>;
            if constexpr (std::is_same_v<T, LogItem::Event>) return topics.matches(what.topic);
            if constexpr (std::is_same_v<T, LogItem::Gap>) return !topics.is_empty();
            if constexpr (std::is_same_v<T, LogItem::Member>) return filter.with_members;
            if constexpr (std::is_same_v<T, LogItem::Members>) return filter.with_members;
            if constexpr (std::is_same_v<T, LogItem::View>) return filter.with_members;
            if constexpr (std::is_same_v<T, LogItem::Record>) return filter.with_records;
            if constexpr (std::is_same_v<T, LogItem::StateReload>) {
                return !filter.state_prefixes.empty();
            }
            if constexpr (std::is_same_v<T, LogItem::State>) {
                return std::ranges::any_of(filter.state_prefixes, [&](const std::string& prefix) {
                    return what.key.starts_with(prefix);
                });
            }
        },
        item.what);
}

}  // namespace

std::size_t cost_of(const LogItem& item) {
    return kItemOverheadBytes +
           std::visit([](const auto& what) { return cost_of_what(what); }, item.what);
}

EventLog::EventLog(Limits limits, std::string life) : limits_(limits), life_(std::move(life)) {}

std::uint64_t EventLog::append(Instant now, LogItem item) {
    item.offset = next_++;
    const std::size_t cost = cost_of(item);
    bytes_ += cost;
    items_.push_back({now, cost, std::make_shared<const LogItem>(std::move(item))});
    while (bytes_ > limits_.bytes_max && items_.size() > 1) drop_oldest();
    expire(now);

    const std::uint64_t offset = next_ - 1;
    std::erase_if(wakes_, [](const auto& wake) { return wake.expired(); });
    // A copy, because who is woken may come and go; locked one by one, because one may end another.
    const auto wakes = wakes_;
    for (const auto& weak : wakes) {
        if (const auto wake = weak.lock()) (*wake)();
    }
    return offset;
}

void EventLog::expire(Instant now) {
    while (!items_.empty() && items_.front().appended_at + limits_.age_max <= now) drop_oldest();
}

void EventLog::drop_oldest() {
    bytes_ -= items_.front().cost;
    items_.pop_front();
}

control::Log::Page EventLog::read(std::uint64_t offset, const Filter& filter, std::size_t items_max,
                                  std::size_t bytes_max) const {
    Page page;
    offset = std::max<std::uint64_t>(offset, 1);
    if (offset < oldest()) page.missed = oldest() - offset;
    page.next = std::clamp(offset, oldest(), next_);
    const auto topics = TopicFilter::parse(filter.topics);
    const TopicFilter wanted = topics ? *topics : TopicFilter{};

    std::size_t bytes = 0;
    for (auto index = static_cast<std::size_t>(page.next - oldest()); index < items_.size();
         ++index) {
        const Entry& entry = items_[index];
        if (passes(*entry.item, filter, wanted)) {
            const bool is_full = page.items.size() >= items_max ||
                                 (!page.items.empty() && bytes + entry.cost > bytes_max);
            if (is_full) break;
            page.items.push_back(entry.item);
            bytes += entry.cost;
        }
        page.next = entry.item->offset + 1;
    }
    return page;
}

std::shared_ptr<void> EventLog::on_append(std::function<void()> wake) {
    auto handle = std::make_shared<std::function<void()>>(std::move(wake));
    wakes_.push_back(handle);
    return handle;
}

std::shared_ptr<void> EventLog::want(const std::vector<std::string>& topics) {
    readers_->topics.insert(topics.begin(), topics.end());
    if (readers_->changed) readers_->changed();
    return {nullptr, [readers = readers_, topics](void*) {
                for (const std::string& topic : topics) {
                    readers->topics.erase(readers->topics.find(topic));
                }
                if (readers->changed) readers->changed();
            }};
}

std::vector<std::string> EventLog::wanted() const {
    std::vector<std::string> topics;
    std::ranges::unique_copy(readers_->topics, std::back_inserter(topics));
    return topics;
}

void EventLog::check_invariants() const {
    std::size_t bytes = 0;
    std::uint64_t offset = oldest();
    for (const Entry& entry : items_) {
        assert(entry.item->offset == offset);
        bytes += entry.cost;
        ++offset;
    }
    assert(offset == next_);
    assert(bytes == bytes_);
    assert(bytes_ <= limits_.bytes_max || items_.size() == 1);
}

}  // namespace grapevine::client

#include "client/redelivery.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>
#include <vector>

#include "base/limits.hpp"
#include "client/later.hpp"

namespace grapevine::client {

using wire::gossiperl::Application;
using wire::gossiperl::Letter;

namespace {

const Application& application_of(const Letter& letter) {
    const auto* application = std::get_if<Application>(&letter.message);
    assert(application != nullptr && "only messages of applications are sent again");
    return *application;
}

std::size_t bytes_of(const Letter& letter) {
    const Application& application = application_of(letter);
    return (application.envelope ? application.envelope->size() : 0) +
           (application.payload ? application.payload->size() : 0);
}

RedeliveryRules checked(RedeliveryRules rules) {
    rules.retry_every = std::max(rules.retry_every, kRetryEveryMin);
    return rules;
}

}  // namespace

Redelivery::Redelivery(RedeliveryRules rules) : rules_(checked(rules)) {}

void Redelivery::set_rules(RedeliveryRules rules) {
    rules_ = checked(rules);
}

void Redelivery::start(Instant now, const std::string& subscriber, const Endpoint& to,
                       Letter letter) {
    assert(outbox_.empty());
    if (is_pending(subscriber, letter.id)) return;
    const std::size_t bytes = bytes_of(letter);
    make_room(bytes);
    const Ticket ticket = next_ticket_++;
    const Instant due_at = later(now, rules_.retry_every);
    subscribers_[subscriber].emplace(letter.id, ticket);
    due_.emplace(due_at, ticket);
    bytes_ += bytes;
    waiting_.emplace(ticket, Waiting{subscriber, to, std::move(letter), rules_, 0, due_at});
}

void Redelivery::make_room(std::size_t bytes) {
    while (!waiting_.empty() &&
           (waiting_.size() >= kRedeliveriesMax || bytes_ + bytes > kRedeliveryBytesMax)) {
        forget(waiting_.begin()->first);
        ++given_up_;
    }
}

void Redelivery::forget(Ticket ticket) {
    const auto found = waiting_.find(ticket);
    assert(found != waiting_.end());
    const Waiting& waiting = found->second;
    const auto subscriber = subscribers_.find(waiting.subscriber);
    assert(subscriber != subscribers_.end());
    subscriber->second.erase(waiting.letter.id);
    if (subscriber->second.empty()) subscribers_.erase(subscriber);
    due_.erase({waiting.due_at, ticket});
    bytes_ -= bytes_of(waiting.letter);
    waiting_.erase(found);
}

bool Redelivery::is_pending(std::string_view subscriber, std::string_view id) const {
    const auto found = subscribers_.find(subscriber);
    return found != subscribers_.end() && found->second.contains(id);
}

bool Redelivery::acknowledge(std::string_view subscriber, std::string_view id) {
    assert(outbox_.empty());
    const auto found = subscribers_.find(subscriber);
    if (found == subscribers_.end()) return false;
    const auto ticket = found->second.find(id);
    if (ticket == found->second.end()) return false;
    forget(ticket->second);
    return true;
}

void Redelivery::stop(std::string_view subscriber, std::string_view type) {
    assert(outbox_.empty());
    const auto found = subscribers_.find(subscriber);
    if (found == subscribers_.end()) return;
    std::vector<Ticket> unwanted;
    for (const auto& [id, ticket] : found->second) {
        if (application_of(waiting_.at(ticket).letter).type == type) unwanted.push_back(ticket);
    }
    for (const Ticket ticket : unwanted) forget(ticket);
}

void Redelivery::stop_all(std::string_view subscriber) {
    assert(outbox_.empty());
    const auto found = subscribers_.find(subscriber);
    if (found == subscribers_.end()) return;
    const Tickets unwanted = found->second;
    for (const auto& [id, ticket] : unwanted) forget(ticket);
}

void Redelivery::move(std::string_view subscriber, const Endpoint& to) {
    assert(outbox_.empty());
    const auto found = subscribers_.find(subscriber);
    if (found == subscribers_.end()) return;
    for (const auto& [id, ticket] : found->second) waiting_.at(ticket).to = to;
}

void Redelivery::advance(Instant now) {
    assert(outbox_.empty());
    while (!due_.empty() && due_.begin()->first <= now) {
        const Ticket ticket = due_.begin()->second;
        Waiting& waiting = waiting_.at(ticket);
        const std::uint32_t retry_max = waiting.rules.retry_max;
        if (retry_max != 0 && waiting.retries == retry_max) {
            forget(ticket);
            ++given_up_;
            continue;
        }
        // With no end to the copies nothing reads the count, which may stand still then.
        if (retry_max != 0) ++waiting.retries;
        due_.erase(due_.begin());
        waiting.due_at = later(now, waiting.rules.retry_every);
        due_.emplace(waiting.due_at, ticket);
        outbox_.push_back({waiting.to, waiting.letter});
    }
}

std::optional<Redelivery::Due> Redelivery::poll() {
    if (outbox_.empty()) return std::nullopt;
    Due due = std::move(outbox_.front());
    outbox_.pop_front();
    return due;
}

Instant Redelivery::deadline() const {
    return due_.empty() ? kNever : due_.begin()->first;
}

std::vector<std::string> Redelivery::subscribers() const {
    std::vector<std::string> names;
    for (const auto& [name, tickets] : subscribers_) names.push_back(name);
    return names;
}

void Redelivery::check_invariants() const {
    assert(waiting_.size() <= kRedeliveriesMax);
    assert(due_.size() == waiting_.size());
    std::size_t bytes = 0;
    for (const auto& [ticket, waiting] : waiting_) {
        assert(ticket < next_ticket_);
        assert(due_.contains({waiting.due_at, ticket}));
        bytes += bytes_of(waiting.letter);
    }
    assert(bytes == bytes_);
    assert(bytes_ <= kRedeliveryBytesMax || waiting_.size() == 1);
    std::size_t tickets = 0;
    for (const auto& [subscriber, by_id] : subscribers_) {
        assert(!by_id.empty());
        for (const auto& [id, ticket] : by_id) {
            assert(waiting_.at(ticket).subscriber == subscriber);
            assert(waiting_.at(ticket).letter.id == id);
        }
        tickets += by_id.size();
    }
    assert(tickets == waiting_.size());
}

}  // namespace grapevine::client

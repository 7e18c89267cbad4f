#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <variant>

namespace grapevine {

/// What a machine wants done, in order, until its driver fetches it with `poll`. Unbounded by
/// itself: it is drained after every input, and what one input can cause is bounded by the machine.
template <typename Action>
class Outbox {
public:
    template <typename Alternative>
    void push(Alternative action) {
        actions_.emplace_back(std::move(action));
    }

    /// The next action; nothing when drained.
    [[nodiscard]] std::optional<Action> pop() {
        std::optional<Action> next;
        if (actions_.empty()) return next;
        // Moved by its alternative and not as a whole: g++ 12 takes the moved-from storage of a
        // variant with vectors for uninitialised and warns.
        std::visit([&next]<typename T>(
                       T& action) { next.emplace(std::in_place_type<T>, std::move(action)); },
                   actions_.front());
        actions_.pop_front();
        return next;
    }

    [[nodiscard]] bool is_empty() const { return actions_.empty(); }

private:
    std::deque<Action> actions_;
};

}  // namespace grapevine

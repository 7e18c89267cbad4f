#include "protocol/rumor/stream.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "protocol/rumor/causal.hpp"

namespace grapevine::protocol {

std::uint16_t fragment_count_of(std::size_t total_bytes) {
    assert(total_bytes <= kEventBytesMax);
    if (total_bytes == 0) return 1;
    return static_cast<std::uint16_t>((total_bytes + kFragmentBytesMax - 1) / kFragmentBytesMax);
}

std::size_t fragment_bytes_of(std::size_t total_bytes, std::uint16_t index) {
    assert(index < fragment_count_of(total_bytes));
    return std::min(kFragmentBytesMax, total_bytes - index * kFragmentBytesMax);
}

std::uint8_t hops_after(std::uint8_t hops) {
    constexpr std::uint8_t kHopsMax = 255;
    return hops == kHopsMax ? hops : static_cast<std::uint8_t>(hops + 1);
}

Stream::Stream(wire::StreamId id, std::uint64_t first, Start start)
    : id_(id),
      next_(first),
      lost_to_(first - 1),
      known_(first - 1),
      run_first_(first),
      is_untold_(start == Start::untold) {
    assert(first > 0);
}

std::uint64_t Stream::head() const {
    return std::max(next_, lost_to_ + 1);
}

EventSequence Stream::append() {
    assert(!is_behind() && next_ == head());
    known_ = next_;
    is_untold_ = false;
    return EventSequence{next_++};
}

bool Stream::learn(std::uint64_t sequence) {
    if (sequence > head() && sequence - head() > kSequenceAheadMax) return false;
    known_ = std::max(known_, sequence);
    return true;
}

Stream::Verdict Stream::accept(const wire::EventFragment& fragment, MemberId pushed_by, Load& load,
                               Completed& completed) {
    const std::uint64_t sequence = fragment.sequence.value();
    if (sequence < head() || waiting_.contains(sequence)) return Verdict::duplicate;
    assert(sequence <= known_);
    if (fragment.count > 1) return accept_part(fragment, pushed_by, load, completed);
    completed.pushed_by = pushed_by;
    return accept_whole(fragment, load, completed.event);
}

bool Stream::has_room(const wire::EventFragment& fragment, const Load& load) const {
    const bool is_head = fragment.sequence.value() == head();
    // Half of the assemblies are kept for heads, so that events which wait for others cannot stop
    // those that others wait for.
    const std::size_t assemblies_max = is_head ? kAssembliesMax : kAssembliesMax / 2;
    if (fragment.count > 1 && load.assemblies >= assemblies_max) return false;
    return is_head || load.waiting_bytes + fragment.total_bytes <= kWaitingBytesMax;
}

Stream::Verdict Stream::accept_whole(const wire::EventFragment& fragment, Load& load,
                                     SharedEvent& completed) {
    if (assemblies_.contains(fragment.sequence.value())) return Verdict::conflict;
    if (!has_room(fragment, load)) return Verdict::full;
    const ByteView payload = fragment.payload.view();
    completed = keep(fragment, Bytes(payload.begin(), payload.end()), fragment.hops, load);
    return Verdict::complete;
}

Stream::Verdict Stream::accept_part(const wire::EventFragment& fragment, MemberId pushed_by,
                                    Load& load, Completed& completed) {
    const std::uint64_t sequence = fragment.sequence.value();
    auto found = assemblies_.find(sequence);
    if (found == assemblies_.end()) {
        if (!has_room(fragment, load)) return Verdict::full;
        ++load.assemblies;
        Assembly assembly{fragment.published_at,
                          fragment.topic,
                          Bytes(fragment.total_bytes),
                          std::vector<bool>(fragment.count),
                          0,
                          kNobody,
                          fragment.hops,
                          fragment.has_dependencies,
                          fragment.is_traced};
        found = assemblies_.emplace(sequence, std::move(assembly)).first;
    }
    Assembly& assembly = found->second;
    if (assembly.bytes.size() != fragment.total_bytes || assembly.topic != fragment.topic ||
        assembly.published_at != fragment.published_at ||
        assembly.has_dependencies != fragment.has_dependencies ||
        assembly.is_traced != fragment.is_traced) {
        return Verdict::conflict;
    }
    if (assembly.has[fragment.index]) return Verdict::duplicate;
    if (pushed_by != kNobody) {
        assembly.pushed_by = pushed_by;
        assembly.hops = fragment.hops;
    }
    assembly.has[fragment.index] = true;
    ++assembly.has_count;
    std::ranges::copy(fragment.payload.view(),
                      assembly.bytes.begin() + fragment.index * kFragmentBytesMax);
    if (assembly.has_count < assembly.has.size()) return Verdict::partial;

    completed.pushed_by = assembly.pushed_by;
    completed.event = keep(fragment, std::move(assembly.bytes), assembly.hops, load);
    assemblies_.erase(found);
    --load.assemblies;
    return Verdict::complete;
}

SharedEvent Stream::keep(const wire::EventFragment& fragment, Bytes payload,
                         std::uint8_t sender_hops, Load& load) {
    const bool is_mixed_up = GV_MUTANT(mix_up_payloads) && fragment.sequence.value() % 4 == 0;
    if (is_mixed_up) payload.push_back(0);
    auto event = std::make_shared<Event>(
        Event{id_, fragment.sequence, fragment.published_at, fragment.topic,
              std::make_shared<const Bytes>(std::move(payload)), fragment.has_dependencies,
              fragment.is_traced, hops_after(sender_hops)});
    read_dependencies(*event);
    load.waiting_bytes += cost_of(*event);
    waiting_.emplace(fragment.sequence.value(), event);
    return event;
}

void Stream::give_up(std::uint64_t last, Load& load) {
    assert(is_behind() && last >= head() && last <= hole_end());
    lost_to_ = last;
    const auto end = assemblies_.upper_bound(last);
    load.assemblies -= static_cast<std::size_t>(std::distance(assemblies_.begin(), end));
    assemblies_.erase(assemblies_.begin(), end);
}

std::optional<Stream::Ready> Stream::take(Load& load) {
    const auto first = waiting_.begin();
    const bool has_head =
        first != waiting_.end() && (first->first == head() || GV_MUTANT(deliver_out_of_order));
    if (lost_to_ >= next_ && (has_head || lost_to_ >= known_)) {
        const Lost lost{next_, lost_to_};
        next_ = lost_to_ + 1;
        run_first_ = next_;
        if (!is_untold_) return lost;
    }
    if (!has_head) return std::nullopt;
    SharedEvent event = std::move(first->second);
    load.waiting_bytes -= cost_of(*event);
    waiting_.erase(first);
    ++next_;
    is_untold_ = false;
    return event;
}

void Stream::withdrawn(std::uint64_t sequence) {
    // Events are withdrawn in the order in which they came, which is not quite their own; what
    // remains below one that is gone is still given on request, but not offered.
    run_first_ = std::max(run_first_, sequence + 1);
}

void Stream::release(Load& load) {
    load.assemblies -= assemblies_.size();
    for (const auto& [sequence, event] : waiting_) load.waiting_bytes -= cost_of(*event);
    assemblies_.clear();
    waiting_.clear();
}

std::uint64_t Stream::hole_end() const {
    assert(is_behind());
    return waiting_.empty() ? known_ : waiting_.begin()->first - 1;
}

std::vector<Part> Stream::missing(std::uint64_t last, std::size_t max,
                                  const std::map<Part, Instant>& skip) const {
    std::vector<Part> parts;
    auto waiting = waiting_.begin();
    auto assembly = assemblies_.begin();
    last = std::min(last, known_);
    for (std::uint64_t sequence = head(); sequence <= last && parts.size() < max; ++sequence) {
        if (waiting != waiting_.end() && waiting->first == sequence) {
            ++waiting;
            continue;
        }
        if (assembly == assemblies_.end() || assembly->first != sequence) {
            if (!skip.contains({sequence, 0})) parts.push_back({sequence, 0});
            continue;
        }
        const std::vector<bool>& has = assembly->second.has;
        for (std::size_t index = 0; index < has.size() && parts.size() < max; ++index) {
            const Part part{sequence, static_cast<std::uint16_t>(index)};
            if (!has[index] && !skip.contains(part)) parts.push_back(part);
        }
        ++assembly;
    }
    return parts;
}

void Stream::check_invariants() const {
    assert(next_ > 0 && known_ + 1 >= next_ && lost_to_ <= std::max(known_, next_ - 1));
    assert(lowest() <= next_);
    // Between two inputs the head is a hole: whatever could be told has been.
    assert(waiting_.empty() || waiting_.begin()->first > head());
    assert(waiting_.empty() || waiting_.rbegin()->first <= known_);
    assert(assemblies_.empty() || assemblies_.begin()->first >= head());
    for (const auto& [sequence, assembly] : assemblies_) {
        assert(!waiting_.contains(sequence));
        assert(assembly.has_count > 0 && assembly.has_count < assembly.has.size());
    }
}

}  // namespace grapevine::protocol

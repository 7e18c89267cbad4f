#include "crypto/replay_window.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

#include "base/mutant.hpp"

namespace grapevine::crypto {

bool ReplayWindow::check(std::uint64_t counter) const {
    if (counter == std::numeric_limits<std::uint64_t>::max()) return false;
    if (counter >= next_ || GV_MUTANT(accept_replays)) return true;
    if (next_ - counter > kWindow) return false;
    return (seen_[word_of(counter)] & bit_of(counter)) == 0;
}

void ReplayWindow::commit(std::uint64_t counter) {
    assert(check(counter));
    if (counter >= next_) {
        // Words between the old front and the new one come round again and still hold old bits.
        const std::uint64_t front = next_ == 0 ? 0 : (next_ - 1) / 64;
        const std::uint64_t steps = std::min<std::uint64_t>(counter / 64 - front, kWords);
        for (std::uint64_t step = 0; step < steps; ++step)
            seen_[(counter / 64 - step) % kWords] = 0;
        next_ = counter + 1;
    }
    seen_[word_of(counter)] |= bit_of(counter);
}

void ReplayWindow::start_at(std::uint64_t counter) {
    assert(counter != std::numeric_limits<std::uint64_t>::max());
    seen_.fill(~std::uint64_t{0});
    // Above `counter` in its own word nothing has been seen; the other words are cleared in turn.
    const std::uint64_t used = counter % 64;
    seen_[word_of(counter)] = used == 63 ? ~std::uint64_t{0} : bit_of(counter + 1) - 1;
    next_ = counter + 1;
}

}  // namespace grapevine::crypto

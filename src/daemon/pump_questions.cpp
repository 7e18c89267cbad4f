// Questions that a native overlay puts to its members. See pump.hpp.

#include <utility>

#include "daemon/pump.hpp"

namespace grapevine::daemon {

void Pump::ask(const std::vector<MemberId>& targets, protocol::QuestionKind kind, Bytes body,
               Duration patience, std::function<void(Outcome<Gathered>)> done) {
    const auto number = overlay_->ask(loop_.now(), targets, kind, std::move(body), patience);
    if (number) {
        gathering_.emplace(*number, std::move(done));
        (void)drain();
        return;
    }
    (void)drain();
    done(std::unexpected(number.error()));
}

void Pump::on_gathered(Gathered gathered) {
    const auto found = gathering_.find(gathered.number);
    if (found == gathering_.end()) return;
    // What is called may ask again.
    const auto done = std::move(found->second);
    gathering_.erase(found);
    done(std::move(gathered));
}

}  // namespace grapevine::daemon

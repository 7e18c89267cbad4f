#include "daemon/shared_definitions.hpp"

#include <utility>

#include "base/limits.hpp"

namespace grapevine::daemon {
namespace {

using Command = control::StateCommand;

std::string key_of(const std::string& name) {
    return std::string(SharedDefinitions::kPrefix) + name;
}

}  // namespace

SharedDefinitions::SharedDefinitions(control::Control& control, std::string overlay,
                                     std::shared_ptr<control::Log> log)
    : control_(control),
      overlay_(std::move(overlay)),
      log_(std::move(log)),
      self_(std::make_shared<SharedDefinitions*>(this)) {
    offset_ = log_->next();
    waking_ = log_->on_append([this] { follow(); });
}

void SharedDefinitions::on_change(std::function<void()> changed) {
    changed_ = std::move(changed);
    is_reading_ = true;
    read("", {});
}

void SharedDefinitions::follow() {
    control::Log::Filter filter;
    filter.state_prefixes = {std::string(kPrefix)};
    const auto page = log_->read(offset_, filter, 1, kPageBytesMax);
    offset_ = log_->next();
    if (page.items.empty() && page.missed == 0 && !is_unread_) return;
    if (is_reading_) {
        is_stale_ = true;
        return;
    }
    is_reading_ = true;
    read("", {});
}

/// Page by page, then all at once.
void SharedDefinitions::read(std::string after, std::map<std::string, std::string> found) {
    control_.submit(
        Command{overlay_, Command::List{std::string(kPrefix), std::move(after), kPageItemsMax}},
        [weak = std::weak_ptr(self_), found = std::move(found)](Outcome<control::Answer> answer) {
            const auto self = weak.lock();
            if (!self) return;
            SharedDefinitions& us = **self;
            auto all = found;
            const auto* page = answer ? std::get_if<control::StatePage>(&*answer) : nullptr;
            if (page != nullptr) {
                for (const control::StateEntryView& entry : page->entries) {
                    all[entry.key.substr(kPrefix.size())] = entry.value;
                }
                if (!page->next.empty()) return us.read(page->next, std::move(all));
            }
            us.is_reading_ = false;
            // Refused: the overlay does not run yet, or not any more. Its next sign of life tells.
            us.is_unread_ = page == nullptr;
            if (us.is_unread_) return;
            const bool is_other = all != us.texts_;
            us.texts_ = std::move(all);
            if (is_other && us.changed_) us.changed_();
            if (!std::exchange(us.is_stale_, false)) return;
            us.is_reading_ = true;
            us.read("", {});
        });
}

void SharedDefinitions::put(const std::string& name, std::string text, Done done) {
    Command command{overlay_, Command::Put{key_of(name), text, std::nullopt, std::nullopt}};
    control_.submit(std::move(command), [weak = std::weak_ptr(self_), name, text,
                                         done = std::move(done)](Outcome<control::Answer> answer) {
        const auto self = weak.lock();
        if (!self) return;
        if (!answer) return done(std::unexpected(answer.error()));
        (*self)->texts_[name] = text;
        done({});
        if ((*self)->changed_) (*self)->changed_();
    });
}

void SharedDefinitions::erase(const std::string& name, Done done) {
    control_.submit(Command{overlay_, Command::Erase{key_of(name), std::nullopt}},
                    [weak = std::weak_ptr(self_), name,
                     done = std::move(done)](Outcome<control::Answer> answer) {
                        const auto self = weak.lock();
                        if (!self) return;
                        const bool is_gone =
                            answer || answer.error().code == Refusal::Code::not_found;
                        if (!is_gone) return done(std::unexpected(answer.error()));
                        (*self)->texts_.erase(name);
                        done({});
                        if ((*self)->changed_) (*self)->changed_();
                    });
}

}  // namespace grapevine::daemon

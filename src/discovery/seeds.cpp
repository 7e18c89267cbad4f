#include "discovery/seeds.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace grapevine::discovery {
Seeds::Seeds(std::vector<std::string> seeds, std::vector<Endpoint> cached, IsMember is_member,
             std::uint64_t random_seed)
    : cached_(std::move(cached)), is_member_(std::move(is_member)), random_(random_seed) {
    for (std::string& seed : seeds) append(std::move(seed));
}

void Seeds::append(std::string name) {
    const bool is_known =
        std::ranges::any_of(seeds_, [&](const Seed& seed) { return seed.name == name; });
    if (is_known || seeds_.size() == kSeedsMax) return;
    Seed seed;
    if (const auto endpoint = Endpoint::parse(name)) {
        seed.is_numeric = true;
        seed.endpoints = {*endpoint};
        seed.next_lookup = kNever;
    }
    seed.name = std::move(name);
    seeds_.push_back(std::move(seed));
}

void Seeds::add(Instant now, const std::vector<std::string>& seeds) {
    for (const std::string& seed : seeds) append(seed);
    for (const Seed& seed : seeds_) {
        if (std::ranges::find(seeds, seed.name) == seeds.end()) continue;
        for (const Endpoint& endpoint : seed.endpoints) outbox_.push_back(Contact{endpoint});
    }
    pause_ = kRetryFirst;
    next_turn_ = now;
}

void Seeds::resolved(Instant now, const std::string& name, const std::vector<Endpoint>& endpoints) {
    for (Seed& seed : seeds_) {
        if (seed.name != name || endpoints.empty()) continue;
        seed.endpoints = endpoints;
        // The turn that asked for it could not try it: this one can.
        if (company_ == Company::none) next_turn_ = std::min(next_turn_, now);
    }
}

void Seeds::company(Instant now, Company company) {
    if (company == company_) return;
    company_ = company;
    pause_ = kRetryFirst;
    next_turn_ = now + (company_ == Company::none ? kRetryFirst : kRejoinInterval);
}

void Seeds::advance(Instant now) {
    if (now >= next_turn_) turn(now);
}

void Seeds::turn(Instant now) {
    const bool is_alone = company_ == Company::none;
    for (Seed& seed : seeds_) {
        if (seed.is_numeric || now < seed.next_lookup) continue;
        // Looked for again soon while it matters, and rarely when we have company.
        seed.next_lookup = now + (is_alone && seed.endpoints.empty() ? pause_ : kResolveInterval);
        outbox_.push_back(Resolve{seed.name});
    }

    std::vector<Endpoint> candidates;
    for (const Seed& seed : seeds_) {
        candidates.insert(candidates.end(), seed.endpoints.begin(), seed.endpoints.end());
    }
    if (is_alone) candidates.insert(candidates.end(), cached_.begin(), cached_.end());
    std::erase_if(candidates, is_member_);
    const std::size_t most = is_alone ? kContactsPerTurnMax : 1;
    for (std::size_t count = 0; count < std::min(candidates.size(), most); ++count) {
        outbox_.push_back(Contact{candidates[position_++ % candidates.size()]});
    }

    const double stretch = 0.75 + random_.unit() / 2;
    const Duration pause = is_alone ? pause_ : kRejoinInterval;
    next_turn_ = now + std::chrono::duration_cast<Duration>(pause * stretch);
    pause_ = std::min(pause_ * 2, kRetryMax);
}

std::optional<Seeds::Action> Seeds::poll() {
    if (outbox_.empty()) return std::nullopt;
    Action action = std::move(outbox_.front());
    outbox_.pop_front();
    return action;
}

Instant Seeds::deadline() const {
    const bool has_anybody = !seeds_.empty() || !cached_.empty();
    return has_anybody ? next_turn_ : kNever;
}

std::vector<std::string> Seeds::names() const {
    std::vector<std::string> names;
    for (const Seed& seed : seeds_) names.push_back(seed.name);
    return names;
}

}  // namespace grapevine::discovery

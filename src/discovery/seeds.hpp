#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace grapevine::discovery {

/// Whom to ask to be let in, and when to ask again.
///
/// While we are alone everybody known is tried, with pauses that double from kRetryFirst to
/// kRetryMax (+-25%), so that an overlay whose members all start at once forms in a fraction of a
/// second and a member whose seeds are down does not flood the network. While we have company, one
/// seed that is not among the members is tried every kRejoinInterval: a partition that lasted until
/// each side had forgotten the other heals by this. Names are looked up when they are first needed
/// and again every kResolveInterval, because addresses behind names change.
///
/// Peers of an earlier life (the cache) count as seeds while we are alone. A machine
/// (protocol/machine.hpp); resolving and contacting are the driver's.
class Seeds {
public:
    static constexpr Duration kRetryFirst = std::chrono::milliseconds(200);
    static constexpr Duration kRetryMax = std::chrono::seconds(10);
    static constexpr Duration kRejoinInterval = std::chrono::seconds(30);
    static constexpr Duration kResolveInterval = std::chrono::seconds(60);
    /// Endpoints tried in one go; the rest has its turn at the next.
    static constexpr std::size_t kContactsPerTurnMax = 16;

    struct Resolve {
        std::string name;  ///< "host:port"
    };
    struct Contact {
        Endpoint endpoint;
    };
    using Action = std::variant<Resolve, Contact>;

    /// Whether a living member is known at this address, so that it need not be asked.
    using IsMember = std::function<bool(const Endpoint&)>;

    /// `seeds` are "host:port", checked by whoever took them from a person.
    Seeds(std::vector<std::string> seeds, std::vector<Endpoint> cached, IsMember is_member,
          std::uint64_t random_seed);

    /// Adds seeds that are not known yet (up to kSeedsMax in all, the newest refused) and tries
    /// them at once.
    void add(Instant now, const std::vector<std::string>& seeds);
    /// The answer to `Resolve`; empty if the name was not found. Addresses of before are replaced
    /// unless nothing was found: an old address is better than none.
    void resolved(Instant now, const std::string& name, const std::vector<Endpoint>& endpoints);

    enum class Company : std::uint8_t { none, some };
    /// Whether others are alive: decides between joining and rejoining.
    void company(Instant now, Company company);

    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] std::vector<std::string> names() const;

private:
    struct Seed {
        std::string name;
        bool is_numeric = false;
        std::vector<Endpoint> endpoints;
        Instant next_lookup{};
    };

    void append(std::string name);
    void turn(Instant now);

    std::vector<Seed> seeds_;
    std::vector<Endpoint> cached_;
    IsMember is_member_;
    Company company_ = Company::none;
    Random random_;
    Instant next_turn_{};
    Duration pause_ = kRetryFirst;
    std::size_t position_ = 0;
    std::deque<Action> outbox_;
};

}  // namespace grapevine::discovery

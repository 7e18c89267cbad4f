#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::control {

/// How an overlay's events reach everybody, where that differs from the usual. Absent is "as it is"
/// in a change and "as usual" in a creation.
struct Dissemination {
    std::optional<std::string> dissemination;    ///< tree, rumor
    std::optional<std::string> rumor_direction;  ///< push, pull, push-pull
    std::optional<std::string> rumor_feedback;   ///< on, off
    std::optional<std::string> rumor_removal;    ///< counter, coin
    std::optional<std::int64_t> rumor_k;
    std::optional<std::int64_t> rumor_fanout;
    std::optional<std::int64_t> rumor_interval_ms;
    /// Patterns of topics whose events go to their subscribers only; at most kSubscriberTopicsMax.
    std::optional<std::vector<std::string>> subscriber_topics{};

    friend bool operator==(const Dissemination&, const Dissemination&) = default;
};

/// In the order of the enumerators that they stand for (protocol::Dissemination,
/// protocol::MongeringConfig::Direction); of the last two the first is "true".
inline constexpr std::array<std::string_view, 2> kDisseminations = {"tree", "rumor"};
inline constexpr std::array<std::string_view, 3> kRumorDirections = {"push", "pull", "push-pull"};
inline constexpr std::array<std::string_view, 2> kRumorFeedbacks = {"on", "off"};
inline constexpr std::array<std::string_view, 2> kRumorRemovals = {"counter", "coin"};

/// Its fields by the names they have in JSON; those of the configuration lack the `_ms`. Whoever
/// reads, writes or checks them walks these lists.
struct DisseminationText {
    std::string_view name;
    std::optional<std::string> Dissemination::* field;
    std::span<const std::string_view> choices;
};
struct DisseminationNumber {
    std::string_view name;
    std::optional<std::int64_t> Dissemination::* field;
    std::int64_t min;
    std::int64_t max;
};
inline constexpr std::array kDisseminationTexts = {
    DisseminationText{"dissemination", &Dissemination::dissemination, kDisseminations},
    DisseminationText{"rumor_direction", &Dissemination::rumor_direction, kRumorDirections},
    DisseminationText{"rumor_feedback", &Dissemination::rumor_feedback, kRumorFeedbacks},
    DisseminationText{"rumor_removal", &Dissemination::rumor_removal, kRumorRemovals},
};
/// The ranges: k = 10 leaves one member in 60,000 behind in the paper, and who wants to see more
/// may; 32 partners are a publisher's in the tree. Below 10 ms rounds overlap everywhere.
inline constexpr std::array kDisseminationNumbers = {
    DisseminationNumber{"rumor_k", &Dissemination::rumor_k, 1, 100},
    DisseminationNumber{"rumor_fanout", &Dissemination::rumor_fanout, 1, 32},
    DisseminationNumber{"rumor_interval_ms", &Dissemination::rumor_interval_ms, 10, 60'000},
};

}  // namespace grapevine::control

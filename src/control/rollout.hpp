#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// What is set for a whole overlay while it runs, and how far it is rolled out.
namespace grapevine::control {

/// Settings in one request; as many as a notice can name.
inline constexpr std::size_t kRolloutSettingsMax = 24;

struct RolloutView {
    struct Setting {
        std::string name;
        std::string before;  ///< As in the configuration file; empty: each member's own.
        std::string value;   ///< Likewise, of the roll-out.
    };
    struct Member {
        std::string id;
        std::string name;
        std::string status;
        std::int64_t status_age_ms = 0;
        bool is_canary = false;
        /// steady, well, unwell, refused; silent: it has said nothing of this roll-out.
        std::string health;
        std::string reason;                    ///< Why it is unwell or has ended the trial; none.
        std::optional<std::uint64_t> running;  ///< The configuration epoch that it runs.
        std::uint32_t intervals = 0;           ///< Health intervals that it has been well.
    };
    std::uint64_t epoch = 0;    ///< Of the last roll-out; 0: there was none.
    std::string stage;          ///< none, canary, everywhere, returned; unread: of a later release.
    std::uint64_t running = 0;  ///< The epoch that this member runs; 0: its own configuration.
    std::uint16_t canary_permille = 0;
    std::int64_t health_interval_ms = 0;
    bool is_overruled = false;  ///< Another one of the same time has displaced ours.
    std::vector<Setting> settings;
    std::vector<Member> members;
};

struct ShowRollout {
    std::string overlay;
};
struct ProposeRollout {
    std::string overlay;
    /// As in the configuration file; an empty value: each member's own again.
    std::vector<std::pair<std::string, std::string>> settings;
    std::optional<std::uint64_t> canary_permille;
    std::optional<std::uint64_t> health_interval_ms;
    std::string operator_key;
};
struct ReturnRollout {
    std::string overlay;
};

}  // namespace grapevine::control

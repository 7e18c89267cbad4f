#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "sim/lab/action.hpp"
#include "sim/lab/catalogue.hpp"

namespace grapevine::sim::lab {

/// All that decides a run: the experiment, its settings, and what is done to it while it lasts. The
/// same settings give the same run.
///
/// As a text it is a link, the query of a URL: "experiment=rumor&members=1000&k=2&...&
/// actions=1200:kill:3;2400:heal". Settings that a link leaves out have their defaults.
class Settings {
public:
    explicit Settings(Kind kind);

    /// Refuses unknown settings, values out of range, and one that is given twice. What is before a
    /// '?' or '#' is not looked at. Actions come in order of time; those of one moment, in theirs.
    [[nodiscard]] static Outcome<Settings> parse_link(std::string_view link);
    /// The link with everything in it, always in one order: equal settings, equal text.
    [[nodiscard]] std::string to_link() const;

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] const Experiment& experiment() const { return experiment_of(kind_); }

    // Each asserts that the experiment has such a setting.
    [[nodiscard]] double number(std::string_view name) const;
    [[nodiscard]] std::size_t whole(std::string_view name) const;
    [[nodiscard]] bool truth(std::string_view name) const { return number(name) != 0; }
    [[nodiscard]] std::string_view choice(std::string_view name) const;
    [[nodiscard]] Duration duration(std::string_view name) const;
    /// The same as in a link: "200", "true", "push-pull".
    [[nodiscard]] std::string text(std::size_t index) const;

    /// As a link gives it. Refused: no such setting, another type, out of range.
    [[nodiscard]] Outcome<void> set(std::string_view name, std::string_view text);

    [[nodiscard]] std::size_t members() const { return whole("members"); }
    [[nodiscard]] Duration interval() const { return duration("interval_ms"); }

    /// At most kLabActionsMax, in order of time.
    [[nodiscard]] const std::vector<TimedAction>& actions() const { return actions_; }
    /// Behind those of the same moment. Refused, too, if the link would be longer than
    /// kLabLinkBytesMax.
    [[nodiscard]] Outcome<void> add(TimedAction timed);

    friend bool operator==(const Settings&, const Settings&) = default;

private:
    [[nodiscard]] Outcome<std::size_t> find(std::string_view name) const;

    Kind kind_;
    std::vector<double> values_;  ///< In the order of the catalogue.
    std::vector<TimedAction> actions_;
    std::size_t action_bytes_ = 0;  ///< As text.
};

}  // namespace grapevine::sim::lab

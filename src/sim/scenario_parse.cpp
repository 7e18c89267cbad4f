#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/core.h>
#include <initializer_list>
#include <span>
#include <toml++/toml.h>
#include <utility>

#include "base/nearest.hpp"
#include "sim/scenario.hpp"

namespace grapevine::sim {

namespace {

using Names = std::initializer_list<std::string_view>;

/// Where a value stands, for messages: "chaos.toml:12".
struct Place {
    std::string_view origin;

    [[nodiscard]] Refusal refuse(const toml::node& node, std::string_view key, std::string message,
                                 std::string cure) const {
        return Refusal{Refusal::Code::invalid,
                       fmt::format("{}:{}: {}", origin, node.source().begin.line, message),
                       std::move(cure), std::string(key)};
    }
};

Outcome<void> check_keys(const Place& place, const toml::table& table, Names known) {
    const std::vector<std::string_view> names(known);
    for (const auto& [key, node] : table) {
        if (std::ranges::find(names, key.str()) != names.end()) continue;
        return std::unexpected(place.refuse(
            node, key.str(), fmt::format("there is no key \"{}\"", std::string_view(key.str())),
            nearest_cure(key.str(), names)));
    }
    return {};
}

std::optional<Duration> parse_duration(std::string_view text) {
    const std::size_t digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    double number = 0;
    const auto end = text.data() + digits;
    if (std::from_chars(text.data(), end, number).ptr != end) return std::nullopt;
    constexpr std::array<std::pair<std::string_view, double>, 5> kUnits{
        {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}}};
    for (const auto& [unit, nanoseconds] : kUnits) {
        if (text.substr(digits) == unit && number * nanoseconds < 1e17) {
            return Duration(static_cast<std::int64_t>(std::round(number * nanoseconds)));
        }
    }
    return std::nullopt;
}

Outcome<void> read(const Place& place, const toml::table& table, std::string_view key,
                   Duration& into) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    const auto text = node->value_exact<std::string>();
    const auto duration = text ? parse_duration(*text) : std::nullopt;
    if (!duration) {
        return std::unexpected(place.refuse(*node, key, fmt::format("{} is not a duration", key),
                                            "write a number and a unit, such as \"1.5s\""));
    }
    into = *duration;
    return {};
}

Outcome<void> read(const Place& place, const toml::table& table, std::string_view key, double& into,
                   double max) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    const auto number = node->value<double>();
    if (!number || !(*number >= 0) || *number > max) {
        return std::unexpected(place.refuse(*node, key, fmt::format("{} is out of range", key),
                                            fmt::format("write a number from 0 to {}", max)));
    }
    into = *number;
    return {};
}

template <std::integral T>
Outcome<void> read(const Place& place, const toml::table& table, std::string_view key, T& into,
                   std::uint64_t max) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    const auto number = node->value_exact<std::int64_t>();
    if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > max) {
        return std::unexpected(place.refuse(*node, key, fmt::format("{} is out of range", key),
                                            fmt::format("write a whole number from 0 to {}", max)));
    }
    into = static_cast<T>(*number);
    return {};
}

Outcome<void> read(const Place& place, const toml::table& table, std::string_view key,
                   std::string& into) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    const auto text = node->value_exact<std::string>();
    if (!text) {
        return std::unexpected(
            place.refuse(*node, key, fmt::format("{} is not a text", key), "put it in quotes"));
    }
    into = *text;
    return {};
}

template <typename T, std::size_t N>
Outcome<void> read_word(const Place& place, const toml::table& table, std::string_view key, T& into,
                        const std::array<std::pair<std::string_view, T>, N>& words) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    const std::string text = node->value_or<std::string>("");
    std::vector<std::string_view> known;
    for (const auto& [word, value] : words) {
        if (word == text) {
            into = value;
            return {};
        }
        known.push_back(word);
    }
    return std::unexpected(place.refuse(*node, key, fmt::format("{} cannot be \"{}\"", key, text),
                                        nearest_cure(text, known)));
}

/// The values of an optional expectation are read like the others.
template <typename T, typename... Rest>
Outcome<void> read_optional(const Place& place, const toml::table& table, std::string_view key,
                            std::optional<T>& into, Rest... rest) {
    if (table.get(key) == nullptr) return {};
    T value{};
    GV_TRY_VOID(read(place, table, key, value, rest...));
    into = value;
    return {};
}

constexpr std::array<std::pair<std::string_view, Step::Do>, 17> kDo{
    {{"kill", Step::Do::kill},
     {"restart", Step::Do::restart},
     {"partition", Step::Do::partition},
     {"isolate", Step::Do::isolate},
     {"heal", Step::Do::heal},
     {"stall", Step::Do::stall},
     {"clog", Step::Do::clog},
     {"loss", Step::Do::loss},
     {"leave", Step::Do::leave},
     {"publish", Step::Do::publish},
     {"record", Step::Do::record},
     {"erase", Step::Do::erase},
     {"snapshot", Step::Do::snapshot},
     {"restore", Step::Do::restore},
     {"replay", Step::Do::replay},
     {"chaos", Step::Do::chaos},
     {"outbound_loss", Step::Do::outbound_loss}}};
constexpr std::array<std::pair<std::string_view, Step::Crash>, 4> kCrash{
    {{"process", Step::Crash::process},
     {"power", Step::Crash::power},
     {"torn", Step::Crash::torn},
     {"disk_lost", Step::Crash::disk_lost}}};
constexpr std::array<std::pair<std::string_view, Step::Replay>, 3> kReplay{
    {{"as_sent", Step::Replay::as_sent},
     {"other_address", Step::Replay::other_address},
     {"other_member", Step::Replay::other_member}}};
constexpr std::array<std::pair<std::string_view, protocol::Profile>, 3> kProfiles{
    {{"fast", protocol::Profile::fast},
     {"lan", protocol::Profile::lan},
     {"wan", protocol::Profile::wan}}};

constexpr std::array<std::pair<std::string_view, protocol::DetectorKind>, 4> kDetectors{
    {{"rings", protocol::DetectorKind::rings},
     {"swim", protocol::DetectorKind::swim},
     {"heartbeat", protocol::DetectorKind::heartbeat},
     {"phi", protocol::DetectorKind::phi}}};
constexpr std::array<std::pair<std::string_view, protocol::Dissemination>, 2> kDisseminations{
    {{"tree", protocol::Dissemination::tree}, {"rumor", protocol::Dissemination::rumor}}};

constexpr std::size_t kHostsMax = 20'000;

Outcome<Target> parse_target(const Place& place, const toml::node& node) {
    const auto refusal = [&] {
        return std::unexpected(
            place.refuse(node, "target", "that names no members",
                         "write an index such as 3, a list such as [1, 2], \"all\", \"random\", "
                         "\"random 3\" or a share such as \"10%\""));
    };
    Target target;
    if (const auto index = node.value_exact<std::int64_t>()) {
        if (*index < 0 || *index >= static_cast<std::int64_t>(kHostsMax)) return refusal();
        return Target{Target::Kind::listed, {static_cast<HostIndex>(*index)}, 1, 0};
    }
    if (const toml::array* list = node.as_array()) {
        target.kind = Target::Kind::listed;
        for (const toml::node& each : *list) {
            const auto index = each.value_exact<std::int64_t>();
            if (!index || *index < 0 || *index >= static_cast<std::int64_t>(kHostsMax)) {
                return refusal();
            }
            target.hosts.push_back(static_cast<HostIndex>(*index));
        }
        return target;
    }
    const std::string text = node.value_or<std::string>("");
    if (text == "all") return target;
    if (text.starts_with("random")) {
        target.kind = Target::Kind::random;
        if (text == "random") return target;
        const char* first = text.data() + std::string_view("random ").size();
        const char* last = text.data() + text.size();
        if (first >= last || std::from_chars(first, last, target.count).ptr != last) {
            return refusal();
        }
        return target;
    }
    if (text.ends_with('%')) {
        target.kind = Target::Kind::fraction;
        double percent = 0;
        const char* last = text.data() + text.size() - 1;
        if (std::from_chars(text.data(), last, percent).ptr != last || percent > 100) {
            return refusal();
        }
        target.fraction = percent / 100;
        return target;
    }
    return refusal();
}

Outcome<Step> parse_step(const Place& place, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        return std::unexpected(place.refuse(node, "step", "a step is a table", "write [[step]]"));
    }
    GV_TRY_VOID(check_keys(
        place, *table, {"at", "do", "target", "for", "value", "crash", "from", "payload_bytes"}));
    for (const std::string_view key : {"at", "do"}) {
        if (table->contains(key)) continue;
        return std::unexpected(place.refuse(node, key, fmt::format("a step has no \"{}\"", key),
                                            "say when it is due and what to do"));
    }
    Step step;
    GV_TRY_VOID(read(place, *table, "at", step.at));
    GV_TRY_VOID(read_word(place, *table, "do", step.what, kDo));
    if (const toml::node* target = table->get("target")) {
        step.target = GV_TRY(parse_target(place, *target));
    }
    GV_TRY_VOID(read(place, *table, "for", step.lasting));
    GV_TRY_VOID(read(place, *table, "value", step.value, 1e6));
    GV_TRY_VOID(read_word(place, *table, "crash", step.crash, kCrash));
    GV_TRY_VOID(read_word(place, *table, "from", step.replay, kReplay));
    GV_TRY_VOID(read(place, *table, "payload_bytes", step.payload_bytes, kEventPayloadBytesMax));
    return step;
}

Outcome<NetworkConfig> parse_network(const Place& place, const toml::table& table) {
    NetworkConfig network;
    GV_TRY_VOID(
        check_keys(place, table,
                   {"delay_min", "delay_mean", "loss", "duplicate", "corrupt", "link_capacity"}));
    GV_TRY_VOID(read(place, table, "delay_min", network.delay_min));
    GV_TRY_VOID(read(place, table, "delay_mean", network.delay_mean));
    GV_TRY_VOID(read(place, table, "loss", network.loss, 1.0));
    GV_TRY_VOID(read(place, table, "duplicate", network.duplicate, 1.0));
    GV_TRY_VOID(read(place, table, "corrupt", network.corrupt, 1.0));
    GV_TRY_VOID(read(place, table, "link_capacity", network.link_capacity, 1'000'000));
    return network;
}

Outcome<Expectations> parse_expectations(const Place& place, const toml::table& table) {
    Expectations expect;
    GV_TRY_VOID(
        check_keys(place, table,
                   {"converged_within", "healed_within", "detected_within", "detected_not_before",
                    "false_deaths_max", "gaps", "undelivered_max", "bytes_per_second_max"}));
    GV_TRY_VOID(read_optional(place, table, "converged_within", expect.converged_within));
    GV_TRY_VOID(read_optional(place, table, "healed_within", expect.healed_within));
    GV_TRY_VOID(read_optional(place, table, "detected_within", expect.detected_within));
    GV_TRY_VOID(read_optional(place, table, "detected_not_before", expect.detected_not_before));
    GV_TRY_VOID(read_optional(place, table, "false_deaths_max", expect.false_deaths_max,
                              std::uint64_t{1'000'000}));
    GV_TRY_VOID(read_optional(place, table, "gaps", expect.gaps, std::uint64_t{1'000'000}));
    GV_TRY_VOID(read_optional(place, table, "undelivered_max", expect.undelivered_max,
                              std::uint64_t{1'000'000'000}));
    GV_TRY_VOID(
        read_optional(place, table, "bytes_per_second_max", expect.bytes_per_second_max, 1e9));
    return expect;
}

Outcome<Scenario> parse_table(const Place& place, const toml::table& table) {
    GV_TRY_VOID(check_keys(
        place, table,
        {"name", "description", "members", "profile", "detector", "dissemination", "duration",
         "start_within", "seeds", "drift_ppm_max", "network", "step", "expect"}));
    Scenario scenario;
    GV_TRY_VOID(read(place, table, "name", scenario.name));
    GV_TRY_VOID(read(place, table, "description", scenario.description));
    GV_TRY_VOID(read(place, table, "members", scenario.members, kHostsMax));
    GV_TRY_VOID(read_word(place, table, "profile", scenario.profile, kProfiles));
    if (table.contains("detector")) {
        scenario.detector.emplace();
        GV_TRY_VOID(read_word(place, table, "detector", *scenario.detector, kDetectors));
    }
    GV_TRY_VOID(read_word(place, table, "dissemination", scenario.dissemination, kDisseminations));
    GV_TRY_VOID(read(place, table, "duration", scenario.duration));
    GV_TRY_VOID(read(place, table, "start_within", scenario.start_within));
    GV_TRY_VOID(read(place, table, "seeds", scenario.seeds, kSeedsMax));
    GV_TRY_VOID(read(place, table, "drift_ppm_max", scenario.drift_ppm_max, 10'000));
    for (const std::string_view key : {"network", "expect"}) {
        const toml::node* node = table.get(key);
        if (node != nullptr && !node->is_table()) {
            return std::unexpected(place.refuse(*node, key, fmt::format("{} is not a table", key),
                                                fmt::format("write [{}]", key)));
        }
    }
    if (const toml::table* network = table["network"].as_table()) {
        scenario.network = GV_TRY(parse_network(place, *network));
    }
    if (const toml::table* expect = table["expect"].as_table()) {
        scenario.expect = GV_TRY(parse_expectations(place, *expect));
    }
    if (const toml::node* steps = table.get("step")) {
        if (!steps->is_array()) {
            return std::unexpected(
                place.refuse(*steps, "step", "step is not a list", "write [[step]]"));
        }
        for (const toml::node& each : *steps->as_array()) {
            scenario.steps.push_back(GV_TRY(parse_step(place, each)));
        }
    }
    std::ranges::stable_sort(scenario.steps, {}, &Step::at);
    for (const Step& step : scenario.steps) {
        if (step.at + step.lasting <= scenario.duration) continue;
        return std::unexpected(Refusal{
            Refusal::Code::invalid, fmt::format("{}: a step ends after the duration", place.origin),
            "make the duration longer", "duration"});
    }
    return scenario;
}

}  // namespace

Outcome<Scenario> parse_scenario(std::string_view toml, std::string_view origin) {
    try {
        return parse_table(Place{origin}, toml::parse(toml));
    } catch (const toml::parse_error& error) {
        return std::unexpected(Refusal{
            Refusal::Code::invalid,
            fmt::format("{}:{}: {}", origin, error.source().begin.line, error.description()),
            "a scenario is a TOML file; see lab/scenarios for examples", ""});
    }
}

}  // namespace grapevine::sim

#include "sim/lab/text.hpp"

#include <cassert>
#include <cmath>
#include <fmt/core.h>
#include <string_view>

#include "base/limits.hpp"

namespace grapevine::sim::lab {
namespace {

using Type = Setting::Type;

std::string quoted(std::string_view text) {
    assert(text.find_first_of("\"\\\n") == std::string_view::npos);
    return fmt::format("\"{}\"", text);
}

/// Six digits are more than a picture shows. JSON has no infinity.
std::string number(double value) {
    return std::isfinite(value) ? fmt::format("{:.6g}", value) : "null";
}

/// In full, as a limit needs it.
std::string exact(double value) {
    const bool is_whole = value == std::floor(value) && std::abs(value) <= kWholeMax;
    return is_whole ? fmt::format("{}", static_cast<std::int64_t>(value))
                    : fmt::format("{}", value);
}

template <typename Items, typename Write>
std::string list(const Items& items, Write write) {
    std::string text = "[";
    for (const auto& item : items) {
        if (text.size() > 1) text += ',';
        text += write(item);
    }
    return text + "]";
}

std::string_view type_name(Type type) {
    constexpr std::string_view kNames[] = {"integer", "number", "boolean", "choice"};
    return kNames[static_cast<std::size_t>(type)];
}

std::string setting_json(const Setting& setting) {
    std::string text =
        fmt::format(R"({{"name":{},"title":{},"type":{},"unit":{},"about":{})",
                    quoted(setting.name), quoted(setting.title), quoted(type_name(setting.type)),
                    quoted(setting.unit), quoted(setting.about));
    if (setting.type == Type::boolean) {
        text += fmt::format(R"(,"default":{})", setting.fallback != 0);
    } else if (setting.type == Type::choice) {
        const Choice& fallback = setting.choices[static_cast<std::size_t>(setting.fallback)];
        text += fmt::format(R"(,"default":{},"choices":{})", quoted(fallback.value),
                            list(setting.choices, [](const Choice& choice) {
                                return fmt::format(R"({{"value":{},"title":{}}})",
                                                   quoted(choice.value), quoted(choice.title));
                            }));
    } else {
        text += fmt::format(R"(,"default":{},"min":{},"max":{})", exact(setting.fallback),
                            exact(setting.minimum), exact(setting.maximum));
    }
    return text + "}";
}

std::string experiment_json(const Experiment& experiment) {
    return fmt::format(R"({{"name":{},"title":{},"about":{},"actions":{},"settings":{}}})",
                       quoted(experiment.name), quoted(experiment.title), quoted(experiment.about),
                       list(experiment.actions, quoted), list(experiment.settings, setting_json));
}

std::string note_json(const Note& note) {
    std::string text = fmt::format(R"({{"at_ms":{},"kind":{})", note.at_ms, quoted(note.kind));
    if (note.member != kNoHost) text += fmt::format(R"(,"member":{})", note.member);
    if (note.other != kNoHost) {
        text += fmt::format(R"(,"{}":{})", note.hops >= 0 ? "from" : "by", note.other);
    }
    if (note.hops >= 0) text += fmt::format(R"(,"hops":{})", note.hops);
    if (note.after_ms >= 0) text += fmt::format(R"(,"after_ms":{})", note.after_ms);
    return text + "}";
}

std::string verdict_json(const Verdict& verdict) {
    const auto milliseconds = [](std::optional<Duration> duration) {
        return duration ? fmt::format("{}", duration->count() / 1'000'000) : std::string("null");
    };
    return fmt::format(R"({{"member":{},"first_ms":{},"last_ms":{}}})", verdict.member,
                       milliseconds(verdict.first), milliseconds(verdict.last));
}

template <typename Pairs>
std::string pairs_json(const Pairs& pairs) {
    return list(pairs, [](const auto& pair) {
        return fmt::format("[{},{}]", pair.first, number(pair.second));
    });
}

}  // namespace

std::string catalogue_json() {
    return fmt::format(R"({{"experiments":{},"drawn_max":{},"runs_max":{}}})",
                       list(catalogue(), experiment_json), kLabDrawnMax, kLabRunsMax);
}

std::string settings_json(const Settings& settings) {
    const Experiment& experiment = settings.experiment();
    std::string text = fmt::format(R"({{"experiment":{})", quoted(experiment.name));
    for (std::size_t index = 0; index < experiment.settings.size(); ++index) {
        const Setting& setting = experiment.settings[index];
        const std::string value = settings.text(index);
        text += fmt::format(R"(,{}:{})", quoted(setting.name),
                            setting.type == Type::choice ? quoted(value) : value);
    }
    return text + "}";
}

std::string actions_json(const std::vector<TimedAction>& actions) {
    return list(actions, [](const TimedAction& timed) { return quoted(to_string(timed)); });
}

std::string theory_json(const Theory& theory) {
    std::string text = "{";
    const auto add = [&text](std::string_view name, const std::string& value) {
        text += fmt::format("{}{}:{}", text.size() > 1 ? "," : "", quoted(name), value);
    };
    if (theory.factor) {
        add("variance", pairs_json(theory.curve));
        add("factor", number(*theory.factor));
    } else if (!theory.curve.empty()) {
        add("infected", pairs_json(theory.curve));
        add("rounds", fmt::format("{}", theory.curve.size() - 1));
    }
    if (theory.residue) add("residue", number(*theory.residue));
    if (theory.copies) add("copies_per_member", number(*theory.copies));
    if (!theory.residues.empty()) add("residues", pairs_json(theory.residues));
    return text + "}";
}

std::string points_json(const std::vector<Point>& points) {
    std::string text = "{";
    for (const Point& point : points) {
        if (text.size() > 1) text += ',';
        text += fmt::format("{}:{}", quoted(point.name), number(point.value));
    }
    return text + "}";
}

std::string frame_json(const Frame& frame, std::uint64_t thinned) {
    const std::string changed = list(frame.changed, [](const Frame::Changed& change) {
        return fmt::format("[{},{}]", change.member, static_cast<int>(change.state));
    });
    const std::string values = list(frame.values, [](const Frame::Value& value) {
        return fmt::format("[{},{}]", value.member, number(value.value));
    });
    const std::string sent = list(frame.sent, [](const Frame::Sent& datagram) {
        return fmt::format("[{},{},{}]", datagram.from, datagram.to,
                           static_cast<int>(datagram.errand));
    });
    return fmt::format(
        R"({{"type":"frame","number":{},"at_ms":{},"round":{},"changed":{},"values":{},"sent":{},)"
        R"("sent_total":{},"points":{},"notes":{},"notes_left_out":{},"thinned":{}}})",
        frame.number, frame.at_ms, frame.round, changed, values, sent, frame.sent_total,
        points_json(frame.points), list(frame.notes, note_json), frame.notes_left_out, thinned);
}

std::string summary_json(const Run& run) {
    std::string text = points_json(run.summary());
    const std::vector<Verdict> verdicts = run.verdicts();
    if (verdicts.empty()) return text;
    text.pop_back();
    return fmt::format(R"({}{}"detections":{}}})", text, text.size() > 1 ? "," : "",
                       list(verdicts, verdict_json));
}

std::string hash_text(std::uint64_t hash) {
    return fmt::format("{:016x}", hash);
}

}  // namespace grapevine::sim::lab

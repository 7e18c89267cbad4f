#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "sim/moment.hpp"

namespace grapevine::sim::lab {

/// How a member looks. The numbers are told to pages.
enum class State : std::uint8_t {
    unaware = 0,
    spreading = 1,  ///< Knows and tells.
    removed = 2,    ///< Knows, and has lost interest. In experiments without rumors: is well.
    down = 3,
    suspected = 4,      ///< By somebody, while it runs.
    believed_dead = 5,  ///< By all that run.
    joining = 6,        ///< Does not know all others yet, or they do not know it.
};

/// What a datagram is for; likewise numbers.
enum class Errand : std::uint8_t {
    push = 0,
    question = 1,
    answer = 2,
    probe = 3,
    repair = 4,
    lost = 5,
};

/// Something worth telling in words.
struct Note {
    std::int64_t at_ms = 0;
    /// Static: learned, suspected, dead, back, ...
    std::string_view kind;
    HostIndex member = kNoHost;
    HostIndex other = kNoHost;   ///< From whom, or by whom.
    std::int64_t hops = -1;      ///< -1: does not apply.
    std::int64_t after_ms = -1;  ///< Since the death, likewise.
    friend bool operator==(const Note&, const Note&) = default;
};

/// A measured value with its name, static.
struct Point {
    std::string_view name;
    double value = 0;
    friend bool operator==(const Point&, const Point&) = default;
};

/// What happened since the last frame, and how things stand.
struct Frame {
    struct Changed {
        HostIndex member = 0;
        State state = State::unaware;
    };
    struct Value {
        HostIndex member = 0;
        double value = 0;
    };
    struct Sent {
        HostIndex from = 0;
        HostIndex to = 0;
        Errand errand = Errand::push;
    };
    std::uint64_t number = 0;  ///< From 1.
    std::int64_t at_ms = 0;
    std::int64_t round = 0;
    std::vector<Changed> changed;  ///< By member.
    std::vector<Value> values;     ///< By member.
    std::vector<Sent> sent;        ///< The first kLabSentShownMax of `sent_total`.
    std::uint64_t sent_total = 0;
    std::vector<Point> points;
    std::vector<Note> notes;  ///< The first kLabNotesMax.
    std::uint64_t notes_left_out = 0;
};

/// What a frame is made of, gathered while the run goes on. Whatever is not fetched grows together:
/// of states and values the last is kept, of the rest as much as a frame may have.
class Film {
public:
    explicit Film(std::size_t members) { add_members(members); }

    /// They begin as `state`.
    void add_members(std::size_t count, State state = State::unaware) {
        states_.resize(states_.size() + count, state);
        values_.resize(states_.size(), 0);
        changes_.resize(states_.size(), true);
        value_changes_.resize(states_.size(), false);
    }
    [[nodiscard]] std::size_t members() const { return states_.size(); }
    [[nodiscard]] State state(HostIndex member) const { return states_[member]; }
    void set_state(HostIndex member, State state) {
        changes_[member] = changes_[member] || states_[member] != state;
        states_[member] = state;
    }
    void set_value(HostIndex member, double value) {
        value_changes_[member] = value_changes_[member] || values_[member] != value;
        values_[member] = value;
    }
    void sent(HostIndex from, HostIndex to, Errand errand) {
        ++next_.sent_total;
        if (next_.sent.size() < kLabSentShownMax) next_.sent.push_back({from, to, errand});
    }
    void note(const Note& note) {
        if (next_.notes.size() < kLabNotesMax) {
            next_.notes.push_back(note);
        } else {
            ++next_.notes_left_out;
        }
    }

    /// All that has gathered; what is left to the caller: the moment and the points.
    [[nodiscard]] Frame take() {
        for (HostIndex member = 0; member < states_.size(); ++member) {
            if (changes_[member]) next_.changed.push_back({member, states_[member]});
            if (value_changes_[member]) next_.values.push_back({member, values_[member]});
            changes_[member] = value_changes_[member] = false;
        }
        next_.number = ++frames_;
        return std::exchange(next_, {});
    }

private:
    std::vector<State> states_;
    std::vector<double> values_;
    std::vector<bool> changes_;
    std::vector<bool> value_changes_;
    Frame next_;
    std::uint64_t frames_ = 0;
};

}  // namespace grapevine::sim::lab

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/aggregate/astrolabe.hpp"
#include "protocol/aggregate/zone_bodies.hpp"
#include "protocol/node.hpp"

namespace grapevine::overlay {

struct Settings;

/// The zones within zones of one overlay, summarised (protocol/aggregate/astrolabe.hpp): it knows
/// where we are, what we say of ourselves, which statements are valid, and whom to ask.
///
/// *Where*: by the labels that `summary_path` names, from the top; a member without one of them is
/// in the zone "none". The leaf is the member itself, under its id.
///
/// *What*: our record, our name, and values that are given to the zone only (`set_own`), which
/// therefore cost nothing outside of it. Those are not kept over a restart.
///
/// *By what*: statements that operators have signed, one notice each (notices.hpp). They are
/// evaluated by `Settings::summarise`; without it zones are counted, and nothing more.
///
/// *Whom*: rows name their representatives. Where a table has none but ours, and now and then
/// otherwise, somebody is picked from the view, which knows everybody: so a first row is found, and
/// zones that have lost each other find each other again.
///
/// Exchanges are questions and answers (protocol/query/gather.hpp), which repeat what is lost.
/// Off, with no cost, without `summary_path`. Bounds: kSummaryTalksMax questions open.
class Summaries {
public:
    struct Counters {
        std::uint64_t talks = 0;        ///< Questions of ours about rows.
        std::uint64_t passed_over = 0;  ///< Not put, since too many were open.
        std::uint64_t malformed = 0;    ///< Questions and answers that could not be read.
        std::uint64_t bytes_sent = 0;   ///< Of bodies, without headers.
    };

    /// `settings` and `membership` outlive it; the settings' path does not change.
    Summaries(const Settings& settings, const protocol::Membership& membership, std::uint64_t seed);

    [[nodiscard]] bool is_on() const { return !labels_.empty(); }

    void advance(Instant now, protocol::Node& node);
    [[nodiscard]] Instant deadline() const;
    /// False if it is no business of ours.
    bool handle(Instant now, protocol::Node& node, const protocol::Gather::Asked& asked);
    bool handle(Instant now, protocol::Node& node, const protocol::Gather::Gathered& gathered);

    /// A value that our zone is told, from the next round on. Refused: a key of a rule or limit
    /// broken, kSummaryOwnMax keys, an overlay without summaries.
    Outcome<void> set_own(std::string_view key, std::string_view value);
    /// Refused (not_found) if there is none.
    Outcome<void> erase_own(std::string_view key);
    [[nodiscard]] const protocol::ZoneAttributes& own() const { return own_; }

    /// The notice that sets or (with an empty text) removes a statement. Refused: a text or a name
    /// of a limit broken, one statement too many, nothing to remove.
    [[nodiscard]] Outcome<wire::Notice> make_notice(protocol::SummaryStatement statement,
                                                    const protocol::Node& node) const;

    /// Names of labels, from the top.
    [[nodiscard]] const std::vector<std::string>& labels() const { return labels_; }
    /// Null before the first round.
    [[nodiscard]] const protocol::Astrolabe* zones() const { return zones_ ? &*zones_ : nullptr; }
    /// Those that are run, by name.
    [[nodiscard]] const std::vector<protocol::SummaryStatement>& statements() const {
        return statements_;
    }
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    struct Answering {
        MemberId to;
        std::uint64_t number = 0;
    };

    [[nodiscard]] std::vector<std::string> path_of(const wire::MemberRecord& record) const;
    [[nodiscard]] Bytes attributes(const protocol::Node& node) const;
    bool find_statements(Instant now, const protocol::Node& node);
    void build(Instant now, const protocol::Node& node);
    void meet_somebody();
    void drain(Instant now, protocol::Node& node, std::optional<Answering> answering);
    void ask(Instant now, protocol::Node& node, MemberId to, protocol::QuestionKind kind,
             Bytes body);

    const Settings& settings_;
    const protocol::Membership& membership_;
    std::vector<std::string> labels_;
    Random random_;
    std::optional<protocol::Astrolabe> zones_;
    protocol::ZoneAttributes own_;
    std::vector<protocol::SummaryStatement> statements_;
    Bytes told_;  ///< What we have said of ourselves last.
    std::set<std::uint64_t> talks_;
    std::uint32_t rounds_ = 0;
    Counters counters_;
};

/// The statements that an overlay holds, run or not, those that were removed left out; by name.
std::vector<protocol::SummaryStatement> held_statements(const protocol::Notices& notices);

}  // namespace grapevine::overlay

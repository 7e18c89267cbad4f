#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "protocol/state/range_sync.hpp"
#include "protocol/state/range_tree.hpp"
#include "sim/lab/linked_trial.hpp"

namespace grapevine::sim::lab {

/// Entries on their way to somebody who lacks them.
using SyncEntries = std::vector<protocol::RangeTree::Item>;
using SyncLoad = std::variant<wire::StateRanges, wire::StateWant, SyncEntries>;

/// Members that hold nearly the same entries and find the differences by comparing fingerprints of
/// ranges: protocol::RangeExchange and protocol::answer, one exchange per interval and member, with
/// a partner at random. What one lacks it asks for, what the other lacks it is given. No rumors, so
/// an entry travels only by being found missing.
///
/// What was asked and not answered is asked again after a quarter of the interval; what is left of
/// an exchange when the next interval begins is left to the next one. It has ended when nobody who
/// is up lacks anything.
class SyncTrial final : public LinkedTrial<SyncLoad> {
public:
    explicit SyncTrial(const Settings& settings);

    [[nodiscard]] bool has_ended() const override { return different_ == 0; }
    [[nodiscard]] std::vector<Point> points(Moment now) const override;
    [[nodiscard]] std::vector<Point> summary() const override;

protected:
    void added(HostIndex member) override;
    void born(HostIndex member) override;
    void killed(HostIndex member) override;
    void wake(HostIndex member) override;
    void arrive(HostIndex from, HostIndex to, SyncLoad& load) override;

private:
    struct Member {
        protocol::RangeTree tree;
        std::optional<protocol::RangeExchange> exchange;
        HostIndex partner = kNoHost;
        std::uint32_t exchanges = 0;
        Moment next_exchange{};
        std::uint64_t lacking = 0;
    };
    [[nodiscard]] protocol::RangeTree::Item draw_entry();
    void hold(HostIndex member, const protocol::RangeTree::Item& entry);
    void ask_on(HostIndex member);
    void give(HostIndex from, HostIndex to, const SyncEntries& entries);
    void answer(HostIndex from, HostIndex to, const wire::StateRanges& request);
    void show(HostIndex member);

    std::vector<Member> members_;
    /// All that anybody has ever held; an entry's handle is its index.
    std::vector<protocol::RangeTree::Item> entries_;
    std::size_t common_ = 0;  ///< Of these, what everybody begins with.
    std::uint64_t different_ = 0;
    std::uint64_t copies_ = 0;
    std::uint64_t needless_ = 0;
};

}  // namespace grapevine::sim::lab

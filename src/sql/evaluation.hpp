#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/snapshot.hpp"

namespace grapevine::sql {

/// What the tables and functions of one connection share: the rows, ways to find them by a column,
/// and which records have been used. Lives as long as the connection.
class Evaluation {
public:
    /// `snapshot` is arranged, outlives this, and may be null while a statement is only prepared.
    explicit Evaluation(const Snapshot* snapshot) : snapshot_(snapshot) {
        if (snapshot != nullptr) uses_.resize(snapshot->members.size(), Use::none);
    }

    [[nodiscard]] const Snapshot& snapshot() const { return *snapshot_; }

    /// Rows of a table by the text in one of its columns; of equal texts in the order of the table.
    using Index = std::vector<std::pair<std::string_view, std::uint32_t>>;
    /// Made by `make` at the first call for this table and column.
    template <typename Make>
    const Index& index(Table table, int column, Make make) {
        const auto [found, is_new] = indexes_.try_emplace({table, column});
        if (is_new) found->second = make();
        return found->second;
    }

    /// The value of this row has gone into the answer.
    void use(const RecordRow& row) {
        if (!oldest_ms_ || row.age_ms > *oldest_ms_) oldest_ms_ = row.age_ms;
    }
    /// A function has asked this member for a key, and has or has not got it. Nobody else's ids are
    /// counted.
    enum class Found : std::uint8_t { yes, no };
    void ask(std::string_view member, Found found) {
        has_asked_ = true;
        const MemberRow* const row = snapshot_->find_member(member);
        if (row == nullptr) return;
        Use& use = uses_[static_cast<std::size_t>(row - snapshot_->members.data())];
        const Use now = found == Found::yes ? Use::gave : Use::lacked;
        use = use == Use::none || use == now ? now : Use::both;
    }

    struct Contributions {
        std::uint64_t contributors = 0;
        std::uint64_t lacking = 0;
    };
    /// Nothing if no function has asked.
    [[nodiscard]] std::optional<Contributions> contributions() const {
        if (!has_asked_) return std::nullopt;
        Contributions result;
        for (const Use use : uses_) {
            if (use == Use::gave || use == Use::both) ++result.contributors;
            if (use == Use::lacked || use == Use::both) ++result.lacking;
        }
        return result;
    }
    [[nodiscard]] std::optional<std::int64_t> oldest_ms() const { return oldest_ms_; }

private:
    enum class Use : std::uint8_t { none, gave, lacked, both };

    const Snapshot* snapshot_;
    std::map<std::pair<Table, int>, Index> indexes_;
    std::vector<Use> uses_;  ///< By row of members.
    bool has_asked_ = false;
    std::optional<std::int64_t> oldest_ms_;
};

}  // namespace grapevine::sql

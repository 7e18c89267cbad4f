#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grapevine::sql {

/// The tables there are, in the order of docs/reference/sql.md.
enum class Table : std::uint8_t { members, labels, records, events, metrics, state, zones };
inline constexpr std::size_t kTableCount = 7;

/// Which tables a statement reads.
class TableSet {
public:
    void add(Table table) { bits_ |= bit(table); }
    void add(TableSet tables) { bits_ |= tables.bits_; }
    [[nodiscard]] bool has(Table table) const { return (bits_ & bit(table)) != 0; }
    [[nodiscard]] bool is_empty() const { return bits_ == 0; }
    friend bool operator==(TableSet, TableSet) = default;

private:
    static unsigned bit(Table table) { return 1U << static_cast<unsigned>(table); }
    unsigned bits_ = 0;
};

struct MemberRow {
    std::string id;  ///< 16 hexadecimal digits.
    std::string name;
    std::string status;
    std::int64_t incarnation = 0;
    std::string address;  ///< The best; empty: none is known.
    std::string zone;     ///< Empty: no zones, or not told.
    std::int64_t status_age_ms = 0;
    bool is_self = false;
    std::optional<std::int64_t> rtt_us{};
    std::string path;
};

struct LabelRow {
    std::string member;
    std::string key;
    std::string value;
};

struct RecordRow {
    std::string member;
    std::string key;
    std::string value;
    std::int64_t version = 0;
    std::int64_t age_ms = 0;  ///< Since it came here.
};

struct EventRow {
    std::string publisher;
    std::int64_t epoch = 0;
    std::int64_t sequence = 0;
    std::string topic;
    std::int64_t bytes = 0;
    std::int64_t published_at = 0;  ///< Milliseconds since 1970, as its publisher had it.
};

struct MetricRow {
    std::string name;
    std::int64_t value = 0;
};

struct StateRow {
    std::string key;
    std::string type;                          ///< value, counter, set
    std::string value;                         ///< Of a set: how many elements it has.
    std::optional<std::int64_t> expires_at{};  ///< Milliseconds since 1970.
    std::string stamp;                         ///< Sorts as the hybrid logical clock does.
    std::string writer;                        ///< Member id.
};

/// A row of the summaries: of a zone or a host beside or above us.
struct ZoneRow {
    std::int64_t level = 0;  ///< 1 is the highest.
    std::string zone;        ///< The one that it is a part of, as "eu/fra"; empty: the overlay.
    std::string name;
    std::int64_t members = 0;
    std::int64_t age_ms = 0;
    bool is_own = false;
    std::string attributes;  ///< A JSON object; what is a number is one.
};

/// What a statement sees: rows as they were at one moment. Tables that it does not read are empty.
///
/// Two snapshots with the same rows are the same after `arrange`, whatever order they came in; so
/// members that know the same compute the same.
struct Snapshot {
    std::vector<MemberRow> members;
    std::vector<LabelRow> labels;
    std::vector<RecordRow> records;
    std::vector<EventRow> events;
    std::vector<MetricRow> metrics;
    std::vector<StateRow> state;
    std::vector<ZoneRow> zones;
    /// A table was cut before it came here, and which; empty: none was.
    std::string cut;

    /// Puts each table in order: members by id, labels and records by member and key, events by
    /// publisher, epoch and sequence, metrics by name, state by key,
    /// zones by level and name. To be called before use.
    void arrange();

    // Null when there is none. Of an arranged snapshot.
    [[nodiscard]] const MemberRow* find_member(std::string_view id) const;
    [[nodiscard]] const LabelRow* find_label(std::string_view member, std::string_view key) const;
    [[nodiscard]] const RecordRow* find_record(std::string_view member, std::string_view key) const;
};

/// The number that a record's value is, blanks around it aside; nothing if it is none. Infinities
/// and NaN are none.
[[nodiscard]] std::optional<double> number_of(std::string_view text);

}  // namespace grapevine::sql

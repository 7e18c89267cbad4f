#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "control/control.hpp"

namespace grapevine::api {

/// One JSON document from a client whose top is an object, read key by key. Knows the place of
/// everything that it refuses.
class JsonReader {
public:
    /// Refuses what `decode.hpp` says. `known` are the keys that the object may have.
    static Outcome<JsonReader> parse(std::string_view text,
                                     std::span<const std::string_view> known);
    ~JsonReader();
    JsonReader(JsonReader&&) noexcept;
    JsonReader& operator=(JsonReader&&) noexcept;

    [[nodiscard]] bool has(std::string_view key) const;

    // Each gives nothing when the key is absent, and refuses a value of another type.
    [[nodiscard]] Outcome<std::optional<std::string>> text(std::string_view key) const;
    [[nodiscard]] Outcome<std::optional<bool>> truth(std::string_view key) const;
    /// A whole number from 0 to `maximum`.
    [[nodiscard]] Outcome<std::optional<std::uint64_t>> whole(std::string_view key,
                                                              std::uint64_t maximum) const;
    /// At most `count_max` strings; more is over_limit.
    [[nodiscard]] Outcome<std::optional<std::vector<std::string>>> texts(
        std::string_view key, std::size_t count_max) const;
    /// At most `count_max` strings, numbers, truth values (1 or 0) and nulls.
    [[nodiscard]] Outcome<std::optional<std::vector<control::SqlValue>>> values(
        std::string_view key, std::size_t count_max) const;
    /// An object of strings, in order of the keys, at most `count_max`.
    [[nodiscard]] Outcome<std::optional<control::Labels>> labels(std::string_view key,
                                                                 std::size_t count_max) const;

    /// Refuses absence too, and says what the value is for.
    [[nodiscard]] Outcome<std::string> required_text(std::string_view key,
                                                     std::string_view example) const;

private:
    struct Document;
    explicit JsonReader(std::unique_ptr<Document> document);

    std::unique_ptr<Document> document_;
};

}  // namespace grapevine::api

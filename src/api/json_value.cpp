#include "api/json_value.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <fmt/core.h>
#include <set>
#include <string>
#include <vector>

#include "base/limits.hpp"

namespace grapevine::api {
namespace {

namespace json = boost::json;

/// Boost.JSON keeps the last of several equal keys, so two readers of one document could differ in
/// what it says. This handler builds nothing; it looks for duplicates while the parser checks the
/// grammar.
class DuplicateFinder {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    /// Path of the first duplicate: "labels.rack"; empty if there is none.
    std::string duplicate;

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        frames_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, json::error_code&) {
        frames_.pop_back();
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t, json::error_code&) { return true; }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        key_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code& error) {
        key_.append(part.data(), part.size());
        Frame& frame = frames_.back();
        frame.current = std::move(key_);
        key_.clear();
        if (frame.keys.insert(frame.current).second) return true;
        duplicate = path();
        error = json::error::syntax;
        return false;
    }
    bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
    bool on_double(double, json::string_view, json::error_code&) { return true; }
    bool on_bool(bool, json::error_code&) { return true; }
    bool on_null(json::error_code&) { return true; }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

private:
    struct Frame {
        std::set<std::string, std::less<>> keys;
        std::string current;
    };

    [[nodiscard]] std::string path() const {
        std::string text;
        for (const Frame& frame : frames_) {
            if (!text.empty()) text += '.';
            text += frame.current;
        }
        return text;
    }

    std::vector<Frame> frames_;
    std::string key_;
};

Refusal refuse(std::string field, std::string message, std::string cure) {
    return {Refusal::Code::invalid, std::move(message), std::move(cure), std::move(field)};
}

}  // namespace

Outcome<json::value> parse_json(std::string_view text) {
    json::parse_options options;
    options.max_depth = kJsonDepthMax;
    json::error_code error;
    json::basic_parser<DuplicateFinder> checker(options);
    const std::size_t taken = checker.write_some(false, text.data(), text.size(), error);
    if (!checker.handler().duplicate.empty()) {
        return std::unexpected(refuse(checker.handler().duplicate,
                                      "the key stands there more than once", "give each key once"));
    }
    if (!error && taken < text.size()) error = json::error::extra_data;
    if (error == json::error::too_deep) {
        return std::unexpected(
            refuse("", fmt::format("the JSON is nested deeper than {} levels", kJsonDepthMax),
                   "nothing here needs more than three"));
    }
    if (text.empty()) {
        return std::unexpected(refuse("", "the body is empty", "send a JSON object"));
    }
    if (error) {
        return std::unexpected(
            refuse("", fmt::format("not valid JSON at byte {}: {}", taken, error.message()),
                   "send one JSON document (RFC 8259) in UTF-8"));
    }
    json::value value = json::parse({text.data(), text.size()}, error, {}, options);
    if (error) return std::unexpected(refuse("", "not valid JSON: " + error.message(), ""));
    return value;
}

}  // namespace grapevine::api

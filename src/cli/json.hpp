#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

// Reading the daemon's answers without trusting their shape: what is missing, or is of another
// type, is empty or zero. An older or newer daemon must not crash the tool.
namespace grapevine::cli {

/// A text, or a number or truth value written as one.
std::string text_at(const boost::json::value& object, std::string_view key);
std::int64_t number_at(const boost::json::value& object, std::string_view key);
double real_at(const boost::json::value& object, std::string_view key);
bool truth_at(const boost::json::value& object, std::string_view key);
/// Empty when there is no such array.
const boost::json::array& items_at(const boost::json::value& object, std::string_view key);
/// Null when there is none.
const boost::json::value& value_at(const boost::json::value& object, std::string_view key);
/// "rack=r1 dc=fra" out of an object.
std::string pairs_at(const boost::json::value& object, std::string_view key);
/// "a, b" out of an array.
std::string list_at(const boost::json::value& object, std::string_view key);

/// What a stream has sent; null if it is no JSON.
boost::json::value parsed(const std::string& text);

/// For people: indented by two blanks, with a line feed at the end.
std::string pretty(const boost::json::value& value);

}  // namespace grapevine::cli

#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

namespace grapevine::api::gossiperl {

/// How much of a value an error text shows; the rest is "...". Nothing special in this value: what
/// scripts look for are short texts.
inline constexpr std::size_t kErlangTextBytesMax = 1024;

/// A JSON value as the old daemon printed it in error texts, which scripts may look for: strings
/// are binaries (`<<"6666">>`, or `<<195,164>>` if they are not plain ASCII), arrays lists, objects
/// lists of pairs (`[{<<"a">>,1}]`, the empty one `[{}]`), numbers and true, false, null as they
/// are; a number that is not whole always has a point.
///
/// Deviation: never breaks lines, and ends after `kErlangTextBytesMax`.
[[nodiscard]] std::string to_erlang(const boost::json::value& value);
/// The same for a text.
[[nodiscard]] std::string to_erlang_binary(std::string_view text);
/// `{<<"name">>,VALUE}`
[[nodiscard]] std::string to_erlang_pair(std::string_view name, const boost::json::value& value);

}  // namespace grapevine::api::gossiperl

#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "base/error.hpp"

namespace grapevine::api {

/// One JSON document of any shape (RFC 8259, UTF-8). Keys of objects stay in the order of the text.
///
/// Refused, with the place: bad grammar, nothing at all, something behind the document, nesting
/// deeper than `kJsonDepthMax`, and a key that an object has twice, because two readers could
/// understand it differently. The caller bounds the text: a value takes up to 24 times its bytes.
[[nodiscard]] Outcome<boost::json::value> parse_json(std::string_view text);

}  // namespace grapevine::api

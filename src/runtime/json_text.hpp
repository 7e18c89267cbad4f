#pragma once

#include <string>
#include <string_view>

namespace grapevine::runtime {

/// A JSON string with its quotes (RFC 8259, section 7): for the two places here that write an
/// object of four fields without a library.
std::string json_string(std::string_view text);

}  // namespace grapevine::runtime

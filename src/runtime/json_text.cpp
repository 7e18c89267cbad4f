#include "runtime/json_text.hpp"

#include <fmt/core.h>

namespace grapevine::runtime {

std::string json_string(std::string_view text) {
    std::string quoted = "\"";
    for (const char letter : text) {
        switch (letter) {
            case '"':
                quoted += "\\\"";
                break;
            case '\\':
                quoted += "\\\\";
                break;
            case '\n':
                quoted += "\\n";
                break;
            case '\r':
                quoted += "\\r";
                break;
            case '\t':
                quoted += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(letter) < 0x20) {
                    quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(letter));
                } else {
                    quoted += letter;
                }
        }
    }
    return quoted + '"';
}

}  // namespace grapevine::runtime

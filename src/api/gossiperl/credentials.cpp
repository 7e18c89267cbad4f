#include "api/gossiperl/credentials.hpp"

#include <algorithm>
#include <cstddef>

#include "api/access.hpp"
#include "base/bytes.hpp"

namespace grapevine::api::gossiperl {

bool equal_in_constant_time(std::string_view given, std::string_view expected) {
    unsigned difference = given.size() == expected.size() ? 0 : 1;
    for (std::size_t index = 0; index < given.size(); ++index) {
        // The other text is read round and round, so that its length does not show either.
        const char other = expected.empty() ? '\0' : expected[index % expected.size()];
        difference |= static_cast<unsigned>(static_cast<unsigned char>(given[index])) ^
                      static_cast<unsigned>(static_cast<unsigned char>(other));
    }
    return difference == 0;
}

std::optional<Login> basic_login(const Request& request) {
    constexpr std::string_view kScheme = "Basic ";
    const auto header = single_header(request, "authorization");
    if (!header || !*header || !(*header)->starts_with(kScheme)) return std::nullopt;
    const auto decoded = from_base64((*header)->substr(kScheme.size()));
    if (!decoded) return std::nullopt;
    const std::string_view text = as_text(*decoded);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    return Login{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

bool is_login(const Request& request, const Login& expected) {
    const auto login = basic_login(request);
    if (!login) return false;
    // Both are compared, so that nobody learns which of them was right.
    const bool is_name = equal_in_constant_time(login->username, expected.username);
    const bool is_password = equal_in_constant_time(login->password, expected.password);
    return is_name && is_password;
}

bool is_holder(const Request& request, std::string_view overlay, std::string_view token) {
    const auto header = single_header(request, "x-session-token");
    if (token.empty() || !header) return false;
    if (*header) return equal_in_constant_time(**header, token);
    return is_login(request, Login{std::string(overlay), std::string(token)});
}

}  // namespace grapevine::api::gossiperl

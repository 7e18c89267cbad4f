#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/http.hpp"

// Who may ask the old REST API: one user, one superuser, and whoever knows an overlay's token.
namespace grapevine::api::gossiperl {

/// A name and a password, as in HTTP's Basic scheme (RFC 7617).
struct Login {
    std::string username;
    std::string password;
};

/// The two logins of settings.json; nobody is let in by one that is absent.
struct Credentials {
    std::optional<Login> rest_user;  ///< Lists overlays and creates them.
    std::optional<Login> superuser;  ///< Sees all tokens, and has settings.json read again.
};

/// How long it takes depends on `given`, and not on where the two begin to differ.
[[nodiscard]] bool equal_in_constant_time(std::string_view given, std::string_view expected);

/// The login that the request brings. Nothing if it brings none, or several, or one that is not
/// "Basic" (the case matters, as it did), a blank, and standard base64 of "name:password".
[[nodiscard]] std::optional<Login> basic_login(const Request& request);

/// Whether the request comes from `expected`.
[[nodiscard]] bool is_login(const Request& request, const Login& expected);

/// Whether the request may do what the holder of the overlay's token may. It brings the token in
/// the header x-session-token; only without that header a login counts, whose name is the
/// overlay's and whose password is the token. An empty token has no holder.
[[nodiscard]] bool is_holder(const Request& request, std::string_view overlay,
                             std::string_view token);

}  // namespace grapevine::api::gossiperl

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.hpp"

namespace grapevine::runtime {

/// One field of a header. Names are lower case, in and out.
struct HttpHeader {
    std::string name;
    std::string value;
};

/// In the order of the message; a name may occur more than once.
using HttpHeaders = std::vector<HttpHeader>;

/// The first value under a lower-case name; empty when there is none.
std::string_view find_header(const HttpHeaders& headers, std::string_view name);

/// A request as it arrived, body included. Nothing is percent-decoded: whoever routes does that,
/// after splitting at the slashes.
struct HttpRequest {
    std::string method;  ///< "GET", upper case as sent.
    std::string path;    ///< "/v1/overlays/a%20b": of the target, what stands before the '?'.
    std::string query;   ///< "limit=3": what stands behind it.
    HttpHeaders headers;
    std::string body;
    Endpoint peer;
    bool is_tls = false;
    bool is_websocket_upgrade = false;  ///< `Responder::accept_websocket` is possible.
};

struct HttpResponse {
    unsigned status = 200;
    HttpHeaders headers;
    std::string body;
};

/// "Not Found" for 404.
std::string_view reason_phrase(unsigned status);

/// An error as RFC 9457 has it: application/problem+json with type, title, status and detail.
HttpResponse problem(unsigned status, std::string_view detail);

}  // namespace grapevine::runtime

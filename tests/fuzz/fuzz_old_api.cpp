#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/gossiperl/testing/bench.hpp"
#include "api/json_value.hpp"

// A request for the old REST API, as text, by somebody who knows every password and token:
//
//     METHOD target
//     body
//
// and once more by a stranger whose authorization header is the first line of the body. Nothing may
// crash, every request is answered once, JSON answers are JSON, and no answer holds a secret of the
// overlay. What a stranger asks changes nothing.
namespace {

using grapevine::api::Response;
using grapevine::api::gossiperl::testing::Bench;

void check(const Response& response) {
    if (response.status < 200 || response.status > 599) std::abort();
    if (response.body.find("a-secret") != std::string::npos) std::abort();
    const bool is_json =
        Bench::header(response, "content-type") == "application/json; charset=utf-8";
    if (is_json && !grapevine::api::parse_json(response.body)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    const std::string line = text.substr(0, line_end);
    const std::string body = text.substr(std::min(line_end + 1, text.size()));
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string method = line.substr(0, blank);
    const std::string target = line.substr(std::min(blank + 1, line.size()));

    Bench bench;
    // An input that spells the secret itself may hear its echo.
    if (text.find("a-secret") != std::string::npos) return 0;
    const auto overlays = bench.daemon.overlays;
    const std::string first_line = body.substr(0, body.find('\n'));
    check(bench.send(method, target, {{"authorization", first_line}}, body));
    if (bench.daemon.overlays != overlays) std::abort();
    check(bench.as_user(method, target, body));
    check(bench.as_superuser(method, target));
    check(bench.as_holder(method, target, body));
    return 0;
}

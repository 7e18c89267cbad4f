#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/testing/bench.hpp"

// A request of a stranger, as text, against the HTTP API over a stand-in daemon:
//
//     METHOD target
//     name: value
//     (empty line)
//     body
//
// If it opens a WebSocket, each further line of the body is a message. Nothing may crash, every
// request is answered exactly once with a status of HTTP, and streams survive their end.
namespace {

using grapevine::api::Request;
using grapevine::api::testing::Bench;
using grapevine::api::testing::FakeExchange;

std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

Request parse(std::string_view text, const std::string& token) {
    Request request;
    const std::string_view first = take_line(text);
    const std::size_t blank = std::min(first.find(' '), first.size());
    request.method = first.substr(0, blank);
    request.target = first.substr(std::min(first.size(), blank + 1));
    request.headers.emplace_back("host", "localhost");
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        if (line.empty()) break;
        const std::size_t colon = std::min(line.find(": "), line.size());
        request.headers.emplace_back(line.substr(0, colon),
                                     line.substr(std::min(line.size(), colon + 2)));
    }
    request.headers.emplace_back("authorization", "Bearer " + token);
    request.body = text;
    request.peer_is_loopback = true;
    return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Bench bench;
    bench.control.current_log->append_event("t", "payload");
    Request request = parse(text, bench.root);
    std::string_view messages = request.body;
    const std::string body = request.body;
    const auto opens_socket =
        std::ranges::find(request.headers, std::pair<std::string, std::string>(
                                               "upgrade", "websocket")) != request.headers.end();
    if (opens_socket) request.body.clear();
    messages = body;
    const std::shared_ptr<FakeExchange> exchange = bench.send(std::move(request));
    assert(exchange->answer_count == 1);
    if (exchange->response) {
        assert(exchange->response->status >= 200 && exchange->response->status < 600);
    }
    while (exchange->socket && !messages.empty()) {
        exchange->socket->receive(std::string(take_line(messages)));
    }
    bench.control.current_log->append_event("t", "more");
    bench.api.advance(bench.api.deadline());
    if (exchange->stream) exchange->stream->disconnect();
    if (exchange->socket) exchange->socket->drain();
    bench.api.close_streams();
    bench.api.advance(bench.now);
    return 0;
}

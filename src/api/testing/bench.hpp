#pragma once

#include <memory>
#include <string>
#include <utility>

#include "api/testing/fakes.hpp"

namespace grapevine::api::testing {

/// An API between the two stand-ins, and short ways to ask it.
struct Bench {
    explicit Bench(Options options = {}) : api(control, tokens.book, options) {}

    /// As root, with a JSON body if there is one.
    std::shared_ptr<FakeExchange> ask(std::string method, std::string target,
                                      std::string body = {}) {
        return ask_as(root, std::move(method), std::move(target), std::move(body));
    }
    std::shared_ptr<FakeExchange> ask_as(const std::string& token, std::string method,
                                         std::string target, std::string body = {}) {
        Request request = make(std::move(method), std::move(target), std::move(body));
        if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
        return send(std::move(request));
    }
    static Request make(std::string method, std::string target, std::string body = {}) {
        Request request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.headers.emplace_back("host", "127.0.0.1:9470");
        if (!body.empty()) request.headers.emplace_back("content-type", "application/json");
        request.body = std::move(body);
        request.peer_is_loopback = true;
        return request;
    }
    std::shared_ptr<FakeExchange> send(Request request) {
        auto exchange = std::make_shared<FakeExchange>();
        api.handle(now, std::move(request), exchange);
        return exchange;
    }
    /// As root, with the extra header.
    std::shared_ptr<FakeExchange> ask_with(std::pair<std::string, std::string> header,
                                           std::string method, std::string target,
                                           std::string body = {}) {
        Request request = make(std::move(method), std::move(target));
        request.headers.emplace_back("authorization", "Bearer " + root);
        request.headers.push_back(std::move(header));
        request.body = std::move(body);
        return send(std::move(request));
    }

    FakeControl control;
    FakeTokens tokens;
    std::string root = tokens.make({Scope::admin});
    Instant now{};
    Api api;
};

}  // namespace grapevine::api::testing

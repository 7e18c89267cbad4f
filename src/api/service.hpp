#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/access.hpp"
#include "api/api.hpp"
#include "api/logins.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/stream.hpp"
#include "api/text.hpp"
#include "control/control.hpp"

namespace grapevine::api {

/// One request on its way through a handler, which must answer its exchange once.
struct Call {
    const Route* route = nullptr;
    Request request;
    std::vector<std::pair<std::string_view, std::string>> path;  ///< {name} -> value
    std::vector<std::pair<std::string, std::string>> query;      ///< Only keys of the route.
    Caller caller;
    Instant now;
    std::shared_ptr<Exchange> exchange;

    /// Of the pattern; asserts that it has it.
    [[nodiscard]] const std::string& path_value(std::string_view name) const;
    [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> query_values(std::string_view name) const;
    /// Media type of the body, lower case; empty if none is stated.
    [[nodiscard]] std::string body_type() const;

    /// Answers with the status of the route; `json` empty means no content.
    void reply(std::string json, Headers headers = {}) const;
    void refuse(const Problem& problem) const;
    void refuse(const Refusal& refusal) const;
};

/// What all handlers share, and the open streams.
class Service : public std::enable_shared_from_this<Service> {
public:
    Service(control::Control& control, TokenBook& tokens, Options options)
        : control_(control),
          tokens_(tokens),
          options_(options),
          logins_({tokens.environment().random, tokens.environment().hash}) {}

    [[nodiscard]] control::Control& control() { return control_; }
    [[nodiscard]] TokenBook& tokens() { return tokens_; }
    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] Logins& logins() { return logins_; }

    // -- Streams --

    /// Refuses above `kApiStreamsMax`, and after `close_streams`.
    [[nodiscard]] Checked<void> check_room_for_stream() const;
    void add_stream(Instant now, std::shared_ptr<Stream> stream);
    void end_streams_of_token(std::string_view token_id);
    /// Ends those whose overlay is gone.
    void end_orphaned_streams();
    void close_streams();
    void reap_streams();
    void advance(Instant now);
    [[nodiscard]] Instant deadline() const;
    [[nodiscard]] std::size_t stream_count() const;

private:
    control::Control& control_;
    TokenBook& tokens_;
    Options options_;
    Logins logins_;
    std::vector<std::shared_ptr<Stream>> streams_;
    Instant now_{};
    bool is_closing_ = false;
};

}  // namespace grapevine::api

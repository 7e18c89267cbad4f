#include "api/service.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>

#include "base/limits.hpp"

namespace grapevine::api {

// What the server lets through must not be less than what we promise to take, and what we let wait
// for a reader not more than what it keeps.
static_assert(kTargetBytesMax < kHttpHeaderBytesMax);
static_assert(kRequestBodyBytesMax <= kHttpBodyBytesMax);
static_assert(kStreamPendingBytesMax <= kHttpPendingBytesMax);

const std::string& Call::path_value(std::string_view name) const {
    const auto entry = std::ranges::find_if(path, [&](const auto& e) { return e.first == name; });
    assert(entry != path.end() && "the pattern of the route has this name");
    return entry->second;
}

std::optional<std::string> Call::query_value(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::vector<std::string> Call::query_values(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : query) {
        if (key == name) values.push_back(value);
    }
    return values;
}

std::string Call::body_type() const {
    for (const auto& [name, value] : request.headers) {
        if (name == "content-type") return media_type(value);
    }
    return {};
}

void Call::reply(std::string json, Headers headers) const {
    Response response;
    response.status = route->status;
    response.headers = std::move(headers);
    response.headers.emplace_back("cache-control", "no-store");
    if (!json.empty()) {
        response.headers.emplace_back("content-type", "application/json");
        // The newline is for people with curl.
        response.body = std::move(json) + "\n";
    }
    exchange->reply(std::move(response));
}

void Call::refuse(const Problem& problem) const {
    exchange->reply(to_response(problem));
}

void Call::refuse(const Refusal& refusal) const {
    refuse(to_problem(refusal));
}

Checked<void> Service::check_room_for_stream() const {
    if (is_closing_) {
        return std::unexpected(
            to_problem({Refusal::Code::unavailable, "the daemon is shutting down",
                        "try again when it has started", ""}));
    }
    if (stream_count() < kApiStreamsMax) return {};
    return std::unexpected(
        to_problem({Refusal::Code::unavailable, fmt::format("{} streams are open", kApiStreamsMax),
                    "close one, or follow several topics with one", ""}));
}

void Service::add_stream(Instant now, std::shared_ptr<Stream> stream) {
    stream->heartbeat_at = now + kHeartbeatPeriod;
    streams_.push_back(std::move(stream));
}

void Service::end_streams_of_token(std::string_view token_id) {
    for (const auto& stream : streams_) {
        if (stream->token_id() == token_id) stream->end("token_deleted");
    }
}

void Service::end_orphaned_streams() {
    for (const auto& stream : streams_) {
        const bool has_overlay = !stream->overlay().empty();
        if (has_overlay && !control_.log(stream->overlay())) stream->end("overlay_removed");
    }
}

void Service::close_streams() {
    is_closing_ = true;
    for (const auto& stream : streams_) stream->end("shutting_down");
}

void Service::reap_streams() {
    std::erase_if(streams_, [](const auto& stream) { return stream->is_closed(); });
}

void Service::advance(Instant now) {
    now_ = now;
    reap_streams();
    for (const auto& stream : streams_) {
        if (stream->heartbeat_at > now) continue;
        stream->advance();
        stream->heartbeat_at = now + kHeartbeatPeriod;
    }
    reap_streams();
}

Instant Service::deadline() const {
    Instant earliest = kNever;
    for (const auto& stream : streams_) {
        // A closed one is freed at the next input: ask for one.
        earliest = std::min(earliest, stream->is_closed() ? now_ : stream->heartbeat_at);
    }
    return earliest;
}

std::size_t Service::stream_count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(streams_, [](const auto& stream) { return !stream->is_closed(); }));
}

}  // namespace grapevine::api

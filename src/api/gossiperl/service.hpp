#pragma once

#include <boost/json/fwd.hpp>
#include <cassert>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/gossiperl/api.hpp"

// What the routes of the old REST API share. For the sources of this folder.
namespace grapevine::api::gossiperl {

struct Service {
    control::Control& control;
    Api::Environment environment;
    TokenTable tokens;
};

enum class Access : std::uint8_t { rest_user, superuser, token };

struct Call;
using CallPointer = std::shared_ptr<Call>;

struct Route {
    std::string_view method;
    std::string_view word;  ///< First segment of the path.
    std::size_t segments_min;
    std::size_t segments_max;
    Access access;
    std::string_view realm;      ///< "{}" stands for the overlay.
    std::string_view lost_text;  ///< Body of the 404 of an unknown overlay.
    void (*handler)(const CallPointer&);
};

/// One request on its way.
struct Call {
    std::shared_ptr<Service> service;
    const Route* route = nullptr;
    WallTime now;
    Request request;
    std::shared_ptr<Exchange> exchange;
    std::string overlay;  ///< Second segment; empty if there is none.
    std::string extra;    ///< Third segment: a property, a window.
    /// Names of all overlays of the old protocol, sorted; once `list_overlays` has answered.
    std::vector<std::string> overlays;

    [[nodiscard]] std::int64_t timestamp() const { return now.unix_ms / 1000; }

    void reply(int status, const boost::json::object& body, Headers headers = {});
    /// A text has no content type. Empty is an answer too.
    void reply(int status, std::string text, Headers headers = {});
    /// A refusal of the daemon: 404 if the overlay is gone, 503, 500, and `status` for the rest,
    /// each but the first with `prefix` and the reason.
    void refuse(const Refusal& refusal, int status, std::string_view prefix);
};

/// Asks the daemon. `T` is the alternative that control.hpp promises for the request; another one
/// is a bug, and asserts. `otherwise` takes the refusal.
template <typename T, typename Then, typename Otherwise>
void ask(const CallPointer& call, control::Request request, Then then, Otherwise otherwise) {
    call->service->control.submit(
        std::move(request), [call, then = std::move(then),
                             otherwise = std::move(otherwise)](Outcome<control::Answer> answer) {
            if (!answer) return otherwise(answer.error());
            T* const value = std::get_if<T>(&*answer);
            assert(value != nullptr && "control.hpp says which answer belongs to which request");
            then(*value);
        });
}

/// The same where a refusal needs no words of the route's own.
template <typename T, typename Then>
void ask(const CallPointer& call, control::Request request, Then then) {
    ask<T>(call, std::move(request), std::move(then),
           [call](const Refusal& refusal) { call->refuse(refusal, 500, ""); });
}

/// Fills `call->overlays` and lets the tokens follow, then goes on. `all` has the names of overlays
/// of every protocol.
void list_overlays(const CallPointer& call,
                   std::function<void(const std::vector<std::string>& all)> then);

void handle_list(const CallPointer& call);
void handle_add(const CallPointer& call);
void handle_configure(const CallPointer& call);
void handle_configure_property(const CallPointer& call);
void handle_remove(const CallPointer& call);
void handle_configuration(const CallPointer& call);
void handle_membership(const CallPointer& call);
void handle_subscriptions(const CallPointer& call);
void handle_statistics(const CallPointer& call);
void handle_digest(const CallPointer& call);
void handle_tokens(const CallPointer& call);
void handle_reconfigure(const CallPointer& call);

}  // namespace grapevine::api::gossiperl

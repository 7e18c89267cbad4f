#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "api/gossiperl/credentials.hpp"
#include "api/gossiperl/token_table.hpp"
#include "api/http.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "control/control.hpp"

namespace grapevine::api::gossiperl {

struct Service;

/// The REST API of the old daemon, for scripts that were written for it: takes one request and
/// answers it through its exchange, at once or when `control` has answered. Beside version 1 of our
/// own API, on the same server or on another; paths do not meet (see `owns`).
///
///     GET    /overlays                       rest_user   200 412
///     POST   /overlays/NAME[/anything]       rest_user   201 400 409 412
///     PUT    /overlays/NAME                  token       200 400 409 412
///     PUT    /overlays/NAME/PROPERTY         token       202 400 409 412
///     DELETE /overlays/NAME                  token       202 409
///     GET    /configuration/NAME             token       200
///     GET    /membership/NAME                token       200
///     GET    /subscriptions/NAME             token       200
///     GET    /statistics/NAME[/WINDOW]       token       200 412
///     POST   /digest/NAME                    token       202 400 409
///     GET    /tokens                         superuser   200 412
///     POST   /reconfigure                    superuser   202 200 412 500
///
/// and of every route, in this order: 404 for a path that is none, 405 for another method (HEAD and
/// OPTIONS too), 404 for an overlay that is none (its existence is no secret), 401. A slash at the
/// end of a path is taken; queries and the content type are not looked at. Only overlays of the old
/// protocol are seen here, and every one of them, whoever created it.
///
/// Deviation: mistakes of the client that the original answered with 500 are 400 or 409; keys of
/// objects may stand in any order; an overlay that could not be created leaves nothing behind; no
/// answer but that of a creation and of GET /tokens holds a secret that the client did not send.
/// Bodies above `kOldRequestBodyBytesMax` are 413, requests of foreign web pages 403, and 503 says
/// that the daemon is going down: a browser that has once been told a password sends it for every
/// page, and the original took any content type.
///
/// One thread. `control` outlives it; callbacks that come after its end still answer their
/// exchange. No sockets, no clock: the driver says `now` (the wall clock: answers have a
/// timestamp).
class Api {
public:
    struct Environment {
        Credentials credentials;
        TokenTable::RandomBytes random;
        /// Reads settings.json again, and gives its credentials; nothing if there is no such file.
        /// What it says of a refusal is told to the superuser.
        std::function<Outcome<std::optional<Credentials>>()> reread;
    };

    /// `random` and `reread` must be set.
    Api(control::Control& control, Environment environment);
    ~Api();
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;

    /// Answers one request. `exchange` is released when it was answered.
    void handle(WallTime now, Request request, std::shared_ptr<Exchange> exchange);

    /// Whether a target ("/overlays/a?x") begins with a word of this API; then `handle` answers it,
    /// if only with 404. No path of version 1 does.
    [[nodiscard]] static bool owns(std::string_view target);

private:
    std::shared_ptr<Service> service_;
};

}  // namespace grapevine::api::gossiperl

#pragma once

#include "api/api.hpp"
#include "runtime/http_server.hpp"
#include "runtime/loop.hpp"

namespace grapevine::daemon {

/// Lays the API over the HTTP server: values one way, an exchange the other, and a timer for the
/// API's heartbeats. Lives on `loop`; outlived by `api` and `loop`.
class HttpAdapter {
public:
    HttpAdapter(runtime::Loop& loop, api::Api& api);

    void handle(runtime::HttpRequest request, std::shared_ptr<runtime::Responder> responder);

private:
    void rearm();

    runtime::Loop& loop_;
    api::Api& api_;
    runtime::Timer timer_;
};

}  // namespace grapevine::daemon

#pragma once

#include <memory>
#include <span>

#include "api/api.hpp"
#include "api/gossiperl/api.hpp"
#include "api/pages.hpp"
#include "runtime/http_server.hpp"
#include "runtime/loop.hpp"

namespace grapevine::daemon {

/// The same request and exchange in the words of the API.
api::Request to_api(runtime::HttpRequest request);
std::shared_ptr<api::Exchange> to_exchange(runtime::Loop& loop,
                                           std::shared_ptr<runtime::Responder> responder);

/// Lays the API over the HTTP server: values one way, an exchange the other, and a timer for the
/// API's heartbeats. Lives on `loop`; outlived by `api` and `loop`.
class HttpAdapter {
public:
    HttpAdapter(runtime::Loop& loop, api::Api& api, std::span<const api::PageAsset> page);

    void handle(runtime::HttpRequest request, std::shared_ptr<runtime::Responder> responder);

    /// Requests for its paths go to the old REST API from now on. Outlived by it.
    void serve_also(api::gossiperl::Api& old) { old_ = &old; }

private:
    void rearm();

    runtime::Loop& loop_;
    api::Api& api_;
    std::span<const api::PageAsset> page_;
    api::gossiperl::Api* old_ = nullptr;
    runtime::Timer timer_;
};

}  // namespace grapevine::daemon

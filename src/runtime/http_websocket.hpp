#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "runtime/http_peers.hpp"

namespace grapevine::runtime {

using UpgradeRequest = boost::beast::http::request<boost::beast::http::string_body>;

/// Takes a connection over from HTTP once its upgrade request is read, and answers that. `unread`
/// is what had arrived behind the request. For the sources of this folder only.
std::shared_ptr<WebSocket> start_websocket(std::shared_ptr<HttpServerShared> server,
                                           std::unique_ptr<Transport> transport,
                                           UpgradeRequest request, std::string unread,
                                           std::string subprotocol);

}  // namespace grapevine::runtime

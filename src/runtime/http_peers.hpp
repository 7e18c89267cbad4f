#pragma once

#include <memory>
#include <set>

#include "runtime/http_server.hpp"
#include "runtime/transport.hpp"

namespace grapevine::runtime {

/// One connection of a server, be it HTTP or WebSocket. For the sources of this folder only.
class HttpPeer {
public:
    virtual ~HttpPeer() = default;
    /// Ends it at once and takes it off the server's list. Harmless when repeated.
    virtual void close_now() = 0;
    /// As `close_now`, if nothing is under way.
    virtual void close_if_idle() = 0;
};

/// What the connections of one server share.
struct HttpServerShared {
    HttpServerShared(Loop& loop_in, HttpServerOptions options_in, HttpServer::Handler handler_in)
        : loop(loop_in), options(std::move(options_in)), handler(std::move(handler_in)) {}

    void add(std::shared_ptr<HttpPeer> peer) {
        peers.insert(std::move(peer));
        counters.connections_open = peers.size();
    }
    void remove(const std::shared_ptr<HttpPeer>& peer) {
        peers.erase(peer);
        refused.erase(peer);
        counters.connections_open = peers.size();
    }

    Loop& loop;
    HttpServerOptions options;
    HttpServer::Handler handler;
    HttpCounters counters;
    TlsContext tls;
    std::set<std::shared_ptr<HttpPeer>> peers;
    std::set<std::shared_ptr<HttpPeer>> refused;
    bool is_stopping = false;
};

/// A callback that may replace itself, or end who holds it, while it runs: callers keep a copy of
/// the pointer for as long as the call lasts.
using SharedTask = std::shared_ptr<Loop::Task>;

inline SharedTask share(Loop::Task task) {
    return task ? std::make_shared<Loop::Task>(std::move(task)) : nullptr;
}

inline void call(SharedTask task) {
    if (task) (*task)();
}

}  // namespace grapevine::runtime

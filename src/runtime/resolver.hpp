#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "runtime/loop.hpp"

namespace grapevine::runtime {

/// The addresses behind "host:port", in the order of preference of the system (RFC 6724), each
/// once. Numeric addresses ("10.0.0.1:9471", "[::1]:9471") are taken as they are. Waits for DNS,
/// for up to half a minute: for tools; a daemon uses `Resolver`.
Outcome<std::vector<Endpoint>> resolve_now(std::string_view host_and_port);

/// Looks names up on a thread of its own, because getaddrinfo waits.
///
/// One at a time, in order; up to `kResolverQueueMax` wait, and the newest is refused beyond. The
/// thread starts with the first name. The end of the resolver waits for nobody: a lookup under way
/// is left to finish alone, and its callback, with those that wait, is never called.
class Resolver {
public:
    using Callback = std::move_only_function<void(Outcome<std::vector<Endpoint>>)>;

    Resolver();
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// Posts the answer to `loop`, which must outlive this resolver. Any thread.
    void resolve(std::string host_and_port, Loop& loop, Callback callback);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace grapevine::runtime

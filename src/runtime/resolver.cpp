#include "runtime/resolver.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <fmt/core.h>
#include <mutex>
#include <netdb.h>
#include <thread>

#include "base/limits.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/system_refusal.hpp"

namespace grapevine::runtime {
namespace {

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

Refusal refuse_lookup(const std::string& host, int code, int error_number) {
    switch (code) {
        case EAI_NONAME:
#ifdef EAI_NODATA
        case EAI_NODATA:
#endif
            return {Refusal::Code::not_found, fmt::format("no host is known as {}", host),
                    "check the spelling, or give an address", ""};
        case EAI_AGAIN:
            return {Refusal::Code::unavailable,
                    fmt::format("the name server gave no answer about {}", host),
                    "check the network and /etc/resolv.conf, or give an address", ""};
        case EAI_SYSTEM:
            return system_refusal(fmt::format("cannot look up {}", host), error_number);
        default:
            return {Refusal::Code::internal,
                    fmt::format("cannot look up {}: {}", host, ::gai_strerror(code)), "", ""};
    }
}

Outcome<std::vector<Endpoint>> look_up(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;  // One entry per address, not one per protocol.
    addrinfo* raw = nullptr;
    const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &raw);
    if (code != 0) return std::unexpected(refuse_lookup(host, code, errno));
    const std::unique_ptr<addrinfo, FreeAddresses> list(raw);
    std::vector<Endpoint> endpoints;
    for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
        auto endpoint = from_socket_address(entry->ai_addr, entry->ai_addrlen);
        if (!endpoint) continue;
        endpoint->port = port;
        if (std::ranges::find(endpoints, *endpoint) == endpoints.end()) {
            endpoints.push_back(*endpoint);
        }
    }
    if (endpoints.empty()) return std::unexpected(refuse_lookup(host, EAI_NONAME, 0));
    return endpoints;
}

}  // namespace

Outcome<std::vector<Endpoint>> resolve_now(std::string_view host_and_port) {
    if (const auto numeric = Endpoint::parse(host_and_port)) return std::vector{*numeric};
    const std::size_t colon = host_and_port.rfind(':');
    const std::string_view host = host_and_port.substr(0, colon);
    const std::string_view digits =
        colon == std::string_view::npos ? std::string_view() : host_and_port.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool is_port =
        !digits.empty() && failure == std::errc() && end == digits.data() + digits.size();
    if (!is_port || host.empty() || host.find_first_of("[]: ") != std::string_view::npos) {
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       fmt::format("\"{}\" is not host:port", host_and_port),
                                       "write it like db1.example:9471, 10.0.0.1:9471 or "
                                       "[fd00::1]:9471",
                                       ""});
    }
    return look_up(std::string(host), port);
}

struct Resolver::State {
    struct Question {
        std::string name;
        Loop* loop;
        Callback callback;
    };

    void serve() {
        std::unique_lock lock(mutex);
        for (;;) {
            wake.wait(lock, [this] { return is_over || !questions.empty(); });
            if (is_over) return;
            Question question = std::move(questions.front());
            questions.pop_front();
            lock.unlock();
            auto answer = resolve_now(question.name);
            lock.lock();
            // Under the lock: as long as it is not over, the loop is there.
            if (is_over) return;
            answer_on(*question.loop, std::move(question.callback), std::move(answer));
        }
    }

    static void answer_on(Loop& loop, Callback callback, Outcome<std::vector<Endpoint>> answer) {
        loop.post([callback = std::move(callback), answer = std::move(answer)]() mutable {
            callback(std::move(answer));
        });
    }

    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Question> questions;
    bool has_thread = false;
    bool is_over = false;
};

Resolver::Resolver() : state_(std::make_shared<State>()) {}

Resolver::~Resolver() {
    std::deque<State::Question> forgotten;
    {
        const std::scoped_lock lock(state_->mutex);
        state_->is_over = true;
        // Their callbacks are destroyed here, on the caller's thread, and not on ours.
        forgotten.swap(state_->questions);
    }
    state_->wake.notify_all();
}

void Resolver::resolve(std::string host_and_port, Loop& loop, Callback callback) {
    const std::scoped_lock lock(state_->mutex);
    if (state_->questions.size() >= kResolverQueueMax) {
        return State::answer_on(
            loop, std::move(callback),
            std::unexpected(
                Refusal{Refusal::Code::over_limit,
                        fmt::format("{} names wait to be looked up already", kResolverQueueMax),
                        "try again later", ""}));
    }
    state_->questions.push_back({std::move(host_and_port), &loop, std::move(callback)});
    if (!state_->has_thread) {
        state_->has_thread = true;
        // Detached, because getaddrinfo cannot be interrupted and the daemon's end must not wait.
        std::thread([state = state_] { state->serve(); }).detach();
    }
    state_->wake.notify_one();
}

}  // namespace grapevine::runtime

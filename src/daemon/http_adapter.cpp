#include "daemon/http_adapter.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "api/http.hpp"
#include "runtime/clock.hpp"

namespace grapevine::daemon {
namespace {

runtime::HttpResponse to_runtime(api::Response response) {
    runtime::HttpResponse out;
    out.status = static_cast<unsigned>(response.status);
    for (auto& [name, value] : response.headers) {
        out.headers.push_back({std::move(name), std::move(value)});
    }
    out.body = std::move(response.body);
    return out;
}

/// The API wants to hear the end of every stream, also of one that it closed itself; the server
/// only tells of the ends that it did not ask for.
class Ending {
public:
    explicit Ending(runtime::Loop& loop) : loop_(loop) {}
    std::function<void()> expect(std::function<void()> gone) {
        gone_ = std::make_shared<std::function<void()>>(std::move(gone));
        return [gone = gone_] { tell(gone); };
    }
    void closed_by_us() {
        if (gone_ != nullptr) loop_.post([gone = gone_] { tell(gone); });
    }

private:
    static void tell(const std::shared_ptr<std::function<void()>>& gone) {
        if (const auto once = std::exchange(*gone, nullptr)) once();
    }
    runtime::Loop& loop_;
    std::shared_ptr<std::function<void()>> gone_;
};

class Stream final : public api::StreamSink {
public:
    Stream(runtime::Loop& loop, std::shared_ptr<runtime::HttpStream> stream)
        : ending_(loop), stream_(std::move(stream)) {}

    bool write(std::string chunk) override { return stream_->write(std::move(chunk)); }
    std::size_t pending_bytes() const override { return stream_->pending_bytes(); }
    void on_drained(std::function<void()> wake) override { stream_->on_drained(std::move(wake)); }
    void close() override {
        stream_->close();
        ending_.closed_by_us();
    }
    void on_closed(std::function<void()> gone) override {
        stream_->on_closed(ending_.expect(std::move(gone)));
    }

private:
    Ending ending_;
    std::shared_ptr<runtime::HttpStream> stream_;
};

class Socket final : public api::SocketSink {
public:
    Socket(runtime::Loop& loop, std::shared_ptr<runtime::WebSocket> socket)
        : ending_(loop), socket_(std::move(socket)) {}

    bool write(std::string message) override { return socket_->send(std::move(message)); }
    std::size_t pending_bytes() const override { return socket_->pending_bytes(); }
    void on_drained(std::function<void()> wake) override { socket_->on_drained(std::move(wake)); }
    void on_message(std::function<void(std::string)> take) override {
        socket_->on_message(std::move(take));
    }
    void close(std::uint16_t status, std::string_view reason) override {
        socket_->close(status, reason);
        ending_.closed_by_us();
    }
    void on_closed(std::function<void()> gone) override {
        socket_->on_closed(ending_.expect(std::move(gone)));
    }

private:
    Ending ending_;
    std::shared_ptr<runtime::WebSocket> socket_;
};

class Exchange final : public api::Exchange {
public:
    Exchange(runtime::Loop& loop, std::shared_ptr<runtime::Responder> responder)
        : loop_(loop), responder_(std::move(responder)) {}

    void reply(api::Response response) override {
        responder_->reply(to_runtime(std::move(response)));
    }
    std::shared_ptr<api::StreamSink> start_stream(api::Response head) override {
        return std::make_shared<Stream>(loop_,
                                        responder_->start_stream(to_runtime(std::move(head))));
    }
    std::shared_ptr<api::SocketSink> accept_websocket(std::string_view subprotocol) override {
        return std::make_shared<Socket>(loop_, responder_->accept_websocket(subprotocol));
    }

private:
    runtime::Loop& loop_;
    std::shared_ptr<runtime::Responder> responder_;
};

}  // namespace

HttpAdapter::HttpAdapter(runtime::Loop& loop, api::Api& api, std::span<const api::PageAsset> page)
    : loop_(loop), api_(api), page_(page), timer_(loop, [this] {
          api_.advance(loop_.now());
          rearm();
      }) {}

api::Request to_api(runtime::HttpRequest request) {
    api::Request wanted;
    wanted.method = std::move(request.method);
    wanted.target = std::move(request.path);
    if (!request.query.empty()) wanted.target += "?" + request.query;
    for (runtime::HttpHeader& header : request.headers) {
        wanted.headers.emplace_back(std::move(header.name), std::move(header.value));
    }
    wanted.body = std::move(request.body);
    wanted.peer_is_loopback = request.peer.is_loopback();
    wanted.is_tls = request.is_tls;
    return wanted;
}

std::shared_ptr<api::Exchange> to_exchange(runtime::Loop& loop,
                                           std::shared_ptr<runtime::Responder> responder) {
    return std::make_shared<Exchange>(loop, std::move(responder));
}

void HttpAdapter::handle(runtime::HttpRequest request,
                         std::shared_ptr<runtime::Responder> responder) {
    api::Request wanted = to_api(std::move(request));
    auto exchange = to_exchange(loop_, std::move(responder));
    if (auto page = api::page_response(wanted, page_)) {
        exchange->reply(std::move(*page));
        return;
    }
    if (old_ != nullptr && api::gossiperl::Api::owns(wanted.target)) {
        old_->handle(runtime::wall_now(), std::move(wanted), std::move(exchange));
        return;
    }
    api_.handle(loop_.now(), std::move(wanted), std::move(exchange));
    rearm();
}

void HttpAdapter::rearm() {
    timer_.arm(api_.deadline());
}

}  // namespace grapevine::daemon

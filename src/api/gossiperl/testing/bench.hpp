#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/gossiperl/api.hpp"
#include "api/testing/fakes.hpp"
#include "base/bytes.hpp"
#include "control/control.hpp"

// The old REST API over a daemon that is a stand-in, for tests and the fuzz target.
namespace grapevine::api::gossiperl::testing {

/// Keeps overlays as the daemon would, and remembers what was asked.
class FakeDaemon : public control::Control {
public:
    void submit(control::Request request, Callback callback) override {
        requests.push_back(request);
        // As in the daemon, what was asked is answered as of when it was asked, if only later.
        auto answer = take(request);
        if (is_holding) {
            held.emplace_back(
                [callback = std::move(callback), answer = std::move(answer)] { callback(answer); });
            return;
        }
        callback(std::move(answer));
    }
    std::shared_ptr<control::Log> log(const std::string&) override { return nullptr; }
    /// The old API knows no queries.
    std::shared_ptr<void> query(control::AskQuery, control::QueryTaker) override { return nullptr; }
    Outcome<std::shared_ptr<void>> serve(const std::string&, const std::string&,
                                         control::CallTaker) override {
        return std::shared_ptr<void>();
    }

    /// The last request of this kind; null if there was none.
    template <typename T>
    const T* last() const {
        for (auto request = requests.rbegin(); request != requests.rend(); ++request) {
            if (const T* const found = std::get_if<T>(&*request)) return found;
        }
        return nullptr;
    }
    void answer_next() {
        const auto answer = std::move(held.front());
        held.erase(held.begin());
        answer();
    }

    static control::gossiperl::Settings settings(std::string name = "alpha") {
        control::gossiperl::Settings settings;
        settings.member_name = std::move(name);
        settings.ip = "127.0.0.1";
        settings.port = 6666;
        settings.secret = "a-secret";
        settings.symmetric_key = "a-key";
        return settings;
    }

    std::map<std::string, control::gossiperl::Settings> overlays;
    std::vector<std::string> native_overlays = {"native"};
    std::optional<Refusal> list_refusal;
    std::optional<Refusal> change_refusal;
    std::optional<Refusal> refusal;  ///< Given to every request but ListOverlays.
    std::vector<control::Request> requests;
    bool is_holding = false;
    std::vector<std::function<void()>> held;
    std::vector<control::gossiperl::MemberView> members;
    std::vector<control::gossiperl::SubscriptionView> subscriptions;
    std::vector<control::gossiperl::Series> series;

private:
    Outcome<control::Answer> take(const control::Request& request) {
        if (std::holds_alternative<control::ListOverlays>(request)) return list();
        if (refusal) return std::unexpected(*refusal);
        return std::visit([this](const auto& what) { return this->give(what); }, request);
    }
    Outcome<control::Answer> list() const {
        if (list_refusal) return std::unexpected(*list_refusal);
        std::vector<control::OverlayView> views;
        const auto add = [&](const std::string& name, const std::string& protocol) {
            control::OverlayView view;
            view.name = name;
            view.protocol = protocol;
            views.push_back(std::move(view));
        };
        for (const std::string& name : native_overlays) add(name, "grapevine");
        for (const auto& [name, unused] : overlays) add(name, "gossiperl");
        return views;
    }
    Outcome<control::Answer> on(const std::string& overlay, control::Answer answer) const {
        if (overlays.contains(overlay)) return answer;
        return std::unexpected(Refusal{Refusal::Code::not_found, "no such overlay", "", "overlay"});
    }
    template <typename Unasked>
    static Outcome<control::Answer> give(const Unasked&) {
        assert(false && "the old REST API does not ask this");
        return control::Done{};
    }
    Outcome<control::Answer> give(const control::gossiperl::ShowSettings& what) const {
        const auto found = overlays.find(what.overlay);
        return on(what.overlay, found == overlays.end() ? settings() : found->second);
    }
    Outcome<control::Answer> give(const control::gossiperl::Create& what) {
        auto made = what.settings;
        if (!made.member_name) made.member_name = what.overlay + "@made-up";
        overlays[what.overlay] = std::move(made);
        return control::Done{};
    }
    Outcome<control::Answer> give(const control::gossiperl::Change& what) {
        if (change_refusal) return std::unexpected(*change_refusal);
        if (overlays.contains(what.overlay)) overlays[what.overlay] = what.settings;
        return on(what.overlay, control::Done{});
    }
    Outcome<control::Answer> give(const control::RemoveOverlay& what) {
        auto answer = on(what.overlay, control::Done{});
        overlays.erase(what.overlay);
        return answer;
    }
    Outcome<control::Answer> give(const control::gossiperl::ListMembers& what) const {
        return on(what.overlay, members);
    }
    Outcome<control::Answer> give(const control::gossiperl::ListSubscriptions& what) const {
        return on(what.overlay, subscriptions);
    }
    Outcome<control::Answer> give(const control::gossiperl::ShowStatistics& what) const {
        return on(what.overlay, control::gossiperl::StatisticsView{what.window, series});
    }
    Outcome<control::Answer> give(const control::gossiperl::SendDigest& what) const {
        return on(what.overlay, control::Done{});
    }
};

/// The API, one overlay "o" of the old protocol, both logins, and short ways to ask.
struct Bench {
    Bench() { daemon.overlays["o"] = FakeDaemon::settings(); }

    static std::string basic(std::string_view name, std::string_view password) {
        const std::string text = std::string(name) + ":" + std::string(password);
        return "Basic " + to_base64(as_bytes(text));
    }
    Response send(std::string method, std::string target, Headers headers = {},
                  std::string body = {}) {
        return *start(std::move(method), std::move(target), std::move(headers), std::move(body))
                    ->response;
    }
    std::shared_ptr<api::testing::FakeExchange> start(std::string method, std::string target,
                                                      Headers headers = {}, std::string body = {}) {
        Request request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.headers = std::move(headers);
        request.body = std::move(body);
        auto exchange = std::make_shared<api::testing::FakeExchange>();
        api.handle(now, std::move(request), exchange);
        return exchange;
    }
    Response as_user(std::string method, std::string target, std::string body = {}) {
        return send(std::move(method), std::move(target),
                    {{"authorization", basic("user", "userpass")}}, std::move(body));
    }
    Response as_superuser(std::string method, std::string target) {
        return send(std::move(method), std::move(target),
                    {{"authorization", basic("super", "superpass")}});
    }
    /// With the token of "o".
    Response as_holder(std::string method, std::string target, std::string body = {}) {
        return send(std::move(method), std::move(target), {{"x-session-token", token("o")}},
                    std::move(body));
    }
    /// As GET /tokens shows it; empty if it does not.
    std::string token(const std::string& overlay) {
        const std::string body = as_superuser("GET", "/tokens").body;
        const std::string key = "{\"" + overlay + "\":\"";
        const std::size_t at = body.find(key);
        return at == std::string::npos ? "" : body.substr(at + key.size(), 36);
    }
    static std::string header(const Response& response, std::string_view name) {
        const auto found = std::ranges::find(response.headers, name,
                                             [](const auto& entry) { return entry.first; });
        return found == response.headers.end() ? "" : found->second;
    }

    FakeDaemon daemon;
    WallTime now{1'400'000'000'999};
    Outcome<std::optional<Credentials>> reread = std::nullopt;
    std::uint8_t random_counter = 0;
    Api api{daemon,
            {{Login{"user", "userpass"}, Login{"super", "superpass"}},
             [this](std::size_t count) {
                 Bytes bytes(count, 0xff);
                 bytes.back() = ++random_counter;
                 return bytes;
             },
             [this] { return reread; }}};
};

}  // namespace grapevine::api::gossiperl::testing

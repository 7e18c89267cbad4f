#include "daemon/agent.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cassert>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fmt/core.h>
#include <malloc.h>
#include <optional>
#include <unistd.h>
#include <utility>

#include "api/api.hpp"
#include "api/token_book.hpp"
#include "crypto/hash.hpp"
#include "daemon/host.hpp"
#include "daemon/http_adapter.hpp"
#include "daemon/old_rest.hpp"
#include "daemon/page_assets.hpp"
#include "daemon/token_store.hpp"
#include "runtime/files.hpp"
#include "runtime/http_server.hpp"
#include "runtime/log.hpp"
#include "runtime/memory.hpp"
#include "runtime/service_manager.hpp"

namespace grapevine::daemon {
namespace {

/// Two arenas: one per busy thread. The default of eight per core costs megabytes for nothing.
constexpr int kMallocArenasMax = 2;
constexpr Duration kStopMax = std::chrono::seconds(3);
/// After this the first handshakes are over too, and what they needed is not needed any more.
constexpr Duration kSettledAfter = std::chrono::seconds(10);

int fail(const Refusal& refusal) {
    std::fprintf(stderr, "error: %s\n",
                 refusal.field.empty() ? refusal.message.c_str()
                                       : (refusal.field + ": " + refusal.message).c_str());
    if (!refusal.cure.empty()) std::fprintf(stderr, "  cure: %s\n", refusal.cure.c_str());
    return 1;
}

void configure_log(const LogConfig& config) {
    const auto level = runtime::log::parse_level(config.level);
    const auto format = runtime::log::parse_format(config.format);
    assert(level && format && "the configuration has been checked");
    runtime::log::configure(*level, *format);
}

/// The parts of a running daemon, in the order in which they are made; they end in the reverse one.
class Agent {
public:
    Agent(const Config& config, runtime::Store store)
        : config_(config),
          store_(std::move(store)),
          workers_(config.workers, loop_.clock()),
          host_(loop_, workers_, store_, resolver_, config) {}

    int run();

private:
    Outcome<void> open_api();
    Outcome<void> write_run_file() const;
    void on_started(std::vector<Refusal> refusals);
    void on_ready();
    void reload();
    void show_life();
    void stop(int exit_code);

    Config config_;
    runtime::Loop loop_;
    StoreGate store_;
    runtime::Resolver resolver_;
    Workers workers_;
    Host host_;
    runtime::ServiceManager manager_ = runtime::ServiceManager::from_environment();
    std::unique_ptr<api::TokenBook> tokens_;
    std::unique_ptr<api::Api> api_;
    std::unique_ptr<OldRest> old_rest_;
    std::unique_ptr<HttpAdapter> adapter_;
    std::optional<runtime::HttpServer> server_;
    std::optional<runtime::Timer> stop_timer_;
    std::optional<runtime::Timer> watchdog_timer_;
    std::optional<runtime::Timer> settled_timer_;
    bool is_stopping_ = false;
    int exit_code_ = 0;
};

Outcome<void> Agent::open_api() {
    tokens_ = GV_TRY(open_token_book(store_, config_.http.token_file));
    api::Options options;
    if (config_.http.is_open_on_loopback) {
        options.anonymous = api::Options::Anonymous::loopback;
    }
    if (!config_.http.is_metrics_open) {
        options.loopback_metrics = api::Options::LoopbackMetrics::token_needed;
    }
    api_ = std::make_unique<api::Api>(host_, *tokens_, options);
    adapter_ = std::make_unique<HttpAdapter>(loop_, *api_, page_assets());
    if (config_.gossiperl.is_rest_on) {
        old_rest_ =
            GV_TRY(OldRest::open(loop_, host_, config_.gossiperl, config_.http.connections_max));
        adapter_->serve_also(old_rest_->api());
        if (old_rest_->influx()) {
            host_.write_statistics_to(std::make_shared<InfluxWriter>(*old_rest_->influx()));
        }
    }

    runtime::HttpServerOptions server;
    server.bind = config_.http.bind;
    server.connections_max = config_.http.connections_max;
    if (!config_.http.tls_certificate.empty()) {
        server.tls = runtime::HttpTls{config_.http.tls_certificate, config_.http.tls_key};
    }
    server_.emplace(GV_TRY(runtime::HttpServer::listen(
        loop_, server,
        [this](runtime::HttpRequest request, std::shared_ptr<runtime::Responder> responder) {
            adapter_->handle(std::move(request), std::move(responder));
        })));
    return {};
}

Outcome<void> Agent::write_run_file() const {
    boost::json::object overlays;
    for (const auto& [name, bound] : host_.bound()) overlays[name] = bound;
    boost::json::object run;
    run["pid"] = ::getpid();
    run["http"] = to_string(server_->bound());
    run["tls"] = !config_.http.tls_certificate.empty();
    if (old_rest_) run["gossiperl_rest"] = to_string(old_rest_->bound());
    run["overlays"] = std::move(overlays);
    const std::string text = boost::json::serialize(run) + "\n";
    return runtime::write_file_atomic(std::filesystem::path(config_.state_folder) / "run.json",
                                      as_bytes(text));
}

void Agent::on_started(std::vector<Refusal> refusals) {
    for (const Refusal& refusal : refusals) fail(refusal);
    if (!refusals.empty()) return stop(1);
    if (!config_.join_token) return on_ready();
    host_.join(*config_.join_token, [this](const Outcome<control::Answer>& answer) {
        if (answer) return on_ready();
        fail(answer.error());
        stop(1);
    });
}

void Agent::on_ready() {
    if (auto written = write_run_file(); !written) {
        fail(written.error());
        return stop(1);
    }
    if (host_.bound().empty() && !old_rest_) {
        runtime::log::warn("agent",
                           "no overlay is defined: create one with 'grapevine overlay create "
                           "NAME', or join one with 'grapevine join TOKEN'");
    }
    runtime::log::info("agent", "grapevine {} is ready on {}://{}", GRAPEVINE_VERSION,
                       config_.http.tls_certificate.empty() ? "http" : "https",
                       to_string(server_->bound()));
    manager_.ready();
    settled_timer_.emplace(loop_, [] { runtime::release_startup_memory(); });
    settled_timer_->arm(loop_.now() + kSettledAfter);
}

void Agent::reload() {
    manager_.reloading();
    auto next = load_config(config_.sources);
    if (!next) {
        for (const Refusal& refusal : next.error()) {
            runtime::log::error("config", "not reloaded: {}", describe(refusal));
        }
        manager_.ready();
        return;
    }
    for (const std::string& key : keys_needing_restart(config_, *next)) {
        runtime::log::warn("config", "{} has changed and takes effect at the next start", key);
    }
    configure_log(next->log);
    if (server_ && !config_.http.tls_certificate.empty()) {
        if (auto outcome = server_->reload_tls(); !outcome) {
            runtime::log::error("config", "{}", describe(outcome.error()));
        }
    }
    config_ = *next;
    host_.reload(*std::move(next));
    runtime::log::info("agent", "configuration read again");
    manager_.ready();
}

/// Tells the service manager that this loop turns, as often as it wants to hear it.
void Agent::show_life() {
    const auto interval = manager_.watchdog_interval();
    if (!interval) return;
    if (!watchdog_timer_) watchdog_timer_.emplace(loop_, [this] { show_life(); });
    manager_.watchdog();
    watchdog_timer_->arm(loop_.now() + *interval);
}

void Agent::stop(int exit_code) {
    exit_code_ = std::max(exit_code_, exit_code);
    if (std::exchange(is_stopping_, true)) return;
    manager_.stopping();
    runtime::log::info("agent", "saying goodbye");
    if (server_) server_->stop_accepting();
    if (old_rest_) old_rest_->stop_accepting();
    if (api_) api_->close_streams();
    stop_timer_.emplace(loop_, [this] { loop_.stop(); });
    stop_timer_->arm(loop_.now() + kStopMax);
    host_.stop([this] { loop_.stop(); });
}

int Agent::run() {
    loop_.on_signal({SIGTERM, SIGINT}, [this](int) { stop(0); });
    loop_.on_signal({SIGHUP}, [this](int) { reload(); });
    if (auto opened = open_api(); !opened) return fail(opened.error());
    show_life();
    host_.start([this](std::vector<Refusal> refusals) { on_started(std::move(refusals)); });
    loop_.run();
    std::error_code ignored;  // A stale file is overwritten at the next start.
    std::filesystem::remove(std::filesystem::path(config_.state_folder) / "run.json", ignored);
    return exit_code_;
}

}  // namespace

int run_agent(const Config& config) {
    ::mallopt(M_ARENA_MAX, kMallocArenasMax);
    configure_log(config.log);
    for (const std::string& warning : config.warnings) runtime::log::warn("config", "{}", warning);
    auto store = runtime::Store::open(config.state_folder);
    if (!store) return fail(store.error());
    return Agent(config, std::move(*store)).run();
}

}  // namespace grapevine::daemon

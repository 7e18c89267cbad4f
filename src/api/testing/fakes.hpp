#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api.hpp"
#include "api/http.hpp"
#include "api/token_book.hpp"
#include "base/bytes.hpp"
#include "control/control.hpp"

// Stand-ins for both neighbours of the API, for its tests and its fuzz target: a daemon with one
// overlay "a", and an HTTP server that keeps what it is given. Nothing here is in the daemon.
namespace grapevine::api::testing {

/// A log in memory of at most `capacity` items. A pattern matches its own topic, "x.>" what begins
/// with "x.", and ">" everything: enough for the API, which only passes patterns on.
class FakeLog : public control::Log {
public:
    explicit FakeLog(std::string life, std::size_t capacity = 1000)
        : life_(std::move(life)), capacity_(capacity) {}

    void append(control::LogItem::What what) {
        items_.push_back(std::make_shared<const control::LogItem>(
            control::LogItem{next_++, WallTime{5000}, std::move(what)}));
        if (items_.size() > capacity_) items_.pop_front();
        std::erase_if(wakes_, [](const auto& wake) { return wake.expired(); });
        const auto wakes = wakes_;
        for (const auto& weak : wakes) {
            if (const auto wake = weak.lock()) (*wake)();
        }
    }
    void append_event(std::string topic, std::string_view payload) {
        const ByteView bytes = as_bytes(payload);
        append(control::LogItem::Event{"00000000000000aa", 3, next_, WallTime{4000},
                                       std::move(topic),
                                       std::make_shared<const Bytes>(bytes.begin(), bytes.end())});
    }

    Page read(std::uint64_t offset, const Filter& filter, std::size_t items_max,
              std::size_t bytes_max) const override {
        ++read_count;
        Page page;
        page.next = offset;
        if (offset < oldest()) {
            page.missed = oldest() - offset;
            page.next = oldest();
        }
        std::size_t bytes = 0;
        for (const auto& item : items_) {
            if (item->offset < page.next) continue;
            if (page.items.size() >= items_max || (!page.items.empty() && bytes >= bytes_max)) {
                break;
            }
            page.next = item->offset + 1;
            if (!passes(*item, filter)) continue;
            page.items.push_back(item);
            const auto* const event = std::get_if<control::LogItem::Event>(&item->what);
            bytes += event != nullptr && event->payload ? event->payload->size() : 64;
        }
        return page;
    }
    std::uint64_t oldest() const override {
        return items_.empty() ? next_ : items_.front()->offset;
    }
    std::uint64_t next() const override { return next_; }
    std::string life() const override { return life_; }
    std::shared_ptr<void> on_append(std::function<void()> wake) override {
        auto handle = std::make_shared<std::function<void()>>(std::move(wake));
        wakes_.push_back(handle);
        return handle;
    }

    std::shared_ptr<void> want(const std::vector<std::string>& topics) override {
        wanted.push_back(topics);
        return {nullptr, [this](void*) { ++wants_ended; }};
    }

    mutable std::size_t read_count = 0;
    std::vector<std::vector<std::string>> wanted;
    std::size_t wants_ended = 0;

private:
    static bool passes(const control::LogItem& item, const Filter& filter) {
        const bool is_about_members =
            std::holds_alternative<control::LogItem::Member>(item.what) ||
            std::holds_alternative<control::LogItem::Members>(item.what) ||
            std::holds_alternative<control::LogItem::View>(item.what);
        if (is_about_members) return filter.with_members;
        if (std::holds_alternative<control::LogItem::Record>(item.what)) return filter.with_records;
        const auto* const event = std::get_if<control::LogItem::Event>(&item.what);
        if (event == nullptr) return !filter.topics.empty();
        return std::ranges::any_of(filter.topics, [&](const std::string& pattern) {
            if (pattern == ">" || pattern == event->topic) return true;
            return pattern.ends_with(".>") &&
                   event->topic.starts_with(pattern.substr(0, pattern.size() - 1));
        });
    }

    std::string life_;
    std::size_t capacity_;
    std::uint64_t next_ = 1;
    std::deque<std::shared_ptr<const control::LogItem>> items_;
    std::vector<std::weak_ptr<std::function<void()>>> wakes_;
};

/// One aggregate "load", until it is taken away.
class FakeAggregates : public control::Aggregates {
public:
    [[nodiscard]] std::optional<control::AggregateView> find(
        const std::string& name) const override {
        if (name != "load" || is_removed) return std::nullopt;
        return view();
    }
    [[nodiscard]] std::shared_ptr<void> on_change(std::function<void()> change) override {
        wake = std::make_shared<std::function<void()>>(std::move(change));
        return wake;
    }
    [[nodiscard]] control::AggregateView view() const {
        control::AggregateView view;
        view.spec.name = "load";
        view.spec.function = "mean";
        view.spec.key = "load";
        view.spec.group_by = "dc";
        view.spec.statuses = {"alive"};
        view.spec.labels = {{"rack", "r1"}};
        view.state = "ready";
        view.revision = revision;
        view.value = {{"dc", "mean"}, {{"fra", 1.5}, {std::monostate(), std::int64_t{2}}}};
        view.value.age_ms = 40;
        view.value.oldest_ms = 700;
        view.contributors = 2;
        view.lacking = 1;
        return view;
    }
    void change() {
        ++revision;
        if (wake) (*wake)();
    }

    std::uint64_t revision = 5;
    bool is_removed = false;
    std::shared_ptr<std::function<void()>> wake;
};

/// A lab with room for two, whose runs do nothing.
class FakeLab : public control::Lab {
public:
    class Desk : public control::LabDesk {
    public:
        explicit Desk(FakeLab& lab) : lab_(lab) { ++lab_.open_count; }
        ~Desk() override { --lab_.open_count; }
        void submit(control::LabCommand command) override {
            lab_.commands.push_back(std::move(command));
        }
        void ready() override { ++lab_.ready_count; }

    private:
        FakeLab& lab_;
    };
    [[nodiscard]] std::string catalogue() const override {
        return R"({"experiments":[],"drawn_max":10,"runs_max":2})";
    }
    [[nodiscard]] Outcome<std::unique_ptr<control::LabDesk>> open(control::LabTaker take) override {
        if (open_count >= 2) {
            return std::unexpected(
                Refusal{Refusal::Code::busy, "2 runs are watched", "wait", "", 5});
        }
        taker = std::move(take);
        return std::unique_ptr<control::LabDesk>(std::make_unique<Desk>(*this));
    }

    std::size_t open_count = 0;
    std::size_t ready_count = 0;
    std::vector<control::LabCommand> commands;
    control::LabTaker taker;  ///< Of the run that was opened last.
};

/// Answers everything as control.hpp says, for one overlay "a" with two members.
class FakeControl : public control::Control {
public:
    void submit(control::Request request, Callback callback) override {
        requests.push_back(request);
        if (is_holding) {
            held.push_back(std::move(callback));
            return;
        }
        if (refusal) {
            callback(std::unexpected(*refusal));
            return;
        }
        callback(answer(request));
    }
    std::shared_ptr<control::Log> log(const std::string& overlay) override {
        return overlay == "a" ? current_log : nullptr;
    }
    std::shared_ptr<control::Aggregates> aggregates(const std::string& overlay) override {
        return overlay == "a" ? current_aggregates : nullptr;
    }
    control::Lab* lab() override { return &current_lab; }
    /// One answer and the end, unless answers are held.
    std::shared_ptr<void> query(control::AskQuery wanted, control::QueryTaker take) override {
        queries.push_back(wanted);
        if (refusal || wanted.overlay != "a") {
            take(std::unexpected(refusal.value_or(no_overlay())));
            return nullptr;
        }
        auto handle = std::shared_ptr<void>(nullptr, [this](void*) { ++queries_ended; });
        if (is_holding) {
            query_takers.push_back(std::move(take));
            return handle;
        }
        take(query_answer());
        take(query_end());
        return handle;
    }
    Outcome<std::shared_ptr<void>> serve(const std::string& overlay, const std::string& name,
                                         control::CallTaker take) override {
        if (refusal || overlay != "a") return std::unexpected(refusal.value_or(no_overlay()));
        served.push_back(name);
        server = std::move(take);
        return std::shared_ptr<void>(nullptr, [this](void*) { ++servers_ended; });
    }
    static control::QueryItem query_answer() {
        return control::QueryAnswer{{"00000000000000bb", "beta"}, {'4', '2'}, 900, 800};
    }
    static control::QueryItem query_end() {
        control::QueryEnd end;
        end.answered = {{"00000000000000bb", "beta"}};
        end.missing = {{{"00000000000000cc", "gamma"}, "silent"}};
        end.not_expected = {{{"00000000000000aa", "alpha"}, "not_served"}};
        end.took_us = 2'000'000;
        return end;
    }

    template <typename T>
    const T& last() const {
        assert(!requests.empty());
        return std::get<T>(requests.back());
    }

    std::vector<control::Request> requests;
    std::optional<Refusal> refusal;  ///< Given to every request when set.
    bool is_holding = false;         ///< Keeps callbacks instead of answering.
    std::vector<Callback> held;
    std::vector<control::AskQuery> queries;
    std::vector<control::QueryTaker> query_takers;  ///< Of queries that are held.
    std::size_t queries_ended = 0;
    std::vector<std::string> served;
    control::CallTaker server;
    std::size_t servers_ended = 0;
    bool is_ready = true;
    std::shared_ptr<FakeLog> current_log = std::make_shared<FakeLog>("life1");
    std::shared_ptr<FakeAggregates> current_aggregates = std::make_shared<FakeAggregates>();
    FakeLab current_lab;
    std::string record_value = "blue";

    static control::MemberView member(std::string id, std::string name, std::string status) {
        control::MemberView view;
        view.id = std::move(id);
        view.name = std::move(name);
        view.status = std::move(status);
        view.incarnation = 4;
        view.addresses = {"10.0.0.1:9471"};
        view.labels = {{"rack", "r1"}};
        view.status_age_ms = 1200;
        view.path = "both";
        return view;
    }
    /// The only one of which a round trip is known.
    static control::MemberView near(control::MemberView view) {
        view.rtt_us = 300;
        view.is_rtt_measured = true;
        return view;
    }
    static control::OverlayView overlay(std::string name) {
        control::OverlayView view;
        view.name = std::move(name);
        view.id = "00000000000000aa";
        view.member_name = "alpha";
        view.bind = "127.0.0.1:9471";
        view.advertise = {"127.0.0.1:9471"};
        view.seeds = {"10.0.0.2:9471"};
        view.key_ids = {1, 2};
        view.profile = "lan";
        view.detector = "rings";
        view.dissemination = "tree";
        view.cipher = "chacha20-poly1305";
        view.labels = {{"rack", "r1"}};
        view.origin = "api";
        view.state = "running";
        view.view_fingerprint = "0123456789abcdef";
        view.members_alive = 2;
        view.counters = {{"pings_sent", 12}};
        return view;
    }

private:
    Outcome<control::Answer> answer(const control::Request& request) const {
        return std::visit([this](const auto& what) { return this->give(what); }, request);
    }
    static Refusal no_overlay() {
        return {Refusal::Code::not_found, "there is no such overlay", "create it", "overlay"};
    }
    /// Only "a" exists.
    static Outcome<control::Answer> on_a(const std::string& name, control::Answer answer) {
        if (name != "a") return std::unexpected(no_overlay());
        return answer;
    }
    /// What only the old REST API asks; it has a stand-in of its own.
    template <typename Unasked>
    static Outcome<control::Answer> give(const Unasked&) {
        assert(false && "the API of version 1 does not ask this");
        return control::Done{};
    }
    Outcome<control::Answer> give(const control::Info&) const {
        control::InfoView info;
        info.version = "0.1.0";
        info.node_name = "alpha";
        info.overlays = 1;
        info.state_folder = "/var/lib/grapevine";
        info.is_ready = is_ready;
        return info;
    }
    static Outcome<control::Answer> give(const control::ListOverlays&) {
        return std::vector<control::OverlayView>{overlay("b"), overlay("a")};
    }
    static Outcome<control::Answer> give(const control::ShowOverlay& what) {
        return on_a(what.overlay, overlay("a"));
    }
    static Outcome<control::Answer> give(const control::CreateOverlay& what) {
        return overlay(what.spec.name);
    }
    static Outcome<control::Answer> give(const control::ChangeOverlay& what) {
        return on_a(what.spec.name, overlay("a"));
    }
    static Outcome<control::Answer> give(const control::RemoveOverlay& what) {
        return on_a(what.overlay, control::Done{});
    }
    static Outcome<control::Answer> give(const control::ListMembers& what) {
        return on_a(what.overlay, std::vector<control::MemberView>{
                                      member("00000000000000cc", "gamma", "dead"),
                                      member("00000000000000bb", "beta", "alive"),
                                      near(member("00000000000000aa", "alpha", "alive"))});
    }
    static Outcome<control::Answer> give(const control::ShowMember& what) {
        return on_a(what.overlay, member("00000000000000bb", "beta", "alive"));
    }
    static Outcome<control::Answer> give(const control::ShowRoundTrip& what) {
        control::RoundTripView view{"00000000000000bb", "00000000000000aa", "beta", "alpha"};
        view.estimated_us = 1200;
        view.error_percent = 25;
        view.measured_us = 1100;
        view.measured_age_ms = 700;
        view.unknown = {};
        return on_a(what.overlay, view);
    }
    static Outcome<control::Answer> give(const control::StateCommand& what) {
        using Command = control::StateCommand;
        if (what.overlay != "a") return std::unexpected(no_overlay());
        const bool is_change = std::holds_alternative<Command::Load>(what.what) ||
                               std::holds_alternative<Command::Erase>(what.what);
        if (is_change) return control::Done{};
        control::StateEntryView entry;
        entry.key = "color";
        entry.type = "value";
        entry.version = "018bcfe568000001";
        entry.value = "red";
        entry.writer = "00000000000000aa";
        if (!std::holds_alternative<Command::List>(what.what)) return entry;
        return control::StatePage{{std::move(entry)}, "color"};
    }
    static Outcome<control::Answer> give(const control::TraceEvent& what) {
        control::TraceView view;
        view.event = what.event;
        control::TraceView::Node publisher;
        publisher.member = {"00000000000000aa", "alpha"};
        publisher.repair = "none";
        publisher.clock = "agreed";
        publisher.learned_at_us = 1'700'000'000'000'000;
        publisher.after_us = 0;
        control::TraceView::Node other = publisher;
        other.member = {"00000000000000bb", "beta"};
        other.from = "00000000000000aa";
        other.hops = 1;
        other.hop_us = 400;
        other.round_trip_us = 300;
        view.nodes = {publisher, other};
        view.silent = {{"00000000000000cc", "gamma"}};
        return on_a(what.overlay, view);
    }
    static Outcome<control::Answer> give(const control::RunSql& what) {
        control::TableView view{{"name", "n"},
                                {{"alpha", std::int64_t{3}}, {std::monostate(), 2.5}}};
        view.is_truncated = true;
        view.cut = "only the first 2 rows";
        view.age_ms = 1;
        view.oldest_ms = 900;
        return on_a(what.overlay, view);
    }
    Outcome<control::Answer> give(const control::ListAggregates& what) const {
        return on_a(what.overlay, std::vector<control::AggregateView>{current_aggregates->view()});
    }
    Outcome<control::Answer> give(const control::ShowAggregate& what) const {
        return on_a(what.overlay, current_aggregates->view());
    }
    Outcome<control::Answer> give(const control::SetAggregate& what) const {
        control::AggregateView view = current_aggregates->view();
        view.spec = what.spec;
        return on_a(what.overlay, view);
    }
    static Outcome<control::Answer> give(const control::EraseAggregate& what) {
        return on_a(what.overlay, control::Done{});
    }
    static Outcome<control::Answer> give(const control::ShowReachability& what) {
        control::ReachabilityView view;
        view.members.push_back({"00000000000000aa", "alpha", "alive", true, ".<", {{}, 1200}});
        view.members.push_back({"00000000000000bb", "beta", "suspect"});
        view.troubles.push_back({"one_way", "00000000000000aa", "alpha", "00000000000000bb", "beta",
                                 "nothing gets from alpha to beta"});
        return on_a(what.overlay, view);
    }
    static Outcome<control::Answer> give(const control::ShowKeys& what) {
        return on_a(what.overlay, keys());
    }
    static Outcome<control::Answer> give(const control::RotateKeys& what) {
        if (!what.without.empty() && what.without.front() == "nobody") {
            return std::unexpected(
                Refusal{Refusal::Code::not_found, "no such member", "name another", "without"});
        }
        return on_a(what.overlay, keys());
    }
    static Outcome<control::Answer> give(const control::Wipe& what) {
        return on_a(what.overlay, control::WipeView{what.part, 3, 1'700'000'000'000});
    }
    static Outcome<control::Answer> give(const control::ListWipes& what) {
        return on_a(what.overlay,
                    std::vector<control::WipeView>{{"records", 3, 1'700'000'000'000}});
    }
    static Outcome<control::Answer> give(const control::ShowRollout& what) {
        return on_a(what.overlay, rollout());
    }
    static Outcome<control::Answer> give(const control::ProposeRollout& what) {
        return on_a(what.overlay, rollout());
    }
    static Outcome<control::Answer> give(const control::ReturnRollout& what) {
        return on_a(what.overlay, rollout());
    }
    static Outcome<control::Answer> give(const control::ShowSummary& what) {
        return on_a(what.overlay, summary());
    }
    static Outcome<control::Answer> give(const control::SetSummary& what) {
        return on_a(what.overlay, summary());
    }
    static Outcome<control::Answer> give(const control::SetZoneValue& what) {
        return on_a(what.overlay, summary());
    }
    static control::SummaryView summary() {
        control::SummaryView view;
        view.is_on = true;
        control::SummaryView::Row row;
        row.name = "eu";
        row.members = 40;
        row.age_ms = 700;
        row.representatives = {"00000000000000bb"};
        row.attributes = {{"load", "21.5"}};
        row.is_own = true;
        view.levels = {{"region", "", true, {row}}};
        view.statements = {{"load", "select sum(record_number('load')) as load from members", 2,
                            1'700'000'000'000, "running", ""}};
        view.values = {{"load", "0.5"}};
        return view;
    }
    static control::RolloutView rollout() {
        control::RolloutView view;
        view.epoch = 3;
        view.stage = "canary";
        view.running = 2;
        view.canary_permille = 100;
        view.health_interval_ms = 10'000;
        view.settings = {{"retention_age", "", "10m"}};
        control::RolloutView::Member beta;
        beta.id = "00000000000000bb";
        beta.name = "beta";
        beta.status = "alive";
        beta.is_canary = true;
        beta.health = "well";
        beta.reason = "none";
        beta.running = 3;
        beta.intervals = 1;
        control::RolloutView::Member gamma = beta;
        gamma.id = "00000000000000cc";
        gamma.name = "gamma";
        gamma.is_canary = false;
        gamma.health = "silent";
        gamma.running.reset();
        view.members = {beta, gamma};
        return view;
    }
    static control::KeysView keys() {
        control::KeysView view;
        view.epoch = 2;
        view.stage = "use";
        view.is_complete = false;
        view.sealing = 2;
        view.held = {2, 1};
        view.is_driving = true;
        view.overruled = {7};
        view.members.push_back(
            {"00000000000000bb", "beta", "alive", 1200, "behind", {1, 2}, std::uint8_t{1}});
        view.members.push_back({"00000000000000cc", "", "unknown", 0, "silent", {}, {}});
        return view;
    }
    static Outcome<control::Answer> give(const control::ForgetMember& what) {
        return on_a(what.overlay, control::Done{});
    }
    Outcome<control::Answer> give(const control::GetRecord& what) const {
        control::RecordView record;
        record.member = "00000000000000aa";
        record.version = 7;
        record.items = {{"color", record_value, 7}};
        return on_a(what.overlay, record);
    }
    static Outcome<control::Answer> give(const control::SetRecord& what) {
        return on_a(what.overlay, control::KeyValue{what.key, what.value, 8});
    }
    static Outcome<control::Answer> give(const control::EraseRecord& what) {
        return on_a(what.overlay, control::Done{});
    }
    static Outcome<control::Answer> give(const control::JoinSeeds& what) {
        return on_a(what.overlay, control::Done{});
    }
    static Outcome<control::Answer> give(const control::JoinToken&) { return overlay("a"); }
    static Outcome<control::Answer> give(const control::LeaveOverlay& what) {
        return on_a(what.overlay, control::Done{});
    }
    static Outcome<control::Answer> give(const control::Invite& what) {
        return on_a(what.overlay, std::string("gvi_invitation"));
    }
    static Outcome<control::Answer> give(const control::Publish& what) {
        return on_a(what.overlay, control::PublishReceipt{"00000000000000aa", 3, 9});
    }
    static Outcome<control::Answer> give(const control::ShowEstimate& what) {
        return on_a(what.overlay,
                    control::EstimateView{what.of, what.key, "push-pull", 2.5, 0.01, 27, 2, 900});
    }
    static Outcome<control::Answer> give(const control::ShowTopology& what) {
        control::TopologyView view;
        view.members = {{"00000000000000aa", "a", 10, -20}, {"00000000000000bb", "", {}, {}}};
        view.links = {{0, 1}};
        return on_a(what.overlay, view);
    }
    static Outcome<control::Answer> give(const control::AnswerQuery& what) {
        return on_a(what.overlay, control::Done{});
    }
    static Outcome<control::Answer> give(const control::Metrics&) {
        return std::string("grapevine_members 2\n");
    }
};

/// Takes everything and hands out nothing until told: `drain` plays the peer that reads.
class FakeStream : public StreamSink {
public:
    bool write(std::string chunk) override {
        if (is_gone) return false;
        pending += chunk.size();
        text += chunk;
        return true;
    }
    std::size_t pending_bytes() const override { return pending; }
    void on_drained(std::function<void()> wake) override { drained = std::move(wake); }
    void close() override { is_closed = true; }
    void on_closed(std::function<void()> gone) override { closed = std::move(gone); }

    void drain() {
        pending = 0;
        if (drained) drained();
    }
    void disconnect() {
        is_gone = true;
        if (closed) closed();
    }
    /// What came since the last call.
    std::string take() { return std::exchange(text, {}); }

    std::string text;
    std::size_t pending = 0;
    bool is_closed = false;
    bool is_gone = false;
    std::function<void()> drained;
    std::function<void()> closed;
};

class FakeSocket : public SocketSink {
public:
    bool write(std::string message) override {
        if (is_gone) return false;
        pending += message.size();
        messages.push_back(std::move(message));
        return true;
    }
    std::size_t pending_bytes() const override { return pending; }
    void on_drained(std::function<void()> wake) override { drained = std::move(wake); }
    void on_message(std::function<void(std::string)> take) override { received = std::move(take); }
    void close(std::uint16_t status, std::string_view) override { close_status = status; }
    void on_closed(std::function<void()> gone) override { closed = std::move(gone); }

    void receive(std::string message) { received(std::move(message)); }
    void drain() {
        pending = 0;
        if (drained) drained();
    }
    void disconnect() {
        is_gone = true;
        if (closed) closed();
    }
    std::vector<std::string> take() { return std::exchange(messages, {}); }

    std::vector<std::string> messages;
    std::size_t pending = 0;
    std::optional<std::uint16_t> close_status;
    bool is_gone = false;
    std::function<void()> drained;
    std::function<void()> closed;
    std::function<void(std::string)> received;
};

/// Keeps the one answer, and asserts that it is one.
class FakeExchange : public Exchange {
public:
    void reply(Response answer) override {
        count_answer();
        response = std::move(answer);
    }
    std::shared_ptr<StreamSink> start_stream(Response head) override {
        count_answer();
        response = std::move(head);
        stream = std::make_shared<FakeStream>();
        return stream;
    }
    std::shared_ptr<SocketSink> accept_websocket(std::string_view chosen) override {
        count_answer();
        subprotocol = std::string(chosen);
        socket = std::make_shared<FakeSocket>();
        return socket;
    }

    std::optional<Response> response;
    std::shared_ptr<FakeStream> stream;
    std::shared_ptr<FakeSocket> socket;
    std::string subprotocol;
    int answer_count = 0;

private:
    void count_answer() {
        ++answer_count;
        assert(answer_count == 1 && "an exchange is answered once");
    }
};

/// A book whose randomness counts up and whose hash is the text itself, turned round.
class FakeTokens {
public:
    FakeTokens() : book(environment(), {}) {}

    TokenBook::Environment environment() {
        return {[this](std::size_t count) {
                    Bytes bytes(count, 0);
                    bytes.back() = ++counter_;
                    bytes.front() = counter_;
                    return bytes;
                },
                [](std::string_view text) { return std::string(text.rbegin(), text.rend()); },
                [this] { return WallTime{wall_ms++}; },
                [this](const TokenEntry& entry) -> Outcome<void> {
                    if (disk_refusal) return std::unexpected(*disk_refusal);
                    saved.push_back(entry);
                    return {};
                },
                [this](const std::string& id) -> Outcome<void> {
                    if (disk_refusal) return std::unexpected(*disk_refusal);
                    std::erase_if(saved, [&](const TokenEntry& entry) { return entry.id == id; });
                    return {};
                }};
    }
    std::string make(std::vector<Scope> scopes, std::vector<std::string> overlays = {"*"}) {
        auto created = book.create("", std::move(scopes), std::move(overlays));
        assert(created);
        return created->token;
    }

    std::vector<TokenEntry> saved;
    std::optional<Refusal> disk_refusal;
    std::int64_t wall_ms = 1000;

private:
    std::uint8_t counter_ = 0;

public:
    TokenBook book;
};

}  // namespace grapevine::api::testing

#include "maelstrom/adapter.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>
#include <cassert>
#include <charconv>
#include <fmt/core.h>
#include <utility>

#include "base/overloaded.hpp"
#include "wire/native/codec.hpp"
#include "wire/size.hpp"

namespace grapevine::maelstrom {
namespace {

namespace json = boost::json;

/// What nodes say to each other.
constexpr std::string_view kPacketType = "grapevine";
constexpr std::string_view kBroadcastTopic = "broadcast";
constexpr std::string_view kCounterTopic = "counter";

std::unexpected<Failure> malformed(std::string text) {
    return std::unexpected(Failure{Failure::Code::malformed_request, std::move(text)});
}

json::object typed(std::string_view type) {
    return {{"type", type}};
}

}  // namespace

Adapter::Adapter(Settings settings, std::uint64_t seed)
    : settings_(std::move(settings)), seed_(seed) {}

// -- Requests ------------------------------------------------------------------------------------

void Adapter::receive(Instant now, std::string_view line) {
    const auto message = parse_message(line);
    if (!message) {
        ++counters_.dropped_unreadable;
        return;
    }
    if (message->type == kPacketType) {
        receive_packets(now, *message);
    } else if (message->in_reply_to) {
        ++counters_.dropped_unexpected;  // We ask nobody.
    } else {
        Reply reply = answer(now, *message);
        json::object body;
        if (reply) {
            body = std::move(*reply);
        } else {
            ++counters_.refused;
            body = {{"type", "error"},
                    {"code", static_cast<int>(reply.error().code)},
                    {"text", reply.error().text}};
        }
        // One who gives no number wants no answer.
        if (message->id) {
            body["in_reply_to"] = *message->id;
            outbox_.push_back(
                print_message(name_.empty() ? message->target : name_, message->source, body));
        }
    }
    settle(now);
}

Adapter::Reply Adapter::answer(Instant now, const Message& request) {
    if (request.type == "init") return init(now, request);
    if (!events_) {
        return std::unexpected(
            Failure{Failure::Code::temporarily_unavailable, "there was no init yet"});
    }
    if (request.type == "echo") {
        const json::value* echo = request.body.if_contains("echo");
        if (echo == nullptr) return malformed("\"echo\" is missing");
        return json::object{{"type", "echo_ok"}, {"echo", *echo}};
    }
    if (request.type == "topology") {
        // A suggestion, which Maelstrom leaves everybody free to follow.
        has_broadcasts_ = true;
        return typed("topology_ok");
    }
    if (request.type == "generate") return generate();
    if (request.type == "broadcast") return broadcast(now, request);
    if (request.type == "add") return add(now, request);
    if (request.type == "read") return read();
    return std::unexpected(Failure{Failure::Code::not_supported,
                                   fmt::format("\"{}\" is not known here", request.type)});
}

Adapter::Reply Adapter::init(Instant now, const Message& request) {
    if (events_) {
        return std::unexpected(Failure{Failure::Code::precondition_failed, "init came twice"});
    }
    const json::value* self = request.body.if_contains("node_id");
    const json::value* list = request.body.if_contains("node_ids");
    if (self == nullptr || !self->is_string()) return malformed("\"node_id\" is not a text");
    if (list == nullptr || !list->is_array()) return malformed("\"node_ids\" is not a list");
    std::set<std::string> names;
    for (const json::value& node : list->get_array()) {
        if (!node.is_string()) return malformed("a name in \"node_ids\" is not a text");
        names.emplace(node.get_string());
    }
    const std::string name(self->get_string());
    if (!names.contains(name)) return malformed("\"node_ids\" does not name \"node_id\"");
    if (names.size() > kMaelstromNodesMax) {
        return malformed(fmt::format("at most {} nodes are possible", kMaelstromNodesMax));
    }
    name_ = name;
    settings_.protocol.frontier_interval = std::chrono::duration_cast<Duration>(
        std::chrono::seconds(names.size()) / static_cast<double>(settings_.digests_per_second));
    topology_ = std::make_unique<Topology>(std::vector<std::string>(names.begin(), names.end()),
                                           name, settings_.shape);
    events_ = std::make_unique<protocol::Events>(topology_->self(), Epoch(1), settings_.protocol,
                                                 *topology_, seed_);
    for (const MemberId peer : topology_->peers()) {
        events_->peer_joined(now, peer);
        settle(now);
    }
    return typed("init_ok");
}

Adapter::Reply Adapter::generate() {
    return json::object{{"type", "generate_ok"},
                        {"id", fmt::format("{}-{:x}-{}", name_, seed_, ++last_id_)}};
}

Adapter::Reply Adapter::broadcast(Instant now, const Message& request) {
    const json::value* value = request.body.if_contains("message");
    if (value == nullptr) return malformed("\"message\" is missing");
    has_broadcasts_ = true;
    const std::string text = json::serialize(*value);
    if (known_.contains(text)) return typed("broadcast_ok");
    if (values_.size() >= settings_.values_max) {
        return std::unexpected(
            Failure{Failure::Code::temporarily_unavailable,
                    fmt::format("{} values are all that is kept", settings_.values_max)});
    }
    return publish(now, std::string(kBroadcastTopic), text, "broadcast_ok");
}

Adapter::Reply Adapter::add(Instant now, const Message& request) {
    const json::value* delta = request.body.if_contains("delta");
    if (delta == nullptr || !delta->is_int64() || delta->get_int64() < 0) {
        return malformed("\"delta\" is not a whole number from 0 up");
    }
    const auto amount = static_cast<std::uint64_t>(delta->get_int64());
    // Far below 2^63, so that no sum of rows leaves the numbers of JSON.
    const std::uint64_t row = rows_[topology_->self()];
    if (amount > kMaelstromRowMax - row) return malformed("the sum would be too large");
    if (amount == 0) return typed("add_ok");
    return publish(now, std::string(kCounterTopic), std::to_string(row + amount), "add_ok");
}

Adapter::Reply Adapter::publish(Instant now, std::string topic, const std::string& text,
                                const char* answer) {
    const ByteView bytes = as_bytes(text);
    // Nobody reads the time stamp here.
    const auto sequence =
        events_->publish(now, WallTime{}, std::move(topic), Bytes(bytes.begin(), bytes.end()));
    if (!sequence) return malformed(describe(sequence.error()));
    settle(now);
    return typed(answer);
}

Adapter::Reply Adapter::read() const {
    if (!has_broadcasts_) {
        return json::object{{"type", "read_ok"}, {"value", counter()}};
    }
    json::array messages;
    messages.reserve(values_.size());
    for (const std::string& value : values_) messages.push_back(json::parse(value));
    return json::object{{"type", "read_ok"}, {"messages", std::move(messages)}};
}

std::uint64_t Adapter::counter() const {
    std::uint64_t sum = 0;
    for (const auto& [member, row] : rows_) sum += row;
    return sum;
}

// -- Packets -------------------------------------------------------------------------------------

void Adapter::receive_packets(Instant now, const Message& message) {
    const auto from = topology_ ? topology_->member_of(message.source) : std::nullopt;
    const json::value* packets = message.body.if_contains("packets");
    if (!from || *from == topology_->self()) {
        ++counters_.dropped_unexpected;
        return;
    }
    if (packets == nullptr || !packets->is_array()) {
        ++counters_.dropped_unreadable;
        return;
    }
    for (const json::value& text : packets->get_array()) {
        const auto bytes =
            text.is_string() ? from_base64(std::string(text.get_string())) : Result<Bytes>(Bytes{});
        const auto decoded = bytes ? wire::native::decode(*bytes)
                                   : Result<wire::native::Decoded>(std::unexpected(bytes.error()));
        if (!decoded || decoded->packet.empty()) {
            ++counters_.dropped_unreadable;
            continue;
        }
        for (const wire::Section& section : decoded->packet) {
            std::visit(
                [&](const auto& part) {
                    // What is not about events has no place here and is passed over.
                    if constexpr (requires { events_->handle(now, *from, part); }) {
                        events_->handle(now, *from, part);
                    }
                },
                section);
        }
    }
}

void Adapter::advance(Instant now) {
    if (!events_) return;
    events_->advance(now);
    settle(now);
}

std::optional<Adapter::Action> Adapter::poll() {
    if (outbox_.empty()) return std::nullopt;
    Action line = std::move(outbox_.front());
    outbox_.pop_front();
    return line;
}

Instant Adapter::deadline() const {
    return events_ ? events_->deadline() : kNever;
}

void Adapter::settle(Instant now) {
    (void)now;
    if (!events_) return;
    std::map<MemberId, std::vector<wire::Section>> waiting;
    while (auto action = events_->poll()) {
        std::visit(Overloaded{
                       [&](protocol::Events::Send& send) {
                           waiting[send.to].push_back(std::move(send.section));
                       },
                       [&](const protocol::Events::Deliver& ready) { deliver(*ready.event); },
                       [](const protocol::Events::Gap&) {},
                   },
                   *action);
    }
    for (auto& [to, sections] : waiting) flush(to, sections);
}

void Adapter::flush(MemberId to, std::vector<wire::Section>& sections) {
    json::array packets;
    wire::Packet packet;
    std::size_t room = kPacketBytesMax;
    const auto emit = [&] {
        if (!packet.empty())
            packets.push_back(json::string(to_base64(wire::native::encode(packet))));
        packet.clear();
        room = kPacketBytesMax;
    };
    for (wire::Section& section : sections) {
        const std::size_t size = wire::encoded_size(section);
        if (size > room || packet.size() == kSectionsMax) emit();
        room -= size;
        packet.push_back(std::move(section));
    }
    emit();
    ++counters_.sent;
    outbox_.push_back(print_message(name_, topology_->name_of(to),
                                    {{"type", kPacketType}, {"packets", std::move(packets)}}));
}

void Adapter::deliver(const protocol::Event& event) {
    std::string text(as_text(*event.payload));
    if (event.topic == kCounterTopic) {
        std::uint64_t& row = rows_[event.stream.publisher];
        std::uint64_t total = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), total);
        if (error != std::errc{} || total > kMaelstromRowMax) return;
        row = std::max(row, total);
        return;
    }
    boost::system::error_code error;
    static_cast<void>(json::parse(text, error));
    if (error) {
        ++counters_.dropped_unreadable;
        return;
    }
    if (known_.contains(text)) return;
    if (values_.size() >= settings_.values_max) {
        ++counters_.dropped_full;
        return;
    }
    known_.insert(text);
    values_.push_back(std::move(text));
}

void Adapter::check_invariants() const {
    assert(known_.size() == values_.size() && values_.size() <= settings_.values_max);
    if (events_) events_->check_invariants();
}

}  // namespace grapevine::maelstrom

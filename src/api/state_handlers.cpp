#include <fmt/core.h>
#include <utility>

#include "api/asking.hpp"
#include "api/decode_state.hpp"
#include "api/encode.hpp"
#include "api/handlers.hpp"
#include "api/service.hpp"
#include "api/text.hpp"
#include "base/limits.hpp"
#include "base/overloaded.hpp"

namespace grapevine::api {
namespace {

using Command = control::StateCommand;

constexpr std::size_t kLimitDefault = 100;
constexpr std::string_view kReserved = ".grapevine/";

void reply_entry(const Call& call, const control::StateEntryView& entry) {
    call.reply(encode(entry), {{"etag", fmt::format("\"{}\"", entry.version)}});
}

void ask_entry(Service& service, const CallPointer& call, Command command) {
    ask<control::StateEntryView>(service, call, std::move(command), reply_entry);
}

void ask_done(Service& service, const CallPointer& call, Command command) {
    ask<control::Done>(service, call, std::move(command),
                       [](const Call& asked, const control::Done&) { asked.reply({}); });
}

Outcome<std::optional<std::uint64_t>> read_lifetime(const Call& call) {
    const auto text = call.query_value("ttl_ms");
    if (!text) return std::nullopt;
    const auto number = parse_whole(*text);
    if (number && *number > 0 && *number <= kStateLifetimeMaxMs) return *number;
    return std::unexpected(Refusal{Refusal::Code::invalid,
                                   fmt::format("\"{}\" is no lifetime", *text),
                                   fmt::format("give 1 to {}", kStateLifetimeMaxMs), "ttl_ms"});
}

/// What the daemon itself keeps in the map has commands of its own.
Outcome<void> check_key(const std::string& key) {
    if (!key.starts_with(kReserved)) return {};
    return std::unexpected(
        Refusal{Refusal::Code::invalid,
                fmt::format("keys that begin with \"{}\" are the daemon's own", kReserved),
                "choose another key", "key"});
}

/// What a PUT of `key` wants, from the body and the query.
Outcome<Command> read_put(const Call& call, const std::string& key) {
    GV_TRY_VOID(check_key(key));
    StateChange change;
    if (call.body_type() == "application/json") {
        change = GV_TRY(decode_state_change(call.request.body));
        if (call.query_value("ttl_ms")) {
            return std::unexpected(Refusal{Refusal::Code::invalid,
                                           "a JSON body says itself how long it lives",
                                           "put \"ttl_ms\" into the JSON", "ttl_ms"});
        }
    } else {
        change.what = StateChange::Value{call.request.body, GV_TRY(read_lifetime(call))};
    }
    auto expected = call.query_value("version");
    if (expected && !std::holds_alternative<StateChange::Value>(change.what)) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid, "only values are written against a version",
                    "counters and sets merge: leave \"version\" out", "version"});
    }
    Command command{call.path_value("overlay"), {}};
    std::visit(
        Overloaded{
            [&](StateChange::Value& value) {
                command.what = Command::Put{key, std::move(value.bytes), value.lifetime_ms,
                                            std::move(expected)};
            },
            [&](const StateChange::Add& add) { command.what = Command::Count{key, add.change}; },
            [&](StateChange::Elements& elements) {
                command.what =
                    Command::ChangeSet{key, std::move(elements.added), std::move(elements.removed)};
            },
        },
        change.what);
    return command;
}

}  // namespace

void handle_get_state(Service& service, const CallPointer& call) {
    ask_entry(service, call, {call->path_value("overlay"), Command::Get{call->path_value("key")}});
}

void handle_list_state(Service& service, const CallPointer& call) {
    Command::List list{call->query_value("prefix").value_or(""),
                       call->query_value("after").value_or(""), kLimitDefault};
    if (const auto limit = call->query_value("limit")) {
        const auto number = parse_whole(*limit);
        if (!number || *number == 0 || *number > kPageItemsMax) {
            return call->refuse(Refusal{Refusal::Code::invalid,
                                        fmt::format("\"{}\" is not a limit", *limit),
                                        fmt::format("give 1 to {}", kPageItemsMax), "limit"});
        }
        list.limit = *number;
    }
    ask<control::StatePage>(
        service, call, Command{call->path_value("overlay"), std::move(list)},
        [](const Call& asked, const control::StatePage& page) { asked.reply(encode(page)); });
}

void handle_load_state(Service& service, const CallPointer& call) {
    auto values = decode_state_load(call->request.body);
    if (!values) return call->refuse(values.error());
    for (const auto& [key, value] : *values) {
        if (const auto checked = check_key(key); !checked) return call->refuse(checked.error());
    }
    ask_done(service, call, {call->path_value("overlay"), Command::Load{*std::move(values)}});
}

void handle_put_state(Service& service, const CallPointer& call) {
    auto command = read_put(*call, call->path_value("key"));
    if (!command) return call->refuse(command.error());
    ask_entry(service, call, *std::move(command));
}

void handle_erase_state(Service& service, const CallPointer& call) {
    if (const auto checked = check_key(call->path_value("key")); !checked) {
        return call->refuse(checked.error());
    }
    ask_done(service, call,
             {call->path_value("overlay"),
              Command::Erase{call->path_value("key"), call->query_value("version")}});
}

}  // namespace grapevine::api

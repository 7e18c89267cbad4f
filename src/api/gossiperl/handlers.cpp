#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "api/gossiperl/digest_body.hpp"
#include "api/gossiperl/properties.hpp"
#include "api/gossiperl/service.hpp"
#include "api/json_value.hpp"
#include "api/text.hpp"

// What each route does, once its caller was let in.
namespace grapevine::api::gossiperl {
namespace {

namespace json = boost::json;
using control::gossiperl::Settings;

constexpr const char* kBadJson = "Error while parsing JSON data.";
constexpr const char* kNameTaken = "Overlay with a given name already started.";
constexpr const char* kPlaceChanged =
    "One of the properties has changed: ip, iface, port or member_name. Not allowed. To change any "
    "of these you must remove and add overlay again.";

json::array to_array(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) array.emplace_back(to_utf8(text));
    return array;
}

/// Ends an answer about one overlay as all of them end.
json::object finish(json::object body, const Call& call, std::string_view operation) {
    body["operation"] = operation;
    body["overlay"] = call.overlay;
    body["timestamp"] = call.timestamp();
    return body;
}

void reply(const CallPointer& call, const PropertyRefusal& refusal) {
    call->reply(refusal.kind == PropertyRefusal::Kind::no_seeds ? 412 : 409, refusal.text);
}

/// The object of the body; answers and gives nothing if it is none.
std::optional<json::object> read_object(const CallPointer& call) {
    auto value = parse_json(call->request.body);
    if (value && value->is_object()) return std::move(value->get_object());
    call->reply(400, kBadJson);
    return std::nullopt;
}

void create(const CallPointer& call, Settings settings) {
    const auto created = [call](const control::Done&) {
        std::string token = call->service->tokens.make(call->overlay);
        call->overlays.push_back(call->overlay);
        std::ranges::sort(call->overlays);
        json::object body;
        body["token"] = token;
        body["overlays"] = to_array(call->overlays);
        body["operation"] = "add_overlay";
        body["timestamp"] = call->timestamp();
        call->reply(201, body, {{"x-session-token", std::move(token)}});
    };
    const auto refused = [call](const Refusal& refusal) {
        const bool is_conflict = refusal.code == Refusal::Code::conflict;
        if (is_conflict && (refusal.field == "name" || refusal.field == "overlay")) {
            return call->reply(409, kNameTaken);
        }
        // Nothing else of a new overlay can be taken but its port. Scripts look for this word.
        call->refuse(refusal, 409,
                     is_conflict ? "Error while adding an overlay: eaddrinuse: "
                                 : "Error while adding an overlay: ");
    };
    ask<control::Done>(call, control::gossiperl::Create{call->overlay, std::move(settings)},
                       created, refused);
}

void change(const CallPointer& call, Settings settings, int status, json::object body) {
    const auto refused = [call](const Refusal& refusal) {
        const bool is_place = refusal.field == "ip" || refusal.field == "iface" ||
                              refusal.field == "port" || refusal.field == "member_name";
        if (refusal.code == Refusal::Code::conflict && is_place) {
            return call->reply(409, kPlaceChanged);
        }
        call->refuse(refusal, 409, "Error while reconfiguring overlay: ");
    };
    ask<control::Done>(
        call, control::gossiperl::Change{call->overlay, std::move(settings)},
        [call, status, body = std::move(body)](const control::Done&) { call->reply(status, body); },
        refused);
}

}  // namespace

void handle_list(const CallPointer& call) {
    list_overlays(call, [call](const std::vector<std::string>&) {
        json::object body;
        body["overlays"] = to_array(call->overlays);
        body["operation"] = "overlays";
        body["timestamp"] = call->timestamp();
        call->reply(200, body);
    });
}

void handle_add(const CallPointer& call) {
    const auto object = read_object(call);
    if (!object) return;
    auto settings = read_properties(*object);
    if (!settings) return reply(call, settings.error());
    list_overlays(call,
                  [call, settings = *std::move(settings)](const std::vector<std::string>& all) {
                      if (std::ranges::find(all, call->overlay) != all.end())
                          return call->reply(409, kNameTaken);
                      create(call, settings);
                  });
}

void handle_configure(const CallPointer& call) {
    const auto object = read_object(call);
    if (!object) return;
    auto settings = read_properties(*object);
    if (!settings) return reply(call, settings.error());
    ask<Settings>(call, control::gossiperl::ShowSettings{call->overlay},
                  [call, settings = *std::move(settings)](const Settings& running) {
                      if (!is_same_place(running, settings)) return call->reply(409, kPlaceChanged);
                      Settings wanted = settings;
                      // Not the original's, so its scripts cannot mean to change them.
                      wanted.is_local_delivery = running.is_local_delivery;
                      wanted.is_exit_announced = running.is_exit_announced;
                      json::object body;
                      body["overlay"] = call->overlay;
                      body["operation"] = "reconfigure_overlay";
                      body["timestamp"] = call->timestamp();
                      change(call, std::move(wanted), 200, std::move(body));
                  });
}

void handle_configure_property(const CallPointer& call) {
    auto value = parse_json(call->request.body);
    if (!value) return call->reply(400, kBadJson);
    ask<Settings>(call, control::gossiperl::ShowSettings{call->overlay},
                  [call, value = *std::move(value)](const Settings& running) {
                      auto wanted = replace_property(running, call->extra, value);
                      if (!wanted) return reply(call, wanted.error());
                      if (!is_same_place(running, *wanted)) return call->reply(409, kPlaceChanged);
                      json::object body;
                      body["overlay"] = call->overlay;
                      body["operation"] = "reconfigure_overlay";
                      body["property"] = call->extra;
                      body["timestamp"] = call->timestamp();
                      change(call, *std::move(wanted), 202, std::move(body));
                  });
}

void handle_remove(const CallPointer& call) {
    const auto removed = [call](const control::Done&) {
        call->service->tokens.drop(call->overlay);
        std::erase(call->overlays, call->overlay);
        json::object body;
        body["overlays"] = to_array(call->overlays);
        body["operation"] = "remove_overlay";
        body["timestamp"] = call->timestamp();
        call->reply(202, body);
    };
    ask<control::Done>(call, control::RemoveOverlay{call->overlay}, removed,
                       [call](const Refusal& refusal) {
                           call->refuse(refusal, 409, "Error while removing overlay: ");
                       });
}

void handle_configuration(const CallPointer& call) {
    ask<Settings>(call, control::gossiperl::ShowSettings{call->overlay},
                  [call](const Settings& settings) {
                      json::object body;
                      body["configuration"] = write_properties(settings);
                      call->reply(200, finish(std::move(body), *call, "configuration"));
                  });
}

void handle_membership(const CallPointer& call) {
    using Members = std::vector<control::gossiperl::MemberView>;
    ask<Members>(call, control::gossiperl::ListMembers{call->overlay},
                 [call](const Members& members) {
                     json::array array;
                     for (const auto& member : members) {
                         json::object entry;
                         entry["name"] = to_utf8(member.name);
                         entry["state"] = member.state;
                         entry["ip"] = to_utf8(member.ip);
                         entry["port"] = member.port;
                         entry["heartbeat"] = member.heartbeat;
                         array.push_back(std::move(entry));
                     }
                     json::object body;
                     body["membership"] = std::move(array);
                     call->reply(200, finish(std::move(body), *call, "membership"));
                 });
}

void handle_subscriptions(const CallPointer& call) {
    using Subscriptions = std::vector<control::gossiperl::SubscriptionView>;
    ask<Subscriptions>(call, control::gossiperl::ListSubscriptions{call->overlay},
                       [call](const Subscriptions& subscriptions) {
                           json::array array;
                           for (const auto& subscription : subscriptions) {
                               json::object entry;
                               entry["event_type"] = to_utf8(subscription.event_type);
                               entry["member_name"] = to_utf8(subscription.member_name);
                               entry["origin"] = to_utf8(subscription.origin);
                               entry["heartbeat"] = subscription.heartbeat;
                               array.push_back(std::move(entry));
                           }
                           json::object body;
                           body["subscriptions"] = std::move(array);
                           call->reply(200, finish(std::move(body), *call, "subscriptions"));
                       });
}

void handle_statistics(const CallPointer& call) {
    const std::string window = call->extra.empty() ? "total" : call->extra;
    if (std::ranges::find(control::gossiperl::kWindows, window) ==
        std::end(control::gossiperl::kWindows)) {
        // The placeholder was never filled in.
        return call->reply(412, "Requested window ~p is not supported.");
    }
    ask<control::gossiperl::StatisticsView>(
        call, control::gossiperl::ShowStatistics{call->overlay, window},
        [call, window](const control::gossiperl::StatisticsView& view) {
            json::object statistics;
            for (const auto& series : view.series) {
                json::value& entry = statistics[to_utf8(series.name)];
                if (series.packets == 0) {
                    entry = "nil";
                    continue;
                }
                entry.emplace_object()["sum_packets"] = series.packets;
                if (series.bytes) entry.get_object()["total_size"] = *series.bytes;
            }
            json::object body;
            body["overlay"] = call->overlay;
            body["window"] = window;
            body["enabled"] = true;
            // A text that holds JSON: so it has always been.
            body["statistics"] = json::serialize(statistics);
            body["ts"] = call->timestamp();
            call->reply(200, body);
        });
}

void handle_digest(const CallPointer& call) {
    const auto object = read_object(call);
    if (!object) return;
    auto digest = read_digest(*object);
    if (!digest) {
        const bool is_form = digest.error().kind == DigestRefusal::Kind::incomplete;
        return call->reply(is_form ? 409 : 400, digest.error().text);
    }
    control::gossiperl::SendDigest request{call->overlay, std::move(digest->type),
                                           std::move(digest->payload),
                                           std::move(digest->recipient)};
    ask<control::Done>(
        call, std::move(request),
        [call](const control::Done&) {
            json::object body;
            body["status"] = "ok";
            call->reply(202, body);
        },
        [call](const Refusal& refusal) { call->refuse(refusal, 400, ""); });
}

void handle_tokens(const CallPointer& call) {
    list_overlays(call, [call](const std::vector<std::string>&) {
        json::array tokens;
        for (const std::string& overlay : call->overlays) {
            json::object entry;
            entry[to_utf8(overlay)] = call->service->tokens.find(overlay);
            tokens.push_back(std::move(entry));
        }
        json::object body;
        body["tokens"] = std::move(tokens);
        body["operation"] = "tokens";
        body["timestamp"] = call->timestamp();
        call->reply(200, body);
    });
}

void handle_reconfigure(const CallPointer& call) {
    auto reread = call->service->environment.reread();
    int status = 202;
    std::string text = "reconfigured";
    if (!reread) {
        status = 500;
        text = "error:" + describe(reread.error());
    } else if (!*reread) {
        status = 200;
        text = "no_config";
    } else {
        call->service->environment.credentials = **std::move(reread);
    }
    json::object body;
    body["status"] = to_utf8(text);
    body["operation"] = "reconfigure";
    body["timestamp"] = call->timestamp();
    call->reply(status, body);
}

}  // namespace grapevine::api::gossiperl

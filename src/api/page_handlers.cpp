#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api/asking.hpp"
#include "api/decode.hpp"
#include "api/handlers.hpp"
#include "api/json_reader.hpp"
#include "api/service.hpp"
#include "api/text.hpp"
#include "base/page_limits.hpp"

// What the page in the browser needs beyond what everybody uses: how it logs in, and what it draws.
namespace grapevine::api {

namespace json = boost::json;

namespace {

template <typename Unit>
std::int64_t count_of(Duration duration) {
    return std::chrono::duration_cast<Unit>(duration).count();
}

/// What the caller itself may, or the part of it that the body asks for.
Outcome<Logins::Rights> rights_of(const Call& call) {
    static constexpr std::array<std::string_view, 1> kKeys = {"scopes"};
    Logins::Rights rights{{Scope::read, Scope::publish, Scope::admin}, {"*"}};
    if (call.caller.token) {
        rights = {call.caller.token->scopes, call.caller.token->overlays, call.caller.token->id};
    }
    if (call.request.body.empty()) return rights;
    const JsonReader reader = GV_TRY(JsonReader::parse(call.request.body, kKeys));
    const auto wanted = GV_TRY(reader.texts("scopes", 3));
    if (!wanted) return rights;
    std::vector<Scope> scopes;
    for (const std::string& name : *wanted) {
        const Scope scope = GV_TRY(decode_scope(name, "scopes"));
        if (!call.caller.may_on_any(scope)) {
            return std::unexpected(Refusal{Refusal::Code::forbidden,
                                           "a login cannot have a scope that its maker lacks",
                                           "leave it out, or use a token that has it", "scopes"});
        }
        scopes.push_back(scope);
    }
    if (scopes.empty()) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "no scope is given",
                                       "give some of read, publish, admin", "scopes"});
    }
    rights.scopes = std::move(scopes);
    return rights;
}

json::value number_or_null(const std::optional<std::int64_t>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

std::string encode(const control::TopologyView& view) {
    json::array members;
    for (const control::TopologyView::Member& member : view.members) {
        json::object row;
        row["id"] = member.id;
        row["zone"] = to_utf8(member.zone);
        row["x_us"] = number_or_null(member.x_us);
        row["y_us"] = number_or_null(member.y_us);
        members.emplace_back(std::move(row));
    }
    json::array links;
    for (const auto& [from, to] : view.links) links.emplace_back(json::array{from, to});
    json::object object;
    object["members"] = std::move(members);
    object["links"] = std::move(links);
    object["links_left_out"] = view.links_left_out;
    return json::serialize(object);
}

}  // namespace

void handle_offer_login(Service& service, const CallPointer& call) {
    auto rights = rights_of(*call);
    if (!rights) return call->refuse(rights.error());
    const std::string code = service.logins().offer(call->now, std::move(*rights));
    json::object object;
    object["code"] = code;
    object["path"] = "/ui/#login=" + code;
    object["expires_in_s"] = count_of<std::chrono::seconds>(kLoginCodeLife);
    call->reply(json::serialize(object));
}

void handle_redeem_login(Service& service, const CallPointer& call) {
    static constexpr std::array<std::string_view, 1> kKeys = {"code"};
    const auto reader = JsonReader::parse(call->request.body, kKeys);
    if (!reader) return call->refuse(reader.error());
    const auto code = reader->required_text("code", "what stands in the link");
    if (!code) return call->refuse(code.error());
    const auto login = service.logins().redeem(call->now, *code);
    if (!login) return call->refuse(login.error());
    json::array scopes;
    for (const Scope scope : login->entry.scopes) scopes.emplace_back(to_string(scope));
    json::array overlays;
    for (const std::string& overlay : login->entry.overlays) overlays.emplace_back(overlay);
    json::object object;
    object["token"] = login->token;
    object["scopes"] = std::move(scopes);
    object["overlays"] = std::move(overlays);
    object["expires_in_s"] = count_of<std::chrono::seconds>(kLoginLife);
    call->reply(json::serialize(object));
}

void handle_end_login(Service& service, const CallPointer& call) {
    const std::string id = call->caller.token ? call->caller.token->id : std::string();
    if (!service.logins().end(id)) {
        return call->refuse(Refusal{Refusal::Code::conflict,
                                    "the caller has not logged in by a link",
                                    "tokens are deleted with DELETE /v1/tokens/{id}", ""});
    }
    service.end_streams_of_token(id);
    call->reply({});
}

void handle_topology(Service& service, const CallPointer& call) {
    ask<control::TopologyView>(
        service, call, control::ShowTopology{call->path_value("overlay")},
        [](const Call& asked, const control::TopologyView& view) { asked.reply(encode(view)); });
}

}  // namespace grapevine::api

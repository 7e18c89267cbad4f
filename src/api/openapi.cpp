#include "api/openapi.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cassert>
#include <fmt/core.h>
#include <map>
#include <set>
#include <vector>

#include "api/problem.hpp"
#include "api/routes.hpp"

namespace grapevine::api {
namespace {

namespace json = boost::json;

json::string_view view(std::string_view text) {
    return {text.data(), text.size()};
}

json::object reference(std::string_view schema) {
    return {{"$ref", "#/components/schemas/" + std::string(schema)}};
}

json::object schema_of(QueryParameter::Type type) {
    switch (type) {
        case QueryParameter::Type::text:
            return {{"type", "string"}};
        case QueryParameter::Type::whole:
            return {{"type", "integer"}, {"minimum", 1}};
        case QueryParameter::Type::truth:
            return {{"type", "string"}, {"enum", json::array{"0", "1", "false", "true"}}};
    }
    return {};
}

std::string_view describe_placeholder(std::string_view name) {
    if (name == "overlay") return "Name of the overlay.";
    if (name == "member") return "Id of the member, or a name that only it has.";
    if (name == "key") return "Key of the record.";
    if (name == "publisher") return "Id of the member that published the event.";
    if (name == "epoch") return "Life of the publisher in which it did, from its event id.";
    if (name == "sequence") return "Number of the event in its stream, from its event id.";
    if (name == "name") return "The name of an aggregate";
    if (name == "query") return "Id of the query, as serveQueries tells it.";
    assert(name == "id" && "every placeholder of the table is described here");
    return "Id of the token.";
}

json::array path_parameters(std::string_view pattern) {
    json::array parameters;
    for (std::size_t open = pattern.find('{'); open != std::string_view::npos;
         open = pattern.find('{', open + 1)) {
        const std::string_view name = pattern.substr(open + 1, pattern.find('}', open) - open - 1);
        parameters.emplace_back(json::object{{"name", view(name)},
                                             {"in", "path"},
                                             {"required", true},
                                             {"description", view(describe_placeholder(name))},
                                             {"schema", {{"type", "string"}}}});
    }
    return parameters;
}

json::array parameters_of(const Route& route) {
    json::array parameters = path_parameters(route.pattern);
    for (const QueryParameter& parameter : route.query) {
        json::object schema = schema_of(parameter.type);
        if (parameter.times == QueryParameter::Times::repeated) {
            schema = {{"type", "array"}, {"items", std::move(schema)}};
        }
        parameters.emplace_back(json::object{{"name", view(parameter.name)},
                                             {"in", "query"},
                                             {"required", false},
                                             {"description", view(parameter.description)},
                                             {"schema", std::move(schema)}});
    }
    if (route.operation == "followEvents") {
        parameters.emplace_back(
            json::object{{"name", "Last-Event-ID"},
                         {"in", "header"},
                         {"required", false},
                         {"description", "The cursor of the last item seen, as EventSource sends."},
                         {"schema", {{"type", "string"}}}});
    }
    return parameters;
}

json::object request_body(const Route& route) {
    json::object content;
    content["application/json"] = json::object{{"schema", reference(route.body_schema)}};
    const json::object raw{{"schema", {{"type", "string"}}}};
    if (route.body == Body::event || route.body == Body::value)
        content["application/octet-stream"] = raw;
    if (route.body == Body::record) content["text/plain"] = raw;
    return {{"required", route.body != Body::optional_json}, {"content", std::move(content)}};
}

/// Problems that a route can answer with because of what it is, beside those of its row.
std::set<ProblemKind> problems_of(const Route& route) {
    std::set<ProblemKind> kinds(route.problems.begin(), route.problems.end());
    kinds.insert({ProblemKind::invalid, ProblemKind::over_limit, ProblemKind::internal,
                  ProblemKind::too_large});
    if (route.access != Access::open) {
        kinds.insert({ProblemKind::unauthenticated, ProblemKind::forbidden});
        // Of an anonymous caller under a foreign Host header.
        kinds.insert(ProblemKind::cross_origin);
    }
    if (route.body != Body::none && route.body != Body::event) {
        kinds.insert(ProblemKind::unsupported_media_type);
    }
    return kinds;
}

json::object responses_of(const Route& route) {
    json::object responses;
    json::object success{{"description", view(route.summary)}};
    json::object content;
    for (const Content& entry : route.content) {
        content[view(entry.media_type)] = json::object{{"schema", reference(entry.schema)}};
    }
    if (!content.empty()) success["content"] = std::move(content);
    responses[std::to_string(route.status)] = std::move(success);

    // Kinds may share a status: their codes stand in its description.
    std::map<int, std::string> codes;
    for (const ProblemKind kind : problems_of(route)) {
        std::string& text = codes[info(kind).status];
        text +=
            fmt::format("{}{} ({})", text.empty() ? "" : "; ", info(kind).title, info(kind).code);
    }
    for (const auto& [status, text] : codes) {
        responses[std::to_string(status)] = json::object{
            {"description", text},
            {"content", {{"application/problem+json", {{"schema", reference("Problem")}}}}}};
    }
    return responses;
}

std::string_view scope_name(Access access) {
    switch (access) {
        case Access::open:
            return "none";
        case Access::metrics:
        case Access::read:
            return "read";
        case Access::publish:
            return "publish";
        case Access::admin:
            return "admin";
        case Access::any:
            return "read or publish";
    }
    return "none";
}

json::object operation_of(const Route& route) {
    json::object operation;
    operation["operationId"] = view(route.operation);
    operation["tags"] = json::array{view(route.tag)};
    operation["summary"] = view(route.summary);
    operation["description"] =
        route.access == Access::open
            ? std::string(route.description)
            : fmt::format("{} Scope: {}.", route.description, scope_name(route.access));
    operation["x-scope"] = view(scope_name(route.access));
    json::array parameters = parameters_of(route);
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    if (route.body != Body::none) operation["requestBody"] = request_body(route);
    operation["responses"] = responses_of(route);
    // An empty requirement beside another one means "or nothing".
    json::array security;
    if (route.access != Access::open) security.emplace_back(json::object{{"token", json::array{}}});
    if (route.access == Access::metrics) security.emplace_back(json::object{});
    operation["security"] = std::move(security);
    return operation;
}

std::string lower(std::string_view method) {
    std::string text(method);
    for (char& letter : text) letter = static_cast<char>(letter - 'A' + 'a');
    return text;
}

json::object build_paths() {
    json::object paths;
    for (const Route& route : routes()) {
        json::value& path = paths[view(route.pattern)];
        if (!path.is_object()) path = json::object{};
        path.get_object()[lower(route.method)] = operation_of(route);
    }
    return paths;
}

std::string build_document() {
    json::object document;
    document["openapi"] = "3.1.0";
    document["info"] = {
        {"title", "Grapevine HTTP API"},
        {"version", GRAPEVINE_VERSION},
        {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}},
        {"description",
         "Gossip as a service for the host: members, failures, records and events of the overlays "
         "that this daemon is in. Every refusal is a problem document (RFC 9457) that says what "
         "was wrong (detail) and what would be right (cure). Unknown query keys and JSON keys are "
         "refused. Items of streams carry cursors; a reader that gives back its last cursor misses "
         "nothing silently."}};
    document["servers"] = json::array{
        json::object{{"url", "http://127.0.0.1:9470"}, {"description", "The daemon of this host"}}};
    document["tags"] = json::array{
        json::object{{"name", "daemon"}, {"description", "The daemon itself"}},
        json::object{{"name", "overlays"}, {"description", "Groups that this daemon is in"}},
        json::object{{"name", "members"}, {"description", "Who is in an overlay, and how"}},
        json::object{{"name", "records"}, {"description", "Small replicated values per member"}},
        json::object{{"name", "events"}, {"description", "Publishing and following"}},
        json::object{{"name", "answers"}, {"description", "Questions about all members at once"}},
        json::object{{"name", "queries"}, {"description", "Asking all members, and answering"}},
        json::object{{"name", "tokens"}, {"description", "Who may call"}}};
    document["paths"] = build_paths();
    json::error_code error;
    json::value schemas = json::parse(view(openapi_schemas()), error);
    assert(!error && "the schemas are ours");
    document["components"] = {
        {"schemas", std::move(schemas)},
        {"securitySchemes",
         {{"token",
           {{"type", "http"},
            {"scheme", "bearer"},
            {"description",
             "A token of the scopes read, publish or admin (which implies the others), for some "
             "overlays or all. The first one is written to a file in the state folder."}}}}}};
    return json::serialize(document);
}

}  // namespace

const std::string& openapi_document() {
    static const std::string document = build_document();
    return document;
}

}  // namespace grapevine::api

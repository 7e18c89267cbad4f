#include "client/query_desk.hpp"

#include <charconv>
#include <fmt/core.h>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/query_names.hpp"

namespace grapevine::client {
namespace {

constexpr std::size_t kHalfIdLetters = 16;

std::string id_of(MemberId from, std::uint64_t number) {
    return fmt::format("{:016x}-{:016x}", from.value(), number);
}

std::optional<std::uint64_t> parse_half(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<std::pair<MemberId, std::uint64_t>> parse_id(std::string_view id) {
    if (id.size() != 2 * kHalfIdLetters + 1 || id[kHalfIdLetters] != '-') return std::nullopt;
    const auto from = parse_half(id.substr(0, kHalfIdLetters));
    const auto number = parse_half(id.substr(kHalfIdLetters + 1));
    if (!from || !number) return std::nullopt;
    return std::pair(MemberId(*from), *number);
}

Outcome<void> check_served_name(const std::string& name) {
    if (!is_query_name(name)) {
        return std::unexpected(Refusal{
            Refusal::Code::invalid, fmt::format("\"{}\" is no name of a query", name),
            fmt::format("use 1 to {} letters, digits and -._", kQueryNameBytesMax), "name"});
    }
    if (!is_built_in_query(name)) return {};
    return std::unexpected(Refusal{Refusal::Code::conflict,
                                   fmt::format("\"{}\" is answered by the daemon itself", name),
                                   "choose another name", "name"});
}

}  // namespace

Outcome<std::shared_ptr<void>> QueryDesk::serve(const std::string& name, control::CallTaker take) {
    GV_TRY_VOID(check_served_name(name));
    if (servers_.size() >= kQueryServersMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit,
                    fmt::format("{} applications serve queries here", servers_.size()),
                    "end one of them", ""});
    }
    const ServerId id = next_server_++;
    servers_.emplace(id, Server{name, std::move(take)});
    return std::shared_ptr<void>(nullptr, [weak = weak_from_this(), id](void*) {
        if (const auto desk = weak.lock()) desk->detach(id);
    });
}

void QueryDesk::asked(Instant now, Query query) {
    forget_late(now);
    std::vector<ServerId> servers;
    for (const auto& [id, server] : servers_) {
        if (server.name == query.name) servers.push_back(id);
    }
    if (servers.empty()) return reply_(query.from, query.number, Verdict::not_served, {});
    const Key key{query.from, query.number};
    // The question layer hands on each question once; one that it had to forget comes as new.
    if (open_.contains(key)) return;
    if (open_.size() >= kQueriesOpenMax) {
        return reply_(query.from, query.number, Verdict::busy, {});
    }
    open_.emplace(key, Open{now + query.patience, {servers.begin(), servers.end()}});
    const control::QueryCall call{
        id_of(query.from, query.number),
        std::move(query.name),
        std::move(query.payload),
        {fmt::format("{:016x}", query.from.value()), std::move(query.from_name)},
        std::chrono::duration_cast<std::chrono::milliseconds>(query.patience).count()};
    for (const ServerId id : servers) {
        // Whoever is called may detach, itself or another.
        const auto server = servers_.find(id);
        if (server == servers_.end()) continue;
        const control::CallTaker take = server->second.take;
        take(call);
    }
}

Outcome<void> QueryDesk::answer(Instant now, const std::string& id, Bytes payload) {
    forget_late(now);
    const auto key = parse_id(id);
    const auto found = key ? open_.find(*key) : open_.end();
    if (found == open_.end()) {
        return std::unexpected(
            Refusal{Refusal::Code::not_found, "no query with this id waits for an answer here",
                    "somebody has answered it, or its asker does not wait any more", "id"});
    }
    open_.erase(found);
    reply_(key->first, key->second, Verdict::answered, std::move(payload));
    return {};
}

void QueryDesk::detach(ServerId server) {
    servers_.erase(server);
    std::vector<Key> abandoned;
    for (auto& [key, open] : open_) {
        if (open.holders.erase(server) > 0 && open.holders.empty()) abandoned.push_back(key);
    }
    for (const Key& key : abandoned) {
        open_.erase(key);
        reply_(key.first, key.second, Verdict::abandoned, {});
    }
}

void QueryDesk::forget_late(Instant now) {
    std::erase_if(open_, [now](const auto& entry) { return entry.second.deadline <= now; });
}

}  // namespace grapevine::client

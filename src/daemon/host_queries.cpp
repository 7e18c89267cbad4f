// Queries to members, and the applications that answer them. See host.hpp.

#include <utility>

#include "daemon/host.hpp"

namespace grapevine::daemon {

std::shared_ptr<client::QueryDesk> Host::make_desk(const std::string& name) {
    return std::make_shared<client::QueryDesk>(
        [this, self = self_, name](MemberId to, std::uint64_t number,
                                   client::QueryDesk::Verdict verdict, Bytes payload) {
            if (*self == nullptr) return;
            const auto found = entries_.find(name);
            if (found == entries_.end() || found->second.pump == nullptr) return;
            found->second.worker->post([pump = found->second.pump, to, number, verdict,
                                        payload = std::move(payload)]() mutable {
                pump->answer_query(to, number, verdict, std::move(payload));
            });
        });
}

std::function<void(client::QueryDesk::Query)> Host::query_sink(const std::string& name) {
    return [this, self = self_, &loop = loop_, name](client::QueryDesk::Query query) {
        loop.post([this, self, name, query = std::move(query)]() mutable {
            if (*self == nullptr) return;
            const auto found = entries_.find(name);
            if (found != entries_.end()) found->second.desk->asked(loop_.now(), std::move(query));
        });
    };
}

Outcome<std::shared_ptr<void>> Host::serve(const std::string& overlay, const std::string& name,
                                           control::CallTaker take) {
    Entry* const entry = GV_TRY(find_running(overlay));
    GV_TRY_VOID(check_native(*entry));
    return entry->desk->serve(name, std::move(take));
}

void Host::handle(control::AnswerQuery request, Callback callback) {
    const auto entry = find_running(request.overlay);
    if (!entry) return callback(std::unexpected(entry.error()));
    auto answered = (*entry)->desk->answer(loop_.now(), request.id, std::move(request.payload));
    if (!answered) return callback(std::unexpected(answered.error()));
    callback(control::Answer(control::Done{}));
}

std::shared_ptr<void> Host::query(control::AskQuery wanted, control::QueryTaker take) {
    const auto entry = find_running(wanted.overlay);
    if (!entry) {
        take(std::unexpected(entry.error()));
        return nullptr;
    }
    const std::uint64_t ticket = next_query_++;
    queries_.emplace(ticket, std::make_shared<control::QueryTaker>(std::move(take)));
    const std::string overlay = wanted.overlay;
    const auto told = [this, self = self_, &loop = loop_,
                       ticket](Outcome<control::QueryItem> item) {
        loop.post([this, self, ticket, item = std::move(item)]() mutable {
            if (*self != nullptr) tell_query(ticket, std::move(item));
        });
    };
    (*entry)->worker->post([pump = (*entry)->pump, ticket, wanted = std::move(wanted),
                            told]() mutable { pump->query(ticket, std::move(wanted), told); });
    return {nullptr, [this, self = self_, overlay, ticket](void*) {
                if (*self != nullptr) end_query(overlay, ticket);
            }};
}

void Host::tell_query(std::uint64_t ticket, Outcome<control::QueryItem> item) {
    const auto found = queries_.find(ticket);
    if (found == queries_.end()) return;
    // Whoever is called may end the query.
    const auto take = found->second;
    if (!item || std::holds_alternative<control::QueryEnd>(*item)) queries_.erase(found);
    (*take)(std::move(item));
}

void Host::end_query(const std::string& overlay, std::uint64_t ticket) {
    const auto found = queries_.find(ticket);
    if (found == queries_.end()) return;
    // What it holds may end another one.
    const auto take = found->second;
    queries_.erase(found);
    const auto entry = entries_.find(overlay);
    if (entry == entries_.end() || entry->second.pump == nullptr) return;
    entry->second.worker->post([pump = entry->second.pump, ticket] { pump->end_query(ticket); });
}

}  // namespace grapevine::daemon

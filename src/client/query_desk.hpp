#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "control/queries.hpp"

namespace grapevine::client {

/// Where the queries that members ask of one overlay's applications lie until one of those that
/// are attached here answers.
///
/// Each application that serves a name gets each query of that name once, those that came before it
/// attached not at all. The first answer counts. A query that nobody serves is answered so at once,
/// and one whose last application detaches without a word, too: the asker does not wait in vain.
///
/// It knows nothing of the network: `reply` carries what it says. Lives on the thread of the API.
///
/// Bounds: kQueryServersMax applications, kQueriesOpenMax queries that wait, both refusing the
/// newest; a query is forgotten when its asker has stopped waiting.
class QueryDesk : public std::enable_shared_from_this<QueryDesk> {
public:
    enum class Verdict : std::uint8_t { answered, not_served, abandoned, busy };
    struct Query {
        MemberId from;
        std::uint64_t number = 0;
        std::string from_name;
        std::string name;
        Bytes payload;
        Duration patience{};
    };
    /// `payload` only if answered.
    using Reply =
        std::function<void(MemberId to, std::uint64_t number, Verdict verdict, Bytes payload)>;

    explicit QueryDesk(Reply reply) : reply_(std::move(reply)) {}

    /// Gives queries of this name to `take` until the handle is destroyed. Refused: a name that is
    /// none, those that the daemon answers itself, too many applications.
    Outcome<std::shared_ptr<void>> serve(const std::string& name, control::CallTaker take);

    void asked(Instant now, Query query);

    /// Refused if no such query waits; then nothing has happened.
    Outcome<void> answer(Instant now, const std::string& id, Bytes payload);

    [[nodiscard]] std::size_t open_count() const { return open_.size(); }
    [[nodiscard]] std::size_t server_count() const { return servers_.size(); }

private:
    using ServerId = std::uint64_t;
    struct Server {
        std::string name;
        control::CallTaker take;
    };
    struct Open {
        Instant deadline{};
        std::set<ServerId> holders;  ///< Who has it and may yet answer.
    };
    using Key = std::pair<MemberId, std::uint64_t>;

    void detach(ServerId server);
    void forget_late(Instant now);

    Reply reply_;
    std::map<ServerId, Server> servers_;
    ServerId next_server_ = 1;
    std::map<Key, Open> open_;
};

}  // namespace grapevine::client

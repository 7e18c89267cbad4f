#include "api/handlers.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <ranges>

#include "api/asking.hpp"
#include "api/decode.hpp"
#include "api/encode.hpp"
#include "api/openapi.hpp"
#include "api/service.hpp"
#include "base/limits.hpp"
#include "base/nearest.hpp"

namespace grapevine::api {
namespace {

constexpr std::array<std::string_view, 4> kStatuses = {"alive", "suspect", "dead", "left"};
constexpr std::array<std::string_view, 2> kOrders = {"name", "rtt"};

void reply_done(const Call& call, const control::Done&) {
    call.reply({});
}

template <typename View>
void reply_view(const Call& call, const View& view) {
    call.reply(encode(view));
}

/// Which members of the list are wanted: every given filter must hold.
struct MemberFilter {
    std::vector<std::string> statuses;  ///< Any of these; all if none.
    control::Labels labels;             ///< All of these.
    std::size_t limit = kMembersMax;
    bool is_by_rtt = false;

    [[nodiscard]] bool passes(const control::MemberView& member) const {
        if (!statuses.empty() && std::ranges::find(statuses, member.status) == statuses.end()) {
            return false;
        }
        return std::ranges::all_of(labels, [&](const auto& label) {
            return std::ranges::find(member.labels, label) != member.labels.end();
        });
    }
};

Outcome<MemberFilter> parse_member_filter(const Call& call) {
    MemberFilter filter;
    filter.statuses = call.query_values("status");
    for (const std::string& status : filter.statuses) {
        if (std::ranges::find(kStatuses, status) != kStatuses.end()) continue;
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       fmt::format("\"{}\" is no status", status),
                                       nearest_cure(status, kStatuses), "status"});
    }
    for (const std::string& label : call.query_values("label")) {
        const std::size_t equals = label.find('=');
        if (equals == std::string::npos || equals == 0) {
            return std::unexpected(Refusal{Refusal::Code::invalid,
                                           fmt::format("\"{}\" is no key=value", label),
                                           "write it as label=rack=r1", "label"});
        }
        filter.labels.emplace_back(label.substr(0, equals), label.substr(equals + 1));
    }
    if (const auto sort = call.query_value("sort")) {
        if (std::ranges::find(kOrders, *sort) == kOrders.end()) {
            return std::unexpected(Refusal{Refusal::Code::invalid,
                                           fmt::format("\"{}\" is no order", *sort),
                                           nearest_cure(*sort, kOrders), "sort"});
        }
        filter.is_by_rtt = *sort == "rtt";
    }
    if (const auto limit = call.query_value("limit")) {
        const auto number = parse_whole(*limit);
        if (!number || *number == 0 || *number > kMembersMax) {
            return std::unexpected(Refusal{Refusal::Code::invalid,
                                           fmt::format("\"{}\" is not a limit", *limit),
                                           fmt::format("give 1 to {}", kMembersMax), "limit"});
        }
        filter.limit = *number;
    }
    return filter;
}

const std::string& overlay_of(const CallPointer& call) {
    return call->path_value("overlay");
}

}  // namespace

// -- The daemon --

void handle_health(Service&, const CallPointer& call) {
    call->reply(encode_health());
}

void handle_ready(Service& service, const CallPointer& call) {
    ask<control::InfoView>(
        service, call, control::Info{}, [](const Call& asked, const control::InfoView& info) {
            if (info.is_ready) {
                asked.reply(encode_readiness());
                return;
            }
            asked.refuse(Refusal{Refusal::Code::unavailable, "the daemon is not ready yet",
                                 "ask again in a second", ""});
        });
}

void handle_info(Service& service, const CallPointer& call) {
    ask<control::InfoView>(service, call, control::Info{}, reply_view<control::InfoView>);
}

void handle_metrics(Service& service, const CallPointer& call) {
    ask<std::string>(service, call, control::Metrics{}, [](const Call& asked, std::string& text) {
        Response response;
        response.headers.emplace_back("content-type", "text/plain; version=0.0.4; charset=utf-8");
        response.headers.emplace_back("cache-control", "no-store");
        response.body = std::move(text);
        asked.exchange->reply(std::move(response));
    });
}

void handle_openapi(Service&, const CallPointer& call) {
    call->reply(openapi_document());
}

// -- Overlays --

void handle_list_overlays(Service& service, const CallPointer& call) {
    using Overlays = std::vector<control::OverlayView>;
    ask<Overlays>(service, call, control::ListOverlays{}, [](const Call& asked, Overlays& list) {
        std::erase_if(list, [&](const control::OverlayView& overlay) {
            return !asked.caller.may(Scope::read, overlay.name);
        });
        std::ranges::sort(list, {}, &control::OverlayView::name);
        asked.reply(encode(list));
    });
}

void handle_create_overlay(Service& service, const CallPointer& call) {
    auto spec = decode_overlay_spec(call->request.body, OverlayName::required);
    if (!spec) return call->refuse(spec.error());
    const auto allowed = authorize(call->caller, Scope::admin, spec->name);
    if (!allowed) return call->refuse(allowed.error());
    ask<control::OverlayView>(service, call, control::CreateOverlay{*std::move(spec)},
                              [](const Call& asked, const control::OverlayView& overlay) {
                                  const std::string place =
                                      "/v1/overlays/" + percent_encode(overlay.name);
                                  asked.reply(encode(overlay), {{"location", place}});
                              });
}

void handle_show_overlay(Service& service, const CallPointer& call) {
    ask<control::OverlayView>(service, call, control::ShowOverlay{overlay_of(call)},
                              reply_view<control::OverlayView>);
}

void handle_change_overlay(Service& service, const CallPointer& call) {
    auto spec = decode_overlay_spec(call->request.body, OverlayName::optional);
    if (!spec) return call->refuse(spec.error());
    if (!spec->name.empty() && spec->name != overlay_of(call)) {
        return call->refuse(Refusal{Refusal::Code::invalid,
                                    "an overlay cannot be renamed: its name is part of its keys",
                                    "leave the name out, or create another overlay", "name"});
    }
    spec->name = overlay_of(call);
    ask<control::OverlayView>(service, call, control::ChangeOverlay{*std::move(spec)},
                              reply_view<control::OverlayView>);
}

void handle_remove_overlay(Service& service, const CallPointer& call) {
    ask<control::Done>(service, call, control::RemoveOverlay{overlay_of(call)},
                       [weak = service.weak_from_this()](const Call& asked, const control::Done&) {
                           asked.reply({});
                           if (const auto alive = weak.lock()) alive->end_orphaned_streams();
                       });
}

void handle_join_seeds(Service& service, const CallPointer& call) {
    auto seeds = decode_seeds(call->request.body, Seeds::required);
    if (!seeds) return call->refuse(seeds.error());
    ask<control::Done>(service, call, control::JoinSeeds{overlay_of(call), *std::move(seeds)},
                       reply_done);
}

void handle_join_token(Service& service, const CallPointer& call) {
    auto token = decode_invitation(call->request.body);
    if (!token) return call->refuse(token.error());
    ask<control::OverlayView>(service, call, control::JoinToken{*std::move(token)},
                              reply_view<control::OverlayView>);
}

void handle_leave(Service& service, const CallPointer& call) {
    ask<control::Done>(service, call, control::LeaveOverlay{overlay_of(call)}, reply_done);
}

void handle_invite(Service& service, const CallPointer& call) {
    control::Invite invite{overlay_of(call), {}};
    if (!call->request.body.empty()) {
        auto seeds = decode_seeds(call->request.body, Seeds::optional);
        if (!seeds) return call->refuse(seeds.error());
        invite.seeds = *std::move(seeds);
    }
    ask<std::string>(
        service, call, std::move(invite),
        [](const Call& asked, const std::string& token) { asked.reply(encode_invitation(token)); });
}

// -- Members --

void handle_list_members(Service& service, const CallPointer& call) {
    auto filter = parse_member_filter(*call);
    if (!filter) return call->refuse(filter.error());
    using Members = std::vector<control::MemberView>;
    ask<Members>(
        service, call, control::ListMembers{overlay_of(call)},
        [filter = *std::move(filter)](const Call& asked, Members& members) {
            std::erase_if(
                members, [&](const control::MemberView& member) { return !filter.passes(member); });
            std::ranges::sort(members, {}, [](const control::MemberView& member) {
                return std::tie(member.name, member.id);
            });
            if (filter.is_by_rtt) {
                std::ranges::stable_sort(members, {}, [](const control::MemberView& member) {
                    return member.is_self ? -1 : member.rtt_us.value_or(INT64_MAX);
                });
            }
            const std::size_t matched = members.size();
            if (matched > filter.limit) members.resize(filter.limit);
            asked.reply(encode(members, matched));
        });
}

void handle_show_member(Service& service, const CallPointer& call) {
    ask<control::MemberView>(service, call,
                             control::ShowMember{overlay_of(call), call->path_value("member")},
                             reply_view<control::MemberView>);
}

void handle_forget_member(Service& service, const CallPointer& call) {
    ask<control::Done>(service, call,
                       control::ForgetMember{overlay_of(call), call->path_value("member")},
                       reply_done);
}

void handle_member_record(Service& service, const CallPointer& call) {
    ask<control::RecordView>(service, call,
                             control::GetRecord{overlay_of(call), call->path_value("member")},
                             reply_view<control::RecordView>);
}

// -- Our own record --

void handle_own_record(Service& service, const CallPointer& call) {
    ask<control::RecordView>(service, call, control::GetRecord{overlay_of(call), ""},
                             reply_view<control::RecordView>);
}

void handle_get_record_key(Service& service, const CallPointer& call) {
    ask<control::RecordView>(
        service, call, control::GetRecord{overlay_of(call), ""},
        [](const Call& asked, const control::RecordView& record) {
            const std::string& key = asked.path_value("key");
            const auto item = std::ranges::find(record.items, key, &control::KeyValue::key);
            if (item != record.items.end()) return asked.reply(encode(*item));
            std::vector<std::string_view> known;
            for (const control::KeyValue& other : record.items) known.push_back(other.key);
            asked.refuse(Refusal{Refusal::Code::not_found,
                                 fmt::format("this member's record has no key \"{}\"", key),
                                 nearest_cure(key, known), "key"});
        });
}

void handle_set_record_key(Service& service, const CallPointer& call) {
    auto value = decode_record_value(call->body_type(), call->request.body);
    if (!value) return call->refuse(value.error());
    control::SetRecord set{overlay_of(call), call->path_value("key"), *std::move(value)};
    ask<control::KeyValue>(service, call, std::move(set), reply_view<control::KeyValue>);
}

void handle_erase_record_key(Service& service, const CallPointer& call) {
    ask<control::Done>(service, call,
                       control::EraseRecord{overlay_of(call), call->path_value("key")}, reply_done);
}

// -- Tokens --

void handle_list_tokens(Service& service, const CallPointer& call) {
    call->reply(encode(service.tokens().entries()));
}

void handle_create_token(Service& service, const CallPointer& call) {
    auto body = decode_token(call->request.body);
    if (!body) return call->refuse(body.error());
    const auto created = service.tokens().create(std::move(body->name), std::move(body->scopes),
                                                 std::move(body->overlays));
    if (!created) return call->refuse(created.error());
    call->reply(encode(created->entry, created->token),
                {{"location", "/v1/tokens/" + created->entry.id}});
}

void handle_delete_token(Service& service, const CallPointer& call) {
    const std::string& id = call->path_value("id");
    const auto erased = service.tokens().erase(id);
    if (!erased) return call->refuse(erased.error());
    service.end_streams_of_token(id);
    for (const std::string& login : service.logins().end_of_giver(id)) {
        service.end_streams_of_token(login);
    }
    call->reply({});
}

}  // namespace grapevine::api

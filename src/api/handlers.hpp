#pragma once

#include <memory>

namespace grapevine::api {

class Service;
struct Call;

// One function per row of the table in routes.cpp; what each does is said there. Path, query keys,
// method, caller and origin have been checked; body and query values have not.
using CallPointer = std::shared_ptr<Call>;

void handle_health(Service&, const CallPointer&);
void handle_ready(Service&, const CallPointer&);
void handle_info(Service&, const CallPointer&);
void handle_metrics(Service&, const CallPointer&);
void handle_openapi(Service&, const CallPointer&);

void handle_list_overlays(Service&, const CallPointer&);
void handle_create_overlay(Service&, const CallPointer&);
void handle_show_overlay(Service&, const CallPointer&);
void handle_change_overlay(Service&, const CallPointer&);
void handle_remove_overlay(Service&, const CallPointer&);
void handle_join_seeds(Service&, const CallPointer&);
void handle_join_token(Service&, const CallPointer&);
void handle_leave(Service&, const CallPointer&);
void handle_invite(Service&, const CallPointer&);

void handle_list_members(Service&, const CallPointer&);
void handle_show_member(Service&, const CallPointer&);
void handle_round_trip(Service&, const CallPointer&);
void handle_reachability(Service&, const CallPointer&);
void handle_forget_member(Service&, const CallPointer&);
void handle_member_record(Service&, const CallPointer&);

void handle_own_record(Service&, const CallPointer&);
void handle_get_record_key(Service&, const CallPointer&);
void handle_set_record_key(Service&, const CallPointer&);
void handle_erase_record_key(Service&, const CallPointer&);

void handle_list_state(Service&, const CallPointer&);
void handle_load_state(Service&, const CallPointer&);
void handle_get_state(Service&, const CallPointer&);
void handle_put_state(Service&, const CallPointer&);
void handle_erase_state(Service&, const CallPointer&);

void handle_publish(Service&, const CallPointer&);
void handle_events(Service&, const CallPointer&);
void handle_socket(Service&, const CallPointer&);
void handle_trace(Service&, const CallPointer&);

void handle_sql(Service&, const CallPointer&);
void handle_list_aggregates(Service&, const CallPointer&);
void handle_show_aggregate(Service&, const CallPointer&);
void handle_set_aggregate(Service&, const CallPointer&);
void handle_erase_aggregate(Service&, const CallPointer&);
void handle_follow_aggregate(Service&, const CallPointer&);
void handle_ask_query(Service&, const CallPointer&);
void handle_serve_queries(Service&, const CallPointer&);
void handle_answer_query(Service&, const CallPointer&);
void handle_show_keys(Service&, const CallPointer&);
void handle_rotate_keys(Service&, const CallPointer&);
void handle_list_wipes(Service&, const CallPointer&);
void handle_wipe(Service&, const CallPointer&);
void handle_show_rollout(Service&, const CallPointer&);
void handle_propose_rollout(Service&, const CallPointer&);
void handle_return_rollout(Service&, const CallPointer&);
void handle_show_summary(Service&, const CallPointer&);
void handle_set_summary(Service&, const CallPointer&);
void handle_remove_summary(Service&, const CallPointer&);
void handle_set_zone_value(Service&, const CallPointer&);
void handle_erase_zone_value(Service&, const CallPointer&);
void handle_estimate(Service&, const CallPointer&);

void handle_topology(Service&, const CallPointer&);

void handle_offer_login(Service&, const CallPointer&);
void handle_redeem_login(Service&, const CallPointer&);
void handle_end_login(Service&, const CallPointer&);
void handle_lab(Service&, const CallPointer&);
void handle_lab_stream(Service&, const CallPointer&);

void handle_list_tokens(Service&, const CallPointer&);
void handle_create_token(Service&, const CallPointer&);
void handle_delete_token(Service&, const CallPointer&);

}  // namespace grapevine::api

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace grapevine {

/// Bugs planted on purpose, to show that every property the simulator checks can fail. They exist
/// only in the build with GRAPEVINE_MUTANTS, where one at a time is switched on; in every other
/// build `GV_MUTANT(name)` is the constant false and leaves no code behind.
enum class Mutant : std::uint8_t {
    none,
    skip_reset_rule,           ///< State: take a delta above collected tombstones without a reset.
    skip_scuttlebutt_item,     ///< State: leave an item out of a delta and go on with the next.
    forget_collection,         ///< State: collect tombstones and tell nobody up to where.
    skip_record_persist,       ///< State: our own record is not written to disk.
    no_refutation,             ///< Membership: say nothing to an accusation of ourselves.
    refute_with_equal,         ///< Membership: refute without raising the incarnation.
    accuse_the_next_life,      ///< Membership: a missed probe is held against a later incarnation.
    no_suspicion,              ///< Membership: a missed probe is a death.
    never_declare_dead,        ///< Membership: a suspicion never ends.
    merge_older_death,         ///< Membership: believe deaths of earlier lives.
    death_is_leaving,          ///< Membership: who is declared dead is held to have left.
    forget_the_floor,          ///< Membership: nothing keeps old news of the forgotten out.
    skip_incarnation_persist,  ///< Overlay: a raised incarnation is not written to disk.
    use_before_all_hold,       ///< Overlay: rotate to a key that some members do not hold yet.
    reuse_counter,             ///< Overlay: now and then the same nonce seals twice.
    accept_replays,            ///< Crypto: every counter is new.
    answer_more_than_asked,    ///< Overlay: challenges longer than what drew them.
    deliver_out_of_order,      ///< Events: do not wait for what is missing.
    deliver_twice,             ///< Events: now and then the same event again.
    collect_by_time,           ///< Shared state: never drop what may have been deleted elsewhere.
    silent_gap,                ///< Events: what cannot be had is passed over without a word.
    no_repair,                 ///< Events: ask nobody for what is missing.
    mix_up_payloads,           ///< Events: now and then the payload of another event.
    keep_every_link,           ///< Tree: tell nobody that his copies are not needed.
    graft_nobody,              ///< Tree: ask for what did not come, and leave the tree broken.
    try_as_no_canary,          ///< Roll-outs: everybody tries what is for the canaries.
    trust_the_setting,         ///< Roll-outs: a canary does not look how it does.
    prove_at_once,             ///< Roll-outs: go on before the canaries had their time.
    old_reforward,             ///< Old protocol: pass messages of one daemon on to the others.
    old_ask_for_events,        ///< Old protocol: tell other daemons that we want member events.
    old_forget_ids,            ///< Old protocol: every copy of a message is a new message.
    old_believe_hearsay,   ///< Old protocol: read the times of others on the clock of the teller.
    old_ask_nobody,        ///< Old protocol: do not ask the silent whether they are there.
    old_serve_the_gone,    ///< Old protocol: send again and again to who is gone.
    old_answer_any_flood,  ///< Old protocol: no limit to what one host may say.
    count_,
};

#ifdef GRAPEVINE_MUTANTS
inline Mutant active_mutant = Mutant::none;
#define GV_MUTANT(name) (::grapevine::active_mutant == ::grapevine::Mutant::name)
#else
#define GV_MUTANT(name) false
#endif

}  // namespace grapevine

#include "protocol/rumor/mongering_rules.hpp"

#include <cassert>

namespace grapevine::protocol {

MongeringRules::MongeringRules(const MongeringConfig& config, MongeringSemantics semantics)
    : config_(config), semantics_(semantics) {
    assert(config_.k > 0 && config_.fanout > 0);
    assert(config_.interval > Duration::zero());
}

void MongeringRules::sent(Interest& interest, Contact contact, Random& random) const {
    // Blind: a copy that has left counts as if it had been useless, whatever came of it.
    if (!config_.has_feedback) count(interest, contact, false, random);
}

void MongeringRules::answered(Interest& interest, Contact contact, bool was_known,
                              std::uint8_t counter, Random& random) const {
    assert(config_.has_feedback);
    if (was_known && semantics_.minimises && interest.counter > counter) return;
    count(interest, contact, !was_known, random);
}

void MongeringRules::count(Interest& interest, Contact contact, bool was_useful,
                           Random& random) const {
    if (contact == Contact::told && semantics_.tally == Tally::contact) {
        settle(interest, was_useful, random);
    } else {
        (was_useful ? interest.was_useful : interest.was_useless) = true;
    }
}

void MongeringRules::end_round(Interest& interest, Random& random) const {
    if (interest.was_useful || interest.was_useless) {
        settle(interest, interest.was_useful, random);
    }
    interest.was_useful = interest.was_useless = false;
}

void MongeringRules::settle(Interest& interest, bool was_useful, Random& random) const {
    if (interest.is_lost) return;
    if (was_useful) {
        if (semantics_.counting == Counting::consecutive) interest.counter = 0;
        return;
    }
    if (config_.has_counter) {
        interest.is_lost = ++interest.counter >= config_.k;
    } else {
        interest.is_lost = random.below(config_.k) == 0;
    }
}

}  // namespace grapevine::protocol

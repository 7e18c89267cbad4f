#pragma once

#include "base/error.hpp"
#include "control/event_id.hpp"
#include "protocol/rumor/event_key.hpp"

// Ids of events, as the outside writes them and as the protocol does.
namespace grapevine::daemon {

control::EventId id_of(const protocol::EventKey& key);
/// Refuses an id whose publisher is nobody.
Outcome<protocol::EventKey> key_of(const control::EventId& id);

}  // namespace grapevine::daemon

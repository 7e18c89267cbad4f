#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "control/control.hpp"
#include "overlay/overlay.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/state/records.hpp"

// What users see of what the protocol holds. The one place where the two vocabularies meet.
namespace grapevine::daemon {

/// 16 hexadecimal digits.
std::string id_text(MemberId member);
std::string_view status_text(wire::Status status);
std::string_view kind_text(protocol::MemberChange::Kind kind);

control::MemberView view_of(const protocol::Member& member, MemberId self, Instant now);
control::RecordView view_of(MemberId member, const protocol::Record* record);

/// Every counter and gauge of one overlay by the name it has in /metrics, in a fixed order. Names
/// of counters end in "_total", of gauges in their unit.
std::vector<std::pair<std::string, std::uint64_t>> counters_of(const overlay::Overlay& overlay);

/// Who slows down what we publish; nothing while everybody keeps up.
std::optional<control::PressureView> pressure_of(const overlay::Overlay& overlay, Instant now);

/// What of an OverlayView the overlay itself knows; the rest is filled in by the host.
control::OverlayView view_of(const overlay::Overlay& overlay);

}  // namespace grapevine::daemon

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "control/control.hpp"
#include "daemon/store_gate.hpp"
#include "overlay/overlay.hpp"

namespace grapevine::daemon {

/// The overlays that were defined over the API, and the keys that were made for overlays without
/// one. Kept as JSON in the shape of the API, so that a later release reads what an earlier one
/// wrote.
class Definitions {
public:
    explicit Definitions(StoreGate& store) : store_(store) {}

    /// Those that cannot be read are left out and named in `damaged`.
    Outcome<std::vector<control::OverlaySpec>> load(std::vector<std::string>& damaged);
    Outcome<void> save(const control::OverlaySpec& spec);
    Outcome<void> erase(const std::string& overlay);

    /// The key made for an overlay of the configuration file that names none; made now if there is
    /// none yet.
    Outcome<std::string> own_key(const std::string& overlay);

private:
    StoreGate& store_;
};

/// `next` over `base`: what it does not say stays as it was.
control::OverlaySpec merged(control::OverlaySpec base, const control::OverlaySpec& next);

/// Fills in the defaults of what is absent; `host_name` is the default member name.
control::OverlaySpec completed(control::OverlaySpec spec, const std::string& host_name);

/// What the overlay runs by. `spec` has passed `check_overlay_spec` and is complete, keys included.
overlay::Settings settings_of(const control::OverlaySpec& spec);
Endpoint bind_of(const control::OverlaySpec& spec);

/// Where old clients of a native overlay attach: as set, or 1000 above the overlay's own port (0
/// picks one where that is not known, or above 65535).
std::uint16_t client_port_of(const control::OverlaySpec& spec);

/// Fresh randomness of the operating system around what was stored.
overlay::Start start_of(storage::OverlayImage image, storage::StateImage state);

/// A key of 32 random bytes with id 1, as text.
std::string fresh_key();

}  // namespace grapevine::daemon

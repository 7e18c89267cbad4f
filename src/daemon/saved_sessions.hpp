#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/sessions.hpp"
#include "storage/batch.hpp"

// The sessions of old clients as they stand in the store: one entry each, as JSON whose texts are
// base64, because the old protocol lets names and secrets be any bytes.
namespace grapevine::daemon {

/// The bucket of one overlay: "clients/NAME".
std::string sessions_bucket_of(const std::string& overlay);

/// Keeps or (without a session) forgets the client of this name.
storage::Batch save_session(const std::string& overlay, const std::string& client,
                            const std::optional<client::SavedSession>& session);

struct LoadedSessions {
    std::vector<client::SavedSession> sessions;
    std::uint32_t damaged_entries = 0;  ///< Left out.
};
LoadedSessions load_sessions(const std::vector<storage::Entry>& entries);

/// All of them, for the removal of the overlay.
storage::Batch erase_sessions(const std::string& overlay,
                              const std::vector<storage::Entry>& entries);

}  // namespace grapevine::daemon

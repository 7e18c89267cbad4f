#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "storage/batch.hpp"
#include "wire/state_map.hpp"

namespace grapevine::storage {

/// What of the shared map of one overlay survives a restart. Each entry is stored with a checksum;
/// one that fails it is left out and counted: others hold it.
struct StateImage {
    wire::StateSalt salt;
    wire::StateFloor floor;
    std::vector<Bytes> cells;  ///< As protocol/state/cell.hpp encodes them.
    std::uint32_t damaged_entries = 0;
};

/// "state/NAME"
std::string state_bucket_of(std::string_view overlay);

StateImage load_state(const std::vector<Entry>& entries);

/// Cells by id; without one it goes. Lazily: what power takes of the last moments, others hold.
Batch save_cells(std::string_view overlay,
                 const std::vector<std::pair<std::string, std::optional<Bytes>>>& cells);
Write save_state_meta(std::string_view overlay, const wire::StateSalt& salt,
                      const wire::StateFloor& floor);
/// Everything of the map, first in a batch.
Write erase_state(std::string_view overlay);

}  // namespace grapevine::storage

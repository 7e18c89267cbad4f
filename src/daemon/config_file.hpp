#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "daemon/config_keys.hpp"

namespace grapevine::daemon {

/// One value that somebody gave to a key, with where they did: what the sources have in common.
struct Assignment {
    const Key* key = nullptr;
    std::string overlay;  ///< For keys of overlays: which.
    std::string place;    ///< "FILE:LINE:COLUMN", "--http-bind", "GRAPEVINE_HTTP_BIND".
    /// As written. One text, but for lists (any number) and labels ("key=value" each).
    std::vector<std::string> texts;
    /// The folder that relative paths count from; empty: where we were started.
    std::string folder;
};

/// What a configuration file says, in its order, not yet checked beyond its names and TOML types.
struct FileContent {
    std::vector<Assignment> assignments;
    /// Every [overlay.NAME], with its place, also those without keys.
    std::vector<std::pair<std::string, std::string>> overlays;
    std::vector<Refusal> refusals;
};

/// Reads the TOML `text`. `place` names the file. Unknown names are refused with the nearest known
/// one. Work and memory are bounded by the text; the caller bounds the text.
FileContent read_config_text(std::string_view text, std::string_view place);

}  // namespace grapevine::daemon

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/config.hpp"

// The one table of configuration keys. The file, the flags, the environment, `--check`, the help
// and docs/reference/configuration.md all follow from it.
namespace grapevine::daemon {

enum class KeyType : std::uint8_t {
    text,
    path,      ///< Relative ones count from the folder of the file, or from where we were started.
    address,   ///< "ip:port"
    integer,   ///< Within `min` and `max`.
    size,      ///< "16MiB", in bytes.
    duration,  ///< "5m", in milliseconds.
    choice,    ///< One of `choices`.
    list,      ///< In the file an array of strings; elsewhere with commas, or given repeatedly.
    labels,    ///< In the file a table of strings; elsewhere "key=value", as a list.
};

/// What a key's text became. Integers, sizes and durations are the integer.
using KeyValue = std::variant<std::string, std::int64_t, std::vector<std::string>, control::Labels>;

struct Key {
    std::string_view name;  ///< "http.bind"; keys of overlays begin with "overlay.".
    KeyType type = KeyType::text;
    std::string_view default_text;  ///< As one would write it; in words when it is worked out.
    std::string_view description;
    std::string_view flag;         ///< "--http-bind"
    std::string_view environment;  ///< "GRAPEVINE_HTTP_BIND"

    enum class Change : std::uint8_t { at_reload, at_restart };
    Change change = Change::at_restart;
    enum class Where : std::uint8_t { everywhere, not_in_file };
    Where where = Where::everywhere;
    /// A fixed default is parsed and set like a value of the user; a worked out one is not.
    enum class Default : std::uint8_t { fixed, worked_out };
    Default kind_of_default = Default::fixed;

    /// What the flag means when it stands alone; empty: it needs a value.
    std::string_view alone = {};
    std::span<const std::string_view> choices = {};
    std::int64_t min = 0;
    std::int64_t max = 0;

    /// Puts a value of this key's type where it belongs. `spec` is the overlay concerned, and null
    /// for keys that do not begin with "overlay.".
    void (*set)(Config& config, control::OverlaySpec* spec, KeyValue value) = nullptr;

    [[nodiscard]] bool is_of_overlay() const { return name.starts_with("overlay."); }
    /// Without the table it stands in: "bind" of "http.bind".
    [[nodiscard]] std::string_view last_name() const;
};

/// The value that `text` is for a key that takes one text; refused with what is wrong, and without
/// the key.
Outcome<KeyValue> parse_key_value(const Key& key, const std::string& text);

/// In the order of the documentation.
std::span<const Key> config_keys();

/// The part of them that concerns the detection of failures; config_keys_detection.cpp.
std::span<const Key> detection_keys();

/// The part of them that concerns how events travel; config_keys_dissemination.cpp.
std::span<const Key> dissemination_keys();

/// The part of them that concerns the old protocol; config_keys_gossiperl.cpp.
std::span<const Key> gossiperl_keys();

/// The part of them that concerns the sampler; config_keys_sampling.cpp.
std::span<const Key> sampling_keys();

/// Null when there is none of this name.
const Key* find_key(std::string_view name);

/// The names under which the table is documented, by the name of the table: "" for the top level.
std::vector<std::string_view> names_in_table(std::string_view table);

/// docs/reference/configuration.md has this between its marks; a test keeps it so.
std::string config_reference();

}  // namespace grapevine::daemon

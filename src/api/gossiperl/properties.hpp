#pragma once

#include <boost/json/fwd.hpp>
#include <expected>
#include <string>
#include <string_view>

#include "control/gossiperl.hpp"

// The settings of an overlay as the old REST API writes and reads them. Every property is checked
// as the old daemon did, in the order of the JSON text, and refused in its words; ranges, lengths
// and what must not be missing are checked too, in words of the same form, where it went on and
// failed later.
namespace grapevine::api::gossiperl {

/// A "no" in the old daemon's words.
struct PropertyRefusal {
    enum class Kind : unsigned char {
        problematic,  ///< 409: a property is not what it should be.
        no_seeds,     ///< 412: the rack is none of the racks.
    };
    Kind kind = Kind::problematic;
    std::string text;  ///< Of the body: `Configuration property problematic CAUSE, CODE.`
};

template <typename T>
using Property = std::expected<T, PropertyRefusal>;

/// A whole configuration; what it does not name has its default. Codes:
///
///     badarg                         <<"name">>     no such property
///     not_binary, not_integer        the value      a string, a whole number is expected
///     not_ip                         the value      an IP literal is expected
///     rack_settings_invalid          the value      racks are an object of lists
///     missing_value                  multicast_ip   and ours: ip, port, symmetric_key
///     unsupported_multicast_setting  {<<"x">>,4}    no such key of multicast
///     out_of_range                   the value      ours: no such port, no such time
///     too_long                       the name       ours: above `kOldTextBytesMax`
///     empty                          the name       ours: a text that must not be empty
///     too_many                       the name       ours: above `kOldRacksMax`, `kOldSeedsMax`
[[nodiscard]] Property<control::gossiperl::Settings> read_properties(
    const boost::json::object& object);

/// `settings` with one property replaced, and checked as a whole.
[[nodiscard]] Property<control::gossiperl::Settings> replace_property(
    control::gossiperl::Settings settings, std::string_view name, const boost::json::value& value);

/// Whether ip, iface, port and member_name are the same: a running overlay cannot change them.
[[nodiscard]] bool is_same_place(const control::gossiperl::Settings& running,
                                 const control::gossiperl::Settings& wanted);

/// Every property in the order in which scripts know them; secret and symmetric_key are shown as
/// "protected", and what is not set as "off" (multicast) or "undefined".
[[nodiscard]] boost::json::object write_properties(const control::gossiperl::Settings& settings);

}  // namespace grapevine::api::gossiperl

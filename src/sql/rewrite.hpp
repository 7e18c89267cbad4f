#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace grapevine::sql {

/// The column of `members` that says which member a row is about. It is hidden: `select *` does not
/// show it.
inline constexpr std::string_view kMemberColumn = "_member";

/// A statement in the form in which SQLite gets it.
struct Rewritten {
    std::string text;
    /// The keys of records that it asks for by name; nothing: it may ask for any.
    std::optional<std::vector<std::string>> keys = std::vector<std::string>();
};

/// `label('dc')` becomes `label(_member,'dc')`, and so do `record` and `record_number`: a function
/// of SQLite does not know the row that it is computed for, so the row's member must be an
/// argument. With two arguments they are left as they are. Texts, quoted names and comments are
/// passed over.
///
/// Refused: texts and comments that do not end, and brackets that do not close.
Outcome<Rewritten> rewrite(std::string_view sql);

}  // namespace grapevine::sql

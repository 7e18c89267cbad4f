#pragma once

#include <string>

#include "base/error.hpp"

namespace grapevine::runtime {

/// The text of an errno, such as "Permission denied".
std::string error_text(int error_number);

/// A refusal of the operating system: "<what>: <text of errno>". The code follows from errno (no
/// permission: forbidden; no such file: not found; address in use, locked: conflict; disk full:
/// unavailable; else internal). Where no cure is given, errno decides that too.
Refusal system_refusal(std::string_view what, int error_number, std::string cure = {});

}  // namespace grapevine::runtime

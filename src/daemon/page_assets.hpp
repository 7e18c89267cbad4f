#pragma once

#include <span>

#include "api/pages.hpp"

namespace grapevine::daemon {

/// The files of the page in the browser, by path; none in a build with GRAPEVINE_WEB=OFF. They are
/// built from web/, compressed and put into the program by cmake/GrapevinePage.cmake.
std::span<const api::PageAsset> page_assets();

}  // namespace grapevine::daemon

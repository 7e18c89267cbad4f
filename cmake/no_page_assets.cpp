// Stands in for what tools/embed_page.mjs makes, in a build with GRAPEVINE_WEB=OFF.
#include "daemon/page_assets.hpp"

namespace grapevine::daemon {

std::span<const api::PageAsset> page_assets() {
    return {};
}

}  // namespace grapevine::daemon

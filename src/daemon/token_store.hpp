#pragma once

#include <memory>
#include <string>

#include "api/token_book.hpp"
#include "base/error.hpp"
#include "daemon/store_gate.hpp"

namespace grapevine::daemon {

/// The tokens of the API, kept in the store as hashes. At the first start the administrator's token
/// is made and written to `token_file`, which only its owner reads; if that file is lost later,
/// deleting nothing else, a new one is made at the next start and the old one stops to work.
Outcome<std::unique_ptr<api::TokenBook>> open_token_book(StoreGate& store,
                                                         const std::string& token_file);

}  // namespace grapevine::daemon

#include "daemon/token_store.hpp"

#include <filesystem>
#include <fmt/core.h>
#include <utility>

#include "base/reader.hpp"
#include "crypto/hash.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"
#include "runtime/log.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::daemon {
namespace {

const std::string kBucket = "tokens";
constexpr std::string_view kRootName = "root";
constexpr std::size_t kTextMax = 4096;
constexpr std::size_t kScopesMax = 3;

Bytes encode(const api::TokenEntry& entry) {
    Bytes bytes;
    Writer writer(bytes);
    writer.sized_text(entry.hash);
    writer.sized_text(entry.name);
    writer.integer(static_cast<std::uint64_t>(entry.created_at.unix_ms));
    writer.varint(entry.scopes.size());
    for (const api::Scope scope : entry.scopes) writer.integer(static_cast<std::uint8_t>(scope));
    writer.varint(entry.overlays.size());
    for (const std::string& overlay : entry.overlays) writer.sized_text(overlay);
    return bytes;
}

Result<api::TokenEntry> decode(const std::string& id, ByteView bytes) {
    Reader reader(bytes);
    api::TokenEntry entry;
    entry.id = id;
    entry.hash = GV_TRY(reader.sized_text(kTextMax, "token.hash"));
    entry.name = GV_TRY(reader.sized_text(kTextMax, "token.name"));
    entry.created_at.unix_ms =
        static_cast<std::int64_t>(GV_TRY(reader.integer<std::uint64_t>("token.created")));
    const auto scopes = GV_TRY(reader.varint("token.scopes"));
    if (scopes > kScopesMax) {
        return reader.refuse<api::TokenEntry>(Error::Code::over_limit, "token.scopes");
    }
    for (std::uint64_t index = 0; index < scopes; ++index) {
        const auto scope = GV_TRY(reader.integer<std::uint8_t>("token.scope"));
        if (scope >= kScopesMax) {
            return reader.refuse<api::TokenEntry>(Error::Code::malformed, "token.scope");
        }
        entry.scopes.push_back(static_cast<api::Scope>(scope));
    }
    const auto overlays = GV_TRY(reader.varint("token.overlays"));
    for (std::uint64_t index = 0; index < overlays; ++index) {
        entry.overlays.push_back(GV_TRY(reader.sized_text(kTextMax, "token.overlay")));
    }
    GV_TRY_VOID(reader.expect_end("token"));
    return entry;
}

api::TokenBook::Environment environment_of(StoreGate& store) {
    api::TokenBook::Environment environment;
    environment.random = [](std::size_t count) {
        Bytes bytes(count);
        runtime::os_random(bytes);
        return bytes;
    };
    environment.hash = [](std::string_view text) { return to_hex(crypto::sha256(as_bytes(text))); };
    environment.wall_now = [] { return runtime::wall_now(); };
    environment.save = [&store](const api::TokenEntry& entry) {
        return store.apply({{{kBucket, entry.id, encode(entry)}}, storage::Durability::flush});
    };
    environment.erase = [&store](const std::string& id) {
        return store.apply({{{kBucket, id, std::nullopt}}, storage::Durability::flush});
    };
    return environment;
}

}  // namespace

Outcome<std::unique_ptr<api::TokenBook>> open_token_book(StoreGate& store,
                                                         const std::string& token_file) {
    std::vector<api::TokenEntry> entries;
    for (const storage::Entry& stored : GV_TRY(store.list(kBucket))) {
        auto entry = decode(stored.key, stored.value);
        if (entry) {
            entries.push_back(std::move(*entry));
        } else {
            runtime::log::error("store", "token {} is damaged and does not work any more: {}",
                                stored.key, describe(entry.error()));
        }
    }
    std::vector<std::string> old_roots;
    for (const api::TokenEntry& entry : entries) {
        if (entry.name == kRootName) old_roots.push_back(entry.id);
    }
    auto book = std::make_unique<api::TokenBook>(environment_of(store), std::move(entries));
    std::error_code failure;
    if (std::filesystem::exists(token_file, failure) && !old_roots.empty()) return book;

    const auto created = GV_TRY(book->create(std::string(kRootName), {api::Scope::admin}, {"*"}));
    GV_TRY_VOID(runtime::write_file_atomic(token_file, as_bytes(created.token + "\n")));
    for (const std::string& id : old_roots) GV_TRY_VOID(book->erase(id));
    return book;
}

}  // namespace grapevine::daemon

#include "daemon/definition_source.hpp"

#include "base/bytes.hpp"
#include "runtime/log.hpp"

namespace grapevine::daemon {
namespace {

std::string bucket_of(const std::string& overlay) {
    return "aggregates/" + overlay;
}

}  // namespace

StoredDefinitions::StoredDefinitions(StoreGate& store, const std::string& overlay)
    : store_(store), bucket_(bucket_of(overlay)) {
    const auto stored = store.list(bucket_);
    if (!stored) {
        runtime::log::error("store", "overlay '{}': its aggregates could not be read: {}", overlay,
                            describe(stored.error()));
        return;
    }
    for (const storage::Entry& entry : *stored) {
        texts_[entry.key] = std::string(as_text(entry.value));
    }
}

Outcome<void> StoredDefinitions::write(const std::string& name, const std::string* text) {
    storage::Write write{bucket_, name, std::nullopt};
    if (text != nullptr) {
        const ByteView bytes = as_bytes(*text);
        write.value.emplace(bytes.begin(), bytes.end());
    }
    return store_.apply({{std::move(write)}, storage::Durability::flush});
}

void StoredDefinitions::put(const std::string& name, std::string text, Done done) {
    auto written = write(name, &text);
    if (!written) return done(std::move(written));
    texts_[name] = std::move(text);
    done({});
    if (changed_) changed_();
}

void StoredDefinitions::erase(const std::string& name, Done done) {
    auto written = write(name, nullptr);
    if (!written) return done(std::move(written));
    texts_.erase(name);
    done({});
    if (changed_) changed_();
}

Outcome<void> StoredDefinitions::erase_all(StoreGate& store, const std::string& overlay) {
    storage::Batch batch;
    for (const storage::Entry& entry : GV_TRY(store.list(bucket_of(overlay)))) {
        batch.writes.push_back({bucket_of(overlay), entry.key, std::nullopt});
    }
    return store.apply(batch);
}

}  // namespace grapevine::daemon

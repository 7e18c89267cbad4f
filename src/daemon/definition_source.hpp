#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "daemon/store_gate.hpp"

namespace grapevine::daemon {

/// Where the definitions of an overlay's aggregates are kept: texts by name. Whoever implements it
/// brings them to the other members. Lives on the thread of the API.
class DefinitionSource {
public:
    using Done = std::function<void(Outcome<void>)>;

    virtual ~DefinitionSource() = default;
    [[nodiscard]] virtual std::map<std::string, std::string> list() const = 0;
    /// Calls `done` once, now or later. What has changed is told to the listener too.
    virtual void put(const std::string& name, std::string text, Done done) = 0;
    /// Erasing what is not there is fine.
    virtual void erase(const std::string& name, Done done) = 0;
    /// Calls `changed` (on this thread) after `list` has changed, until the source ends. One
    /// listener.
    virtual void on_change(std::function<void()> changed) = 0;
};

/// Definitions of this host alone, in the daemon's store.
class StoredDefinitions final : public DefinitionSource {
public:
    StoredDefinitions(StoreGate& store, const std::string& overlay);

    [[nodiscard]] std::map<std::string, std::string> list() const override { return texts_; }
    void put(const std::string& name, std::string text, Done done) override;
    void erase(const std::string& name, Done done) override;
    void on_change(std::function<void()> changed) override { changed_ = std::move(changed); }

    /// All of an overlay, from disk.
    static Outcome<void> erase_all(StoreGate& store, const std::string& overlay);

private:
    Outcome<void> write(const std::string& name, const std::string* text);

    StoreGate& store_;
    std::string bucket_;
    std::map<std::string, std::string> texts_;
    std::function<void()> changed_;
};

}  // namespace grapevine::daemon

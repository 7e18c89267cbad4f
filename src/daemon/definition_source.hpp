#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/error.hpp"

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

}  // namespace grapevine::daemon

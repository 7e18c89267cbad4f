#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "control/control.hpp"
#include "daemon/definition_source.hpp"

namespace grapevine::daemon {

/// Definitions in the shared map of the overlay, under kPrefix: so every member has them, and they
/// are there after a restart. Reads them anew whenever the log tells of a change below the prefix.
class SharedDefinitions final : public DefinitionSource {
public:
    static constexpr std::string_view kPrefix = ".grapevine/aggregates/";

    /// `control` and `log` are those of the overlay, and outlive us.
    SharedDefinitions(control::Control& control, std::string overlay,
                      std::shared_ptr<control::Log> log);

    [[nodiscard]] std::map<std::string, std::string> list() const override { return texts_; }
    void put(const std::string& name, std::string text, Done done) override;
    void erase(const std::string& name, Done done) override;
    void on_change(std::function<void()> changed) override;

private:
    void follow();
    void read(std::string after, std::map<std::string, std::string> found);

    control::Control& control_;
    std::string overlay_;
    std::shared_ptr<control::Log> log_;
    std::shared_ptr<void> waking_;
    std::uint64_t offset_ = 0;
    bool is_reading_ = false;
    bool is_stale_ = false;
    bool is_unread_ = false;  ///< The last reading was refused.
    std::map<std::string, std::string> texts_;
    std::function<void()> changed_;
    /// Answers that come after our end find nobody.
    std::shared_ptr<SharedDefinitions*> self_;
};

}  // namespace grapevine::daemon

#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "control/lab.hpp"
#include "runtime/loop.hpp"

namespace grapevine::daemon {

/// Where the runs of the lab are played: each on a thread of its own with a low priority, so that
/// none can hold up an overlay. The thread begins and ends with the place of its watcher; the end
/// waits for what is being simulated, some 10 ms.
/// Lives on the thread of `home`.
class LabRoom final : public control::Lab {
public:
    explicit LabRoom(runtime::Loop& home);

    [[nodiscard]] std::string catalogue() const override;
    [[nodiscard]] Outcome<std::unique_ptr<control::LabDesk>> open(control::LabTaker take) override;

private:
    class Desk;

    runtime::Loop& home_;
    std::shared_ptr<std::size_t> open_count_;
};

}  // namespace grapevine::daemon

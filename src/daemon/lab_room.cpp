#include "daemon/lab_room.hpp"

#include <atomic>
#include <fmt/core.h>
#include <sys/resource.h>
#include <thread>
#include <utility>

#include "base/limits.hpp"
#include "daemon/lab_player.hpp"
#include "sim/lab/text.hpp"

namespace grapevine::daemon {
namespace {

/// Where both want the same processor, an overlay gets ten times as much.
constexpr int kNiceness = 10;

}  // namespace

class LabRoom::Desk final : public control::LabDesk {
public:
    Desk(runtime::Loop& home, std::shared_ptr<std::size_t> open_count, control::LabTaker take)
        : open_count_(std::move(open_count)),
          take_(std::make_shared<control::LabTaker>(std::move(take))),
          loop_(home.clock()),
          player_(loop_, is_ending_, [&home, take = take_](control::LabMessage message) {
              home.post([take, message = std::move(message)] {
                  if (*take) (*take)(message);
              });
          }) {
        ++*open_count_;
        thread_ = std::jthread([this] {
            // Of this thread alone, as Linux has it. A failure costs nothing but politeness.
            (void)::setpriority(PRIO_PROCESS, 0, kNiceness);
            loop_.run();
        });
    }
    ~Desk() override {
        *take_ = nullptr;
        is_ending_ = true;
        loop_.stop();
        thread_.join();
        --*open_count_;
    }

    void submit(control::LabCommand command) override {
        loop_.post([this, command = std::move(command)] { player_.obey(command); });
    }
    void ready() override {
        loop_.post([this] { player_.ready(); });
    }

private:
    std::shared_ptr<std::size_t> open_count_;
    std::shared_ptr<control::LabTaker> take_;
    std::atomic<bool> is_ending_ = false;
    runtime::Loop loop_;
    LabPlayer player_;
    std::jthread thread_;
};

LabRoom::LabRoom(runtime::Loop& home)
    : home_(home), open_count_(std::make_shared<std::size_t>(0)) {}

std::string LabRoom::catalogue() const {
    return sim::lab::catalogue_json();
}

Outcome<std::unique_ptr<control::LabDesk>> LabRoom::open(control::LabTaker take) {
    if (*open_count_ >= kLabRunsMax) {
        return std::unexpected(Refusal{Refusal::Code::busy,
                                       fmt::format("{} runs of the lab are watched", kLabRunsMax),
                                       "close one of their pages", "", 5});
    }
    return std::unique_ptr<control::LabDesk>(
        std::make_unique<Desk>(home_, open_count_, std::move(take)));
}

}  // namespace grapevine::daemon

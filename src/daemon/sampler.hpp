#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "daemon/sample_rules.hpp"
#include "runtime/loop.hpp"

namespace grapevine::daemon {

/// Fills keys of this host's own records with what it measures, at an interval, so that the first
/// aggregate needs no application.
///
/// Measures on a thread of its own, one sample after the other: programs are waited for. A sample
/// that fails leaves its key as it is; the reason goes to the log when it is new, and is counted.
/// What is written decides a `SampleFilter` per key.
///
/// Lives on the thread of `home`. The thread starts with the first sample. The end kills a program
/// that runs, and waits for nothing else.
class Sampler {
public:
    /// Writes a key of an overlay's own record, and calls `done` with what came of it. On the
    /// thread of `home`.
    using Done = std::function<void(Outcome<void>)>;
    using Write = std::function<void(const std::string& overlay, const std::string& key,
                                     const std::string& value, Done done)>;

    Sampler(runtime::Loop& home, Write write);
    ~Sampler();
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;

    /// From now on these, and at once. None: nothing of this overlay any more.
    void set(const std::string& overlay, std::vector<Sample> samples, const SampleRules& rules);

    struct Counters {
        std::uint64_t taken = 0;
        std::uint64_t written = 0;
        std::uint64_t failed = 0;  ///< Could not be measured, or not be written.
    };
    /// Since the start of the daemon.
    [[nodiscard]] Counters counters(const std::string& overlay) const;

private:
    struct Task;
    struct Bench;

    void count(const std::string& overlay, const Counters& more);

    runtime::Loop& home_;
    Write write_;
    std::map<std::string, Counters> counters_;
    std::shared_ptr<Sampler*> self_;
    std::atomic<bool> is_ending_ = false;
    std::unique_ptr<Bench> bench_;
    std::jthread thread_;
};

}  // namespace grapevine::daemon

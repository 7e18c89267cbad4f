#include "daemon/sampler.hpp"

#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "runtime/host_gauges.hpp"
#include "runtime/log.hpp"
#include "runtime/process_output.hpp"
#include "sql/snapshot.hpp"

namespace grapevine::daemon {
namespace {

Outcome<double> measure(const Sample& sample, Duration time_max,
                        const std::atomic<bool>& is_ending) {
    switch (sample.what) {
        case Sample::What::load:
            return runtime::load_per_processor();
        case Sample::What::memory:
            return runtime::memory_in_use();
        case Sample::What::disk:
            return runtime::free_bytes(sample.path);
        case Sample::What::exec:
            break;
    }
    const std::string text =
        GV_TRY(runtime::output_of(sample.words, time_max, kSampleOutputBytesMax, is_ending));
    // As those read it who will compute with it.
    if (const auto number = sql::number_of(text)) return *number;
    return std::unexpected(Refusal{Refusal::Code::invalid, "what it printed is no number",
                                   "let it print one number and nothing else", ""});
}

}  // namespace

/// The samples of one overlay. Lives on the thread of the sampler.
struct Sampler::Task {
    struct Item {
        Sample sample;
        SampleFilter filter;
        std::string last_error;
        std::string last_write_error;
    };
    std::string overlay;
    SampleRules rules;
    std::vector<Item> items;
    std::optional<runtime::Timer> timer;
};

/// What lives on the thread of the sampler.
struct Sampler::Bench {
    Bench(Sampler& owner, const runtime::SteadyClock& clock)
        : home(owner.home_), sampler(owner.self_), is_ending(owner.is_ending_), loop(clock) {}

    void set(const std::string& overlay, std::vector<Sample> samples, const SampleRules& rules) {
        if (samples.empty()) {
            tasks.erase(overlay);
            return;
        }
        Task& task = tasks[overlay];
        task.overlay = overlay;
        task.rules = rules;
        task.items.clear();
        for (Sample& sample : samples) {
            task.items.push_back({std::move(sample), SampleFilter(rules), {}});
        }
        task.timer.emplace(loop, [this, &task] { run(task); });
        task.timer->arm(loop.now());
    }

    void run(Task& task) {
        Counters counted;
        for (Task::Item& item : task.items) {
            if (is_ending) return;
            ++counted.taken;
            const auto value = measure(item.sample, task.rules.timeout, is_ending);
            if (is_ending) return;
            report(task, item, item.last_error, value ? std::string() : describe(value.error()));
            if (!value) {
                ++counted.failed;
            } else if (item.filter.passes(loop.now(), *value)) {
                write(task.overlay, item.sample.key, sample_text(*value));
            }
        }
        home.post([sampler = sampler, overlay = task.overlay, counted] {
            if (*sampler != nullptr) (*sampler)->count(overlay, counted);
        });
        task.timer->arm(loop.now() + task.rules.interval);
    }

    /// Once per reason, and not in every interval.
    static void report(const Task& task, const Task::Item& item, std::string& last,
                       std::string error) {
        if (!error.empty() && error != last) {
            runtime::log::warn("sampler", "overlay '{}': no value for '{}': {}", task.overlay,
                               item.sample.key, error);
        }
        last = std::move(error);
    }

    void write(const std::string& overlay, const std::string& key, std::string value) {
        home.post([this, owner = sampler, overlay, key, value = std::move(value)] {
            if (*owner == nullptr) return;
            const auto done = [this, owner, overlay, key](const Outcome<void>& outcome) {
                if (*owner == nullptr) return;
                (*owner)->count(overlay, {0, outcome ? 1U : 0U, outcome ? 0U : 1U});
                if (outcome) return;
                loop.post([this, overlay, key, error = describe(outcome.error())] {
                    not_written(overlay, key, error);
                });
            };
            (*owner)->write_(overlay, key, value, done);
        });
    }

    void not_written(const std::string& overlay, const std::string& key, const std::string& error) {
        const auto found = tasks.find(overlay);
        if (found == tasks.end()) return;
        for (Task::Item& item : found->second.items) {
            if (item.sample.key != key) continue;
            item.filter.forget();
            report(found->second, item, item.last_write_error, error);
        }
    }

    runtime::Loop& home;
    std::shared_ptr<Sampler*> sampler;
    const std::atomic<bool>& is_ending;
    runtime::Loop loop;
    std::map<std::string, Task> tasks;
};

Sampler::Sampler(runtime::Loop& home, Write write)
    : home_(home), write_(std::move(write)), self_(std::make_shared<Sampler*>(this)) {}

Sampler::~Sampler() {
    *self_ = nullptr;
    is_ending_ = true;
    if (!bench_) return;
    bench_->loop.stop();
    thread_.join();
}

void Sampler::set(const std::string& overlay, std::vector<Sample> samples,
                  const SampleRules& rules) {
    if (!bench_) {
        if (samples.empty()) return;
        bench_ = std::make_unique<Bench>(*this, home_.clock());
        thread_ = std::jthread([bench = bench_.get()] { bench->loop.run(); });
    }
    bench_->loop.post([bench = bench_.get(), overlay, samples = std::move(samples),
                       rules]() mutable { bench->set(overlay, std::move(samples), rules); });
}

Sampler::Counters Sampler::counters(const std::string& overlay) const {
    const auto found = counters_.find(overlay);
    return found == counters_.end() ? Counters() : found->second;
}

void Sampler::count(const std::string& overlay, const Counters& more) {
    Counters& counters = counters_[overlay];
    counters.taken += more.taken;
    counters.written += more.written;
    counters.failed += more.failed;
}

}  // namespace grapevine::daemon

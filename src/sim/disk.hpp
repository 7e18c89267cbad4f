#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "storage/batch.hpp"

namespace grapevine::sim {

/// The store of one host: what was written, what of it would survive the loss of power, and the
/// ways in which a store can betray its owner. Writes reach the platter in the order in which they
/// were made, as with a write-ahead log: a flushed batch takes all earlier ones with it.
class Disk {
public:
    using Bucket = std::map<std::string, Bytes>;
    using Image = std::map<std::string, Bucket>;

    /// Takes effect at once for readers; survives power loss at once only if it is flushed.
    void apply(const storage::Batch& batch);

    [[nodiscard]] std::vector<storage::Entry> read(const std::string& bucket) const;

    /// The process died: nothing is lost. What was written stays written.
    void crash_process() {}
    /// Power is lost: of the batches not yet flushed only a first part survives, drawn at random.
    void crash_power(Random& random);
    /// As `crash_power`, and the first batch that did not survive is half there: some of its
    /// writes, the last of them with a damaged value.
    void crash_torn(Random& random);
    /// A new disk.
    void lose();

    [[nodiscard]] Image snapshot() const { return current_; }
    void restore(Image image);

    [[nodiscard]] std::size_t unflushed_count() const { return pending_.size(); }

private:
    static void write(Image& image, const storage::Write& write);

    Image durable_;
    Image current_;
    std::vector<storage::Batch> pending_;  ///< Applied to `current_`, not yet to `durable_`.
};

}  // namespace grapevine::sim

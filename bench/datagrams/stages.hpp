#pragma once

#include <string>
#include <vector>

namespace grapevine::bench {

/// What a datagram costs, in nanoseconds of one core.
struct Cost {
    std::string stage;
    double nanoseconds = 0;
};

enum class Kind { ack, ping };

/// In memory, without a socket, each stage with all before it: header, open, decode, handle.
/// Medians over batches, so that what else runs on the machine hardly shows. Datagrams come from
/// `speaker_count` members in turn: with each the receiver changes the key.
std::vector<Cost> time_stages(Kind kind, int speaker_count);

}  // namespace grapevine::bench

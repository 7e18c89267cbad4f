#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/sampling.hpp"

namespace grapevine::daemon {

/// One thing that a host measures of itself, for one key of its record.
struct Sample {
    enum class What : std::uint8_t {
        load,    ///< Runnable processes per processor, over the last minute.
        memory,  ///< Share of the memory that is in use, from 0 to 1.
        disk,    ///< Bytes that are free below a path.
        exec,    ///< The number that a program prints.
    };
    std::string key;
    What what = What::load;
    std::string path;                ///< Of `disk`.
    std::vector<std::string> words;  ///< Program and arguments of `exec`.
};

/// "KEY=load", "KEY=memory", "KEY=disk:PATH" (absolute) or "KEY=exec:PROGRAM ARGUMENTS". No shell:
/// words are separated by blanks, and "double quotes" keep one together.
Outcome<Sample> parse_sample(std::string_view text);

/// All of them. Refused too: more than kSamplesMax, and one key twice.
Outcome<std::vector<Sample>> parse_samples(const std::vector<std::string>& texts);

/// The rules with their defaults filled in.
struct SampleRules {
    Duration interval = std::chrono::seconds(5);
    double change = 0.05;
    Duration refresh = std::chrono::minutes(1);
    Duration timeout = std::chrono::seconds(2);

    static SampleRules of(const control::Sampling& sampling);
};

/// Decides which values are written: each write is gossip to all members, so what hardly moves is
/// not told. One value is in the record at a time; a new one replaces it when it differs by more
/// than the share `change` of it, or when the one written is older than `refresh`.
///
/// Without memory of what was not written, so a slow drift is seen as soon as it has come far
/// enough.
class SampleFilter {
public:
    explicit SampleFilter(const SampleRules& rules) : rules_(rules) {}

    /// Whether to write this value; then it counts as written.
    bool passes(Instant now, double value);
    /// The write has failed: the next value is written whatever it is.
    void forget() { written_.reset(); }

private:
    struct Written {
        double value;
        Instant at;
    };
    SampleRules rules_;
    std::optional<Written> written_;
};

/// As it stands in the record: whole numbers as they are, others with six digits.
std::string sample_text(double value);

}  // namespace grapevine::daemon

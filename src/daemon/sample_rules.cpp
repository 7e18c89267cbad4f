#include "daemon/sample_rules.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

#include "base/limits.hpp"

namespace grapevine::daemon {
namespace {

std::unexpected<Refusal> invalid(std::string message, std::string cure) {
    return std::unexpected(
        Refusal{Refusal::Code::invalid, std::move(message), std::move(cure), "samples"});
}

constexpr std::string_view kShape =
    "write KEY=load, KEY=memory, KEY=disk:/PATH or KEY=exec:PROGRAM ARGUMENTS";

Outcome<std::vector<std::string>> words_of(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool has_word = false;
    bool is_quoted = false;
    for (const char c : line) {
        if (c == '"') {
            is_quoted = !is_quoted;
            has_word = true;
        } else if (c == ' ' && !is_quoted) {
            if (has_word) words.push_back(std::move(word));
            word.clear();
            has_word = false;
        } else {
            word += c;
            has_word = true;
        }
    }
    if (is_quoted) return invalid("a quote does not end", "close it with \"");
    if (has_word) words.push_back(std::move(word));
    return words;
}

}  // namespace

Outcome<Sample> parse_sample(std::string_view text) {
    if (text.size() > kSampleTextBytesMax) {
        return invalid(fmt::format("a sample of {} bytes is too long", text.size()),
                       fmt::format("at most {}; put it into a script", kSampleTextBytesMax));
    }
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        return invalid(fmt::format("'{}' is no KEY=WHAT", text), std::string(kShape));
    }
    Sample sample;
    sample.key = text.substr(0, equals);
    const bool has_control = std::ranges::any_of(
        sample.key, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (sample.key.size() > kRecordKeyBytesMax || has_control) {
        return invalid(
            "the key of a sample is no key of a record",
            fmt::format("use at most {} letters, digits and the like", kRecordKeyBytesMax));
    }
    const std::string_view what = text.substr(equals + 1);
    if (what == "load") {
        sample.what = Sample::What::load;
    } else if (what == "memory") {
        sample.what = Sample::What::memory;
    } else if (what.starts_with("disk:")) {
        sample.what = Sample::What::disk;
        sample.path = what.substr(5);
        if (!sample.path.starts_with('/')) {
            return invalid(fmt::format("'{}' is no absolute path", sample.path),
                           "write it as KEY=disk:/var");
        }
    } else if (what.starts_with("exec:")) {
        sample.what = Sample::What::exec;
        sample.words = GV_TRY(words_of(what.substr(5)));
        if (sample.words.empty() || sample.words.front().empty()) {
            return invalid("no program is named", std::string(kShape));
        }
        if (sample.words.size() > kSampleArgumentsMax) {
            return invalid(fmt::format("a command of {} words is too long", sample.words.size()),
                           fmt::format("at most {}; put it into a script", kSampleArgumentsMax));
        }
    } else {
        return invalid(fmt::format("'{}' cannot be sampled", what), std::string(kShape));
    }
    return sample;
}

Outcome<std::vector<Sample>> parse_samples(const std::vector<std::string>& texts) {
    if (texts.size() > kSamplesMax) {
        return std::unexpected(Refusal{Refusal::Code::over_limit,
                                       fmt::format("{} samples are too many", texts.size()),
                                       fmt::format("give at most {}", kSamplesMax), "samples"});
    }
    std::vector<Sample> samples;
    for (const std::string& text : texts) {
        samples.push_back(GV_TRY(parse_sample(text)));
        const auto same = std::ranges::count(samples, samples.back().key, &Sample::key);
        if (same > 1) {
            return invalid(fmt::format("the key '{}' is sampled twice", samples.back().key),
                           "give each sample a key of its own");
        }
    }
    return samples;
}

SampleRules SampleRules::of(const control::Sampling& sampling) {
    SampleRules rules;
    const auto set = [](Duration& to, const std::optional<std::int64_t>& milliseconds) {
        if (milliseconds) to = std::chrono::milliseconds(*milliseconds);
    };
    set(rules.interval, sampling.interval_ms);
    set(rules.refresh, sampling.refresh_ms);
    set(rules.timeout, sampling.timeout_ms);
    if (sampling.change_percent) rules.change = static_cast<double>(*sampling.change_percent) / 100;
    return rules;
}

bool SampleFilter::passes(Instant now, double value) {
    if (written_ && now - written_->at < rules_.refresh) {
        const double change = std::abs(value - written_->value);
        // Between equal values there is nothing to tell, however small the share.
        if (change <= rules_.change * std::abs(written_->value)) return false;
    }
    written_ = Written{value, now};
    return true;
}

std::string sample_text(double value) {
    if (std::trunc(value) == value && std::abs(value) < 0x1p53) {
        return fmt::format("{}", static_cast<std::int64_t>(value));
    }
    return fmt::format("{:.6g}", value);
}

}  // namespace grapevine::daemon

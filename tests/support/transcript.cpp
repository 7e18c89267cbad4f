#include "support/transcript.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace grapevine::testing {
namespace {

constexpr std::string_view kDashes = "----";

std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

bool is_prose(const std::string& line) {
    return line.empty() || line.starts_with('#');
}

/// Reads the lines of output from `index` on, and leaves `index` behind them.
std::string read_output(const std::vector<std::string>& lines, std::size_t& index) {
    std::string output;
    const bool fenced = index < lines.size() && lines[index] == kDashes;
    if (fenced) ++index;
    const auto is_end = [&] {
        if (!fenced) return lines[index].empty();
        return lines[index] == kDashes && index + 1 < lines.size() && lines[index + 1] == kDashes;
    };
    while (index < lines.size() && !is_end()) output += lines[index++] + "\n";
    if (fenced) index = std::min(index + 2, lines.size());
    return output;
}

/// What differs, line by line: a longest common subsequence, which is small enough here (transcript
/// outputs are tens of lines).
std::string line_diff(const std::string& expected, const std::string& actual) {
    const std::vector<std::string> left = split_lines(expected);
    const std::vector<std::string> right = split_lines(actual);
    std::vector<std::vector<int>> common(left.size() + 1, std::vector<int>(right.size() + 1, 0));
    for (std::size_t i = left.size(); i-- > 0;) {
        for (std::size_t j = right.size(); j-- > 0;) {
            common[i][j] = left[i] == right[j] ? common[i + 1][j + 1] + 1
                                               : std::max(common[i + 1][j], common[i][j + 1]);
        }
    }
    std::string diff;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < left.size() || j < right.size()) {
        if (i < left.size() && j < right.size() && left[i] == right[j]) {
            diff += "    " + left[i++] + "\n";
            ++j;
        } else if (j == right.size() || (i < left.size() && common[i + 1][j] >= common[i][j + 1])) {
            diff += "  - " + left[i++] + "\n";
        } else {
            diff += "  + " + right[j++] + "\n";
        }
    }
    return diff;
}

std::string replay_command() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    const std::string filter =
        test == nullptr ? "*" : fmt::format("{}.{}", test->test_suite_name(), test->name());
    const std::vector<std::string> arguments = ::testing::internal::GetArgvs();
    return fmt::format("{} --gtest_filter='{}'", arguments.empty() ? "test" : arguments.front(),
                       filter);
}

bool is_rewriting() {
    const char* value = std::getenv("GV_REWRITE");
    return value != nullptr && std::string_view(value) == "1";
}

std::string with_newline(std::string text) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    return text;
}

}  // namespace

Transcript parse_transcript(std::string_view text, std::string& error) {
    const std::vector<std::string> lines = split_lines(text);
    Transcript transcript;
    error.clear();
    std::size_t index = 0;
    std::string prose;
    while (index < lines.size()) {
        if (is_prose(lines[index])) {
            prose += lines[index++] + "\n";
            continue;
        }
        TranscriptBlock block;
        block.prose = std::move(prose);
        prose.clear();
        block.line = static_cast<int>(index) + 1;
        while (index < lines.size() && lines[index] != kDashes && !lines[index].empty()) {
            if (!block.command.empty()) block.command += '\n';
            block.command += lines[index++];
        }
        if (index == lines.size() || lines[index] != kDashes) {
            error = fmt::format("line {}: no ---- below the command", block.line);
            return transcript;
        }
        ++index;
        block.expected = read_output(lines, index);
        transcript.blocks.push_back(std::move(block));
    }
    transcript.epilogue = std::move(prose);
    return transcript;
}

std::string print_transcript(const Transcript& transcript) {
    std::string text;
    for (const TranscriptBlock& block : transcript.blocks) {
        std::string_view prose = block.prose;
        if (!text.empty()) {
            text += '\n';
            while (prose.starts_with('\n')) prose.remove_prefix(1);
        }
        text += prose;
        text += block.command + "\n----\n";
        const bool is_fenced = block.expected.starts_with('\n') || block.expected == "----\n" ||
                               block.expected.starts_with("----\n") ||
                               block.expected.find("\n\n") != std::string::npos;
        text += is_fenced ? "----\n" + block.expected + "----\n----\n" : block.expected;
    }
    return text + transcript.epilogue;
}

int run_transcript(const std::filesystem::path& file, const TranscriptHandler& handler) {
    std::ifstream input(file, std::ios::binary);
    if (!input) {
        ADD_FAILURE() << file.string() << ": cannot be read";
        return 0;
    }
    std::stringstream buffer;
    buffer << input.rdbuf();
    std::string error;
    Transcript transcript = parse_transcript(buffer.str(), error);
    if (!error.empty() || transcript.blocks.empty()) {
        ADD_FAILURE() << file.string() << ": " << (error.empty() ? "no block in it" : error);
        return 0;
    }
    for (TranscriptBlock& block : transcript.blocks) {
        const std::string actual = with_newline(handler(block.command));
        if (actual == block.expected) continue;
        if (is_rewriting()) {
            block.expected = actual;
            continue;
        }
        ADD_FAILURE_AT(file.c_str(), block.line)
            << block.command << "\n"
            << line_diff(block.expected, actual) << "(- expected, + came out)\n"
            << "replay:  " << replay_command() << "\n"
            << "rewrite: GV_REWRITE=1 " << replay_command() << ", then read the diff";
    }
    if (is_rewriting()) {
        std::ofstream output(file, std::ios::binary | std::ios::trunc);
        output << print_transcript(transcript);
        EXPECT_TRUE(output.flush().good()) << file.string() << ": cannot be written";
    }
    return static_cast<int>(transcript.blocks.size());
}

void run_transcripts(const std::filesystem::path& folder, std::string_view prefix,
                     const std::function<TranscriptHandler()>& make_handler) {
    const std::filesystem::path root(GRAPEVINE_SOURCE_DIR);
    std::vector<std::filesystem::path> files;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(root / folder, failure)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(".txt")) files.push_back(entry.path());
    }
    ASSERT_FALSE(files.empty()) << "no " << prefix << "*.txt in " << (root / folder).string();
    std::sort(files.begin(), files.end());
    for (const auto& file : files) run_transcript(file, make_handler());
}

}  // namespace grapevine::testing

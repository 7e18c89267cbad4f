#include "support/transcript.hpp"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace grapevine::testing {
namespace {

constexpr std::string_view kStory =
    "# A story.\n"
    "\n"
    "say a\n"
    "say b\n"
    "----\n"
    "a\n"
    "b\n"
    "\n"
    "# Silence.\n"
    "quiet\n"
    "----\n"
    "\n"
    "gap\n"
    "----\n"
    "----\n"
    "above\n"
    "\n"
    "below\n"
    "----\n"
    "----\n";

/// Repeats the words behind "say", one a line.
std::string echo(std::string_view commands) {
    if (commands == "gap") return "above\n\nbelow";
    std::string output;
    std::istringstream lines{std::string(commands)};
    std::string line;
    while (std::getline(lines, line)) {
        if (line.starts_with("say ")) output += line.substr(4) + "\n";
    }
    return output;
}

/// A file that is gone when the test is.
class TranscriptFile {
public:
    explicit TranscriptFile(std::string_view text) {
        std::string name = (std::filesystem::temp_directory_path() / "transcript.XXXXXX").string();
        const int descriptor = ::mkstemp(name.data());
        EXPECT_GE(descriptor, 0);
        ::close(descriptor);
        path_ = name;
        std::ofstream(path_, std::ios::binary) << text;
    }
    TranscriptFile(const TranscriptFile&) = delete;
    TranscriptFile& operator=(const TranscriptFile&) = delete;
    ~TranscriptFile() { std::filesystem::remove(path_); }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string text() const {
        std::stringstream buffer;
        buffer << std::ifstream(path_, std::ios::binary).rdbuf();
        return buffer.str();
    }

private:
    std::filesystem::path path_;
};

/// Sets GV_REWRITE for one test, whatever the caller's environment says.
class Rewrite {
public:
    explicit Rewrite(const char* value) { ::setenv("GV_REWRITE", value, 1); }
    Rewrite(const Rewrite&) = delete;
    Rewrite& operator=(const Rewrite&) = delete;
    ~Rewrite() { ::unsetenv("GV_REWRITE"); }
};

TEST(Transcript, blocks_are_read_with_their_lines) {
    std::string error;
    const Transcript transcript = parse_transcript(kStory, error);
    EXPECT_EQ(error, "");
    ASSERT_EQ(transcript.blocks.size(), 3U);
    EXPECT_EQ(transcript.blocks[0].command, "say a\nsay b");
    EXPECT_EQ(transcript.blocks[0].expected, "a\nb\n");
    EXPECT_EQ(transcript.blocks[0].line, 3);
    EXPECT_EQ(transcript.blocks[1].expected, "");
    EXPECT_EQ(transcript.blocks[2].expected, "above\n\nbelow\n");
}

TEST(Transcript, printing_what_was_read_gives_the_same_text) {
    std::string error;
    EXPECT_EQ(print_transcript(parse_transcript(kStory, error)), kStory);
}

TEST(Transcript, a_command_without_dashes_is_refused_with_its_line) {
    std::string error;
    parse_transcript("# prose\n\nlost\n\nsay a\n----\na\n", error);
    EXPECT_EQ(error, "line 3: no ---- below the command");
}

TEST(Transcript, what_comes_out_as_written_passes) {
    const Rewrite off("0");
    const TranscriptFile file(kStory);
    EXPECT_EQ(run_transcript(file.path(), echo), 3);
    EXPECT_EQ(file.text(), kStory);
}

TEST(Transcript, a_difference_fails_with_a_diff_and_how_to_replay) {
    const Rewrite off("0");
    const TranscriptFile file("say a\nsay b\n----\na\nx\n");
    ::testing::TestPartResultArray failures;
    {
        const ::testing::ScopedFakeTestPartResultReporter reporter(&failures);
        run_transcript(file.path(), echo);
    }
    ASSERT_EQ(failures.size(), 1);
    const ::testing::TestPartResult& failure = failures.GetTestPartResult(0);
    EXPECT_EQ(failure.file_name(), file.path().string());
    EXPECT_EQ(failure.line_number(), 1);
    const std::string message = failure.message();
    EXPECT_NE(message.find("    a\n  - x\n  + b\n"), std::string::npos) << message;
    EXPECT_NE(message.find("--gtest_filter='Transcript.a_difference_fails"), std::string::npos)
        << message;
}

TEST(Transcript, an_absent_or_empty_file_fails) {
    const TranscriptFile empty("# only prose\n");
    EXPECT_NONFATAL_FAILURE(run_transcript(empty.path(), echo), "no block in it");
    EXPECT_NONFATAL_FAILURE(run_transcript("/nonexistent.txt", echo), "cannot be read");
}

TEST(Transcript, rewriting_keeps_the_prose_and_takes_what_came_out) {
    const Rewrite on("1");
    const TranscriptFile file("# prose\nsay a\n----\nx\n\n\n# more\ngap\n----\n\n# end\n");
    EXPECT_EQ(run_transcript(file.path(), echo), 2);
    EXPECT_EQ(file.text(),
              "# prose\nsay a\n----\na\n\n# more\ngap\n----\n----\nabove\n\nbelow\n----\n----\n"
              "\n# end\n");
}

}  // namespace
}  // namespace grapevine::testing

#include "runtime/line_pipe.hpp"

#include <array>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/file_descriptor.hpp"

namespace grapevine::runtime {
namespace {

using Kind = LinePipe::Input::Kind;
using namespace std::chrono_literals;

constexpr std::size_t kLineMax = 10;

/// Reads what the test feeds, and writes where the test looks.
class LinePipeTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::array<int, 2> ends;
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        input_ = FileDescriptor(ends[0]);
        feed_ = FileDescriptor(ends[1]);
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        look_ = FileDescriptor(ends[0]);
        output_ = FileDescriptor(ends[1]);
    }
    void feed(std::string_view text) {
        ASSERT_EQ(::write(feed_.value(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
    }
    void end() { feed_.reset(); }
    LinePipe pipe() { return {clock_, input_.value(), output_.value(), kLineMax}; }
    std::string written() {
        std::array<char, 4096> bytes;
        const ssize_t count = ::read(look_.value(), bytes.data(), bytes.size());
        return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count))
                         : std::string();
    }
    static std::string line(LinePipe& pipe) {
        const auto input = pipe.next(kNever);
        EXPECT_TRUE(input && input->kind == Kind::line);
        return input->line;
    }

    SteadyClock clock_;

private:
    FileDescriptor input_;
    FileDescriptor feed_;
    FileDescriptor look_;
    FileDescriptor output_;
};

TEST_F(LinePipeTest, lines_come_one_by_one_however_they_arrive) {
    LinePipe lines = pipe();
    feed("one\ntwo\n\nfo");
    EXPECT_EQ(line(lines), "one");
    EXPECT_EQ(line(lines), "two");
    EXPECT_EQ(line(lines), "");
    EXPECT_EQ(lines.next(clock_.now())->kind, Kind::time);
    feed("ur\n");
    EXPECT_EQ(line(lines), "four");
}

TEST_F(LinePipeTest, a_last_line_without_line_feed_counts) {
    LinePipe lines = pipe();
    feed("one\ntwo");
    end();
    EXPECT_EQ(line(lines), "one");
    EXPECT_EQ(line(lines), "two");
    EXPECT_EQ(lines.next(kNever)->kind, Kind::end);
    EXPECT_EQ(lines.next(kNever)->kind, Kind::end);
}

TEST_F(LinePipeTest, it_waits_until_the_instant_and_no_longer) {
    LinePipe lines = pipe();
    const Instant until = clock_.now() + 20ms;
    EXPECT_EQ(lines.next(until)->kind, Kind::time);
    EXPECT_GE(clock_.now(), until);
}

TEST_F(LinePipeTest, of_a_line_that_is_too_long_one_byte_too_many_is_given) {
    LinePipe lines = pipe();
    feed("0123456789\n0123456789a\n0123456789abcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(line(lines), "0123456789");
    EXPECT_EQ(line(lines), "0123456789a");
    EXPECT_EQ(line(lines), "0123456789a");
    feed("more of it");
    EXPECT_EQ(lines.next(clock_.now())->kind, Kind::time);
    feed("\nnext\n");
    EXPECT_EQ(line(lines), "next");
}

TEST_F(LinePipeTest, what_is_written_has_a_line_feed) {
    LinePipe lines = pipe();
    ASSERT_TRUE(lines.write("one"));
    ASSERT_TRUE(lines.write(""));
    EXPECT_EQ(written(), "one\n\n");
}

TEST_F(LinePipeTest, a_descriptor_that_is_none_is_an_error) {
    LinePipe lines(clock_, -1, -1, kLineMax);
    EXPECT_FALSE(lines.write("one"));
    // poll passes over -1, as if nothing ever came.
    EXPECT_EQ(lines.next(clock_.now())->kind, Kind::time);
}

}  // namespace
}  // namespace grapevine::runtime

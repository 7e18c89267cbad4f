#include "runtime/files.hpp"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace grapevine::runtime {
namespace {

namespace fs = std::filesystem;

TemporaryDirectory temporary() {
    return TemporaryDirectory::make("grapevine-test").value();
}

unsigned mode_of(const fs::path& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
}

std::ptrdiff_t entries_in(const fs::path& path) {
    return std::distance(fs::directory_iterator(path), fs::directory_iterator());
}

TEST(Files, what_is_written_is_read_back_and_only_the_owner_may_read_it) {
    const TemporaryDirectory folder = temporary();
    const fs::path path = folder.path() / "secret";
    ASSERT_TRUE(write_file_atomic(path, as_bytes("first")).has_value());
    ASSERT_TRUE(write_file_atomic(path, as_bytes("second")).has_value());
    EXPECT_EQ(as_text(read_file(path, 100).value()), "second");
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_EQ(entries_in(folder.path()), 1);
}

TEST(Files, the_mode_is_taken_literally_whatever_the_umask) {
    const TemporaryDirectory folder = temporary();
    const fs::path path = folder.path() / "shown";
    const mode_t before = ::umask(0077);
    ASSERT_TRUE(write_file_atomic(path, as_bytes("x"), 0644).has_value());
    ::umask(before);
    EXPECT_EQ(mode_of(path), 0644U);
}

TEST(Files, a_failed_write_leaves_the_old_file_and_no_other) {
    const TemporaryDirectory folder = temporary();
    const fs::path path = folder.path() / "target";
    // A folder cannot be replaced by a file: the rename is the step that fails.
    fs::create_directory(path);
    const auto written = write_file_atomic(path, as_bytes("x"));
    ASSERT_FALSE(written.has_value());
    EXPECT_TRUE(fs::is_directory(path));
    EXPECT_EQ(entries_in(folder.path()), 1);
}

TEST(Files, a_file_at_the_limit_is_read_and_one_byte_more_is_refused) {
    const TemporaryDirectory folder = temporary();
    const fs::path path = folder.path() / "file";
    ASSERT_TRUE(write_file_atomic(path, Bytes(200'000)).has_value());
    EXPECT_EQ(read_file(path, 200'000).value().size(), 200'000U);
    const auto refused = read_file(path, 199'999);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Refusal::Code::over_limit);
}

TEST(Files, an_empty_file_is_read_as_nothing) {
    const TemporaryDirectory folder = temporary();
    ASSERT_TRUE(write_file_atomic(folder.path() / "empty", {}).has_value());
    EXPECT_TRUE(read_file(folder.path() / "empty", 0).value().empty());
}

TEST(Files, a_missing_file_is_refused_by_name) {
    const TemporaryDirectory folder = temporary();
    const auto refused = read_file(folder.path() / "nothing", 100);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Refusal::Code::not_found);
    EXPECT_NE(refused.error().message.find("nothing"), std::string::npos);
}

TEST(Files, a_folder_is_no_file) {
    const TemporaryDirectory folder = temporary();
    EXPECT_FALSE(read_file(folder.path(), 100).has_value());
}

TEST(Files, private_folders_are_made_with_their_parents) {
    const TemporaryDirectory folder = temporary();
    const fs::path path = folder.path() / "a" / "b" / "c";
    ASSERT_TRUE(make_private_directory(path).has_value());
    EXPECT_EQ(mode_of(path), 0700U);
    EXPECT_EQ(mode_of(path.parent_path()), 0700U);
    EXPECT_TRUE(make_private_directory(path).has_value()) << "one that exists is fine";
}

TEST(Files, a_file_in_the_place_of_a_folder_is_refused) {
    const TemporaryDirectory folder = temporary();
    const fs::path path = folder.path() / "file";
    std::ofstream(path) << "x";
    EXPECT_EQ(make_private_directory(path).error().code, Refusal::Code::conflict);
    EXPECT_FALSE(make_private_directory(path / "below").has_value());
}

TEST(TemporaryDirectory, it_is_gone_with_all_it_holds) {
    fs::path path;
    {
        const TemporaryDirectory folder = temporary();
        path = folder.path();
        EXPECT_EQ(mode_of(path), 0700U);
        fs::create_directories(path / "deep" / "deeper");
        std::ofstream(path / "deep" / "file") << "x";
    }
    EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace grapevine::runtime

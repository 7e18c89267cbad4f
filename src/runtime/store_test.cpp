#include "runtime/store.hpp"

#include <csignal>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.hpp"
#include "runtime/file_descriptor.hpp"
#include "runtime/files.hpp"

namespace grapevine::runtime {
namespace {

namespace fs = std::filesystem;

TemporaryDirectory temporary() {
    return TemporaryDirectory::make("grapevine-store").value();
}

Bytes bytes_of(std::string_view text) {
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
}

StoreWrite put(std::string key, std::string_view value) {
    return {"bucket", std::move(key), bytes_of(value)};
}

Outcome<void> apply(Store& store, std::vector<StoreWrite> writes,
                    Durability durability = Durability::lazy) {
    return store.apply(writes, durability);
}

Store open_at(const fs::path& folder, StoreOptions options = {}) {
    auto store = Store::open(folder, options);
    EXPECT_TRUE(store.has_value()) << describe(store.error());
    return std::move(*store);
}

// Runs `body` in a child, because it changes what only a process as a whole can change (user,
// mounts). 0 is success; 77 says that this system does not allow the experiment.
int in_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST(Store, what_was_written_is_there_after_reopening) {
    const TemporaryDirectory folder = temporary();
    {
        Store store = open_at(folder.path());
        ASSERT_TRUE(apply(store, {put("a", "1"), put("b", "2")}, Durability::flush).has_value());
        ASSERT_TRUE(apply(store, {put("a", "3"), {"bucket", "b", std::nullopt}}).has_value());
        ASSERT_TRUE(apply(store, {{"other", "a", bytes_of("4")}}).has_value());
    }
    const Store store = open_at(folder.path());
    EXPECT_EQ(store.get("bucket", "a").value(), bytes_of("3"));
    EXPECT_EQ(store.get("bucket", "b").value(), std::nullopt);
    EXPECT_EQ(store.get("other", "a").value(), bytes_of("4"));
    EXPECT_EQ(store.get("nowhere", "a").value(), std::nullopt);
}

TEST(Store, a_bucket_is_listed_in_the_order_of_its_keys) {
    const TemporaryDirectory folder = temporary();
    Store store = open_at(folder.path());
    ASSERT_TRUE(apply(store, {put("b", "2"),
                              put("a", "1"),
                              put("", "0"),
                              put("Z", "26"),
                              {"other", "x", bytes_of("no")}})
                    .has_value());
    EXPECT_EQ(store.list("bucket").value(), (std::vector<StoreEntry>{{"", bytes_of("0")},
                                                                     {"Z", bytes_of("26")},
                                                                     {"a", bytes_of("1")},
                                                                     {"b", bytes_of("2")}}));
    EXPECT_TRUE(store.list("nowhere").value().empty());
}

TEST(Store, an_empty_value_is_not_an_absent_one) {
    const TemporaryDirectory folder = temporary();
    Store store = open_at(folder.path());
    ASSERT_TRUE(apply(store, {put("empty", "")}).has_value());
    EXPECT_EQ(store.get("bucket", "empty").value(), Bytes());
    EXPECT_EQ(store.get("bucket", "absent").value(), std::nullopt);
}

TEST(Store, folder_and_files_are_for_the_owner_alone) {
    const TemporaryDirectory parent = temporary();
    const fs::path folder = parent.path() / "state";
    Store store = open_at(folder);
    ASSERT_TRUE(apply(store, {put("a", "1")}).has_value());
    struct stat status{};
    ::stat(folder.c_str(), &status);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    for (const auto& entry : fs::directory_iterator(folder)) {
        ::stat(entry.path().c_str(), &status);
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
    }
}

TEST(Store, a_folder_serves_one_process_at_a_time) {
    const TemporaryDirectory folder = temporary();
    {
        const Store first = open_at(folder.path());
        const auto second = Store::open(folder.path());
        ASSERT_FALSE(second.has_value());
        EXPECT_EQ(second.error().code, Refusal::Code::conflict);
        EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
        EXPECT_FALSE(second.error().cure.empty());
    }
    EXPECT_TRUE(Store::open(folder.path()).has_value()) << "the lock ends with its owner";
}

TEST(Store, a_file_in_the_place_of_the_folder_is_refused) {
    const TemporaryDirectory folder = temporary();
    std::ofstream(folder.path() / "file") << "x";
    EXPECT_EQ(Store::open(folder.path() / "file").error().code, Refusal::Code::conflict);
}

TEST(Store, a_folder_without_permission_is_refused_with_path_and_cure) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
    const TemporaryDirectory folder = temporary();
    const int outcome = in_child([&] {
        if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) {
            return 77;
        }
        const auto store = Store::open(folder.path());
        if (store) return 1;
        if (store.error().code != Refusal::Code::forbidden) return 2;
        if (store.error().message.find(folder.path()) == std::string::npos) return 3;
        return store.error().cure.empty() ? 4 : 0;
    });
    if (outcome == 77) GTEST_SKIP() << "cannot change the user";
    EXPECT_EQ(outcome, 0);
}

TEST(Store, a_file_that_is_no_database_is_refused_and_left_alone) {
    const TemporaryDirectory folder = temporary();
    const fs::path file = folder.path() / "state.db";
    std::ofstream(file) << std::string(10'000, 'x');
    const auto store = Store::open(folder.path());
    ASSERT_FALSE(store.has_value());
    EXPECT_NE(store.error().message.find("damaged"), std::string::npos);
    EXPECT_NE(store.error().message.find(file), std::string::npos);
    EXPECT_EQ(fs::file_size(file), 10'000U);
}

TEST(Store, a_damaged_database_is_refused) {
    const TemporaryDirectory folder = temporary();
    {
        Store store = open_at(folder.path());
        for (int row = 0; row < 500; ++row) {
            ASSERT_TRUE(
                apply(store, {put(std::to_string(row), std::string(200, 'v'))}).has_value());
        }
    }
    std::fstream file(folder.path() / "state.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 2);
    file << std::string(3000, '\xff');
    file.close();
    const auto store = Store::open(folder.path());
    ASSERT_FALSE(store.has_value());
    EXPECT_NE(store.error().message.find("damaged"), std::string::npos);
    EXPECT_FALSE(store.error().cure.empty());
}

TEST(Store, a_schema_of_the_future_is_refused) {
    const TemporaryDirectory folder = temporary();
    static_cast<void>(open_at(folder.path()));
    sqlite3* database = nullptr;
    sqlite3_open((folder.path() / "state.db").c_str(), &database);
    sqlite3_exec(database, "PRAGMA user_version=99", nullptr, nullptr, nullptr);
    sqlite3_close(database);
    const auto store = Store::open(folder.path());
    ASSERT_FALSE(store.has_value());
    EXPECT_NE(store.error().message.find("newer version"), std::string::npos);
}

TEST(Store, at_the_page_limit_a_batch_is_refused_whole_and_a_later_one_may_succeed) {
    const TemporaryDirectory folder = temporary();
    Store store = open_at(folder.path(), StoreOptions{.pages_max = 20});
    ASSERT_TRUE(apply(store, {put("kept", "1")}).has_value());
    const auto refused = apply(store, {put("kept", "2"), put("huge", std::string(100'000, 'x'))});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Refusal::Code::unavailable);
    EXPECT_NE(refused.error().message.find("full"), std::string::npos);
    EXPECT_FALSE(refused.error().cure.empty());
    EXPECT_EQ(store.get("bucket", "kept").value(), bytes_of("1"));
    EXPECT_EQ(store.get("bucket", "huge").value(), std::nullopt);
    EXPECT_TRUE(apply(store, {put("kept", "3")}).has_value());
    EXPECT_EQ(store.get("bucket", "kept").value(), bytes_of("3"));
}

// In a mount namespace of its own, so that the disk goes away with the process.
int fill_a_real_disk(const fs::path& folder) {
    if (::unshare(CLONE_NEWNS | (::geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0) return 77;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") != 0) return 77;
    auto store = Store::open(folder);
    if (!store || !apply(*store, {put("kept", "1")}, Durability::flush)) return 1;
    {
        std::ofstream ballast(folder / "ballast", std::ios::binary);
        while (ballast << std::string(4096, 'x') << std::flush) continue;
    }
    const auto refused = apply(*store, {put("big", std::string(300'000, 'y'))}, Durability::flush);
    if (refused) return 2;
    if (refused.error().code != Refusal::Code::unavailable) return 3;
    if (refused.error().message.find("full") == std::string::npos) return 4;
    if (store->get("bucket", "kept").value() != bytes_of("1")) return 5;
    fs::remove(folder / "ballast");
    if (!apply(*store, {put("big", std::string(300'000, 'y'))}, Durability::flush)) return 6;
    return store->get("bucket", "big").value()->size() == 300'000 ? 0 : 7;
}

TEST(Store, a_full_disk_is_refused_and_once_there_is_room_it_goes_on) {
    const TemporaryDirectory folder = temporary();
    const int outcome = in_child([&] { return fill_a_real_disk(folder.path()); });
    if (outcome == 77) GTEST_SKIP() << "cannot mount a small disk here";
    EXPECT_EQ(outcome, 0);
}

// Writes batches with rising numbers, two keys each, and says through `report` what has returned.
[[noreturn]] void write_until_killed(const fs::path& folder, std::uint32_t first, int report) {
    auto store = Store::open(folder);
    if (!store) ::_exit(1);
    for (std::uint32_t number = first;; ++number) {
        const std::string text = std::to_string(number);
        const std::vector<StoreWrite> writes = {put("left", text), put("right", text),
                                                put("log/" + text, std::string(300, 'z'))};
        const Durability durability = number % 4 == 0 ? Durability::flush : Durability::lazy;
        if (!store->apply(writes, durability)) ::_exit(2);
        if (::write(report, &number, sizeof number) != sizeof number) ::_exit(3);
    }
}

std::uint32_t number_under(const Store& store, std::string_view key) {
    const auto value = store.get("bucket", key).value();
    return value ? static_cast<std::uint32_t>(std::stoul(std::string(as_text(*value)))) : 0;
}

TEST(Store, kill_9_at_any_moment_loses_nothing_acknowledged_and_tears_no_batch) {
    const TemporaryDirectory folder = temporary();
    constexpr std::uint64_t kSeed = 20;
    Random random(kSeed);
    std::uint32_t acknowledged = 0;
    for (int round = 0; round < 30; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        FileDescriptor reports(ends[0]);
        const pid_t child = ::fork();
        if (child == 0) {
            reports.reset();
            write_until_killed(folder.path(), acknowledged + 1, ends[1]);
        }
        ::close(ends[1]);
        const std::uint64_t patience = random.below(60);
        for (std::uint64_t count = 0; count < patience; ++count) {
            std::uint32_t number = 0;
            ASSERT_EQ(::read(reports.value(), &number, sizeof number), sizeof number);
            acknowledged = number;
        }
        ::kill(child, SIGKILL);
        // What it could still say before it died counts too.
        std::uint32_t number = 0;
        while (::read(reports.value(), &number, sizeof number) == sizeof number) {
            acknowledged = number;
        }
        ::waitpid(child, nullptr, 0);
        const Store store = open_at(folder.path());
        const std::uint32_t left = number_under(store, "left");
        ASSERT_GE(left, acknowledged) << "seed " << kSeed << ", round " << round;
        ASSERT_LE(left, acknowledged + 1);
        ASSERT_EQ(left, number_under(store, "right"));
        ASSERT_EQ(store.list("bucket").value().size(), left == 0 ? 0 : left + 2U);
        acknowledged = left;
    }
    EXPECT_GT(acknowledged, 100U);
}

}  // namespace
}  // namespace grapevine::runtime

#include "runtime/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/file_descriptor.hpp"
#include "runtime/system_refusal.hpp"

namespace grapevine::runtime {
namespace {

namespace fs = std::filesystem;

std::unexpected<Refusal> refuse(std::string_view verb, const fs::path& path, int error_number) {
    return std::unexpected(
        system_refusal(fmt::format("cannot {} {}", verb, path.string()), error_number));
}

// 0 or an errno.
int write_all(int file, ByteView content) {
    while (!content.empty()) {
        const ssize_t count = ::write(file, content.data(), content.size());
        if (count < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        content = content.subspan(static_cast<std::size_t>(count));
    }
    return 0;
}

int sync_folder(const fs::path& folder) {
    const FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.is_open()) return errno;
    return ::fsync(opened.value()) == 0 ? 0 : errno;
}

int write_synced(int file, ByteView content, unsigned mode) {
    if (::fchmod(file, mode) != 0) return errno;
    if (const int failure = write_all(file, content); failure != 0) return failure;
    if (::fsync(file) != 0) return errno;
    return 0;
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

Outcome<Bytes> read_file(const fs::path& path, std::size_t bytes_max) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.is_open()) return refuse("read", path, errno);
    struct stat status{};
    if (::fstat(file.value(), &status) != 0) return refuse("read", path, errno);
    if (S_ISDIR(status.st_mode)) return refuse("read", path, EISDIR);
    Bytes content;
    content.reserve(std::min<std::size_t>(bytes_max, static_cast<std::size_t>(status.st_size)) + 1);
    // The size that fstat gives is a hint: files grow, and those of /proc claim to be empty.
    for (;;) {
        const std::size_t filled = content.size();
        content.resize(std::min(bytes_max + 1, filled + 64 * 1024));
        const ssize_t count =
            ::read(file.value(), content.data() + filled, content.size() - filled);
        if (count < 0 && errno != EINTR) return refuse("read", path, errno);
        content.resize(filled + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count == 0) return content;
        if (content.size() > bytes_max) {
            return std::unexpected(
                Refusal{Refusal::Code::over_limit,
                        fmt::format("{} is longer than {} bytes", path.string(), bytes_max),
                        "check that this is the file you meant", ""});
        }
    }
}

Outcome<void> write_file_atomic(const fs::path& path, ByteView content, unsigned mode) {
    std::string temporary = path.string() + ".XXXXXX";
    const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!file.is_open()) return refuse("write", path, errno);
    int failure = write_synced(file.value(), content, mode);
    if (failure == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) failure = errno;
    if (failure != 0) {
        ::unlink(temporary.c_str());
        return refuse("write", path, failure);
    }
    failure = sync_folder(folder_of(path));
    if (failure != 0) return refuse("sync the folder of", path, failure);
    return {};
}

Outcome<void> make_private_directory(const fs::path& path) {
    std::error_code ignored;
    const fs::path parent = path.parent_path();
    if (!parent.empty() && !fs::exists(parent, ignored)) {
        GV_TRY_VOID(make_private_directory(parent));
    }
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return refuse("make the folder", path, errno);
    }
    if (!fs::is_directory(path, ignored)) {
        return std::unexpected(Refusal{Refusal::Code::conflict,
                                       fmt::format("{} is not a folder", path.string()),
                                       "choose another path, or move that file away", ""});
    }
    if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
        return refuse("use the folder", path, errno);
    }
    return {};
}

Outcome<TemporaryDirectory> TemporaryDirectory::make(std::string_view prefix) {
    std::error_code failure;
    const fs::path parent = fs::temp_directory_path(failure);
    if (failure) return refuse("use", "the temporary folder (TMPDIR)", failure.value());
    std::string name = (parent / fmt::format("{}-XXXXXX", prefix)).string();
    if (::mkdtemp(name.data()) == nullptr) return refuse("make the folder", name, errno);
    return TemporaryDirectory(name);
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::exchange(other.path_, {});
    }
    return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
    remove();
}

void TemporaryDirectory::remove() {
    if (path_.empty()) return;
    // A destructor has nobody to tell; what cannot be removed is left to the system's cleaning.
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    path_.clear();
}

}  // namespace grapevine::runtime

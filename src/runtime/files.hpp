#pragma once

#include <filesystem>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace grapevine::runtime {

/// The whole of a regular file. One longer than `bytes_max` is over the limit and is not read.
Outcome<Bytes> read_file(const std::filesystem::path& path, std::size_t bytes_max);

/// Replaces a file so that every reader, also after a power cut, finds either the old content or
/// the new: a temporary file beside it is written, synced and renamed, then the folder is synced.
/// On refusal the old file is untouched and nothing is left behind. `mode` is taken literally,
/// whatever the umask; the default is for secrets. A symbolic link is replaced, not followed.
Outcome<void> write_file_atomic(const std::filesystem::path& path, ByteView content,
                                unsigned mode = 0600);

/// Makes the folder and its missing parents, readable by the owner alone (0700). One that exists
/// stays as it is. Refuses when something else has that name, or it cannot be written to.
Outcome<void> make_private_directory(const std::filesystem::path& path);

/// A fresh folder below the system's temporary folder (TMPDIR), gone with all it holds when this
/// object is.
class TemporaryDirectory {
public:
    static Outcome<TemporaryDirectory> make(std::string_view prefix);

    TemporaryDirectory(TemporaryDirectory&& other) noexcept;
    TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
    ~TemporaryDirectory();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    void remove();
    std::filesystem::path path_;
};

}  // namespace grapevine::runtime

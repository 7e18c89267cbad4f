#pragma once

#include <unistd.h>
#include <utility>

namespace grapevine::runtime {

/// Owns one descriptor of the operating system and closes it. -1 is none.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int value) : value_(value) {}
    FileDescriptor(FileDescriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        if (this != &other) {
            reset();
            value_ = std::exchange(other.value_, -1);
        }
        return *this;
    }
    ~FileDescriptor() { reset(); }

    [[nodiscard]] int value() const { return value_; }
    [[nodiscard]] bool is_open() const { return value_ >= 0; }

    /// Gives the descriptor away; the caller closes it.
    [[nodiscard]] int release() { return std::exchange(value_, -1); }

    void reset() {
        // close() is not retried: on Linux the descriptor is gone even after EINTR.
        if (value_ >= 0) ::close(std::exchange(value_, -1));
    }

private:
    int value_ = -1;
};

}  // namespace grapevine::runtime

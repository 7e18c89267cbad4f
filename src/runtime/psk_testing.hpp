#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <sys/socket.h>
#include <vector>

#include "base/random.hpp"
#include "runtime/file_descriptor.hpp"
#include "runtime/psk_stream.hpp"
#include "runtime/socket_address.hpp"

// What the tests of byte streams share: a listener on loopback, and streams to it.
namespace grapevine::runtime {

inline constexpr Duration kPskPatience = std::chrono::seconds(5);

inline PskKeys keys_of(std::vector<std::uint8_t> ids, std::string overlay = "blue") {
    PskKeys keys{std::move(overlay), {}};
    for (const std::uint8_t id : ids) {
        PskKey key{KeyId(id), {}};
        key.secret.fill(static_cast<std::uint8_t>(id + 100));
        keys.keys.push_back(key);
    }
    return keys;
}

inline Bytes frame_of(std::size_t size, std::uint64_t seed = 1) {
    Random random(seed);
    Bytes frame(size);
    for (std::uint8_t& byte : frame) byte = static_cast<std::uint8_t>(random.next());
    return frame;
}

/// A stream and what came of it.
struct PskEnd {
    explicit PskEnd(PskStream opened) : stream(std::move(opened)) {
        PskStream::Handlers handlers;
        handlers.on_frame = [this](ByteView frame) {
            frames.emplace_back(frame.begin(), frame.end());
            if (on_frame) on_frame();
        };
        handlers.on_end = [this](Outcome<void> outcome) { ended = std::move(outcome); };
        stream->start(std::move(handlers));
    }
    /// One frame after the other.
    void write_all(std::vector<Bytes> all, std::move_only_function<void()> then = {}) {
        waiting = std::move(all);
        after = std::move(then);
        write_next();
    }
    void write_next() {
        if (waiting.empty()) {
            if (after) after();
            return;
        }
        Bytes frame = std::move(waiting.front());
        waiting.erase(waiting.begin());
        stream->write(std::move(frame), [this] {
            ++written;
            write_next();
        });
    }

    std::optional<PskStream> stream;
    std::vector<Bytes> frames;
    std::vector<Bytes> waiting;
    std::move_only_function<void()> after;
    std::function<void()> on_frame;
    std::size_t written = 0;
    std::optional<Outcome<void>> ended;
};

struct PskStreams : ::testing::Test {
    void listen(const PskKeys& keys, PskLimits limits = {}) {
        auto opened =
            PskListener::listen(loop, {Endpoint::v4(127, 0, 0, 1, 0), keys, std::move(limits)},
                                [this](PskStream stream) {
                                    servers.push_back(std::make_unique<PskEnd>(std::move(stream)));
                                });
        ASSERT_TRUE(opened) << describe(opened.error());
        listener.emplace(*std::move(opened));
    }

    /// Until `wanted` holds, or patience ends.
    template <typename Wanted>
    bool wait_for(Wanted wanted, Duration patience = kPskPatience) {
        const Instant until = loop.now() + patience;
        while (!wanted() && loop.now() < until) loop.run_for(std::chrono::milliseconds(1));
        return wanted();
    }

    Outcome<PskStream> connect(const PskKeys& keys, PskLimits limits = {}) {
        return connect_to(listener->bound(), keys, std::move(limits));
    }
    Outcome<PskStream> connect_to(const Endpoint& to, const PskKeys& keys, PskLimits limits = {}) {
        std::optional<Outcome<PskStream>> result;
        PskConnector connector(loop, to, keys, std::move(limits),
                               [&](Outcome<PskStream> outcome) { result = std::move(outcome); });
        EXPECT_TRUE(wait_for([&] { return result.has_value(); }));
        return std::move(*result);
    }

    /// Both ends of a new stream.
    void open(PskLimits limits = {}, PskLimits server_limits = {}) {
        listen(keys_of({3}), std::move(server_limits));
        auto stream = connect(keys_of({3}), std::move(limits));
        ASSERT_TRUE(stream) << describe(stream.error());
        client.emplace(*std::move(stream));
        ASSERT_TRUE(wait_for([&] { return !servers.empty(); }));
    }

    /// A TCP connection that knows nothing of TLS.
    FileDescriptor raw() {
        const auto address = to_socket_address(listener->bound(), AF_INET);
        FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(socket.value(), address->get(), address->length), 0);
        return socket;
    }

    Loop loop;
    std::optional<PskListener> listener;
    std::vector<std::unique_ptr<PskEnd>> servers;
    std::optional<PskEnd> client;
};

}  // namespace grapevine::runtime

#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "runtime/loop.hpp"
#include "runtime/send_rate.hpp"

// Bytes in order between two who share a key: TLS 1.3 over TCP, authenticated by that key and by
// nothing else. There are no certificates, names or authorities; who does not hold the key gets no
// further than the handshake. For what is too much for datagrams, such as a full copy of a shared
// state.
//
// What travels are frames: a length of four bytes, big endian, from 1 to kPskFrameBytesMax, and as
// many bytes. Callbacks run on the loop, never from within a call, and not after the end of what
// they belong to; they may end it.
namespace grapevine::runtime {

/// Derived by the caller, for streams alone, from the key that the overlay shares.
using PskSecret = std::array<std::uint8_t, 32>;

struct PskKey {
    KeyId id;
    PskSecret secret{};
};

/// 1 to kKeysMax. The first is what we connect with; who connects to us may use any, so that keys
/// can be exchanged without a pause. A key is known by its id and the name of the overlay, which
/// travel in the clear.
struct PskKeys {
    std::string overlay;
    std::vector<PskKey> keys;
};

struct PskLimits {
    /// From the first byte, or the attempt to connect, until both sides have proven the key.
    Duration handshake_timeout = std::chrono::seconds(5);
    /// Without a byte read or written the stream ends: the other has gone, or does not read. It
    /// need not be shorter than what a frame takes at the rate of the sender.
    Duration idle_timeout = std::chrono::seconds(30);
    /// Of what we send; none if there is none. May be shared with other streams.
    std::shared_ptr<SendRate> rate{};
};

/// One connection, after both sides have proven that they hold the key. Memory: a frame in each
/// direction. Destroying it cuts the connection; see `finish`.
class PskStream {
public:
    struct Handlers {
        /// The view lives until the call returns.
        std::move_only_function<void(ByteView)> on_frame;
        /// The last call of all. Without a refusal, the other side has finished, or we have.
        std::move_only_function<void(Outcome<void>)> on_end;
    };

    /// What comes is given from now on. Called once, before anything else.
    void start(Handlers handlers);

    /// Sends one frame, not empty and at most kPskFrameBytesMax, when the rate allows it. `done`
    /// when the kernel has taken all of it: only then may the next follow. If the stream ends
    /// before, `done` is not called, but `on_end` is.
    void write(Bytes frame, Loop::Task done);

    /// Stops reading, so that the other side has to wait, after the frame at hand.
    void pause();
    void resume();

    /// Says that nothing more comes. Not while a frame is written. `on_end` follows when the other
    /// side has finished as well.
    void finish();

    [[nodiscard]] const Endpoint& peer() const;
    /// The key that the connection rests on.
    [[nodiscard]] KeyId key() const;
    [[nodiscard]] std::uint64_t bytes_sent() const;      ///< In frames, with their lengths.
    [[nodiscard]] std::uint64_t bytes_received() const;  ///< The same.

    PskStream(PskStream&&) noexcept;
    PskStream& operator=(PskStream&&) noexcept;
    ~PskStream();

    /// For the sources of this folder.
    struct State;
    explicit PskStream(std::shared_ptr<State> state);

private:
    std::shared_ptr<State> state_;
};

struct PskListenerOptions {
    /// The port of the overlay, where its datagrams go.
    Endpoint bind;
    PskKeys keys;
    PskLimits limits{};
};

struct PskListenerCounters {
    std::uint64_t opened = 0;
    std::uint64_t refused =
        0;  ///< At once, because kPskHandshakesMax or kPskStreamsMax was reached.
    std::uint64_t unproven = 0;   ///< Who did not hold a key, or did not speak TLS.
    std::uint64_t timed_out = 0;  ///< Who did not prove a key in time.
};

/// Hands out a stream for each connection that has proven a key.
class PskListener {
public:
    using Opened = std::move_only_function<void(PskStream)>;

    /// Refuses, with the cure, when the port is taken or the address is not of this host.
    static Outcome<PskListener> listen(Loop& loop, PskListenerOptions options, Opened on_opened);

    PskListener(PskListener&&) noexcept;
    PskListener& operator=(PskListener&&) noexcept;
    /// Streams that were handed out live on.
    ~PskListener();

    /// For the connections from now on; `keys` as in the options.
    Outcome<void> use_keys(const PskKeys& keys);

    [[nodiscard]] const Endpoint& bound() const;
    [[nodiscard]] const PskListenerCounters& counters() const;

private:
    struct State;
    explicit PskListener(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

/// One attempt to open a stream. `done` is called once: `forbidden` if the other does not hold the
/// key, `unavailable` if nobody listens, answers or has room. Destroying it gives up.
class PskConnector {
public:
    using Done = std::move_only_function<void(Outcome<PskStream>)>;

    PskConnector(Loop& loop, const Endpoint& to, const PskKeys& keys, PskLimits limits, Done done);

    PskConnector(PskConnector&&) noexcept;
    PskConnector& operator=(PskConnector&&) noexcept;
    ~PskConnector();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace grapevine::runtime

#pragma once

#include <boost/system/error_code.hpp>
#include <memory>
#include <optional>

#include "runtime/psk_stream.hpp"
#include "runtime/transport.hpp"

// What psk_stream.cpp shares with the two ways to open a stream. For these sources only.
namespace grapevine::runtime {

/// One of a listener's kPskStreamsMax places, for as long as a stream lives.
class PskPlace {
public:
    explicit PskPlace(std::shared_ptr<std::size_t> taken) : taken_(std::move(taken)) { ++*taken_; }
    ~PskPlace() { --*taken_; }
    PskPlace(const PskPlace&) = delete;
    PskPlace& operator=(const PskPlace&) = delete;

private:
    std::shared_ptr<std::size_t> taken_;
};

struct PskStream::State : std::enable_shared_from_this<State> {
    State(Loop& its_loop, std::unique_ptr<Transport> its_transport, const Endpoint& its_peer,
          KeyId its_key, PskLimits its_limits, std::unique_ptr<PskPlace> its_place);

    void start(Handlers given);
    void write(Bytes content, Loop::Task done);
    void resume();
    void finish();
    /// Without a word to anybody.
    void drop();

    void read();
    void take(std::size_t count);
    void write_more();
    void read_failed(const boost::system::error_code& failure);
    void write_failed(const boost::system::error_code& failure);
    void fell_idle();
    void end(Outcome<void> outcome);
    void touch();
    [[nodiscard]] Refusal refusal(Refusal::Code code, std::string_view what) const;

    Loop& loop;
    std::unique_ptr<Transport> transport;
    const Endpoint peer;
    const KeyId key;
    PskLimits limits;
    std::unique_ptr<PskPlace> place;
    Handlers handlers;
    Timer idle;
    Timer pace;

    std::array<std::uint8_t, 4> head{};
    std::size_t head_bytes = 0;
    Bytes frame;  ///< Being read; as long as its head says.
    std::size_t frame_bytes = 0;
    bool is_reading = false;
    bool is_paused = false;

    Bytes out;  ///< Being written, with its head.
    std::size_t out_bytes = 0;
    Loop::Task on_written;

    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    bool is_finished = false;
    bool is_ended = false;
};

/// A TLS handshake with a time limit. `done` is called once, unless `cancel` comes first.
class PskHandshake : public std::enable_shared_from_this<PskHandshake> {
public:
    struct Result {
        std::unique_ptr<Transport> transport;
        std::optional<KeyId> key;  ///< Only if it is proven.
        boost::system::error_code failure;
        bool is_late = false;
    };
    using Done = std::move_only_function<void(Result)>;

    PskHandshake(Loop& loop, std::unique_ptr<Transport> transport, Done done);
    void start(Instant until);
    void cancel();

private:
    void end(const boost::system::error_code& failure);

    std::unique_ptr<Transport> transport_;
    Done done_;
    Timer timer_;
    bool is_late_ = false;
};

}  // namespace grapevine::runtime

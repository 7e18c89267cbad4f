#include "datagrams/stages.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>

#include "crypto/replay_window.hpp"
#include "datagrams/members.hpp"
#include "overlay/record_cache.hpp"
#include "wire/native/codec.hpp"

namespace grapevine::bench {
namespace native = wire::native;
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono_literals::operator""s;

constexpr std::size_t kBatch = 64;
constexpr int kBatches = 1500;
constexpr Duration kJoinTime = 10s;

Endpoint address_of(int number) {
    return Endpoint::v4(10, 0, 0, static_cast<std::uint8_t>(number + 1), 9471);
}

/// Members on a wire without delay, in virtual time. The first is the receiver.
class Wire {
public:
    explicit Wire(int speaker_count) {
        for (int number = 0; number <= speaker_count; ++number) {
            members_.push_back(std::make_unique<Speaker>(
                number, address_of(number),
                number == 0 ? std::vector<std::string>{}
                            : std::vector<std::string>{to_string(address_of(0))}));
        }
        for (const auto& member : members_) drain(*member);
    }

    Speaker& at(std::size_t number) { return *members_[number]; }
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    [[nodiscard]] Instant now() const { return now_; }

    void run_for(Duration duration) {
        const Instant end = now_ + duration;
        for (;;) {
            deliver();
            Instant next = kNever;
            for (const auto& member : members_) {
                next = std::min(next, member->overlay().deadline());
            }
            if (next > end) break;
            now_ = std::max(now_, next);
            for (const auto& member : members_) {
                if (member->overlay().deadline() > now_) continue;
                member->overlay().advance(now_);
                drain(*member);
            }
        }
        now_ = end;
    }

private:
    struct Flight {
        Endpoint from;
        Endpoint to;
        Bytes bytes;
    };

    void deliver() {
        while (!flights_.empty()) {
            const Flight flight = std::move(flights_.front());
            flights_.pop_front();
            for (const auto& member : members_) {
                if (member->address() != flight.to) continue;
                member->overlay().receive(now_, flight.from, flight.bytes);
                drain(*member);
            }
        }
    }

    void drain(Speaker& member) {
        while (auto action = member.overlay().poll()) {
            if (auto* transmit = std::get_if<overlay::Overlay::Transmit>(&*action)) {
                flights_.push_back({member.address(), transmit->to, std::move(transmit->bytes)});
            } else if (auto* resolve = std::get_if<overlay::Overlay::Resolve>(&*action)) {
                member.overlay().resolved(now_, resolve->name, {address_of(0)});
            }
        }
    }

    std::vector<std::unique_ptr<Speaker>> members_;
    std::deque<Flight> flights_;
    Instant now_{};
};

struct Batch {
    std::vector<Bytes> datagrams;
    std::vector<std::size_t> speakers;
};

Batch sealed_batch(Wire& wire, ByteView sections) {
    const MemberId receiver = wire.at(0).member();
    Batch batch;
    for (std::size_t index = 0; index < kBatch; ++index) {
        const std::size_t speaker = 1 + index % (wire.size() - 1);
        Bytes datagram;
        wire.at(speaker).seal(receiver, start_of(0).boot, sections, datagram);
        batch.datagrams.push_back(std::move(datagram));
        batch.speakers.push_back(speaker);
    }
    return batch;
}

/// The stages up to decoding, with the same parts that the overlay is made of.
class Front {
public:
    explicit Front(Wire& wire) : receiver_(wire.at(0).member()), windows_(wire.size()) {
        for (std::size_t number = 0; number < wire.size(); ++number) {
            keys_.push_back(wire.at(number).key());
        }
    }

    void header(ByteView datagram) {
        header_ = native::decode_header(datagram);
        assert(header_);
    }

    void open(ByteView datagram, std::size_t speaker) {
        header(datagram);
        crypto::ReplayWindow& window = windows_[speaker];
        const bool is_new = window.check(header_->counter);
        assert(is_new);
        plain_.clear();
        const auto opened =
            aead_.open(keys_[speaker], header_->counter,
                       native::associated_data(datagram, receiver_, start_of_receiver_),
                       native::sealed_body(datagram), plain_);
        assert(opened);
        window.commit(header_->counter);
    }

    void decode(ByteView datagram, std::size_t speaker) {
        open(datagram, speaker);
        const auto body = native::decode_data_body(plain_);
        assert(body);
        const auto decoded = native::decode(body->sections, records_);
        assert(decoded && decoded->packet.size() == 1);
    }

private:
    MemberId receiver_;
    Boot start_of_receiver_ = start_of(0).boot;
    std::vector<crypto::SubKey> keys_;
    std::vector<crypto::ReplayWindow> windows_;
    crypto::Aead aead_;
    overlay::RecordCache records_;
    Result<native::DatagramHeader> header_;
    Bytes plain_;
};

/// Nanoseconds per datagram: the median of many batches. Sealing them is not counted.
double time_batches(Wire& wire, ByteView sections,
                    const std::function<void(ByteView, std::size_t)>& work) {
    std::vector<double> each;
    for (int index = 0; index < kBatches; ++index) {
        const Batch batch = sealed_batch(wire, sections);
        const auto begun = Clock::now();
        for (std::size_t at = 0; at < kBatch; ++at) work(batch.datagrams[at], batch.speakers[at]);
        const std::chrono::duration<double, std::nano> took = Clock::now() - begun;
        each.push_back(took.count() / static_cast<double>(kBatch));
    }
    const auto middle = each.begin() + static_cast<std::ptrdiff_t>(each.size() / 2);
    std::ranges::nth_element(each, middle);
    return *middle;
}

}  // namespace

std::vector<Cost> time_stages(Kind kind, int speaker_count) {
    Wire wire(speaker_count);
    wire.run_for(kJoinTime);
    overlay::Overlay& receiver = wire.at(0).overlay();
    assert(receiver.node().membership().alive_count() == wire.size());
    const Bytes sections = kind == Kind::ack ? stray_ack() : ping(receiver);

    Front front(wire);
    const auto header = [&](ByteView datagram, std::size_t) { front.header(datagram); };
    const auto open = [&](ByteView datagram, std::size_t from) { front.open(datagram, from); };
    const auto decode = [&](ByteView datagram, std::size_t from) { front.decode(datagram, from); };
    const auto handle = [&](ByteView datagram, std::size_t from) {
        receiver.receive(wire.now(), wire.at(from).address(), datagram);
        while (receiver.poll()) {
        }
    };
    const std::uint64_t before = receiver.node().counters().sections_received;
    std::vector<Cost> costs = {{"header", time_batches(wire, sections, header)},
                               {"+ open the seal", time_batches(wire, sections, open)},
                               {"+ decode", time_batches(wire, sections, decode)},
                               {"+ handle in a node", time_batches(wire, sections, handle)}};
    assert(receiver.node().counters().sections_received - before == kBatches * kBatch);
    return costs;
}

}  // namespace grapevine::bench

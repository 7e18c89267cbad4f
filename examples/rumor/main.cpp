// Rumor mongering, complete: members on UDP sockets of this machine, one of whom says something
// new. docs/tutorial/build-your-own.md goes through it. Usage: rumor [MEMBERS [K [FANOUT]]]

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <vector>

#include "protocol/rumor/mongering.hpp"
#include "wire/native/codec.hpp"

namespace {

using namespace grapevine;
using protocol::Mongering;

/// Whom a member can talk to: everybody else. Ids begin at 1; 0 is nobody.
class Everybody final : public protocol::Peers {
public:
    Everybody(MemberId self, std::size_t count) {
        for (std::size_t id = 1; id <= count; ++id) {
            if (MemberId(id) != self) others_.emplace_back(id);
        }
    }
    std::size_t peer_count() const override { return others_.size(); }
    std::vector<MemberId> pick(Random& random, std::size_t count, MemberId except) const override {
        std::vector<MemberId> drawn = others_;
        std::erase(drawn, except);
        random.shuffle(std::span(drawn));
        drawn.resize(std::min(count, drawn.size()));
        return drawn;
    }
    std::vector<MemberId> neighbours(std::size_t) const override { return {}; }

private:
    std::vector<MemberId> others_;
};

/// A socket on a free port of this machine, and the machine that decides what is said over it.
struct Member {
    Member(MemberId member, const protocol::MongeringConfig& config, std::size_t count)
        : id(member), everybody(member, count), machine(config, everybody, member.value()) {
        socket = ::socket(AF_INET, SOCK_DGRAM, 0);
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(socket, (sockaddr*)&address, size) != 0) std::exit(EXIT_FAILURE);
        ::getsockname(socket, (sockaddr*)&address, &size);
    }
    MemberId id;
    Everybody everybody;
    Mongering machine;
    int socket = -1;
    sockaddr_in address{};
    bool knows = false;
};

const protocol::EventKey kRumor{{MemberId{1}, Epoch{1}}, EventSequence{1}};
std::deque<Member> members;
std::size_t copies = 0;

void send(Member& from, MemberId to, wire::Section section) {
    const Bytes bytes = wire::native::encode({std::move(section)});
    const auto& address = members[to.value() - 1].address;
    ::sendto(from.socket, bytes.data(), bytes.size(), 0, (const sockaddr*)&address, sizeof address);
}

/// After each input: does what the machine wants done.
void drain(Member& member) {
    while (const auto action = member.machine.poll()) {
        if (const auto* push = std::get_if<Mongering::Push>(&*action)) {
            ++copies;
            send(member, push->to, wire::EventFragment{kRumor.stream, kRumor.sequence, {}, "news"});
        } else if (const auto* tell = std::get_if<Mongering::Tell>(&*action)) {
            send(member, tell->to, tell->section);
        }
    }
}

void receive(Instant now, Member& member, MemberId from, const wire::Section& section) {
    if (!std::holds_alternative<wire::EventFragment>(section)) {
        member.machine.handle(now, from, section);  // An answer, or a question.
    } else if (member.knows) {
        member.machine.duplicate(now, {kRumor, from});
    } else {
        member.knows = true;
        member.machine.added(now, {kRumor, from});
        const std::chrono::duration<double, std::milli> after = now.time_since_epoch();
        fmt::print("{:6.1f} ms  {:3} heard it from {}\n", after.count(), member.id.value(),
                   from.value());
    }
    drain(member);
}

void read(Instant now, Member& member) {
    std::array<std::uint8_t, 2048> buffer;
    sockaddr_in sender{};
    socklen_t size = sizeof sender;
    const ssize_t count = ::recvfrom(member.socket, buffer.data(), buffer.size(), MSG_DONTWAIT,
                                     (sockaddr*)&sender, &size);
    if (count < 0) return;
    const auto from = std::ranges::find(members, sender.sin_port,
                                        [](const Member& each) { return each.address.sin_port; });
    const auto decoded = wire::native::decode(ByteView(buffer).first(std::size_t(count)));
    if (from == members.end() || !decoded) return;  // A stranger, or garbage.
    for (const auto& section : decoded->packet) receive(now, member, from->id, section);
}

}  // namespace

int main(int count, char** words) {
    const auto word = [&](int index, int fallback) {
        return index < count ? std::clamp(std::atoi(words[index]), 1, 200) : fallback;
    };
    protocol::MongeringConfig config;
    config.direction = protocol::MongeringConfig::Direction::push;
    config.k = static_cast<std::uint8_t>(word(2, 2));
    config.fanout = static_cast<std::uint8_t>(word(3, 1));
    const auto size = static_cast<std::size_t>(word(1, 20));
    for (std::size_t id = 1; id <= size; ++id) members.emplace_back(MemberId(id), config, size);

    using Clock = std::chrono::steady_clock;
    const auto now = [began = Clock::now()] { return Instant(Clock::now() - began); };
    members[0].knows = true;
    members[0].machine.added(now(), {kRumor, kNobody});
    std::vector<pollfd> sockets;
    for (const Member& member : members) sockets.push_back({member.socket, POLLIN, 0});
    for (;;) {
        Instant deadline = kNever;
        for (Member& member : members) {
            member.machine.advance(now());
            drain(member);
            deadline = std::min(deadline, member.machine.deadline());
        }
        if (deadline == kNever) break;  // Nobody is interested any more.
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(deadline - now()).count();
        ::poll(sockets.data(), sockets.size(), std::max(0, static_cast<int>(wait)));
        for (Member& member : members) read(now(), member);
    }
    const auto heard = std::ranges::count_if(members, &Member::knows);
    fmt::print("{} of {} know it; {:.1f} copies for each\n", heard, size,
               static_cast<double>(copies) / static_cast<double>(size));
}

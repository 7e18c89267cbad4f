#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>

#include "base/bytes.hpp"
#include "overlay/overlay.hpp"
#include "sim/moment.hpp"
#include "sim/network.hpp"

namespace grapevine::sim {

/// FNV-1a (Fowler, Noll, Vo) over 64-bit words instead of bytes, the last one padded with zeros.
/// Finds differences between runs; keeps no secret and resists no attack.
class Fingerprint {
public:
    void add(std::uint64_t word) { value_ = (value_ ^ word) * 0x100000001b3ULL; }
    void add(ByteView bytes);
    void add(std::string_view text) { add(as_bytes(text)); }
    [[nodiscard]] std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

/// What happened in a world, in order: a hash of all of it, and a text for people if asked for.
class Trace {
public:
    /// One JSON object a line, from now on. Null: none. The stream must outlive the trace.
    void write_to(std::ostream* out) { out_ = out; }

    void received(Moment now, HostIndex host, const Datagram& datagram);
    void did(Moment now, HostIndex host, const overlay::Overlay::Action& action);
    /// A fault or a command: "kill", "partition", ... `host` may be kNoHost.
    void happened(Moment now, HostIndex host, std::string_view what);

    [[nodiscard]] std::uint64_t hash() const { return hash_.value(); }

private:
    void did(Moment now, HostIndex host, const protocol::MemberChange& change);
    void begin(Moment now, HostIndex host, std::uint64_t kind);
    void line(Moment now, HostIndex host, std::string_view what, std::string_view rest);

    Fingerprint hash_;
    std::ostream* out_ = nullptr;
};

std::string_view to_string(protocol::MemberChange::Kind kind);

}  // namespace grapevine::sim

#include "sim/trace.hpp"

#include <cstring>
#include <fmt/core.h>
#include <ostream>

namespace grapevine::sim {

namespace {

std::uint64_t stamp(Moment moment) {
    return static_cast<std::uint64_t>(moment.time_since_epoch().count());
}

enum Kind : std::uint64_t { kReceived = 0x100, kFault = 0x200 };

}  // namespace

void Fingerprint::add(ByteView bytes) {
    add(bytes.size());
    std::size_t at = 0;
    for (; at < bytes.size(); at += 8) {
        // Assembled by hand: the same on machines of either byte order.
        std::uint64_t word = 0;
        const std::size_t count = std::min<std::size_t>(8, bytes.size() - at);
        for (std::size_t i = 0; i < count; ++i) {
            word |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
        }
        add(word);
    }
}

std::string_view to_string(protocol::MemberChange::Kind kind) {
    switch (kind) {
        case protocol::MemberChange::Kind::joined:
            return "joined";
        case protocol::MemberChange::Kind::updated:
            return "updated";
        case protocol::MemberChange::Kind::suspected:
            return "suspected";
        case protocol::MemberChange::Kind::cleared:
            return "cleared";
        case protocol::MemberChange::Kind::died:
            return "died";
        case protocol::MemberChange::Kind::left:
            return "left";
        case protocol::MemberChange::Kind::returned:
            return "returned";
        case protocol::MemberChange::Kind::forgotten:
            return "forgotten";
    }
    return "unknown";
}

void Trace::begin(Moment now, HostIndex host, std::uint64_t kind) {
    hash_.add(stamp(now));
    hash_.add(static_cast<std::uint64_t>(host) << 32U | kind);
}

void Trace::line(Moment now, HostIndex host, std::string_view what, std::string_view rest) {
    *out_ << fmt::format("{{\"t\":{:.6f},", static_cast<double>(stamp(now)) / 1e9);
    if (host != kNoHost) *out_ << fmt::format("\"host\":{},", host);
    *out_ << fmt::format("\"what\":\"{}\"{}}}\n", what, rest);
}

void Trace::received(Moment now, HostIndex host, const Datagram& datagram) {
    begin(now, host, kReceived);
    hash_.add(datagram.from.port);
    hash_.add(ByteView(datagram.from.ip));
    hash_.add(ByteView(datagram.bytes));
    if (out_ == nullptr) return;
    line(now, host, "receive",
         fmt::format(",\"from\":\"{}\",\"bytes\":{}", to_string(datagram.from),
                     datagram.bytes.size()));
}

void Trace::did(Moment now, HostIndex host, const overlay::Overlay::Action& action) {
    using overlay::Overlay;
    begin(now, host, action.index());
    // Transmissions are hashed where they arrive.
    if (const auto* changed = std::get_if<Overlay::MemberChanged>(&action)) {
        did(now, host, changed->change);
    } else if (const auto* together = std::get_if<Overlay::MembersChanged>(&action)) {
        for (const auto& change : together->changes) did(now, host, change);
    } else if (const auto* view = std::get_if<Overlay::ViewSettled>(&action)) {
        hash_.add(view->size);
        hash_.add(view->fingerprint);
        if (out_ == nullptr) return;
        line(
            now, host, "view",
            fmt::format(",\"size\":{},\"fingerprint\":\"{:016x}\"", view->size, view->fingerprint));
    } else if (const auto* event = std::get_if<Overlay::EventDelivered>(&action)) {
        hash_.add(event->event->stream.publisher.value());
        hash_.add(event->event->stream.epoch.value());
        hash_.add(event->event->sequence.value());
        if (out_ == nullptr) return;
        line(now, host, "deliver",
             fmt::format(",\"publisher\":\"{:016x}\",\"epoch\":{},\"sequence\":{}",
                         event->event->stream.publisher.value(), event->event->stream.epoch.value(),
                         event->event->sequence.value()));
    } else if (const auto* gap = std::get_if<Overlay::EventGap>(&action)) {
        hash_.add(gap->stream.publisher.value());
        hash_.add(gap->first.value());
        hash_.add(gap->last.value());
        if (out_ == nullptr) return;
        line(now, host, "gap",
             fmt::format(",\"publisher\":\"{:016x}\",\"epoch\":{},\"first\":{},\"last\":{}",
                         gap->stream.publisher.value(), gap->stream.epoch.value(),
                         gap->first.value(), gap->last.value()));
    } else if (const auto* record = std::get_if<Overlay::RecordChanged>(&action)) {
        hash_.add(record->member.value());
        hash_.add(record->version.value());
        if (out_ == nullptr) return;
        line(now, host, "record",
             fmt::format(",\"member\":\"{:016x}\",\"version\":{}", record->member.value(),
                         record->version.value()));
    } else if (const auto* persist = std::get_if<Overlay::Persist>(&action)) {
        for (const storage::Write& write : persist->batch.writes) {
            hash_.add(write.key);
            if (write.value) hash_.add(ByteView(*write.value));
        }
    }
}

void Trace::did(Moment now, HostIndex host, const protocol::MemberChange& change) {
    const protocol::Member& member = change.member;
    hash_.add(static_cast<std::uint64_t>(change.kind));
    hash_.add(member.record->member.value());
    hash_.add(member.incarnation.value());
    if (out_ == nullptr) return;
    line(now, host, to_string(change.kind),
         fmt::format(",\"member\":\"{:016x}\",\"name\":\"{}\",\"incarnation\":{}",
                     member.record->member.value(), member.record->name,
                     member.incarnation.value()));
}

void Trace::happened(Moment now, HostIndex host, std::string_view what) {
    begin(now, host, kFault);
    hash_.add(what);
    if (out_ != nullptr) line(now, host, what, "");
}

}  // namespace grapevine::sim

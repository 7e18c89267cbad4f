#include "daemon/state_copy.hpp"

#include <algorithm>
#include <utility>

#include "base/reader.hpp"
#include "runtime/log.hpp"

namespace grapevine::daemon {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kMore = 1;

void write_position(Writer& writer, const wire::StatePosition& position) {
    writer.integer(position.stamp.value());
    writer.integer(position.id);
}

Result<wire::StatePosition> read_position(Reader& reader) {
    const Stamp stamp(GV_TRY(reader.integer<std::uint64_t>("copy.stamp")));
    return wire::StatePosition{stamp, GV_TRY(reader.integer<std::uint64_t>("copy.id"))};
}

}  // namespace

StateCopies::StateCopies(runtime::Loop& loop, std::string overlay, const Endpoint& bind,
                         const std::vector<crypto::OverlayKey>& keys, Hooks hooks)
    : loop_(loop), overlay_(std::move(overlay)), hooks_(std::move(hooks)), keys_(psk_keys(keys)) {
    limits_.rate = std::make_shared<runtime::SendRate>(kRate);
    auto listener = runtime::PskListener::listen(
        loop_, {bind, keys_, limits_},
        [this](runtime::PskStream stream) { serve(std::move(stream)); });
    if (listener) {
        listener_.emplace(*std::move(listener));
    } else {
        runtime::log::warn("state", "'{}': nobody can copy the shared map from here: {}", overlay_,
                           describe(listener.error()));
    }
}

runtime::PskKeys StateCopies::psk_keys(const std::vector<crypto::OverlayKey>& keys) const {
    runtime::PskKeys psk{overlay_, {}};
    for (const crypto::OverlayKey& key : keys) {
        runtime::PskKey one{key.id, {}};
        std::ranges::copy(key.secret.view(), one.secret.begin());
        psk.keys.push_back(one);
    }
    return psk;
}

void StateCopies::use_keys(const std::vector<crypto::OverlayKey>& keys) {
    keys_ = psk_keys(keys);
    if (!listener_) return;
    if (const auto used = listener_->use_keys(keys_); !used) {
        runtime::log::error("state", "'{}': {}", overlay_, describe(used.error()));
    }
}

// -- Giving --

void StateCopies::serve(runtime::PskStream stream) {
    sweep();
    auto serving = std::make_shared<Serving>();
    serving->stream.emplace(std::move(stream));
    serving_.push_back(serving);
    runtime::log::info("state", "'{}': {} copies the shared map", overlay_,
                       to_string(serving->stream->peer()));
    serving->stream->start({[this, serving](ByteView frame) { on_request(serving, frame); },
                            // What ends is destroyed later: this is called from within it.
                            [this, serving, alive = is_alive_](const Outcome<void>&) {
                                serving->is_ended = true;
                                loop_.post([this, alive] {
                                    if (*alive) sweep();
                                });
                            }});
}

void StateCopies::sweep() {
    std::erase_if(serving_, [](const auto& serving) { return serving->is_ended; });
}

void StateCopies::on_request(const std::shared_ptr<Serving>& serving, ByteView frame) {
    Reader reader(frame);
    const auto version = reader.integer<std::uint8_t>("copy.version");
    const auto start = read_position(reader);
    if (!version || *version != kVersion || !start || !reader.at_end()) {
        runtime::log::warn("state", "'{}': {} asks for a copy in a form that is not known here",
                           overlay_, to_string(serving->stream->peer()));
        return serving->stream->finish();
    }
    serving->next = *start;
    send_page(serving);
}

void StateCopies::send_page(const std::shared_ptr<Serving>& serving) {
    if (serving->is_ended) return;
    if (serving->is_last) return serving->stream->finish();
    auto page = hooks_.page(serving->next, kPageBytes);
    Bytes frame;
    frame.reserve(page.body.size() + 17);
    Writer writer(frame);
    writer.integer(page.next ? kMore : std::uint8_t{0});
    write_position(writer, page.next.value_or(wire::kStateEnd));
    writer.bytes(page.body);
    serving->is_last = !page.next;
    if (page.next) serving->next = *page.next;
    serving->stream->write(std::move(frame), [this, serving] { send_page(serving); });
}

// -- Taking --

void StateCopies::fetch(std::vector<Endpoint> from) {
    fetching_.emplace(std::move(from));
    loop_.post([this, alive = is_alive_] {
        if (*alive) connect();
    });
}

void StateCopies::connect() {
    if (!fetching_) return;
    if (fetching_->attempts == kAttempts || fetching_->from.empty()) return finish(false);
    ++fetching_->attempts;
    const Endpoint& to = fetching_->from[fetching_->address++ % fetching_->from.size()];
    fetching_->connector.emplace(
        loop_, to, keys_, limits_,
        [this](Outcome<runtime::PskStream> stream) { on_connected(std::move(stream)); });
}

void StateCopies::on_connected(Outcome<runtime::PskStream> stream) {
    if (!stream) {
        runtime::log::info("state", "'{}': no copy of the shared map: {}", overlay_,
                           describe(stream.error()));
        loop_.post([this, alive = is_alive_] {
            if (*alive) connect();
        });
        return;
    }
    fetching_->stream.emplace(*std::move(stream));
    fetching_->stream->start({[this](ByteView frame) { on_page(frame); },
                              [this, alive = is_alive_](const Outcome<void>& outcome) {
                                  // From within the stream, which this destroys.
                                  loop_.post([this, alive, outcome] {
                                      if (*alive) on_fetch_ended(outcome);
                                  });
                              }});
    Bytes request;
    Writer writer(request);
    writer.integer(kVersion);
    write_position(writer, fetching_->next);
    fetching_->stream->write(std::move(request), [] {});
}

void StateCopies::on_page(ByteView frame) {
    Reader reader(frame);
    const auto flags = reader.integer<std::uint8_t>("copy.flags");
    const auto next = read_position(reader);
    if (!flags || !next) return fetching_->stream->finish();
    const auto cells = reader.bytes(reader.remaining(), "copy.cells");
    if (!cells || !hooks_.take(*cells)) {
        runtime::log::warn("state", "'{}': a page of the shared map from {} is malformed", overlay_,
                           to_string(fetching_->stream->peer()));
        return fetching_->stream->finish();
    }
    // It got somewhere: as many attempts again.
    fetching_->attempts = 0;
    fetching_->next = *next;
    fetching_->is_whole = *flags != kMore;
    if (fetching_->is_whole) fetching_->stream->finish();
}

void StateCopies::on_fetch_ended(const Outcome<void>& outcome) {
    if (!fetching_) return;
    if (fetching_->is_whole) return finish(true);
    if (!outcome) {
        runtime::log::info("state", "'{}': the copy of the shared map broke off: {}", overlay_,
                           describe(outcome.error()));
    }
    fetching_->stream.reset();
    fetching_->connector.reset();
    connect();
}

void StateCopies::finish(bool is_whole) {
    fetching_.reset();
    hooks_.ended(is_whole);
}

StateCopies::~StateCopies() {
    *is_alive_ = false;
}

}  // namespace grapevine::daemon

// Comparing with others, copies of everything, and the end of what is deleted. See map.hpp.

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/checksum.hpp"
#include "base/limits.hpp"
#include "base/reader.hpp"
#include "protocol/state/map.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {
namespace {

/// Room for sections in a packet, as Node::kBudget.
constexpr std::size_t kBudget = kPacketBytesMax - kProofBytesMax;
/// Requests that may be on their way at once.
constexpr std::size_t kWindow = 8;
/// Bytes of cells sent at once to one who lacks them; the rest it finds by the next comparison.
constexpr std::size_t kPushBytesMax = 64 * 1024;
/// Cells that whoever compares sends unasked: those who lack more ask for it themselves, and are
/// not sent the same by everybody.
constexpr std::size_t kUnaskedCellsMax = 64;
/// The pause before the next comparison if this one has found something that we lack: what was
/// asked for is on its way.
constexpr Duration kCatchUpPause = std::chrono::milliseconds(100);
constexpr Duration kCopyRetry = std::chrono::seconds(5);
/// How often the floor is looked at.
constexpr Duration kUpkeep = std::chrono::seconds(5);
/// Cells let go at once.
constexpr std::size_t kCollectMax = 4096;
/// `synced` moves with every ping; the disk hears of it so often.
constexpr std::uint64_t kStoreSyncedMs = 600'000;

}  // namespace

std::uint64_t SharedMap::summary() const {
    const auto& raises = floor_.view().raises;
    if (cells_.count() == 0 && raises.empty()) return 0;
    const wire::StateFingerprint all = fingerprint_of(cells_.tree().total());
    std::uint64_t sum = mix64(all.low ^ mix64(all.high));
    if (!raises.empty()) sum ^= mix64(raises.back().at.value() + mix64(raises.back().by.value()));
    return sum == 0 ? 1 : sum;
}

wire::StateHello SharedMap::hello(bool wants_reply) const {
    return {wants_reply, cells_.count(), salt_, floor_.view()};
}

// -- The side that begins --

void SharedMap::compare(Moment moment, MemberId peer, std::uint64_t summary) {
    observe(moment);
    if (summary == this->summary()) {
        const Stamp now = stamp_at(moment.unix_ms);
        floor_.note_synced(now);
        if (summary != 0 && before(now, kStoreSyncedMs) > stored_synced_) {
            stored_synced_ = now;
            is_meta_changed_ = true;
            settle();
        }
        return;
    }
    const bool is_free = !exchange_ && copying_from_ == kNobody;
    if (is_free && moment.now >= next_exchange_) begin(peer);
}

void SharedMap::begin(MemberId peer) {
    ++counters_.exchanges;
    const wire::StatePosition upper = {
        stamp_at(moment_.unix_ms - std::min(moment_.unix_ms, kSettleMs)), 0};
    exchange_.emplace(Exchange{peer, RangeExchange(++next_number_, wire::kStateBegin, upper)});
    outbox_.push(Send{peer, hello(true)});
    step();
}

/// Sends what there is to ask, or ends.
void SharedMap::step() {
    const MemberId peer = exchange_->peer;
    for (wire::StateWant& want : exchange_->ranges.take_needs(kBudget)) {
        outbox_.push(Send{peer, std::move(want)});
    }
    std::vector<CellMap::Handle> lacking;
    for (const RangeTree::Item& item : exchange_->ranges.take_haves()) {
        if (exchange_->unasked == kUnaskedCellsMax) break;
        ++exchange_->unasked;
        lacking.push_back(item.handle);
    }
    push(peer, lacking);
    if (exchange_->is_heard && exchange_->ranges.is_mostly_different(cells_.tree()) &&
        want_copy(peer)) {
        return finish_exchange(false);
    }
    if (exchange_->ranges.is_answered()) {
        for (wire::StateRanges& section : exchange_->ranges.next(cells_.tree(), kBudget, kWindow)) {
            outbox_.push(Send{peer, std::move(section)});
        }
    }
    if (exchange_->ranges.is_done()) return finish_exchange(true);
    exchange_->quiet_at = moment_.now + kPatience;
}

void SharedMap::finish_exchange(bool is_complete) {
    const bool has_needs = exchange_->ranges.need_count() > 0;
    if (is_complete && !has_needs && exchange_->ranges.have_count() == 0 && exchange_->is_heard) {
        floor_.note_synced(stamp_at(moment_.unix_ms));
    }
    exchange_.reset();
    const double stretch = 0.75 + random_.unit() / 2;
    const auto pause = std::chrono::duration_cast<Duration>(interval_ * stretch);
    next_exchange_ = moment_.now + (has_needs ? std::min<Duration>(kCatchUpPause, pause) : pause);
}

// -- Both sides --

bool SharedMap::agree(MemberId from, const wire::StateHello& theirs) {
    switch (floor_.compare(theirs.floor)) {
        case Floor::Verdict::refuse:
            return false;
        case Floor::Verdict::reset:
            reset();
            is_meta_changed_ = true;
            break;
        case Floor::Verdict::adopt:
            is_meta_changed_ = true;
            break;
        case Floor::Verdict::same:
            break;
    }
    floor_.follow(theirs.floor);
    collect();
    const bool is_theirs_set = theirs.salt != wire::StateSalt{};
    if (is_theirs_set && theirs.salt != salt_) {
        const bool is_ours_set = salt_ != wire::StateSalt{} && cells_.count() > 0;
        if (is_ours_set && salt_ < theirs.salt) return false;
        adopt_salt(theirs.salt);
    }
    const std::size_t ours = cells_.count();
    if (theirs.cells > ours + std::max(kCopyCellsMin, theirs.cells / 20)) {
        (void)want_copy(from);
    }
    return true;
}

void SharedMap::handle(Moment moment, MemberId from, const wire::StateHello& theirs) {
    observe(moment);
    const wire::StateSalt salt = salt_;
    const std::size_t before = cells_.count();
    const bool is_agreed = agree(from, theirs);
    note_agreed(from, is_agreed);
    if (theirs.wants_reply) {
        outbox_.push(Send{from, hello(false)});
        return settle();
    }
    if (!exchange_ || exchange_->peer != from) return settle();
    if (!is_agreed || copying_from_ != kNobody) {
        finish_exchange(false);
    } else if (salt_ != salt || cells_.count() < before) {
        // What was asked so far was asked of another map.
        exchange_.reset();
        begin(from);
    } else {
        exchange_->is_heard = true;
    }
    settle();
}

void SharedMap::handle(Moment moment, MemberId from, const wire::StateRanges& ranges) {
    observe(moment);
    if (!agreed_.contains(from)) {
        ++counters_.dropped_strange;
        return;
    }
    if (!ranges.is_reply) {
        for (wire::StateRanges& reply : answer(cells_.tree(), ranges, kBudget)) {
            outbox_.push(Send{from, std::move(reply)});
        }
        return;
    }
    if (!exchange_ || exchange_->peer != from) return;
    exchange_->is_heard = true;
    exchange_->attempts = 0;
    exchange_->ranges.handle(cells_.tree(), ranges);
    step();
    settle();
}

void SharedMap::handle(Moment moment, MemberId from, const wire::StateWant& want) {
    observe(moment);
    if (!agreed_.contains(from)) {
        ++counters_.dropped_strange;
        return;
    }
    push(from, wanted(cells_.tree(), want));
}

void SharedMap::push(MemberId to, const std::vector<CellMap::Handle>& handles) {
    wire::StateCells cells;
    std::size_t bytes = wire::kSectionFrameBytesMax;
    std::size_t total = 0;
    std::size_t large = 0;
    const auto send = [&] {
        if (!cells.cells.empty() || !cells.large.empty()) {
            outbox_.push(Send{to, std::exchange(cells, {})});
        }
        bytes = wire::kSectionFrameBytesMax;
    };
    for (const CellMap::Handle handle : handles) {
        const ByteView cell = cells_.bytes_at(handle);
        const bool is_large = cell.size() > kStateInlineBytesMax;
        if (is_large && large == kStateFetchesMax) continue;
        const std::size_t size = is_large ? wire::kStatePositionBytes : cell.size() + 2;
        if (total + size > kPushBytesMax) break;
        if (bytes + size > kBudget) send();
        bytes += size;
        total += size;
        ++counters_.sent;
        if (is_large) {
            ++large;
            cells.large.push_back(cells_.position_at(handle));
        } else {
            cells.cells.emplace_back(cell.begin(), cell.end());
        }
    }
    send();
}

void SharedMap::handle(Moment moment, MemberId from, const wire::StateCells& cells) {
    observe(moment);
    // Also from one who is our partner no more: what it sends is news or it is not.
    for (const Bytes& bytes : cells.cells) {
        if (const auto cell = decode_cell(bytes)) {
            take(*cell, Source::told);
        } else {
            ++counters_.dropped_malformed;
        }
    }
    for (const wire::StatePosition& place : cells.large) {
        if (fetching_ == kStateFetchesMax) break;
        ++fetching_;
        ++counters_.fetched;
        Bytes body;
        Writer writer(body);
        writer.integer(place.stamp.value());
        writer.integer(place.id);
        outbox_.push(Fetch{from, std::move(body)});
    }
    settle();
}

Bytes SharedMap::answer_fetch(ByteView question) const {
    Reader reader(question);
    const auto stamp = reader.integer<std::uint64_t>("fetch.stamp");
    const auto id = reader.integer<std::uint64_t>("fetch.id");
    if (!stamp || !id || !reader.at_end()) return {};
    const auto item = cells_.tree().find({Stamp(*stamp), *id});
    if (!item) return {};
    const ByteView cell = cells_.bytes_at(item->handle);
    return {cell.begin(), cell.end()};
}

void SharedMap::fetched(Moment moment, std::optional<ByteView> answer) {
    observe(moment);
    assert(fetching_ > 0);
    --fetching_;
    // Empty: it has changed there since; the next comparison finds what it is now.
    if (!answer || answer->empty()) return;
    if (const auto cell = decode_cell(*answer)) {
        take(*cell, Source::told);
    } else {
        ++counters_.dropped_malformed;
    }
    settle();
}

/// Who has the same salt, and whose cells may be taken; the one longest unheard makes room.
void SharedMap::note_agreed(MemberId member, bool is_agreed) {
    if (!is_agreed) {
        agreed_.erase(member);
        return;
    }
    agreed_[member] = moment_.now;
    if (agreed_.size() <= kStateAgreedMax) return;
    agreed_.erase(std::ranges::min_element(agreed_, {}, &decltype(agreed_)::value_type::second));
}

void SharedMap::adopt_salt(const wire::StateSalt& salt) {
    if (salt == salt_) return;
    salt_ = salt;
    agreed_.clear();
    is_meta_changed_ = true;
    cells_.rehash([this](ByteView bytes) { return hash_(salt_, bytes); });
}

void SharedMap::peer_left(MemberId peer) {
    if (exchange_ && exchange_->peer == peer) finish_exchange(false);
    agreed_.erase(peer);
}

// -- Full copies --

/// False: not now; comparing goes on, at its own price.
bool SharedMap::want_copy(MemberId from) {
    if (copying_from_ != kNobody || moment_.now < copy_allowed_at_) return false;
    ++counters_.copies;
    copying_from_ = from;
    outbox_.push(WantCopy{from});
    return true;
}

SharedMap::CopyPage SharedMap::copy_page(const wire::StatePosition& start,
                                         std::size_t bytes_max) const {
    CopyPage page;
    Writer writer(page.body);
    auto cursor = cells_.tree().from(start);
    while (const auto item = cursor.next()) {
        if (page.body.size() >= bytes_max) {
            page.next = item->position();
            break;
        }
        writer.sized_bytes(cells_.bytes_at(item->handle));
    }
    return page;
}

bool SharedMap::take_copy(Moment moment, ByteView body) {
    observe(moment);
    Reader reader(body);
    bool is_right = true;
    while (is_right && !reader.at_end()) {
        const auto bytes = reader.sized_bytes(kStateCellBytesMax, "copy.cell");
        const auto cell = bytes ? decode_cell(*bytes) : std::unexpected(bytes.error());
        if (cell) {
            take(*cell, Source::copy);
        } else {
            ++counters_.dropped_malformed;
            is_right = false;
        }
    }
    settle();
    return is_right;
}

void SharedMap::copy_ended(Moment moment, bool is_whole) {
    observe(moment);
    copying_from_ = kNobody;
    copy_allowed_at_ = is_whole ? moment_.now : moment_.now + kCopyRetry;
    next_exchange_ = moment_.now;
    outbox_.push(Reloaded{});
    settle();
}

// -- The end of what is deleted --

void SharedMap::reset() {
    if (cells_.count() == 0) return floor_.reset();
    ++counters_.resets;
    const std::size_t dropped = cells_.count();
    cells_.clear();
    agreed_.clear();
    floor_.reset();
    untold_.clear();
    untold_bytes_ = 0;
    unwritten_.clear();
    changed_.clear();
    outbox_.push(Persist{{}, true, true});
    outbox_.push(Reloaded{Reloaded::Reason::reset, dropped});
}

void SharedMap::collect() {
    const Stamp floor = floor_.collected();
    for (const CellMap::Handle handle : cells_.ending({}, floor, kCollectMax)) {
        std::string id = encode(cells_.at(handle).id);
        cells_.erase(id);
        unwritten_.push_back({std::move(id), std::nullopt});
        ++counters_.collected;
    }
}

/// Entries whose time has come are as good as deleted; their cells stay, as tombstones do.
void SharedMap::expire() {
    const Stamp now = stamp_at(moment_.unix_ms);
    for (const CellMap::Handle handle :
         cells_.ending(expired_up_to_, now, std::numeric_limits<std::size_t>::max())) {
        const Cell cell = cells_.at(handle);
        const auto* value = std::get_if<ValueContent>(&cell.content);
        if (value != nullptr && value->expires_ms != 0) changed_.insert(cell.id.key);
    }
    expired_up_to_ = std::max(expired_up_to_, now);
}

void SharedMap::advance(Moment moment) {
    observe(moment);
    if (exchange_ && moment.now >= exchange_->quiet_at) {
        if (++exchange_->attempts > kAttempts) {
            finish_exchange(false);
        } else {
            if (!exchange_->is_heard) outbox_.push(Send{exchange_->peer, hello(true)});
            exchange_->ranges.ask_again();
            step();
        }
    }
    expire();
    if (moment.now >= upkeep_at_) {
        upkeep_at_ = moment.now + kUpkeep;
        collect();
        const View view = view_();
        const Stamp now =
            clock_.last() > stamp_at(moment.unix_ms) ? clock_.last() : stamp_at(moment.unix_ms);
        if (cells_.count() > 0 && floor_.is_due(now, view.rank)) {
            floor_.raise(now, self_, view.members);
            ++counters_.raises;
            is_meta_changed_ = true;
            collect();
        }
    }
    settle();
}

Instant SharedMap::deadline() const {
    Instant due = kNever;
    if (exchange_) due = exchange_->quiet_at;
    if (cells_.count() == 0) return due;
    due = std::min(due, upkeep_at_);
    if (const auto end = cells_.next_end(std::max(expired_up_to_, stamp_at(moment_.unix_ms)))) {
        const std::uint64_t left = milliseconds_of(*end) + 1 - moment_.unix_ms;
        if (left < 3'600'000) due = std::min(due, moment_.now + std::chrono::milliseconds(left));
    }
    return due;
}

void SharedMap::check_invariants() const {
    cells_.check_invariants();
    assert(untold_.empty() && unwritten_.empty() && changed_.empty());
    assert((cells_.count() == 0) == (floor_.view().birth == wire::kUnborn));
}

}  // namespace grapevine::protocol

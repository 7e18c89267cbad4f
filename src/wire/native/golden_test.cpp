#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <sstream>

#include "wire/native/announcement.hpp"
#include "wire/native/codec.hpp"
#include "wire/testing/samples.hpp"

// The bytes of every message of version 1, in tests/golden/native-v1. GV_REWRITE=1 writes the files
// that are missing, and touches none that is there: if one of these tests fails, members of two
// releases no longer understand each other, and the change needs a new version (FORMAT.md 8).
namespace grapevine::wire::native {
namespace {

std::string path_of(const std::string& name) {
    return std::string(GRAPEVINE_SOURCE_DIR) + "/tests/golden/native-v1/" + name + ".hex";
}

/// The bytes of the file, without line ends and the comment in its first line.
Bytes read_golden(const std::string& name) {
    std::ifstream file(path_of(name));
    EXPECT_TRUE(file) << path_of(name) << " is missing; GV_REWRITE=1 writes it";
    std::string digits;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with('#')) digits += line;
    }
    return from_hex(digits).value();
}

void expect_golden(const std::string& name, const std::string& about, ByteView bytes) {
    const char* const rewrite = std::getenv("GV_REWRITE");
    const bool is_there = std::ifstream(path_of(name)).good();
    if (!is_there && rewrite != nullptr && std::string_view(rewrite) == "1") {
        std::ofstream file(path_of(name));
        file << "# " << about << "\n";
        for (std::size_t index = 0; index < bytes.size(); index += 32) {
            const std::size_t count = std::min<std::size_t>(32, bytes.size() - index);
            file << to_hex(bytes.subspan(index, count)) << "\n";
        }
    }
    EXPECT_EQ(to_hex(read_golden(name)), to_hex(bytes)) << name;
}

/// Written once, decoded ever after; and every cut of it refused.
void expect_section(const std::string& name, const std::string& about, const Section& section) {
    expect_golden(name, about, encode({section}));
    const Bytes bytes = read_golden(name);
    const auto decoded = decode(bytes);
    ASSERT_TRUE(decoded) << describe(decoded.error());
    ASSERT_EQ(decoded->packet.size(), 1U);
    EXPECT_TRUE(testing::same(decoded->packet[0], section)) << name;
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode(ByteView(bytes).first(size))) << name << " cut to " << size;
    }
}

MemberRecord record() {
    MemberRecord record;
    record.member = MemberId(0x0123456789abcdef);
    record.public_key.fill(0xa1);
    record.incarnation = Incarnation(7);
    record.boot = Boot(0xb007b007b007b007);
    record.protocol_max = 2;
    Endpoint link_local;
    link_local.ip = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    link_local.port = 9471;
    link_local.scope = 2;
    Endpoint global;
    global.ip = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};
    global.port = 9471;
    record.addresses = {Endpoint::v4(192, 0, 2, 1, 9471), global, link_local};
    record.name = "alpha";
    record.labels = {{"dc", "fra"}, {"rack", "r1"}};
    record.extensions = {0xee, 0x01};
    record.signature.fill(0x51);
    return record;
}

StateDelta delta() {
    return {MemberId(0x0123456789abcdef),
            Version(300),
            Version(305),
            Version(12),
            true,
            {{"load", "0.7", false, Version(301)},
             {"empty", "", false, Version(302)},
             {"gone", "", true, Version(305)}}};
}

TEST(Golden, probes) {
    expect_section("ping", "ping 7, summary",
                   Ping{ProbeSequence(7), {0x1111111111111111, 0x2222222222222222}});
    expect_section("ack", "ack 7: ping me 2 ms earlier", Ack{ProbeSequence(7), -2});
    expect_section("ping_req", "ping-req 7 of 0123456789abcdef",
                   PingReq{ProbeSequence(7), MemberId(0x0123456789abcdef)});
    expect_section("nack", "nack 7", Nack{ProbeSequence(7)});
}

Vote vote(MemberId voter) {
    Vote vote;
    vote.voter = voter;
    vote.signature.fill(0x53);
    return vote;
}

TEST(Golden, observers) {
    const ProbeSequence number(7);
    const MemberId target(0x0123456789abcdef);
    expect_section("burst_request", "burst-request 7 of 0123456789abcdef in its life 3",
                   BurstRequest{number, target, Incarnation(3)});
    expect_section("burst_alive", "verdict 7: it answered",
                   BurstVerdict{number, target, Incarnation(3), true, std::nullopt});
    expect_section("burst_vote", "verdict 7: it did not, says member 4",
                   BurstVerdict{number, target, Incarnation(3), false, vote(MemberId(4))});
    expect_section("heartbeats", "summary, two counters",
                   Heartbeats{{0x1111111111111111, 0x2222222222222222},
                              {{target, 1000}, {MemberId(4), 0xffffffff}}});
    Coordinate coordinate;
    coordinate.position = {1, -1, 250, -250, 0, 32767, -32768, 16};
    coordinate.height = 5;
    coordinate.adjustment = -3;
    coordinate.error = 1500;
    expect_section("coordinate", "eight dimensions, height 5, adjustment -3, error 1.5",
                   coordinate);
    expect_golden("vote_signed_part", "what the signature of a vote is over",
                  encode_vote_signed_part(target, Incarnation(3), vote(MemberId(4))));
}

TEST(Golden, questions) {
    expect_section("question", "question 9 of kind 1, parts 0 and 1: abc",
                   Question{9, 1, 3, {'a', 'b', 'c'}});
    expect_section("answer_part", "the second and last part of the answer to question 9",
                   AnswerPart{9, 1, 2, {'x', 'y'}});
}

TEST(Golden, ranges_of_the_shared_state) {
    constexpr std::uint64_t kMoment = 1'700'000'000'000;
    const StatePosition lower{make_stamp(kMoment, 0), 0};
    const StateFingerprint fingerprint{0x1111111111111111, 0x2222222222222222};
    expect_section("state_ranges_request",
                   "exchange 9, 300 entries: a fingerprint, a skip, an ask to the end",
                   StateRanges{9,
                               false,
                               300,
                               lower,
                               {{{make_stamp(kMoment + 500, 0), 0}, fingerprint},
                                {{make_stamp(kMoment + 500, 7), 0}, StateRange::Skip{}},
                                {kStateEnd, StateRange::Ask{}}}});
    expect_section(
        "state_ranges_reply",
        "exchange 9, 299 entries: none, a skip, two ids, equal, counted; bounds with prefixes",
        StateRanges{9,
                    true,
                    299,
                    {lower.stamp, 0x8000000000000000},
                    {{{lower.stamp, 0xabcdef0000000000}, StateRange::Ids{}},
                     {{make_stamp(kMoment, 300), 1}, StateRange::Skip{}},
                     {{make_stamp(kMoment + 1, 0), 0}, StateRange::Ids{5, 0x0123456789abcdef}},
                     {{make_stamp(kMoment + 2, 0), 0}, StateRange::Equal{}},
                     {kStateEnd, StateRange::Counted{fingerprint, 200}}}});
    expect_section("state_want", "two ids before the moment, and one of what is after 500 ms",
                   StateWant{kStateBegin,
                             {{lower, StateRange::Ids{7, 8}},
                              {{make_stamp(kMoment + 500, 0), 0}, StateRange::Skip{}},
                              {kStateEnd, StateRange::Ids{9}}}});
}

Notice notice() {
    Notice notice;
    notice.kind = 1;
    notice.name = "name";
    notice.epoch = 300;
    notice.author.fill(0xaa);
    notice.body = {1, 2, 3};
    notice.signature.fill(0x55);
    return notice;
}

TEST(Golden, hello_and_cells_of_the_shared_map) {
    expect_section("state_hello", "asks for an answer: 300 cells, one raise",
                   StateHello{true,
                              300,
                              {Stamp(0x18bcfe58f100002), 7},
                              {Stamp(1), Stamp(2), {{Stamp(3), MemberId(4), 5}}}});
    expect_section("state_cells", "one cell of three bytes, one large one",
                   StateCells{{{1, 2, 3}}, {{Stamp(9), 0x0123456789abcdef}}});
}

TEST(Golden, notices) {
    expect_section("notice_push", "push 10: a notice of kind 1, epoch 300",
                   RumorPush{10, {std::make_shared<const Notice>(notice())}});
    expect_section("notice_digest", "a reply: two notices",
                   NoticeDigest{true, {{5, 1, 0x1111111111111111}, {6, 300, 2}}});
    expect_golden("notice_signed_part", "what the signature of a notice is over, in overlay prod",
                  encode_notice_signed_part("prod", notice()));
}

TEST(Golden, aggregates) {
    AggregateStep step;
    step.starter = MemberId(7);
    step.run = 9;
    step.of = AggregateStep::Of::mean;
    step.key = "load";
    step.rounds = 30;
    step.round = 3;
    step.sequence = 300;
    step.values = {1.5, -2};
    step.instances = {{MemberId(1), 0.5}, {MemberId(2), 0.25}};
    expect_section("aggregate_step", "push-pull for the mean of load, an offer in round 3 of 30",
                   step);
    step.method = AggregateStep::Method::extrema;
    step.of = AggregateStep::Of::count;
    step.key.clear();
    step.part = AggregateStep::Part::reply;
    step.values.clear();
    step.instances.clear();
    step.minima.assign(kAggregateMinima, 0.125F);
    step.minima[1] = std::numeric_limits<float>::infinity();
    expect_section("aggregate_minima", "extrema for the count, a reply", step);
}

TEST(Golden, rumors) {
    expect_section("rumor_push", "push 9: a record, an accusation with two votes, a delta",
                   RumorPush{9,
                             {std::make_shared<const MemberRecord>(record()),
                              Accusation{MemberId(2),
                                         Incarnation(3),
                                         Status::dead,
                                         MemberId(4),
                                         {vote(MemberId(4)), vote(MemberId(5))}},
                              delta()}});
    expect_section("rumor_feedback", "feedback to push 9: the second item was known",
                   RumorFeedback{9, 2});
    expect_section("state_delta", "reset delta (300, 305]: value, empty value, tombstone", delta());
}

TEST(Golden, anti_entropy) {
    SyncDigest digest;
    digest.buckets[0] = 1;
    digest.buckets[63] = 0xffffffffffffffff;
    expect_section("sync_digest", "two of 64 buckets hold something", digest);
    expect_section(
        "sync_entries", "bucket 5, ids in (16, 4096]",
        SyncEntries{5,
                    MemberId(16),
                    MemberId(4096),
                    {{MemberId(17), Incarnation(1), Version(0), Version(4)},
                     {MemberId(4096), Incarnation(1000), Version(200), Version(70000)}}});
    expect_section("sync_pull", "a record with its state from 0, and state from 300",
                   SyncPull{{{MemberId(17), true, Version(0), Version(0)},
                             {MemberId(4096), false, Version(300), Version(128)}}});
}

TEST(Golden, events) {
    const StreamId stream{MemberId(0x0123456789abcdef), Epoch(7)};
    EventFragment whole;
    whole.stream = stream;
    whole.sequence = EventSequence(1000);
    whole.published_at = WallTime{1'700'000'000'000};
    whole.topic = "deploy/web";
    whole.payload.buffer = std::make_shared<const Bytes>(Bytes{'h', 'e', 'l', 'l', 'o'});
    whole.payload.size = whole.total_bytes = 5;
    expect_section("event_whole", "event 1000 on deploy/web: hello", whole);

    EventFragment last = whole;
    last.total_bytes = 2 * kFragmentBytesMax + 3;
    last.count = 3;
    last.index = 2;
    last.payload.size = 3;
    expect_section("event_fragment", "the third and last part of an event of 1,923 bytes", last);

    EventFragment marked = whole;
    marked.stream.channel = 300;
    marked.has_dependencies = true;
    marked.is_traced = true;
    marked.hops = 2;
    expect_section("event_marked", "on channel 300, traced, with dependencies, two hops old",
                   marked);

    expect_section("event_frontier", "one stream with events, one with none; wants a reply",
                   EventFrontier{true,
                                 {{stream, EventSequence(900), EventSequence(1000)},
                                  {{MemberId(5), Epoch(1)}, EventSequence(1), EventSequence(0)}}});
    expect_section("event_request", "events 900 to 910, and parts 1 and 2 of 1000",
                   EventRequest{stream,
                                {{EventSequence(900), EventSequence(910), 0, 0},
                                 {EventSequence(1000), EventSequence(1000), 1, 2}}});
}

TEST(Golden, links_of_the_tree_and_rumors_of_events) {
    const StreamId stream{MemberId(0x0123456789abcdef), Epoch(7), 300};
    expect_section("event_link", "graft on channel 300", EventLink{stream, true});
    expect_section("event_pressure", "member 4 is 200 events behind and takes 50 a second",
                   EventPressure{stream, MemberId(4), 200, 50});
    expect_section("event_feedback", "event 1000 was known, 1001 was not",
                   EventFeedback{{{stream, EventSequence(1000), true, 2},
                                  {{MemberId(5), Epoch(1)}, EventSequence(1001), false, 0}}});
    expect_section("event_pull", "tell me up to 64 events", EventPull{64});
}

TEST(Golden, a_record_and_what_of_it_is_signed) {
    expect_golden("record", "a member's record as it travels", encode_record(record()));
    expect_golden("record_signed_part", "what its signature is over",
                  encode_record_signed_part(record()));
    EXPECT_EQ(decode_record(read_golden("record")).value(), record());
}

TEST(Golden, datagrams) {
    const DatagramHeader header{
        1, DatagramKind::hello, KeyId(3), MemberId(0x0123456789abcdef), Boot(9), 0x1000};
    expect_golden("header", "hello under key 3, counter 4096", encode_header(header));
    expect_golden("associated_data", "the same, bound to member 2 in its life 5",
                  associated_data(encode_header(header), MemberId(2), Boot(5)));
    expect_golden("refusal", "versions 1 to 2 are spoken here",
                  encode_refusal({Refusal::Reason::version, 1, 2}));
    expect_golden("hello", "body of a hello", encode_hello({0x1122334455667788, 1, 2}));
    expect_golden("challenge", "body of a challenge",
                  encode_challenge({0x1122334455667788, {1, 2, 3, 4}, 1, 2}));
    expect_golden("data", "body with proof, an ack and padding to 32 bytes",
                  encode_body(Proof{{1, 2, 3, 4}}, {Ack{ProbeSequence(7)}}, 32));
}

TEST(Golden, announcements) {
    AnnouncementHead head{1, KeyId(3), {}};
    head.salt.fill(0x5a);
    expect_golden("announcement_head", "an announcement under key 3",
                  encode_announcement_head(head));
    const Bytes signed_part = encode_announcement_signed_part(60'000, encode_record(record()));
    expect_golden("announcement_signed_part",
                  "a minute after the start, what its signature is over", signed_part);
    Signature signature{};
    signature.fill(0x52);
    expect_golden("announcement", "the body of the same",
                  encode_announcement(signed_part, signature));
    const Bytes body = read_golden("announcement");
    EXPECT_EQ(decode_record(decode_announcement(body).value().record).value(), record());
}

}  // namespace
}  // namespace grapevine::wire::native

#pragma once

#include <cstddef>
#include <cstdint>

// Every limit of the house, with its reason. What is full refuses the newest or displaces the
// oldest; the header of the owner says which. Each limit has a test at limit + 1.
namespace grapevine {

// -- Datagrams --

/// What one datagram may carry, seal included. 1,280 (the least MTU of IPv6) less 40 (IPv6) and 8
/// (UDP) leaves 1,232; the rest is room for a tunnel's header.
inline constexpr std::size_t kDatagramBytesMax = 1200;
/// Smaller than this no sealed datagram of ours can be: header 28 and tag 16.
inline constexpr std::size_t kDatagramBytesMin = 44;
/// Header 28 and tag 16: what sealing adds to a packet.
inline constexpr std::size_t kSealBytes = 44;
/// Flags and cookie in front of the sections of the first datagrams between two members.
inline constexpr std::size_t kProofBytesMax = 17;
/// What is left for a body: flags, perhaps a cookie, sections.
inline constexpr std::size_t kPacketBytesMax = kDatagramBytesMax - kSealBytes;
/// A hello is padded to this, so that its answer is always the smaller one (no amplification).
inline constexpr std::size_t kHelloDatagramBytes = 160;
/// Random bytes that name an announcement, and with it its key: among 2^40 of them, more than any
/// network hears in ten thousand years, two alike have a chance of 1 in 2^49.
inline constexpr std::size_t kAnnouncementSaltBytes = 16;
/// Version, kind, key and flags, the salt, and the tag: less no announcement can be.
inline constexpr std::size_t kAnnouncementBytesMin = 4 + kAnnouncementSaltBytes + 16;
/// Sections of one packet. Probes are 5 bytes, so garbage could claim hundreds.
inline constexpr std::size_t kSectionsMax = 64;
/// Pings answered per datagram (memberlist issue 371: 255 pings in one packet drew 255 acks).
inline constexpr std::size_t kPingsPerDatagramMax = 4;

// -- Names and records --
// -- Sockets and HTTP ----------------------------------------------------------------------------

/// Datagrams read or written by one system call. Larger batches gain nothing (measured: the stack
/// dominates), smaller ones wake the loop more often.
inline constexpr std::size_t kDatagramBatch = 32;
/// What the datagrams of one batch may take, at least one of them: a socket for datagrams of 64 KiB
/// reads four at a time. The memory is only touched as far as datagrams reach into it.
inline constexpr std::size_t kReceiveBatchBytesMax = 256 * 1024;
/// Batches read before other work of the loop has its turn.
inline constexpr std::size_t kReceiveBatchesPerWake = 4;
/// Datagrams that wait while the kernel has no room: 1.2 MB of ours. Full refuses the newest.
inline constexpr std::size_t kSendQueueDatagramsMax = 1024;
/// Their bytes, for sockets whose datagrams are larger than ours. Full refuses the newest.
inline constexpr std::size_t kSendQueueBytesMax = 4 * 1024 * 1024;
/// Interfaces on which a socket joins its group, those with the lowest numbers. Linux allows 20
/// memberships per socket (net.ipv4.igmp_max_memberships).
inline constexpr std::size_t kMulticastInterfacesMax = 16;
/// What one frame of a byte stream between members carries.
inline constexpr std::size_t kPskFrameBytesMax = 128 * 1024;
/// Such streams of one listener that are open, and connections to it that have not proven yet that
/// they hold the key. Full refuses the newest: a full copy is a rare thing.
inline constexpr std::size_t kPskStreamsMax = 4;
inline constexpr std::size_t kPskHandshakesMax = 4;

/// Names waiting for the one resolver thread. Full refuses the newest.
inline constexpr std::size_t kResolverQueueMax = 256;

inline constexpr std::size_t kHttpHeaderBytesMax = 16 * 1024;
/// The largest event payload in base64 is 1.4 MB; the rest is room for its JSON.
inline constexpr std::size_t kHttpBodyBytesMax = 2 * 1024 * 1024;
inline constexpr std::size_t kHttpConnectionsMax = 256;
/// Connections above the limit that are told so. Beyond these they are closed without a word.
inline constexpr std::size_t kHttpRefusedConnectionsMax = 32;
/// What may wait for one reader of a stream or WebSocket. One message larger than this is taken
/// when nothing else waits, so that the largest event can pass.
inline constexpr std::size_t kHttpPendingBytesMax = 256 * 1024;

// -- Names and records ---------------------------------------------------------------------------

inline constexpr std::size_t kOverlayNameBytesMax = 64;
inline constexpr std::size_t kMemberNameBytesMax = 64;
/// Addresses a member may announce: v4 and v6, inside and outside.
inline constexpr std::size_t kMemberAddressesMax = 4;
inline constexpr std::size_t kLabelsMax = 16;
inline constexpr std::size_t kLabelKeyBytesMax = 32;
inline constexpr std::size_t kLabelValueBytesMax = 128;
/// Keys and values of all labels together. With key, signature and addresses the signed record
/// stays below 900 bytes, so it always fits one datagram.
inline constexpr std::size_t kLabelsBytesMax = 512;
/// What later releases may add to a signed record: kept and passed on by members that do not know
/// what it means. Room for a key (32) and a few numbers within the 900 bytes.
inline constexpr std::size_t kRecordExtensionBytesMax = 48;
/// A member's record as it travels, signature included; `wire/native` checks the arithmetic.
inline constexpr std::size_t kEncodedRecordBytesMax = 900;

/// Members of one overlay, every status counted. Tested to 10,000; twice that before we refuse.
inline constexpr std::size_t kMembersMax = 20'000;

/// Pings for others that a detector remembers; the oldest is displaced. In a group of which a
/// fraction f has just died, k f are asked of each survivor per period, so 64 is ample.
inline constexpr std::size_t kFavoursMax = 64;
/// Last-chance probes at once; what comes on top waits. Each is k + 2 datagrams.
inline constexpr std::size_t kLastChancesMax = 32;
/// Members that a ring detector is making sure of at once. K of them are its own subjects; the rest
/// is for "port unreachable" and for the rings as they close up after many have failed together.
inline constexpr std::size_t kConfirmationsMax = 32;
/// Members pinged in bursts at once, at 5 pings each; a request on top is refused, and its asker
/// has others to ask.
inline constexpr std::size_t kBurstsMax = 64;
/// Who waits for one burst; the rest is refused and asks again.
inline constexpr std::size_t kBurstAskersMax = 16;
/// Members asked in one burst.
inline constexpr std::size_t kBurstAskedMax = 16;
/// Members that were doubted because of "port unreachable" and are not doubted again at once; while
/// this is full, no further one is.
inline constexpr std::size_t kDoubtedMax = 64;
/// How far an accusation may run ahead of the newest incarnation we know of its member. An honest
/// one is ahead by the refutations we missed; without the limit one forged accusation of the
/// highest incarnation would be a death that nobody can refute.
inline constexpr std::uint32_t kIncarnationLeadMax = 65'536;
/// Members that were forgotten and must not come back by old news; the one nearest its end is
/// displaced.
inline constexpr std::size_t kForgottenMax = kMembersMax;

/// Voters that one accusation names: two make a quorum, one more is for good measure.
inline constexpr std::size_t kVotesMax = 3;
/// Deaths told as one: some 100 kB of JSON. What is more is told as several.
inline constexpr std::size_t kTogetherMax = 256;
/// Votes of others that are known to be true: three about each of a thousand members that fail
/// together, with room for those that were there before. 2.5 MB when full.
inline constexpr std::size_t kVotesVerifiedMax = 8192;
/// Our own votes with their signatures, 600 kB when full.
inline constexpr std::size_t kOwnVotesMax = 4096;
/// With so few members known, ourselves and the accused included, one vote is a quorum: beside the
/// two there is only one other.
inline constexpr std::size_t kQuorumExemptMembers = 3;
/// Accusers whose refuted accusations are remembered; the one refuted longest ago is displaced.
/// Sick ones are few, and while more than these take turns nobody is held to be unreliable anyway.
inline constexpr std::size_t kAccusersMax = 256;
/// Members of whom it is remembered that they were doubted and came back: 120 kB.
inline constexpr std::size_t kFlapsMax = 1024;
/// Counters in one packet of the heartbeat detector: 12 bytes each.
inline constexpr std::size_t kHeartbeatsPerPacketMax = 90;
/// ... and in one round of it: eight packets, the first counter of each being the sender's own. At
/// one round per second that is 9 kB/s, whatever the number of members.
inline constexpr std::size_t kHeartbeatsPerRoundMax = 8 * (kHeartbeatsPerPacketMax - 1);
/// Members that were removed and whose old counters must not bring them back; the one nearest its
/// end is displaced.
inline constexpr std::size_t kHeartbeatsDepartedMax = kMembersMax;

/// Members whose places and round trips are known (72 bytes each), and members of whom it is known
/// how we reach them (72 bytes); full, the one heard of longest ago is displaced.
inline constexpr std::size_t kPlacesMax = 2048;
inline constexpr std::size_t kPathsMax = 2048;
/// Members that are examined for how we reach them at once; what comes on top waits. An examination
/// is one ping if all is well, at most 8 pings and 2 ping-reqs in 1.2 s.
inline constexpr std::size_t kExaminationsMax = 32;

/// Pushes whose feedback we still expect; the oldest is displaced and then counts as unanswered.
inline constexpr std::size_t kPushesOutstandingMax = 64;
/// Who is known to know a rumor, per rumor; the oldest is displaced.
inline constexpr std::size_t kKnowersMax = 4;

inline constexpr std::size_t kRecordKeysMax = 64;
inline constexpr std::size_t kRecordKeyBytesMax = 64;
/// With its key and frame one item always fits one datagram.
inline constexpr std::size_t kRecordValueBytesMax = 768;
/// All keys and values of one member's record. "Small" is the point: 10,000 members replicate it.
inline constexpr std::size_t kRecordBytesMax = 8 * 1024;
/// Deleted keys that a member remembers in its record. One more, and the oldest is collected early:
/// safe by the reset rule, it only costs those who are far behind a fresh copy.
inline constexpr std::size_t kRecordTombstonesMax = 256;
/// Items of a copy, tombstones included. A copy can for a moment hold keys that their owner has
/// deleted next to those that replaced them, hence more than an owner may have; above this it is a
/// lie.
inline constexpr std::size_t kRecordItemsMax = 512;

// -- Shared state --

/// Entries of an overlay's shared map, tombstones counted: a million keys, and as many deletions.
inline constexpr std::size_t kStateCellsMax = 2'000'000;
/// Parts that a range splits into where two members differ, and the size below which its entries
/// are listed: those of negentropy. More parts make fewer rounds and larger messages.
inline constexpr std::size_t kStateSplitParts = 16;
inline constexpr std::size_t kStateListBelow = 32;
/// Ranges in one section. Those that ask for a list take three bytes each, so without a limit 380
/// of them could draw 90 kB.
inline constexpr std::size_t kStateRangesMax = 128;
/// Ids in one range; nine fill a datagram less with ids of 8 bytes.
inline constexpr std::size_t kStateIdsMax = 128;
/// Sections that one section draws in answer. The 54 fingerprints that fill a datagram draw 864 in
/// 18 sections when all differ, and 128 asks lists of at most 31 ids in 29.
inline constexpr std::size_t kStateReplySectionsMax = 32;
/// Ranges of one exchange that are known to differ and not settled. The oldest are left to the next
/// exchange.
inline constexpr std::size_t kStateOpenRangesMax = 16'384;
/// Entries that one exchange finds lacking here, and as many there. The rest is found by the next.
inline constexpr std::size_t kStateFoundMax = 8192;
/// Entries of ours that are compared with one list; in a longer range we go on splitting.
inline constexpr std::size_t kStateScanMax = 2048;
/// Entries looked at for one section of wants. An honest one has some 60 ranges of 32 to 128.
inline constexpr std::size_t kStateWantScanMax = 8192;
/// Sections that one exchange sends. 10,000 differences among a million take 800.
inline constexpr std::size_t kStateExchangeSectionsMax = 4096;

// -- Events --

inline constexpr std::size_t kTopicBytesMax = 128;
inline constexpr std::size_t kEventPayloadBytesMax = 1024 * 1024;
/// Events that one event can name as to be seen before it; a conversation has some eleven parts
/// (Bailis et al. 2012), of which the newest few imply the others.
inline constexpr std::size_t kDependenciesMax = 8;
/// Those names as they stand in front of a payload: a count, and of each publisher, epoch, channel
/// and sequence at their longest.
inline constexpr std::size_t kDependencyBlockBytesMax = 1 + kDependenciesMax * (8 + 4 + 5 + 10);
/// What travels of one event.
inline constexpr std::size_t kEventBytesMax = kEventPayloadBytesMax + kDependencyBlockBytesMax;
/// Payload bytes in one fragment: a packet less the frame of an event section with the longest
/// topic.
inline constexpr std::size_t kFragmentBytesMax = 960;
/// 1 MiB and its dependencies in fragments of 960 bytes.
inline constexpr std::size_t kFragmentsMax =
    (kEventBytesMax + kFragmentBytesMax - 1) / kFragmentBytesMax;
/// Publishers (with epochs) whose streams are followed at once.
inline constexpr std::size_t kStreamsMax = 4096;
/// Fragments asked for in one request section, and in flight per stream.
inline constexpr std::size_t kRequestRangesMax = 32;
/// Fragments asked for and not yet here, over all streams: what a receive buffer of 212 kB (Linux's
/// default) holds.
inline constexpr std::size_t kInFlightMax = 160;
/// Fragments sent in answer to one request, so that 60 bytes never draw a megabyte.
inline constexpr std::size_t kRequestAnswerMax = 64;
/// Large events being put together at once; at 1 MiB each this bounds their memory at 32 MiB.
inline constexpr std::size_t kAssembliesMax = 32;
/// Bytes of events that are complete but wait behind a hole, over all streams.
inline constexpr std::size_t kWaitingBytesMax = 16 * 1024 * 1024;
/// Members remembered per stream as having what we miss, and as having said that they do not.
inline constexpr std::size_t kSourcesMax = 8;
/// How far ahead of what we hold a claim about a stream is believed: at 1,000 events a second,
/// seven weeks. What is beyond is garbage, and must not reach the arithmetic of sequences.
inline constexpr std::uint64_t kSequenceAheadMax = std::uint64_t{1} << 32U;

/// Fragments of an event that is sent on unasked, as a whole; of a larger one only the first. A
/// publisher sends to 32 members at once: 512 datagrams, half of what its send queue holds, and 16
/// of what each receive buffer has room for (some 90 of full size).
inline constexpr std::size_t kEagerFragmentsMax = 16;
/// Streams whose trees are remembered; the one idle for longest is forgotten, and its next event
/// floods all links again.
inline constexpr std::size_t kTreeStreamsMax = 1024;
/// Links of one stream, those that others have asked for included. A link that carries nothing
/// makes room; if there is none, a member that asks for one keeps asking for events instead.
inline constexpr std::size_t kTreeLinksMax = 64;

/// Streams of others of which we carry on that somebody cannot keep up; the one silent for longest
/// is displaced.
inline constexpr std::size_t kPressuredStreamsMax = 64;
/// Copies of events that are gathered for members (ProtocolConfig::event_gather), over all members;
/// beyond it they go at once.
inline constexpr std::size_t kGatheredMax = 16'384;

/// Rumors answered for in one section: at most 29 bytes each.
inline constexpr std::size_t kEventFeedbackMax = 32;
/// Events that are told as rumors at once; the one told most makes room. Each has some 300 bytes.
inline constexpr std::size_t kHotEventsMax = 1024;
/// Events told to one partner in one round: 64 datagrams at most, as for a request.
inline constexpr std::uint16_t kEventsPerContactMax = 64;
/// Members whose pulls are answered in one round; the rest ask somebody else in the next.
inline constexpr std::size_t kPullsAnsweredMax = 64;
/// Copies per event whose answers are awaited; the oldest is displaced and then counts as
/// unanswered.
inline constexpr std::size_t kAnswersAwaitedMax = 16;

/// Events (and gaps) held back from subscribers until others have been told, and their bytes; the
/// one that has waited longest is told, flagged.
inline constexpr std::size_t kCausalWaitingMax = 4096;
inline constexpr std::size_t kCausalBytesMax = 16 * 1024 * 1024;
/// Patterns of topics whose events go to their subscribers only, of one publisher; more are
/// refused.
inline constexpr std::size_t kSubscriberTopicsMax = 16;
/// Patterns that one member says it wants; above this, and above what a record's value holds, it
/// says that it wants everything.
inline constexpr std::size_t kInterestPatternsMax = 32;
/// Traced events that a member has notes of, some 150 bytes each; the oldest is displaced.
inline constexpr std::size_t kTraceNotesMax = 4096;

// -- Shared state --

/// Of an entry of the shared map.
inline constexpr std::size_t kStateKeyBytesMax = 256;
inline constexpr std::size_t kStateValueBytesMax = 64 * 1024;
/// Of one element of a set.
inline constexpr std::size_t kStateElementBytesMax = 256;
/// Elements that one request changes, and that one answer lists of a set.
inline constexpr std::size_t kStateElementsMax = 1024;
/// Keys and contents of all cells. Full refuses new ones, from wherever.
inline constexpr std::size_t kStateBytesMax = std::size_t{1} << 30U;
/// Bytes of a cell beyond what its user gave: name, stamps, writer, lengths.
inline constexpr std::size_t kStateCellFrameMax = 64;
inline constexpr std::size_t kStateCellBytesMax =
    kStateKeyBytesMax + kStateElementBytesMax + kStateValueBytesMax + kStateCellFrameMax;
/// A larger cell does not travel in a section, but is asked for by a question.
inline constexpr std::size_t kStateInlineBytesMax = 1024;
/// Cells told as one event, and their bytes.
inline constexpr std::size_t kStateSpreadCellsMax = 1024;
inline constexpr std::size_t kStateSpreadBytesMax = 128 * 1024;
/// Of large cells, those asked for at once; the rest in the next exchange.
inline constexpr std::size_t kStateFetchesMax = 8;
/// Members that may compare their cells with ours, because they have said hello; the one longest
/// unheard has to say it again.
inline constexpr std::size_t kStateAgreedMax = 256;
/// How far ahead of our clock a write of another member may be dated; what is beyond is refused.
inline constexpr std::uint64_t kClockAheadMaxMs = 60'000;
/// Raises of the floor that a member remembers and tells (state/floor.hpp).
inline constexpr std::size_t kFloorRaisesMax = 12;

// -- Questions --

/// Of the body of a question: with its frame it fits a datagram.
inline constexpr std::size_t kQuestionBytesMax = 1024;
/// With its frame and number one part fits a datagram.
inline constexpr std::size_t kAnswerPartBytes = 1040;
/// Of one member's answer: 65 KiB, so that the largest cell of the shared map is one.
inline constexpr std::size_t kAnswerPartsMax = 64;
inline constexpr std::size_t kAnswerBytesMax = kAnswerPartsMax * kAnswerPartBytes;
/// Members in one answer to "whom do you reach": 16 bytes each at most, so that they fit. Of more
/// members, those with trouble are told first.
inline constexpr std::size_t kReachRowsMax = 4000;
/// Members of an overlay of which a matrix is made: with more, asking all of all is no question to
/// put at one's ease. More are refused.
inline constexpr std::size_t kReachMatrixMax = 1000;
/// Questions of this kind that wait for examinations; more are answered with what is known.
inline constexpr std::size_t kReachWaitingMax = 8;
/// Members examined for one such question.
inline constexpr std::size_t kReachFreshMax = kReachMatrixMax;
/// Questions of ours that are open at once. Full refuses the newest.
inline constexpr std::size_t kGathersMax = 32;
/// Parts of answers that are asked for in one burst: 16 kB of answers in 10 ms, 1.6 MB/s. An eighth
/// of the receive buffer of 212 kB, so that they never crowd out a probe.
inline constexpr std::size_t kGatherBurst = 16;
/// Answers that have come, of all open questions: 20,000 members with 1.6 kB each. What does not
/// fit is dropped, and its member named silent.
inline constexpr std::size_t kGatherBytesMax = 32 * 1024 * 1024;
/// Questions of others that are remembered, with their answers; the oldest is displaced.
inline constexpr std::size_t kQuestionsHeldMax = 256;
inline constexpr std::size_t kAnswersHeldBytesMax = 4 * 1024 * 1024;
/// Parts of answers that one member may draw from us at once, and per second: the largest answer
/// twice, and then once in a second. A question costs one part, be it answered or not.
inline constexpr std::size_t kAnswerPartsBurst = 2 * kAnswerPartsMax;
inline constexpr std::size_t kAnswerPartsPerSecond = kAnswerPartsMax;
/// Members whose allowance is not whole. Full refuses the questions of others for a moment.
inline constexpr std::size_t kAskersMax = 1024;

// -- Queries --

inline constexpr std::size_t kQueryNameBytesMax = 64;
/// With name, time and frame it fits a question, which fits a datagram.
inline constexpr std::size_t kQueryPayloadBytesMax = 896;
/// An answer less the byte that says what it is.
inline constexpr std::size_t kQueryAnswerBytesMax = kAnswerBytesMax - 1;
/// Of all answers to one query: those of 20,000 members with 200 bytes each. What comes beyond is
/// left out, and its member named. Eight queries of this size fit what may be gathered.
inline constexpr std::size_t kQueryTotalBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kQueryFiltersMax = 16;
inline constexpr std::size_t kQueryFilterBytesMax = 256;
/// Queries of others that applications here have not answered yet, per overlay; as many as the
/// questions that are remembered. The newest is answered "busy".
inline constexpr std::size_t kQueriesOpenMax = kQuestionsHeldMax;
/// Applications that serve queries here, per overlay. Full refuses the newest.
inline constexpr std::size_t kQueryServersMax = 128;

// -- Aggregates --

/// Runs that a member takes part in at once. Full passes over the newest.
inline constexpr std::size_t kAggregateRunsMax = 8;
/// Members with whom one run has exchanged something: in 30 rounds it is some 60.
inline constexpr std::size_t kAggregatePartnersMax = 512;
/// Instances of one count, each begun by another member; three are meant to be.
inline constexpr std::size_t kAggregateInstancesMax = 8;
/// Numbers in one message beside them.
inline constexpr std::size_t kAggregateValuesMax = 8;
/// Minima in one message, if it has any: 1 kB, and an error of 6%.
inline constexpr std::size_t kAggregateMinima = 256;
/// Of one run; among a million members it has 69.
inline constexpr std::size_t kAggregateRoundsMax = 100;

// -- Summaries of zones --

/// Zones within zones, the host included: with 25 in each, a million hosts are five levels.
inline constexpr std::size_t kSummaryLevelsMax = 8;
/// Rows of one table: twice the 125 beyond which zones should be divided. Full refuses the newest.
inline constexpr std::size_t kSummaryRowsMax = 256;
/// The name of a zone or host in its row: as long as the value of a label.
inline constexpr std::size_t kSummaryNameBytesMax = 128;
/// Of one row: two sketches and some numbers.
inline constexpr std::size_t kSummaryAttributesMax = 64;
inline constexpr std::size_t kSummaryAttributesBytesMax = 12 * 1024;
/// Members that a row names as its representatives.
inline constexpr std::size_t kSummaryRepresentativesMax = 8;
/// Statements that summarise, of one overlay. Of more, those whose names come last in the alphabet
/// are not run.
inline constexpr std::size_t kSummaryStatementsMax = 8;
/// Of one statement: with its frame it is the body of a notice.
inline constexpr std::size_t kSummarySqlBytesMax = 640;
/// Values that a host gives to its zone only, beside its record.
inline constexpr std::size_t kSummaryOwnMax = 32;
inline constexpr std::size_t kSummaryKeyBytesMax = 64;
inline constexpr std::size_t kSummaryValueBytesMax = 256;
/// Conversations about rows that are open at once. Full passes over the newest; the next round
/// makes up for it.
inline constexpr std::size_t kSummaryTalksMax = 12;

/// Requests to publish that wait because a member cannot keep up. Full refuses the newest, as does
/// what they hold, and a wait of more than two seconds.
inline constexpr std::size_t kPublishesWaitingMax = 128;
inline constexpr std::size_t kPublishBytesWaitingMax = 8 * 1024 * 1024;

// -- Overlays and keys --

inline constexpr std::size_t kOverlaysMax = 256;
inline constexpr std::size_t kKeysMax = 8;
/// Records that everybody holds (protocol/notices.hpp), one per kind and name; a new name on top is
/// refused. One packet lists them all.
inline constexpr std::size_t kNoticesMax = 32;
inline constexpr std::size_t kNoticeNameBytesMax = 64;
/// With name, author and signature it fits one datagram beside what else is in it.
inline constexpr std::size_t kNoticeBodyBytesMax = 700;
/// How far a notice may run ahead of the one that it replaces: without it one bad notice of the
/// highest epoch could never be replaced.
inline constexpr std::uint64_t kNoticeEpochLeadMax = std::uint64_t{1} << 32U;
/// Operators that an overlay names: they are people, or the places where deployments are made.
inline constexpr std::size_t kOperatorsMax = 8;
/// Keys that rotations have taken away, so that they are not taken for new ones when a file still
/// names them; the oldest is displaced. A rotation a week fills it in more than a year.
inline constexpr std::size_t kRetiredKeysMax = 64;
/// Members that a rotation does not wait for.
inline constexpr std::size_t kRotationWithoutMax = 64;
inline constexpr std::size_t kSeedsMax = 64;
/// Peers remembered on disk for the day on which every seed is gone.
inline constexpr std::size_t kPeerCacheMax = 128;
/// Members (with boots) of whom we remember the newest announcement, so that none is believed
/// twice; the one heard of longest ago is displaced.
inline constexpr std::size_t kAnnouncersMax = 1024;
/// Strangers that multicast has told us of and that we have not contacted yet; the newest is passed
/// over, and will speak again.
inline constexpr std::size_t kDiscoveredMax = 64;

// -- Maelstrom -----------------------------------------------------------------------------------

/// A line of JSON; the largest event in base64 is 1.4 MB.
inline constexpr std::size_t kMaelstromLineBytesMax = 2 * 1024 * 1024;
/// Nodes of one test. Maelstrom's own have 25.
inline constexpr std::size_t kMaelstromNodesMax = 256;
/// Values of broadcasts that a node keeps: fifty times what the broadcast challenges send.
inline constexpr std::size_t kMaelstromValuesMax = 100'000;
/// What one node may add to a counter, so that the sum of all is a number in JSON.
inline constexpr std::uint64_t kMaelstromRowMax = std::uint64_t{1} << 52U;

// -- The old protocol ----------------------------------------------------------------------------

/// A datagram of the old protocol is whatever UDP carries.
inline constexpr std::size_t kOldDatagramBytesMax = 65'507;
/// What goes to a local client, because the JVM client reads into a buffer of this size.
inline constexpr std::size_t kOldClientDatagramBytesMax = 1024;
/// A member name of ours in an overlay of the old protocol: with it every digestAck still fits what
/// a local client can read.
inline constexpr std::size_t kOldNameBytesMax = 256;
/// What an application may put into one message: the largest datagram, less Base64 (3 bytes become
/// 4), envelope, IV and padding.
inline constexpr std::size_t kOldPayloadBytesMax = 48'000;
/// Names, ids, secrets, event types and addresses in messages.
inline constexpr std::size_t kOldTextBytesMax = 1024;
/// Entries of a membership or subscription list and of a list of event types in one message. A
/// datagram holds fewer of them.
inline constexpr std::size_t kOldListMax = 4096;
/// Structs and lists within each other in one message. Ours go two deep; the rest is for fields
/// that we do not know and skip.
inline constexpr std::uint8_t kOldNestingMax = 32;
/// Remote daemons of one overlay; more are ignored and counted. The original slows down long
/// before.
inline constexpr std::size_t kOldMembersMax = 4096;
/// Subscriptions of all remote daemons of one overlay; more are ignored and counted.
inline constexpr std::size_t kOldSubscriptionsMax = 16'384;
/// Applications attached to one overlay; more are met with silence and counted.
inline constexpr std::size_t kLocalClientsMax = 1024;
inline constexpr std::size_t kClientSubscriptionsMax = 1024;
/// Messages on their way to a subscriber that has not acknowledged them, per overlay; the oldest is
/// given up and counted.
inline constexpr std::size_t kRedeliveriesMax = 16'384;
inline constexpr std::size_t kRedeliveryBytesMax = 64 * 1024 * 1024;
/// Message ids remembered so that each is processed once; the oldest is forgotten. At the rate that
/// one source is allowed this is more than ten minutes.
inline constexpr std::size_t kSeenIdsMax = 65'536;
/// What one remote source may say in a second before the rest is dropped and counted: ten times
/// what a busy original sends, a fiftieth of its storms.
inline constexpr std::size_t kOldSourceRatePerSecond = 200;
inline constexpr std::size_t kOldSourceBurst = 1000;
/// Racks of one overlay, and seeds of all its racks; more are refused. A round writes to one seed.
inline constexpr std::size_t kOldRacksMax = 64;
inline constexpr std::size_t kOldSeedsMax = 1024;
/// Kinds of messages of one overlay that are counted by name, in each direction; the rest are
/// counted together. The protocol has eleven of its own. Each takes 7 kB, so all take 3.6 MB.
inline constexpr std::size_t kStatisticsSeriesMax = 256;
/// Points of statistics that wait for the database: with 30 series, five minutes of ten overlays,
/// some 10 MB. Full refuses the newest.
inline constexpr std::size_t kInfluxQueueMax = 100'000;
/// Points sent in one request, some 400 kB; the original's database took no more than a megabyte or
/// so in good time.
inline constexpr std::size_t kInfluxBatchMax = 4096;
/// The original's settings.json; the one it came with has 800 bytes.
inline constexpr std::size_t kSettingsJsonBytesMax = 1024 * 1024;
/// A body for the old REST API: what the original took.
inline constexpr std::size_t kOldRequestBodyBytesMax = 8 * 1024 * 1024;
/// Remote hosts whose rate is remembered; the one longest unheard is forgotten. Twice the members,
/// so that strangers do not displace them at once.
inline constexpr std::size_t kOldSourcesMax = 2 * kOldMembersMax;
/// Names and addresses in the list of one digestAck or digestSubscriptions, before Base64. What is
/// left out comes first in the next one. 8 kB is a hundred members, and 12 kB on the wire: 8
/// fragments of Ethernet, of which losing one loses all.
inline constexpr std::size_t kOldListBytesMax = 8 * 1024;
/// Members asked in one round whether they are still there, beside the one that the old protocol
/// draws at random. In the ten rounds before a verdict this is 160.
inline constexpr std::size_t kOldAsksPerRoundMax = 16;
/// Rounds whose digest may still be answered; at the default of 2 s this is half a minute.
inline constexpr std::size_t kOldRoundsAnsweredMax = 16;
/// Members that went and must not come back by old news; the oldest is forgotten.
inline constexpr std::size_t kOldDepartedMax = kOldMembersMax;
/// Ids of our own messages by which their return from the group is recognised; the oldest is
/// forgotten. They return within milliseconds.
inline constexpr std::size_t kOldOwnIdsMax = 4096;

// -- HTTP API ------------------------------------------------------------------------------------

/// Path and query together. Names in paths are at most 64 bytes, thrice that percent-encoded.
inline constexpr std::size_t kTargetBytesMax = 8 * 1024;
/// An event of 1 MiB in base64 is 4/3 of that; the rest is room for its envelope.
inline constexpr std::size_t kRequestBodyBytesMax = 1536 * 1024;
/// Our deepest document has three levels; the rest is so that an error can name the place.
inline constexpr std::size_t kJsonDepthMax = 16;
/// Server-sent event streams and WebSockets together. Each costs at most a few hundred kB.
inline constexpr std::size_t kApiStreamsMax = 256;
/// A stream reads on from the log only while less than this waits to be sent. Not more than the
/// HTTP server keeps for one reader.
inline constexpr std::size_t kStreamPendingBytesMax = 128 * 1024;
/// A WebSocket whose peer sends requests without reading the answers is closed above this. An event
/// of full size is at most 6 MiB of JSON, if all of it must be escaped; the rest is room for
/// answers.
inline constexpr std::size_t kSocketUnsentBytesMax = 8 * 1024 * 1024;
/// Topic patterns of one subscription.
inline constexpr std::size_t kStreamTopicsMax = 32;
/// One message from a client; the same as a request body, since a publish fits both.
inline constexpr std::size_t kSocketMessageBytesMax = kRequestBodyBytesMax;
inline constexpr std::size_t kSocketSubscriptionsMax = 16;
/// Publishes of one WebSocket that are not yet answered.
inline constexpr std::size_t kSocketPublishesMax = 256;
/// The name that a client gives to a request or subscription.
inline constexpr std::size_t kSocketIdBytesMax = 64;
/// Items of one page of events, and of one read of a stream.
inline constexpr std::size_t kPageItemsMax = 1000;
/// A page ends early at this, always with at least one item: two events of full size.
inline constexpr std::size_t kPageBytesMax = 2 * 1024 * 1024;
inline constexpr std::size_t kTokensMax = 256;
inline constexpr std::size_t kTokenNameBytesMax = 64;

// -- SQL and aggregates --------------------------------------------------------------------------

/// The text of one statement: a page of SQL.
inline constexpr std::size_t kSqlTextBytesMax = 4096;
inline constexpr std::size_t kSqlParametersMax = 32;
/// Columns of an answer, and terms of any list in a statement.
inline constexpr int kSqlColumnsMax = 64;
/// Operators and functions within each other.
inline constexpr int kSqlExpressionDepthMax = 50;
/// SELECTs joined by UNION and the like.
inline constexpr int kSqlCompoundMax = 4;
inline constexpr int kSqlFunctionArgumentsMax = 16;
/// A pattern of LIKE costs its length times that of the text.
inline constexpr int kSqlPatternBytesMax = 64;
/// Instructions of the program that SQLite makes of a statement.
inline constexpr int kSqlProgramMax = 25'000;
/// Names and selects that SQLite may look at while it prepares a statement. One that refers to
/// itself by names, each twice, would double with each.
inline constexpr std::size_t kSqlPrepareStepsMax = 20'000;
/// A text that a statement works with: twice the largest value of the shared map.
inline constexpr std::size_t kSqlValueBytesMax = 128 * 1024;
/// ... and in an aggregate, which is computed again and again on all members.
inline constexpr std::size_t kAggregateValueBytesMax = 16 * 1024;
/// What SQLite may hold at once for one statement, beside the rows that are given to it.
inline constexpr std::size_t kSqlMemoryBytesMax = 8 * 1024 * 1024;
/// What an answer may have: above this it is cut, and says so.
inline constexpr std::size_t kSqlRowsMax = 10'000;
inline constexpr std::size_t kSqlRowBytesMax = 8 * 1024;
inline constexpr std::size_t kSqlAnswerValueBytesMax = 1024;
inline constexpr std::size_t kSqlAnswerBytesMax = 1024 * 1024;
/// Rows of the tables that are cut before a statement sees them: the newest events, and of the
/// shared map the first keys. More would take too long to copy. The answer says so.
inline constexpr std::size_t kSqlEventsMax = 50'000;
inline constexpr std::size_t kSqlStateMax = 100'000;
/// Rows that top() gives.
inline constexpr std::size_t kSqlTopMax = 100;
/// Statements of users that wait for their turn; at a second each, half a minute. Full refuses the
/// newest.
inline constexpr std::size_t kSqlQueueMax = 32;

/// Aggregates of one overlay. Of more, those whose names come last in the alphabet are not
/// computed.
inline constexpr std::size_t kAggregatesMax = 64;
inline constexpr std::size_t kAggregateNameBytesMax = 64;
/// The definition as JSON: its SQL, escaped, and a frame.
inline constexpr std::size_t kAggregateDefinitionBytesMax = 2 * kSqlTextBytesMax;
/// Rows and bytes of one aggregate: it is sent anew whenever it changes.
inline constexpr std::size_t kAggregateRowsMax = 1000;
inline constexpr std::size_t kAggregateBytesMax = 64 * 1024;

// -- The sampler ---------------------------------------------------------------------------------

/// Samples of one overlay: each is a key of its own record, which has 64.
inline constexpr std::size_t kSamplesMax = 32;
/// The words of a program's command line, and the bytes of all.
inline constexpr std::size_t kSampleArgumentsMax = 32;
inline constexpr std::size_t kSampleTextBytesMax = 1024;
/// What is read of a program's output; more is an error, for a number is short.
inline constexpr std::size_t kSampleOutputBytesMax = 4096;

// -- The lab -------------------------------------------------------------------------------------

/// Runs of the simulator that a daemon plays to watchers, each on a thread of its own.
inline constexpr std::size_t kLabRunsMax = 4;
/// Members of one run: all of them, and of those that are drawn one by one.
inline constexpr std::size_t kLabMembersMax = 10'000;
inline constexpr std::size_t kLabDrawnMax = 1000;
/// Of whole overlays, whose members cost a hundred times as much.
inline constexpr std::size_t kLabOverlayMembersMax = 1000;
/// What is done to a run while it lasts, and the text that says so with all settings. Full refuses
/// the newest.
inline constexpr std::size_t kLabActionsMax = 1000;
inline constexpr std::size_t kLabLinkBytesMax = 64 * 1024;
/// Datagrams and notes that one frame tells one by one; the others are counted.
inline constexpr std::size_t kLabSentShownMax = 500;
inline constexpr std::size_t kLabNotesMax = 500;
/// Frames are told while less than this waits for the watcher; otherwise they are merged.
inline constexpr std::size_t kLabPendingBytesMax = 64 * 1024;

}  // namespace grapevine

// What is said beside the lines of the example program. Each anchor is a piece of its source; a test
// keeps both in step.

import type { Explanation } from "./source_text";

export const kExampleExplanations: readonly Explanation[] = [
  {
    anchor: "#include <algorithm>",
    words:
      "What a UDP program on Linux needs, and at the end the two headers of Grapevine: the machine that mongers rumors, and the codec that turns messages into bytes. Neither of them opens a socket, reads a clock or starts a thread.",
  },
  {
    anchor: "namespace {",
    words: "Everything up to main belongs to this file only. Mongering is the class that daemons run, too.",
  },
  {
    anchor: "/// Whom a member can talk to",
    words:
      "The machine asks its Peers one question: who is there to talk to? Here everybody knows everybody, so the answer is a list of all others. In a daemon it is the membership, which changes while it is read.",
  },
  {
    anchor: "std::vector<MemberId> pick",
    words:
      "Draws some members by chance, each at most once, without the one that is excepted: nobody is told what it has just told us. This one line of chance is what makes gossip robust. neighbours is for broadcast trees and has no use here.",
  },
  {
    anchor: "/// A socket on a free port",
    words:
      "A member is an id, its peers, a machine and a socket. The last argument of the machine is its seed: from it come all of its random choices.",
  },
  {
    anchor: "socket = ::socket",
    words:
      "A UDP socket on loopback. bind with port 0 takes any free port, and getsockname says which one it was. A datagram may be lost or arrive twice; nothing below minds.",
  },
  {
    anchor: "MemberId id;",
    words:
      "knows is all that this program remembers of the rumor. A machine deals in names of rumors and never sees what they say.",
  },
  {
    anchor: "const protocol::EventKey kRumor",
    words:
      "The name of our rumor: who said it (member 1), in which of its lives, and its number there. copies counts how often it is sent.",
  },
  {
    anchor: "void send(Member& from",
    words:
      "Encodes one section and gives it to the socket of the receiver. A daemon seals the bytes first, so that nobody without the key can read or forge them.",
  },
  {
    anchor: "/// After each input:",
    words:
      "After each input: ask the machine what it wants done, until it wants nothing more. Push means “send this rumor to that member”, and what the rumor says is ours to add. Tell means “send this”, an answer or a question, as it is.",
  },
  {
    anchor: "void receive(Instant now",
    words:
      "The heart. What arrives is either the rumor itself or a word about it. Words go to the machine as they are: “I knew that” is what makes a member lose interest.",
  },
  {
    anchor: "} else if (member.knows) {",
    words:
      "The rumor again: a duplicate, and the machine will answer the sender so. Or for the first time: it becomes hot here, and from the next interval on we tell it, too.",
  },
  {
    anchor: "void read(Instant now",
    words:
      "Takes one datagram without waiting. Who sent it is known by its port. Strangers and garbage are dropped, without a log line: on a network both are ordinary.",
  },
  {
    anchor: "int main(int count",
    words:
      "Three numbers from the command line: how many members, how patient they are (k), and to how many each one talks per interval.",
  },
  {
    anchor: "protocol::MongeringConfig config;",
    words:
      "Push, as in the second chapter of this walk. Feedback and a counter are the default. Then all members are made, each with a socket of its own.",
  },
  {
    anchor: "const auto now =",
    words: "The clock is ours: the machine is told the time with everything that it is told.",
  },
  {
    anchor: "members[0].knows = true;",
    words: "Member 1 says something new. added starts it all: the rumor is hot there from now on.",
  },
  {
    anchor: "for (;;) {",
    words:
      "The loop that every program around such a machine has: let it advance to now, do what it wants, and ask by when it wants to be called again.",
  },
  {
    anchor: "if (deadline == kNever) break;",
    words:
      "If nobody waits for anything, the rumor is over: all who know it have lost interest. Otherwise sleep until a datagram comes or the deadline is there, whichever is first.",
  },
  {
    anchor: "const auto heard =",
    words:
      "How many know it, and what it cost. Run it with k = 1 and count those that never heard: you have seen that number before.",
  },
];

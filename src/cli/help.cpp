#include "cli/help.hpp"

#include <array>
#include <utility>

namespace grapevine::cli {

namespace {

using Entry = std::pair<std::string_view, std::string_view>;

constexpr std::array kExamples = {
    Entry{"agent", R"(Examples:
  grapevine agent --check                          check the configuration
  grapevine agent --overlay demo --bind 0.0.0.0:9471
                                                   a new overlay; its key is made and kept
  grapevine agent --join gv1.ABCD...               enter the overlay of an invitation
  grapevine agent --config ./grapevine.toml --log-level debug

SIGTERM leaves cleanly, SIGHUP reads the configuration again.)"},
    Entry{"demo", R"(Examples:
  grapevine demo                                   until Ctrl-C
  grapevine demo --members 8 --seconds 5
  grapevine demo --seconds 3 --json 2>/dev/null    numbers for a script)"},
    Entry{"members", R"(Examples:
  grapevine members
  grapevine members --watch
  grapevine members --status dead --status suspect
  grapevine members --label rack=r1 --json
  grapevine members --sort rtt                     nearest first)"},
    Entry{"rtt", R"(Examples:
  grapevine rtt web-3                              from here to web-3
  grapevine rtt web-3 web-7                        between two others)"},
    Entry{"reachability", R"(Examples:
  grapevine reachability
  grapevine reachability --age 0                   nothing that is known already counts
  grapevine reachability --json | jq .troubles

Asks every living member whom it reaches; a row says what that member sees of the others.)"},
    Entry{"ui", R"(Examples:
  grapevine ui                                     opens the page, or prints its link
  grapevine ui --read-only                         for a screen on the wall
  ssh -L 9470:127.0.0.1:9470 web-3 grapevine ui --print
                                                   the page of another host, through a tunnel)"},
    Entry{"top", R"(Examples:
  grapevine top
  grapevine top --overlay prod --interval 5
  grapevine top --count 2 --json | tail -n 1 | jq .rates_per_second

Ctrl-C ends it.)"},
    Entry{"sql", R"#(Examples:
  grapevine sql "select status, count(*) n from members group by status"
  grapevine sql "select label('dc') dc, count(*), avg(record_number('load'))
                 from members where status='alive' group by dc"
  grapevine sql "select value from records where key = ?" --parameter load --csv
  grapevine sql "select top(3, record_number('load'), name) from members" --json

Tables: members, labels, records, events, metrics, state. See docs/reference/sql.md.)#"},
    Entry{"aggregate", R"(Examples:
  grapevine aggregate set load --function mean --key load --by dc
  grapevine aggregate follow load)"},
    Entry{"aggregate set", R"(Examples:
  grapevine aggregate set members --function count --by dc
  grapevine aggregate set load --function p99 --key load --label role=web
  grapevine aggregate set busiest --function top --key load --top 5
  grapevine aggregate set versions --sql \
    "select record('version') v, count(*) n from members where status='alive' group by v")"},
    Entry{"aggregate get", R"(Examples:
  grapevine aggregate get load
  grapevine aggregate get load --json | jq .contributors)"},
    Entry{"aggregate list", R"(Examples:
  grapevine aggregate list)"},
    Entry{"aggregate delete", R"(Examples:
  grapevine aggregate delete load)"},
    Entry{"aggregate follow", R"(Examples:
  grapevine aggregate follow load
  grapevine aggregate follow load --json | jq -c .rows)"},
    Entry{"info", R"(Examples:
  grapevine info
  grapevine info --json --url https://web-1:9470 --ca ca.pem)"},
    Entry{"publish", R"#(Examples:
  grapevine publish deploy.started "version 12"
  grapevine publish config.changed --file app.json
  date | grapevine publish clock.tick
  grapevine trace "$(grapevine publish --trace deploy.started)")#"},
    Entry{"trace", R"(Examples:
  grapevine trace 0123456789abcdef-1-42            who got it from whom, and when
  grapevine trace 0123456789abcdef-1-42 --svg tree.svg)"},
    Entry{"estimate", R"(Examples:
  grapevine estimate                                  how many members are there?
  grapevine estimate mean:load                        of what each has set with `record set load`
  grapevine estimate count --method extrema           the same without any bookkeeping, to 6%)"},
    Entry{"query", R"(Examples:
  grapevine query version                             which release does each member run?
  grapevine query clock --filter dc=ams               how far are their clocks from ours?
  grapevine query disk.free --payload /var --filter 'name=web-*' --timeout 5s
  grapevine query disk.free --json                    one line of JSON per answer, then the end

Exit codes: 0 all that were expected have answered, 5 somebody is missing, 4 nobody was expected:
no application answers to the name, or the filter matches nobody.)"},
    Entry{"subscribe", R"(Examples:
  grapevine subscribe                              everything, from now on
  grapevine subscribe 'deploy.*' --from oldest
  grapevine subscribe --json --count 1 --give-up 30 deploy.finished
  grapevine subscribe --cursor 5f2c-1071           continue where you stopped)"},
    Entry{"join", R"(Examples:
  grapevine join gv1.ABCD...                       from `grapevine invite` on a member
  grapevine join web-1:9471 web-2:9471 --overlay demo)"},
    Entry{"leave", R"(Examples:
  grapevine leave --overlay demo)"},
    Entry{"forget", R"(Examples:
  grapevine forget web-3)"},
    Entry{"invite", R"(Examples:
  grapevine invite                                 then, on the other host: grapevine join TOKEN
  grapevine invite --seed gateway.example:9471     an address that the other host can reach

Who has the token has the overlay's key: treat it like a password.)"},
    Entry{"record get", R"(Examples:
  grapevine record get version
  grapevine record get version --member web-3)"},
    Entry{"record set", R"(Examples:
  grapevine record set version 12)"},
    Entry{"record unset", R"(Examples:
  grapevine record unset version)"},
    Entry{"record list", R"(Examples:
  grapevine record list
  grapevine record list --member web-3 --json)"},
    Entry{"state get", R"(Examples:
  grapevine state get color
  grapevine state get color --json | jq -r .version)"},
    Entry{"state put", R"(Examples:
  grapevine state put color green
  grapevine state put lease me --ttl 30s --new
  grapevine state put color red --version 018bcfe568000001)"},
    Entry{"state delete", R"(Examples:
  grapevine state delete color)"},
    Entry{"state count", R"(Examples:
  grapevine state count hits 2
  grapevine state count hits -1)"},
    Entry{"state set-add", R"(Examples:
  grapevine state set-add hosts web-1 web-2)"},
    Entry{"state set-remove", R"(Examples:
  grapevine state set-remove hosts web-1)"},
    Entry{"state list", R"(Examples:
  grapevine state list
  grapevine state list app/ --json)"},
    Entry{"state watch", R"(Examples:
  grapevine state watch app/)"},
    Entry{"state load", R"(Examples:
  grapevine state load backup.json)"},
    Entry{"state dump", R"(Examples:
  grapevine state dump > backup.json
  grapevine state dump app/)"},
    Entry{"overlay list", R"(Examples:
  grapevine overlay list)"},
    Entry{"overlay show", R"(Examples:
  grapevine overlay show demo)"},
    Entry{"overlay create", R"(Examples:
  grapevine overlay create demo --bind 0.0.0.0:9471
  grapevine overlay create demo --profile fast --seed web-1:9471 --key 1:SECRET)"},
    Entry{"overlay change", R"(Examples:
  grapevine overlay change demo --label rack=r2
  grapevine overlay change demo --key 2:NEW --key 1:OLD    rotate: the first key sends)"},
    Entry{"overlay remove", R"(Examples:
  grapevine overlay remove demo)"},
    Entry{"keys generate", R"(Examples:
  grapevine keys generate
  grapevine keys generate --id 2)"},
    Entry{"keys status", R"(Examples:
  grapevine keys status

STEP is what a member has confirmed of the stage: done, behind (an earlier one) or silent. A
rotation waits for members that are dead too: for one that is gone for good,
`grapevine forget NAME`.)"},
    Entry{"keys rotate", R"(Examples:
  grapevine keys rotate --wait
  grapevine keys rotate --key 2:SECRET         to this key, not to a fresh one
  grapevine keys rotate --without old-box      go on without a member that will not come back
  grapevine keys rotate --operator-key ops.key

The daemon that is asked makes the steps. If it is gone, ask another: it goes on.)"},
    Entry{"operator new", R"(Examples:
  grapevine operator new --out ops.key         the file is the secret; what is printed is public)"},
    Entry{"operator show", R"(Examples:
  grapevine operator show ops.key)"},
    Entry{"config status", R"(Examples:
  grapevine config status

HEALTH is what a member says of the last roll-out: well or unwell (a canary), steady (there is
nothing to watch), refused (it does not know a setting) or silent. REASON is why it was ended.)"},
    Entry{"config propose", R"(Examples:
  grapevine config propose retention_age=10m --operator-key ops.key
  grapevine config propose profile=wan --canary 5% --health-interval 60000 --operator-key ops.key
  grapevine config propose profile= --operator-key ops.key      as each member is configured

A few members try it first. If all of them are well for three health intervals, everybody takes it
over; if one is unwell, dies or is restarted, everybody goes back, and nobody needs to be there.)"},
    Entry{"config return", R"(Examples:
  grapevine config return                      all run what was before the last roll-out)"},
    Entry{"summary show", R"(Examples:
  grapevine summary show

One table for each zone that this member is in, from the whole overlay down to its own hosts. A *
marks where it is.)"},
    Entry{"summary define", R"(Examples:
  grapevine summary define load --operator-key ops.key \
      "select sum(record_number('load')) as load from members"
  grapevine summary define users --operator-key ops.key --expires-in 86400000 \
      "select hll(record('user')) as user from members"

To SQL the rows of a zone are members, and what they say is records. A zone looks like a member of
the one above it, so name each column like what it was made from.)"},
    Entry{"summary remove", R"(Examples:
  grapevine summary remove load --operator-key ops.key)"},
    Entry{"summary set", R"(Examples:
  grapevine summary set load 0.7               our zone is told; until the daemon ends)"},
    Entry{"summary unset", R"(Examples:
  grapevine summary unset load)"},
    Entry{"wipe", R"(Examples:
  grapevine wipe                               what has been wiped
  grapevine wipe records --operator-key ops.key
  grapevine wipe state:cache/ --operator-key ops.key

Everything of that part that is older than this moment is gone everywhere, also from members that
are away and come back with it. It cannot be undone.)"},
    Entry{"sim", R"(Examples:
  grapevine sim --list
  grapevine sim partition_heal --seed 7 --members 500
  grapevine sim my.toml --json --trace trace.jsonl

Exit code 1 when a property of the protocol or an expectation of the scenario did not hold.)"},
    Entry{"lab run", R"(Examples:
  grapevine lab run 'experiment=rumor&members=1000&k=2'
  grapevine lab run 'experiment=rumor&algorithm=pull&seed=7' --json
  grapevine lab run 'experiment=detection&members=100&actions=5000:kill:3' --csv
  grapevine lab run 'experiment=average&loss=0.1' --svg average.svg

The same link gives the same trace hash, here, on the page and on every machine.
GET /v1/lab lists experiments and settings; docs/lab.md explains them.)"},
    Entry{"lab", R"(Examples:
  grapevine lab                                    opens the lab in a browser
  grapevine lab --print                            prints its link
  grapevine lab run 'experiment=rumor&members=1000&k=2'
  grapevine lab detectors)"},
    Entry{"lab detectors", R"(Examples:
  grapevine lab detectors                          all of them, less than a minute
  grapevine lab detectors --members 128 --crashes 100 --profile lan
  grapevine lab detectors --detector rings --detector swim --condition loss --loss 20
  grapevine lab detectors --json > detectors.json

Rows: each detector in calm, with lost datagrams and with stalled members. FIRST and ALL are the
times from a crash until the first and the last survivor believed it; FALSE DEATHS are of members
that lived. Equal flags give equal tables.)"},
    Entry{"completion", R"(Examples:
  grapevine completion bash > ~/.local/share/bash-completion/completions/grapevine
  grapevine completion zsh > "${fpath[1]}/_grapevine"
  grapevine completion fish > ~/.config/fish/completions/grapevine.fish)"},
    Entry{"help", R"(Examples:
  grapevine help record set
  grapevine help exit-codes)"},
};

constexpr std::array kTopics = {
    Entry{"exit-codes", R"(Exit codes of grapevine:

  0  it worked
  1  refused, or it did not work; standard error says why and what would be right
  2  the command line makes no sense
  3  no daemon answers at that URL
  4  what was named does not exist
  5  it did not happen in the time given
  130  ended by Ctrl-C
)"},
    Entry{"environment", R"(Variables that the commands read (flags win):

  GRAPEVINE_URL          the daemon's HTTP API: http://127.0.0.1:9470
  GRAPEVINE_TOKEN        access token
  GRAPEVINE_TOKEN_FILE   file that holds it
  GRAPEVINE_OVERLAY      which overlay
  GRAPEVINE_CA           PEM file of the authorities to trust for https
  GRAPEVINE_SCENARIOS    folder of scenarios for `grapevine sim`
  NO_COLOR               set to anything: no colours

The variables of `grapevine agent` are in docs/reference/configuration.md.
)"},
};

template <std::size_t N>
std::string_view find(const std::array<Entry, N>& entries, std::string_view name) {
    for (const auto& [key, text] : entries) {
        if (key == name) return text;
    }
    return {};
}

}  // namespace

std::string_view examples_of(std::string_view command_path) {
    return find(kExamples, command_path);
}

std::string_view help_topic(std::string_view topic) {
    return find(kTopics, topic);
}

}  // namespace grapevine::cli

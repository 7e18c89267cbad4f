#include <CLI/App.hpp>
#include <CLI/Validators.hpp>

#include "cli/grammar.hpp"

namespace grapevine::cli {
namespace {

void add_definition(CLI::App* app, AggregateOptions& options) {
    CLI::Option* sql = app->add_option("--sql", options.sql, "One SELECT, as for: grapevine sql.");
    sql->type_name("SELECT");
    app->add_option("--function", options.function, "What to compute, if it is not told by --sql.")
        ->type_name("FUNCTION")
        ->check(CLI::IsMember({"count", "sum", "mean", "min", "max", "p50", "p90", "p99", "top"}))
        ->excludes(sql);
    app->add_option("--key", options.key,
                    "Of which key of the records; count without one counts members.")
        ->type_name("KEY")
        ->excludes(sql);
    app->add_option("--by", options.group_by, "One row for each value of this label.")
        ->type_name("LABEL")
        ->excludes(sql);
    app->add_option("--status", options.statuses,
                    "Only members with this status; alive and suspect when not given. May be "
                    "repeated.")
        ->type_name("STATUS")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->check(CLI::IsMember({"alive", "suspect", "dead", "left"}))
        ->excludes(sql);
    app->add_option("--label", options.labels,
                    "Only members with this label. May be repeated; all must hold.")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->excludes(sql);
    app->add_option("--top", options.top, "Rows of top, per group; 10 when not given.")
        ->type_name("N")
        ->check(CLI::Range(1, 100))
        ->excludes(sql);
}

}  // namespace

void Grammar::add_answers() {
    CLI::App* sql = add(root_, "sql", "Ask in SQL for what the daemon knows of the overlay.");
    sql->add_option("select", all_.sql.statement, "One SELECT.")->type_name("SELECT")->required();
    sql->add_option("-p,--parameter", all_.sql.parameters,
                    "The value of the next ?: a number, or a text. May be repeated.")
        ->type_name("VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    CLI::Option* csv = sql->add_flag("--csv", all_.sql.is_csv, "Print CSV (RFC 4180).");
    sql->add_flag("--json", all_.sql.is_json, "Print JSON, for scripts.")->excludes(csv);
    add_connection(sql, all_.sql.connection);
    sql->callback([this] { finish_ = [this]() -> Attempt<Command> { return Command(all_.sql); }; });

    using What = AggregateOptions::What;
    CLI::App* app = add(root_, "aggregate", "Answers that all members keep up to date.");
    app->require_subcommand(1);
    AggregateOptions& options = all_.aggregate;
    const auto verb = [&](const std::string& name, const std::string& description, What what) {
        CLI::App* sub = add(*app, name, description);
        sub->callback([this, what] {
            finish_ = [this, what]() -> Attempt<Command> {
                all_.aggregate.what = what;
                return Command(all_.aggregate);
            };
        });
        return sub;
    };
    CLI::App* set = verb("set", "Define an aggregate on all members.", What::set);
    CLI::App* get = verb("get", "Show the present value of one.", What::get);
    CLI::App* list = verb("list", "Show all of them.", What::list);
    CLI::App* remove = verb("delete", "Remove one from all members.", What::remove);
    CLI::App* follow = verb("follow", "Print the value whenever it changes.", What::follow);
    for (CLI::App* sub : {set, get, remove, follow}) {
        sub->add_option("name", options.name, "Its name.")->type_name("NAME")->required();
    }
    add_definition(set, options);
    follow->add_option("-n,--count", options.count, "End after so many values.")->type_name("N");
    for (CLI::App* sub : {set, get, list}) add_json(sub, options.is_json);
    follow->add_flag("--json", options.is_json, "Print one JSON object a line.");
    for (CLI::App* sub : {set, get, list, remove, follow}) add_connection(sub, options.connection);
}

}  // namespace grapevine::cli

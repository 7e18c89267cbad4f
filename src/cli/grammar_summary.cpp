#include <CLI/App.hpp>
#include <CLI/Validators.hpp>

#include "cli/grammar.hpp"

namespace grapevine::cli {

void Grammar::add_summary() {
    using What = SummaryOptions::What;
    SummaryOptions& options = all_.summary;
    CLI::App* app = add(root_, "summary",
                        "Zones within zones: much of what is near, and little of "
                        "what is far.");
    app->require_subcommand(1);
    const auto verb = [&](const std::string& name, const std::string& description, What what) {
        CLI::App* sub = add(*app, name, description);
        add_json(sub, options.is_json);
        add_connection(sub, options.connection);
        choose(sub, options);
        sub->preparse_callback([&options, what](std::size_t) { options.what = what; });
        return sub;
    };
    const auto add_operator = [&](CLI::App* sub) {
        sub->add_option("--operator-key", options.operator_file,
                        "The file of an operator's key, which signs it.")
            ->type_name("FILE")
            ->required();
    };
    verb("show", "Show the zones that this member is in, and their parts.", What::show);

    CLI::App* define =
        verb("define", "Set a statement that summarises zones, on all members.", What::define);
    define->add_option("name", options.name, "Its name.")->type_name("NAME")->required();
    define->add_option("select", options.text, "One SELECT.")->type_name("SELECT")->required();
    define
        ->add_option("--expires-in", options.expires_in_ms,
                     "Milliseconds, after which it is not run any more; without it, never.")
        ->type_name("MS");
    add_operator(define);

    CLI::App* remove = verb("remove", "Remove such a statement from all members.", What::remove);
    remove->add_option("name", options.name, "Its name.")->type_name("NAME")->required();
    add_operator(remove);

    CLI::App* set = verb("set", "Tell our zone a value, and nobody else.", What::set);
    set->add_option("key", options.name, "Its name.")->type_name("KEY")->required();
    set->add_option("value", options.text, "The value.")->type_name("VALUE")->required();

    CLI::App* unset = verb("unset", "Tell our zone that value no longer.", What::unset);
    unset->add_option("key", options.name, "Its name.")->type_name("KEY")->required();
}

}  // namespace grapevine::cli

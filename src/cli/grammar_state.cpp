#include <string>

#include "cli/grammar.hpp"

// The commands of the shared map.
namespace grapevine::cli {

void Grammar::add_state() {
    CLI::App* app = add(root_, "state", "The map that an overlay shares: any member writes it.");
    app->require_subcommand(1);
    StateOptions& options = all_.state;
    using What = StateOptions::What;
    const auto verb = [&](const std::string& name, const std::string& description, What what) {
        CLI::App* sub = add(*app, name, description);
        sub->callback([this, what] {
            finish_ = [this, what]() -> Attempt<Command> {
                all_.state.what = what;
                return Command(all_.state);
            };
        });
        add_connection(sub, options.connection);
        return sub;
    };
    CLI::App* get = verb("get", "Print what a key holds.", What::get);
    CLI::App* put = verb("put", "Set the value of a key.", What::put);
    CLI::App* erase = verb("delete", "Delete a key everywhere.", What::erase);
    CLI::App* count = verb("count", "Add to a counter.", What::count);
    CLI::App* add_to = verb("set-add", "Add to a set.", What::set_add);
    CLI::App* remove = verb("set-remove", "Remove from a set.", What::set_remove);
    CLI::App* list = verb("list", "List keys by a prefix.", What::list);
    CLI::App* watch = verb("watch", "Print changes as they come.", What::watch);
    CLI::App* load = verb("load", "Write what a dump says.", What::load);
    CLI::App* dump = verb("dump", "Print all entries as JSON, one a line.", What::dump);

    for (CLI::App* sub : {get, put, erase, count, add_to, remove}) {
        sub->add_option("key", options.key, "The key.")->type_name("KEY")->required();
    }
    put->add_option("value", options.value, "The value; - reads it from the standard input.")
        ->type_name("VALUE")
        ->required();
    put->add_option("--ttl", options.ttl, "It ends everywhere after so long: 30s, 5m, 2h.")
        ->type_name("DURATION");
    for (CLI::App* sub : {put, erase}) {
        sub->add_option("--version", options.version, "Only if the key has this version here.")
            ->type_name("VERSION");
    }
    put->add_flag("--new", options.must_be_new, "Only if the key does not exist here.")
        ->excludes("--version");
    count->add_option("change", options.change, "What to add; may be negative.")
        ->type_name("NUMBER")
        ->capture_default_str();
    for (CLI::App* sub : {add_to, remove}) {
        sub->add_option("elements", options.elements, "The elements.")
            ->type_name("ELEMENT")
            ->required();
    }
    for (CLI::App* sub : {list, watch, dump}) {
        sub->add_option("prefix", options.key, "Only keys that begin with this.")
            ->type_name("PREFIX");
    }
    load->add_option("file", options.file, "What dump has printed; - is the standard input.")
        ->type_name("FILE")
        ->capture_default_str();
    for (CLI::App* sub : {get, put, count, add_to, remove, list, watch}) {
        add_json(sub, options.is_json);
    }
}

}  // namespace grapevine::cli

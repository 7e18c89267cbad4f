#include "daemon/config_file.hpp"

#include <filesystem>
#include <fmt/core.h>
#include <toml++/toml.h>

#include "base/nearest.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {

namespace {

std::string_view kind_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::none:
            return "nothing";
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "a number";
        case toml::node_type::floating_point:
            return "a number with a fraction";
        case toml::node_type::boolean:
            return "true or false";
        case toml::node_type::date:
            return "a date";
        case toml::node_type::time:
            return "a time";
        case toml::node_type::date_time:
            return "a date and time";
    }
    return "something else";
}

/// How one would write a value of this type.
std::string form_of(const Key& key) {
    const std::string_view name = key.last_name();
    switch (key.type) {
        case KeyType::integer:
            return fmt::format("write {} = {}", name, key.default_text);
        case KeyType::size:
        case KeyType::duration:
            return fmt::format("write {} = \"{}\"", name, key.default_text);
        case KeyType::list:
            return name == "keys" ? std::string("write keys = [\"1:SECRET\"]")
                                  : fmt::format("write {} = [\"192.0.2.7:9471\"]", name);
        case KeyType::labels:
            return fmt::format("write {} = {{ rack = \"r1\" }}", name);
        case KeyType::text:
            return fmt::format("write {} = \"web-1\"", name);
        case KeyType::path:
            return fmt::format("write {} = \"/path\"", name);
        case KeyType::address:
        case KeyType::choice:
            return fmt::format("write {} = \"{}\"", name, key.default_text);
    }
    return {};
}

class FileReader {
public:
    explicit FileReader(std::string_view place)
        : place_(place), folder_(std::filesystem::path(place).parent_path().string()) {}

    FileContent read(std::string_view text) {
        // The one place where exceptions come from outside: the library reports errors by them.
        try {
            const toml::table root = toml::parse(text, place_);
            read_table(root, "", "");
        } catch (const toml::parse_error& error) {
            content_ = FileContent{};
            content_.refusals.push_back(
                Refusal{Refusal::Code::invalid,
                        fmt::format("{}: this is not TOML: {}", at(error.source()),
                                    printable(error.description(), 200)),
                        "strings stand in quotes: bind = \"0.0.0.0:9471\"; see https://toml.io",
                        {}});
        }
        return std::move(content_);
    }

private:
    [[nodiscard]] std::string at(const toml::source_region& region) const {
        return fmt::format("{}:{}:{}", place_, region.begin.line, region.begin.column);
    }

    void refuse(const toml::source_region& region, std::string_view shown_name, std::string what,
                std::string cure) {
        content_.refusals.push_back(Refusal{Refusal::Code::invalid,
                                            fmt::format("{}: {}: {}", at(region), shown_name, what),
                                            std::move(cure), std::string(shown_name)});
    }

    /// `table`: the part before the dot in names of keys. `overlay`: in which overlay we are.
    void read_table(const toml::table& node, std::string_view table, const std::string& overlay) {
        const std::string prefix = table.empty()     ? std::string()
                                   : overlay.empty() ? fmt::format("{}.", table)
                                                     : fmt::format("overlay.{}.", overlay);
        for (const auto& [name, value] : node) {
            const std::string shown = prefix + printable(name.str());
            if (table.empty() && name.str() == "overlay") {
                read_overlays(value);
                continue;
            }
            const std::string full =
                table.empty() ? std::string(name.str()) : fmt::format("{}.{}", table, name.str());
            const Key* key = find_key(full);
            if (key != nullptr && key->where == Key::Where::everywhere) {
                read_value(*key, value, shown, overlay);
                continue;
            }
            if (table.empty() && !names_in_table(name.str()).empty()) {
                read_section(name.str(), value);
                continue;
            }
            const auto known = names_in_table(table);
            refuse(name.source(), shown, "is not a key that exists",
                   nearest_cure(name.str(), known));
        }
    }

    void read_section(std::string_view name, const toml::node& value) {
        if (const toml::table* section = value.as_table()) {
            read_table(*section, name, "");
            return;
        }
        refuse(value.source(), name, fmt::format("is {}, not a table", kind_of(value)),
               fmt::format("write [{}] on a line of its own, and its keys below", name));
    }

    void read_overlays(const toml::node& value) {
        const std::string_view cure = "write [overlay.NAME] on a line of its own, its keys below";
        const toml::table* overlays = value.as_table();
        if (overlays == nullptr) {
            refuse(value.source(), "overlay", fmt::format("is {}, not a table", kind_of(value)),
                   std::string(cure));
            return;
        }
        for (const auto& [name, node] : *overlays) {
            const std::string shown = fmt::format("overlay.{}", printable(name.str()));
            const toml::table* table = node.as_table();
            if (table == nullptr) {
                refuse(name.source(), shown, fmt::format("is {}, not a table", kind_of(node)),
                       std::string(cure));
                continue;
            }
            if (const auto checked = check_overlay_name(name.str()); !checked) {
                refuse(name.source(), shown, checked.error().message, checked.error().cure);
                continue;
            }
            content_.overlays.emplace_back(name.str(), at(name.source()));
            read_table(*table, "overlay", std::string(name.str()));
        }
    }

    void read_value(const Key& key, const toml::node& value, const std::string& shown,
                    const std::string& overlay) {
        Assignment assignment{&key, overlay, at(value.source()), {}, folder_};
        bool is_right_kind = false;
        switch (key.type) {
            case KeyType::text:
            case KeyType::path:
            case KeyType::address:
            case KeyType::duration:
            case KeyType::choice:
                is_right_kind = take_string(value, assignment);
                break;
            case KeyType::integer:
                is_right_kind = take_integer(value, assignment);
                break;
            case KeyType::size:
                is_right_kind = take_integer(value, assignment) || take_string(value, assignment);
                break;
            case KeyType::list:
                is_right_kind = take_array(value, assignment);
                break;
            case KeyType::labels:
                is_right_kind = take_labels(value, assignment);
                break;
        }
        if (!is_right_kind) {
            refuse(value.source(), shown,
                   fmt::format("is {}{}", kind_of(value),
                               value.is_array() && key.type == KeyType::list
                                   ? " of something other than strings"
                               : value.is_table() && key.type == KeyType::labels
                                   ? " of something other than strings"
                                   : ", which it cannot be"),
                   form_of(key));
            return;
        }
        content_.assignments.push_back(std::move(assignment));
    }

    static bool take_string(const toml::node& value, Assignment& into) {
        if (!value.is_string()) return false;
        into.texts.push_back(value.as_string()->get());
        return true;
    }

    static bool take_integer(const toml::node& value, Assignment& into) {
        if (!value.is_integer()) return false;
        into.texts.push_back(std::to_string(value.as_integer()->get()));
        return true;
    }

    static bool take_array(const toml::node& value, Assignment& into) {
        const toml::array* array = value.as_array();
        if (array == nullptr) return false;
        for (const toml::node& item : *array) {
            if (!take_string(item, into)) return false;
        }
        return true;
    }

    static bool take_labels(const toml::node& value, Assignment& into) {
        const toml::table* table = value.as_table();
        if (table == nullptr) return false;
        for (const auto& [name, item] : *table) {
            if (!item.is_string()) return false;
            // An '=' inside a quoted name would move the border between name and value.
            into.texts.push_back(fmt::format("{}={}", name.str(), item.as_string()->get()));
        }
        return true;
    }

    std::string place_;
    std::string folder_;
    FileContent content_;
};

}  // namespace

FileContent read_config_text(std::string_view text, std::string_view place) {
    return FileReader(place).read(text);
}

}  // namespace grapevine::daemon

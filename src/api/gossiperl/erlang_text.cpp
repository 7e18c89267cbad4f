#include "api/gossiperl/erlang_text.hpp"

#include <algorithm>
#include <boost/json/value.hpp>
#include <fmt/core.h>

namespace grapevine::api::gossiperl {
namespace {

namespace json = boost::json;

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char letter) { return letter >= ' ' && letter <= '~'; });
}

/// Appends until the text is long enough; what comes after is not looked at.
class Printer {
public:
    void print(const json::value& value) {
        if (is_full()) return;
        switch (value.kind()) {
            case json::kind::null:
                return append("null");
            case json::kind::bool_:
                return append(value.get_bool() ? "true" : "false");
            case json::kind::int64:
                return append(fmt::format("{}", value.get_int64()));
            case json::kind::uint64:
                return append(fmt::format("{}", value.get_uint64()));
            case json::kind::double_:
                return print_float(value.get_double());
            case json::kind::string:
                return print_text({value.get_string().data(), value.get_string().size()});
            case json::kind::array:
                return print_array(value.get_array());
            case json::kind::object:
                return print_object(value.get_object());
        }
    }

    void print_text(std::string_view text) {
        append("<<");
        // What is cut off later need not be printed.
        const std::string_view shown = text.substr(0, kErlangTextBytesMax);
        if (is_plain(shown)) {
            if (!shown.empty()) append("\"");
            for (const char letter : shown) {
                if (letter == '"' || letter == '\\') text_ += '\\';
                text_ += letter;
            }
            if (!shown.empty()) append("\"");
        } else {
            std::string_view comma;
            for (const char letter : shown) {
                append(fmt::format("{}{}", comma, static_cast<unsigned char>(letter)));
                comma = ",";
            }
        }
        append(">>");
    }

    void print_pair(std::string_view name, const json::value& value) {
        append("{");
        print_text(name);
        append(",");
        print(value);
        append("}");
    }

    [[nodiscard]] std::string take() {
        if (is_full()) {
            text_.resize(kErlangTextBytesMax);
            text_ += "...";
        }
        return std::move(text_);
    }

private:
    [[nodiscard]] bool is_full() const { return text_.size() > kErlangTextBytesMax; }
    void append(std::string_view text) { text_ += text; }

    void print_float(double number) {
        std::string text = fmt::format("{}", number);
        if (text.find_first_of(".ni") == std::string::npos) {
            text.insert(std::min(text.find('e'), text.size()), ".0");
        }
        append(text);
    }

    void print_array(const json::array& array) {
        append("[");
        for (std::size_t index = 0; index < array.size() && !is_full(); ++index) {
            if (index > 0) append(",");
            print(array[index]);
        }
        append("]");
    }

    void print_object(const json::object& object) {
        if (object.empty()) return append("[{}]");
        append("[");
        std::string_view comma;
        for (const auto& [key, value] : object) {
            if (is_full()) break;
            append(comma);
            print_pair({key.data(), key.size()}, value);
            comma = ",";
        }
        append("]");
    }

    std::string text_;
};

}  // namespace

std::string to_erlang(const json::value& value) {
    Printer printer;
    printer.print(value);
    return printer.take();
}

std::string to_erlang_binary(std::string_view text) {
    Printer printer;
    printer.print_text(text);
    return printer.take();
}

std::string to_erlang_pair(std::string_view name, const json::value& value) {
    Printer printer;
    printer.print_pair(name, value);
    return printer.take();
}

}  // namespace grapevine::api::gossiperl

#include "sql/rewrite.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace grapevine::sql {
namespace {

constexpr std::array<std::string_view, 3> kFunctions = {"label", "record", "record_number"};

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/// As SQLite sees it: any byte above ASCII is part of a name.
bool is_of_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::unexpected<Refusal> unfinished(std::string_view what, std::string_view cure) {
    return std::unexpected(
        Refusal{Refusal::Code::invalid, std::string(what), std::string(cure), "sql"});
}

struct Token {
    enum class Kind { blank, name, text, bracket_open, bracket_close, comma, other };
    Kind kind = Kind::other;
    std::string_view text;
};

/// The end of a quoted piece that begins at `start`; a doubled quote stands for itself.
std::size_t end_of_quote(std::string_view sql, std::size_t start) {
    const char quote = sql[start] == '[' ? ']' : sql[start];
    for (std::size_t at = start + 1; at < sql.size(); ++at) {
        if (sql[at] != quote) continue;
        const bool is_doubled = quote != ']' && at + 1 < sql.size() && sql[at + 1] == quote;
        if (!is_doubled) return at + 1;
        ++at;
    }
    return std::string_view::npos;
}

Outcome<Token> next_token(std::string_view sql, std::size_t at) {
    using Kind = Token::Kind;
    const auto piece = [&](Kind kind, std::size_t end) {
        return Token{kind, sql.substr(at, end - at)};
    };
    const char c = sql[at];
    if (is_blank(c)) return piece(Kind::blank, at + 1);
    if (sql.substr(at, 2) == "--") {
        return piece(Kind::blank, std::min(sql.find('\n', at), sql.size()));
    }
    if (sql.substr(at, 2) == "/*") {
        const std::size_t end = sql.find("*/", at + 2);
        if (end == std::string_view::npos) {
            return unfinished("a comment does not end", "close it with */");
        }
        return piece(Kind::blank, end + 2);
    }
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
        const std::size_t end = end_of_quote(sql, at);
        if (end == std::string_view::npos) {
            return unfinished("a quote does not end",
                              "close it; a quote within a text is written twice: 'it''s'");
        }
        return piece(c == '\'' ? Kind::text : Kind::other, end);
    }
    if (is_of_name(c)) {
        std::size_t end = at;
        while (end < sql.size() && is_of_name(sql[end])) ++end;
        return piece(Kind::name, end);
    }
    const Kind kind = c == '('   ? Kind::bracket_open
                      : c == ')' ? Kind::bracket_close
                      : c == ',' ? Kind::comma
                                 : Kind::other;
    return piece(kind, at + 1);
}

Outcome<std::vector<Token>> tokens_of(std::string_view sql) {
    std::vector<Token> tokens;
    for (std::size_t at = 0; at < sql.size();) {
        tokens.push_back(GV_TRY(next_token(sql, at)));
        at += tokens.back().text.size();
    }
    return tokens;
}

using Tokens = std::vector<Token>;

std::size_t skip_blanks(const Tokens& tokens, std::size_t index) {
    while (index < tokens.size() && tokens[index].kind == Token::Kind::blank) ++index;
    return index;
}

/// The arguments of a call, from behind its bracket on.
struct Arguments {
    std::size_t commas = 0;
    std::size_t last = 0;  ///< The token behind which the last one begins.
    std::size_t close = 0;
    bool is_empty = true;
};

Outcome<Arguments> arguments_of(const Tokens& tokens, std::size_t open) {
    Arguments arguments;
    arguments.last = open;
    std::size_t depth = 0;
    for (std::size_t index = open; index < tokens.size(); ++index) {
        switch (tokens[index].kind) {
            case Token::Kind::bracket_open:
                if (depth++ > 0) arguments.is_empty = false;
                break;
            case Token::Kind::bracket_close:
                if (--depth > 0) break;
                arguments.close = index;
                return arguments;
            case Token::Kind::comma:
                if (depth == 1) {
                    ++arguments.commas;
                    arguments.last = index;
                }
                break;
            case Token::Kind::blank:
                break;
            default:
                arguments.is_empty = false;
        }
    }
    return unfinished("a bracket is not closed", "close it with )");
}

/// The text that the last argument is, if it is nothing else.
std::optional<std::string> literal_of(const Tokens& tokens, const Arguments& arguments) {
    const std::size_t first = skip_blanks(tokens, arguments.last + 1);
    if (tokens[first].kind != Token::Kind::text) return std::nullopt;
    if (skip_blanks(tokens, first + 1) != arguments.close) return std::nullopt;
    const std::string_view quoted = tokens[first].text;
    std::string text;
    for (std::size_t at = 1; at + 1 < quoted.size(); ++at) {
        text += quoted[at];
        if (quoted[at] == '\'') ++at;
    }
    return text;
}

}  // namespace

Outcome<Rewritten> rewrite(std::string_view sql) {
    const Tokens tokens = GV_TRY(tokens_of(sql));
    Rewritten result;
    std::size_t insert_before = tokens.size();
    for (std::size_t index = 0; index < tokens.size(); ++index) {
        const Token& token = tokens[index];
        if (index == insert_before) result.text += std::string(kMemberColumn) + ",";
        result.text += token.text;
        if (token.kind != Token::Kind::name) continue;
        const std::string name = lower(token.text);
        if (std::ranges::find(kFunctions, name) == kFunctions.end()) continue;
        const std::size_t open = skip_blanks(tokens, index + 1);
        if (open == tokens.size() || tokens[open].kind != Token::Kind::bracket_open) continue;
        const Arguments arguments = GV_TRY(arguments_of(tokens, open));
        if (arguments.commas == 0 && !arguments.is_empty) insert_before = open + 1;
        if (name == "label") continue;
        auto key = literal_of(tokens, arguments);
        if (!key) {
            result.keys = std::nullopt;
        } else if (result.keys) {
            result.keys->push_back(std::move(*key));
        }
    }
    if (result.keys) {
        std::ranges::sort(*result.keys);
        result.keys->erase(std::ranges::unique(*result.keys).begin(), result.keys->end());
    }
    return result;
}

}  // namespace grapevine::sql

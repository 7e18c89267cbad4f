#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "cli/commands.hpp"
#include "cli/text.hpp"

namespace grapevine::cli {
namespace {

namespace json = boost::json;

json::value answer(const std::string& columns, const std::string& rows) {
    return json::parse(R"({"columns":)" + columns + R"(,"rows":)" + rows + "}");
}

TEST(RowsTable, puts_numbers_to_the_right_and_says_what_is_null) {
    EXPECT_EQ(
        rows_table(answer(R"(["dc","n","x"])", R"([["fra",1,1.5],["ams",20,null],[null,3,4.0]])"),
                   Paint(false)),
        "dc     n     x\n"
        "fra    1   1.5\n"
        "ams   20  NULL\n"
        "NULL   3     4\n");
}

TEST(RowsTable, shows_columns_without_rows) {
    EXPECT_EQ(rows_table(answer(R"(["name"])", "[]"), Paint(false)), "name\n");
}

TEST(RowsTable, does_not_let_others_write_to_the_terminal) {
    const std::string table =
        rows_table(answer(R"(["a\u001b[2J"])", R"([["x\u001b[31m"]])"), Paint(false));
    EXPECT_EQ(table.find('\x1b'), std::string::npos) << table;
}

TEST(RowsTable, survives_rows_of_another_shape) {
    EXPECT_EQ(rows_table(answer(R"(["a","b"])", R"([["x"],7,["y","z","more"]])"), Paint(false)),
              "a  b\nx\ny  z\n");
}

TEST(RowsCsv, quotes_what_needs_it_and_leaves_null_empty) {
    EXPECT_EQ(rows_csv(answer(R"(["a","b,c"])", R"([["x\"y",null],["line\nbreak",1.5]])")),
              "a,\"b,c\"\r\n\"x\"\"y\",\r\n\"line\nbreak\",1.5\r\n");
}

}  // namespace
}  // namespace grapevine::cli

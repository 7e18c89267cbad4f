#include "cli/text.hpp"

#include <gtest/gtest.h>

#include "cli/failure.hpp"

namespace grapevine::cli {
namespace {

TEST(SafeText, control_characters_cannot_reach_the_terminal) {
    EXPECT_EQ(safe_text("a\x1b[2Jb\n\x7f"), "a\\x1b[2Jb\\x0a\\x7f");
    EXPECT_EQ(safe_text("\xc2\x9b"
                        "31m"),
              "\\xc2\x9b"
              "31m");
    EXPECT_EQ(safe_text("grün"), "grün");
}

TEST(Formats, ages_are_short) {
    EXPECT_EQ(format_age(0), "0 ms");
    EXPECT_EQ(format_age(999), "999 ms");
    EXPECT_EQ(format_age(1500), "1.5 s");
    EXPECT_EQ(format_age(12'345), "12 s");
    EXPECT_EQ(format_age(180'000), "3 min");
    EXPECT_EQ(format_age(7'200'000), "2 h");
    EXPECT_EQ(format_age(300'000'000), "3 d");
}

TEST(Formats, bytes_have_decimal_units) {
    EXPECT_EQ(format_bytes(999), "999 B");
    EXPECT_EQ(format_bytes(11'300'000), "11.3 MB");
    EXPECT_EQ(format_bytes(9'000'000'000'000'000), "9000.0 TB");
}

TEST(Width, escapes_and_continuation_bytes_take_no_column) {
    EXPECT_EQ(width_of("\x1b[31mred\x1b[0m"), 3U);
    EXPECT_EQ(width_of("grün"), 4U);
}

TEST(Table, columns_are_as_wide_as_their_widest_cell) {
    Table table({{"NAME"}, {"COUNT", Table::Align::right}, {"NOTE"}});
    table.add({"a", "1", ""});
    table.add({"longer", "12345", "x"});
    EXPECT_EQ(table.render(Paint(false)),
              "NAME    COUNT  NOTE\n"
              "a           1\n"
              "longer  12345  x\n");
}

TEST(Table, colours_do_not_move_columns) {
    const Paint paint(true);
    Table table({{"A"}, {"B"}});
    table.add({paint(Style::good, "x"), "y"});
    EXPECT_EQ(table.render(paint),
              "\x1b[2mA\x1b[0m  \x1b[2mB\x1b[0m\n"
              "\x1b[32mx\x1b[0m  y\n");
}

TEST(Paint, off_is_plain) {
    EXPECT_EQ(Paint(false)(Style::bad, "x"), "x");
}

TEST(Failure, says_what_and_cure_and_hides_control_characters) {
    EXPECT_EQ(describe(Failure{ExitCode::failed, "no\x1b", "do"}), "error: no\\x1b\n  cure: do\n");
    EXPECT_EQ(describe(Failure{ExitCode::failed, "no", ""}), "error: no\n");
}

}  // namespace
}  // namespace grapevine::cli

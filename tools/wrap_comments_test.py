#!/usr/bin/env python3
"""What tools/wrap_comments.py moves, and what it leaves alone."""

import unittest

from wrap_comments import wrap

LONG = "/// " + "word " * 19 + "end"  # 102 columns


class WrapCommentsTest(unittest.TestCase):
    def test_what_does_not_fit_goes_to_the_front_of_the_next_line(self):
        self.assertEqual(wrap([LONG, "/// next.", "int x;"]),
                         ["/// " + "word " * 18 + "word", "/// end next.", "int x;"])

    def test_at_the_end_of_a_paragraph_it_gets_a_line_of_its_own(self):
        for below in ("int x;", "///", "", "/// - item", "// other", "  /// deeper",
                      "/// Deviation: here", "///   indented"):
            with self.subTest(below=below):
                self.assertEqual(wrap([LONG, below])[1:], ["/// end", below])
        self.assertEqual(wrap([LONG])[1:], ["/// end"])

    def test_it_cascades_through_full_lines(self):
        full = "/// " + "full " * 18 + "lines!"  # 100 columns
        result = wrap([LONG, full, full, "/// end."])
        self.assertTrue(all(len(line) <= 100 for line in result))
        self.assertEqual(" ".join(line[4:] for line in result),
                         " ".join(line[4:] for line in [LONG, full, full, "/// end."]))

    def test_short_lines_diagrams_code_and_unbreakable_words_stay(self):
        lines = ["/// short", "///   +----+   +----+", "int x = 1;  // " + "word " * 20,
                 "/// " + "x" * 120, "auto text = \"" + "word " * 20 + "\";"]
        self.assertEqual(wrap(lines), lines)


if __name__ == "__main__":
    unittest.main()

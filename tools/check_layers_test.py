#!/usr/bin/env python3
"""Plants violations in a temporary tree and expects tools/check_layers.py to name each of them."""

import pathlib
import tempfile
import unittest

import check_layers


class CheckLayersTest(unittest.TestCase):
    def errors(self, files):
        return self.check(files).errors

    def check(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            findings, count = check_layers.check_tree(root)
            self.assertEqual(count, len(files))
            return findings

    def assert_one(self, files, part):
        found = self.errors(files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])

    def test_an_arrow_of_the_table_passes(self):
        self.assertEqual(self.errors({
            "src/overlay/a.cpp": '#include "overlay/a.hpp"\n#include "protocol/node.hpp"\n'
                                 '#include "crypto/seal.hpp"\n#include <vector>\n',
            "src/sim/a.cpp": '#include "overlay/a.hpp"\n#include "client/session.hpp"\n',
            "src/api/a.cpp": '#include "client/session.hpp"\n#include <boost/json.hpp>\n',
            "src/daemon/a.cpp": '#include "api/a.hpp"\n#include "runtime/a.hpp"\n',
        }), [])

    def test_every_forbidden_arrow_is_named_with_its_line(self):
        for file, header in [("src/protocol/a.cpp", "runtime/udp.hpp"),
                             ("src/runtime/a.cpp", "protocol/node.hpp"),
                             ("src/wire/a.hpp", "crypto/seal.hpp"),
                             ("src/crypto/a.hpp", "wire/messages.hpp"),
                             ("src/base/a.hpp", "wire/messages.hpp"),
                             ("src/api/a.cpp", "overlay/overlay.hpp"),
                             ("src/client/a.cpp", "protocol/node.hpp"),
                             ("src/overlay/a.cpp", "api/routes.hpp"),
                             ("src/sim/a.cpp", "runtime/udp.hpp"),
                             ("src/cli/a.cpp", "overlay/overlay.hpp"),
                             ("src/daemon/a.cpp", "cli/table.hpp")]:
            with self.subTest(file=file, header=header):
                self.assert_one({file: f'#include <vector>\n#include "{header}"\n'},
                                f"{file}:2: {file.split('/')[1]} may not include "
                                f"{header.split('/')[0]}")

    def test_an_include_without_folder_or_of_no_folder_is_refused(self):
        self.assert_one({"src/wire/native/a.cpp": '#include "a.hpp"\n'}, '"wire/native/a.hpp"')
        self.assert_one({"src/wire/a.cpp": '#include "legacy/a.hpp"\n'}, "not a folder of src/")
        self.assert_one({"src/attic/a.cpp": "\n"}, "src/attic is not in the table")

    def test_pure_rooms_know_no_system_header(self):
        for header in ["thread", "mutex", "random", "sys/socket.h", "unistd.h", "arpa/inet.h",
                       "boost/asio.hpp", "boost/beast/http.hpp", "sqlite3.h", "fstream",
                       "openssl/evp.h"]:
            with self.subTest(header=header):
                self.assert_one({"src/overlay/a.cpp": f"#include <{header}>\n"}, f"<{header}>")
                self.assertEqual(self.errors({"src/runtime/a.cpp": f"#include <{header}>\n"}), [])

    def test_the_listed_exceptions_hold_for_their_file_only(self):
        self.assertEqual(self.errors({"src/base/endpoint.cpp": "#include <arpa/inet.h>\n"}), [])
        self.assert_one({"src/base/other.cpp": "#include <arpa/inet.h>\n"}, "a system header")
        self.assertEqual(self.errors({"src/crypto/a.cpp": "#include <openssl/evp.h>\n"}), [])
        self.assertEqual(self.errors({"src/sim/a.cpp": "#include <fstream>\n"}), [])

    def test_pure_rooms_read_no_clock_dice_or_environment(self):
        for code in ["auto t = std::chrono::steady_clock::time_point{};", "auto t = Clock::now();",
                     'std::getenv("HOME");', 'getenv("HOME");', "int x = std::rand();",
                     "int x = rand();", "auto t = time(nullptr);", "std::mutex lock;",
                     "std::this_thread::yield();", "std::mt19937 dice;"]:
            with self.subTest(code=code):
                self.assert_one({"src/protocol/a.cpp": f"void f() {{\n{code}\n}}\n"},
                                "src/protocol/a.cpp:2: ")
                self.assertEqual(self.errors({"src/daemon/a.cpp": code + "\n"}), [])

    def test_comments_and_texts_are_not_code(self):
        self.assertEqual(self.errors({"src/protocol/a.hpp":
            "// It has no ::now() and no std::mutex.\n/* getenv(\n rand() */\n"
            'auto a = "std::rand() \\" getenv(";\nauto b = R"x(steady_clock)x";\n'
            "int c = 1'000'000; int d = brand(c); int e = dice.rand_(c);\n"}), [])

    def test_tests_may_use_support_files_and_environment_but_no_clock(self):
        self.assertEqual(self.errors({"src/wire/a_test.cpp":
            '#include <gtest/gtest.h>\n#include <fstream>\n#include <unistd.h>\n'
            '#include "support/transcript.hpp"\n#include "base/bytes.hpp"\n'
            'auto a = std::getenv("X");\n'}), [])
        self.assert_one({"src/wire/a.cpp": '#include "support/transcript.hpp"\n'}, "not a folder")
        self.assert_one({"src/wire/a_test.cpp": '#include "protocol/node.hpp"\n'}, "may not")
        self.assert_one({"src/wire/a_test.cpp": "auto t = Clock::now();\n"}, "reads a clock")
        self.assert_one({"src/wire/a_test.cpp": "#include <random>\n"}, "<random>")

    def test_walking_an_unordered_container_needs_a_reason(self):
        header = "std::unordered_map<Id, std::vector<std::pair<int, int>>> members_;\n"
        loop = "void f() {\n    for (const auto& [id, m] : members_) g(id);\n}\n"
        self.assert_one({"src/protocol/a.hpp": header, "src/protocol/a.cpp": loop},
                        "src/protocol/a.cpp:2: walks the unordered container members_")
        self.assert_one({"src/protocol/b.cpp": header + "for (auto& m : other.members_) g(m);\n"},
                        "members_")
        self.assert_one({"src/protocol/c.cpp": header + "V v(members_.begin(), members_.end());\n"},
                        "members_")
        self.assert_one({"src/protocol/d.cpp": "using Map = std::unordered_map<int, int>;\n"
                         "Map table;\nfor (auto& m : table) g(m);\n"}, "d.cpp:3: ")

    def test_a_reason_an_ordered_container_or_a_look_up_passes(self):
        self.assertEqual(self.errors({
            "src/protocol/a.cpp": "std::unordered_set<int> seen;\n"
                "for (int s : seen) sum += s;  // order-free: a sum\n"
                "// order-free: only counted\nfor (int s : seen) ++count;\n"
                "if (seen.find(3) != seen.end()) g();\n"
                "for (int i = 0; i < 3; ++i) seen.insert(i);\n",
            "src/protocol/b.cpp": "std::map<int, int> all;\nfor (auto& [k, v] : all) g(k);\n",
        }), [])
        self.assert_one({"src/protocol/c.cpp": "std::unordered_set<int> seen;\n"
                         "for (int s : seen) g(s);  // order-free:\n"}, "walks")

    def test_form(self):
        self.assert_one({"src/base/a.cpp": "// " + "x" * 98 + "\n"}, "101 columns")
        self.assertEqual(self.errors({"src/base/a.cpp": "// " + "ä" * 97 + "\n"}), [])
        for name in ("roo" + "t", "wor" + "k", "home/" + "me"):
            self.assert_one({"tests/a.py": f"x = '/{name}/x'\n"}, "somebody's machine")
        self.assertEqual(self.errors({"tests/a.py": "x = '/home/user/x'\n"}), [])
        findings = self.check({"src/base/a.cpp": "int x;\n" * 501})
        self.assertEqual(findings.errors, [])
        self.assertIn("501 lines", findings.warnings[0])
        self.assertEqual(self.check({"src/base/a.cpp": "int x;\n" * 500}).warnings, [])


if __name__ == "__main__":
    unittest.main()

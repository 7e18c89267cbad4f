#include "cli/demo_view.hpp"

#include <gtest/gtest.h>
#include <sstream>

namespace grapevine::cli {
namespace {

using namespace std::chrono_literals;

DemoPicture picture() {
    DemoPicture picture;
    picture.title = "demo";
    picture.names = {"d1", "d2"};
    picture.addresses = {"http://127.0.0.1:1", ""};
    picture.sightings = {{Sighting{"alive", {}}, Sighting{"dead", {}}}, {Sighting{}, Sighting{}}};
    picture.counts.published = 3;
    picture.counts.expected = 6;
    picture.counts.delivered = 5;
    picture.counts.latency_median = 1500us;
    picture.counts.latency_p99 = 4ms;
    picture.story = {"one", "two"};
    picture.waiting_for = "three";
    return picture;
}

TEST(DemoView, shows_who_sees_whom) {
    EXPECT_EQ(render(picture(), Paint(false)),
              "demo\n"
              "\n"
              "    API                 sees  d1  d2\n"
              "d1  http://127.0.0.1:1         +   x\n"
              "d2  down\n"
              "+ alive  ? suspect  x dead  - left  . not known\n"
              "\n"
              "3 events published, 5 of 6 delivered, 0 gaps, half within 1.5 ms, 99 % within 4.0 "
              "ms\n"
              "\n"
              "one\n"
              "two\n"
              "three ...\n");
}

TEST(DemoView, without_a_terminal_each_line_is_printed_once) {
    std::ostringstream out;
    DemoView view(out, false, Paint(false));
    view.show(picture(), Instant(1s));
    view.show(picture(), Instant(1100ms));
    EXPECT_EQ(out.str(),
              "demo\n"
              "one\n"
              "two\n"
              "three ...\n");
    view.show(picture(), Instant(2s));
    EXPECT_EQ(out.str().substr(out.str().rfind("    ")),
              "    3 events published, 5 of 6 delivered, 0 gaps, half within 1.5 ms, 99 % within "
              "4.0 ms; 1 of 4 views alive\n");
}

TEST(DemoView, on_a_terminal_it_draws_over_what_it_drew) {
    std::ostringstream out;
    DemoView view(out, true, Paint(false));
    view.show(picture(), Instant(1s));
    EXPECT_EQ(out.str().find("\x1b[12A"), std::string::npos);
    view.show(picture(), Instant(2s));
    EXPECT_NE(out.str().find("\x1b[12A"), std::string::npos) << "twelve lines up";
}

}  // namespace
}  // namespace grapevine::cli

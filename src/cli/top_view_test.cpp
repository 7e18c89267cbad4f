#include "cli/top_view.hpp"

#include <boost/json/parse.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace grapevine::cli {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

json::value overlay(int received) {
    return json::parse(fmt::format(
        R"({{"name":"demo","protocol":"grapevine","detector":"rings","view_fingerprint":"ab",
            "members_alive":2,"members_suspect":1,"members_dead":0,"members_left":0,
            "local_health":0,"counters":{{"received_bytes_total":{}}}}})",
        received));
}

json::value members() {
    return json::parse(R"({"members":[
        {"id":"1","name":"a","status":"alive","status_age_ms":1000,"labels":{}},
        {"id":"2","name":"b","status":"suspect","status_age_ms":20,"labels":{"rack":"r1"}},
        {"id":"3","name":"c\u001b[2J","status":"alive","status_age_ms":1000,"labels":{},
         "rtt_us":240}]})");
}

TEST(TopView, rates_are_changes_over_the_time_between_two_pictures) {
    TopView view;
    view.update(Instant{}, overlay(1000), members());
    EXPECT_EQ(view.rates().received_bytes, 0);
    view.update(Instant{} + 2s, overlay(5000), members());
    EXPECT_EQ(view.rates().received_bytes, 2000);
}

TEST(TopView, counters_that_began_anew_give_no_negative_rate) {
    TopView view;
    view.update(Instant{}, overlay(5000), members());
    view.update(Instant{} + 1s, overlay(10), members());
    EXPECT_EQ(view.rates().received_bytes, 0);
}

TEST(TopView, members_in_trouble_come_first_and_what_is_left_out_is_counted) {
    TopView view;
    view.update(Instant{}, overlay(0), members());
    const std::string picture = view.render(Paint(false), 10);
    const std::string table = picture.substr(picture.find("MEMBER"));
    EXPECT_LT(table.find("suspect"), table.find("alive")) << picture;
    TopView crowd;
    json::value many = members();
    json::array& list = many.at("members").as_array();
    for (int index = 0; index < 50; ++index) list.push_back(list[0]);
    crowd.update(Instant{}, overlay(0), many);
    EXPECT_NE(crowd.render(Paint(false), 20).find("and 42 more"), std::string::npos)
        << crowd.render(Paint(false), 20);
}

TEST(TopView, names_of_others_cannot_move_the_cursor) {
    TopView view;
    view.update(Instant{}, overlay(0), members());
    EXPECT_EQ(view.render(Paint(false), 0).find('\x1b'), std::string::npos);
}

TEST(TopView, only_the_latest_news_are_kept) {
    TopView view;
    for (std::size_t index = 0; index <= kTopStoryLines; ++index) {
        view.add_news(json::parse(fmt::format(
            R"({{"items":[{{"type":"member","kind":"died","member":{{"name":"m{}"}},
                           "seen_at_ms":0}}, {{"type":"record","seen_at_ms":0}}]}})",
            index)));
    }
    const json::value picture = view.to_json();
    ASSERT_EQ(picture.at("lately").as_array().size(), kTopStoryLines);
    EXPECT_TRUE(picture.at("lately").as_array().back().as_string().ends_with("m8"));
}

TEST(TopView, what_is_missing_in_an_answer_is_empty) {
    TopView view;
    view.update(Instant{}, json::value(nullptr), json::value("text"));
    view.add_news(json::value(nullptr));
    EXPECT_FALSE(view.render(Paint(false), 5).empty());
}

}  // namespace
}  // namespace grapevine::cli

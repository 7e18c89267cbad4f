#include "protocol/query/query.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "base/query_names.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

Query query() {
    return {2s, "disk.free", {1, 2, 3}};
}

TEST(Query, comes_back_as_it_was_encoded) {
    EXPECT_EQ(decode_query(encode(query())), query());
    const Query largest{kQueryPatienceMax, std::string(kQueryNameBytesMax, 'n'),
                        Bytes(kQueryPayloadBytesMax, 7)};
    EXPECT_LE(encode(largest).size(), kQuestionBytesMax);
    EXPECT_EQ(decode_query(encode(largest)), largest);
}

TEST(Query, cut_short_in_front_of_its_payload_is_refused) {
    const Bytes bytes = encode(query());
    for (std::size_t size = 0; size < bytes.size() - query().payload.size(); ++size) {
        EXPECT_FALSE(decode_query(ByteView(bytes).first(size))) << size;
    }
}

TEST(Query, above_a_limit_is_refused) {
    Bytes bytes = encode({2s, "n", Bytes(kQueryPayloadBytesMax)});
    EXPECT_TRUE(decode_query(bytes));
    bytes.push_back(0);
    EXPECT_EQ(decode_query(bytes).error().field, "query.payload");
    // 120,001 ms, name "n".
    EXPECT_EQ(decode_query(Bytes{0xc1, 0xa9, 0x07, 1, 'n'}).error().field, "query.patience");
    EXPECT_TRUE(decode_query(Bytes{0xc0, 0xa9, 0x07, 1, 'n'}));
    Bytes long_name = {1, static_cast<std::uint8_t>(kQueryNameBytesMax + 1)};
    long_name.resize(2 + kQueryNameBytesMax + 1, 'n');
    EXPECT_EQ(decode_query(long_name).error().field, "query.name");
}

TEST(Query, of_a_name_that_no_path_can_hold_is_refused) {
    EXPECT_EQ(decode_query(Bytes{1, 0}).error().code, Error::Code::malformed);
    EXPECT_EQ(decode_query(Bytes{1, 1, '/'}).error().code, Error::Code::malformed);
    EXPECT_EQ(decode_query(Bytes{1, 1, 0xe4}).error().code, Error::Code::malformed);
}

TEST(QueryReply, comes_back_as_it_was_encoded) {
    using State = QueryReply::State;
    for (const State state : {State::not_served, State::abandoned, State::busy}) {
        const QueryReply reply{state, {}};
        EXPECT_EQ(decode_query_reply(encode(reply)), reply);
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{9}, kQueryAnswerBytesMax}) {
        const QueryReply reply{State::answered, Bytes(size, 5)};
        EXPECT_EQ(decode_query_reply(encode(reply)), reply);
    }
}

TEST(QueryReply, that_breaks_a_rule_is_refused) {
    EXPECT_FALSE(decode_query_reply({}));
    EXPECT_FALSE(decode_query_reply(Bytes{4}));
    EXPECT_FALSE(decode_query_reply(Bytes{1, 0})) << "nobody answered this";
    EXPECT_FALSE(decode_query_reply(Bytes(kQueryAnswerBytesMax + 2)));
}

TEST(QueryNames, of_the_daemon_are_none_of_applications) {
    EXPECT_TRUE(is_built_in_query("clock"));
    EXPECT_TRUE(is_built_in_query("gv.later"));
    EXPECT_FALSE(is_built_in_query("clocks"));
    EXPECT_TRUE(is_query_name(std::string(kQueryNameBytesMax, 'a')));
    EXPECT_FALSE(is_query_name(std::string(kQueryNameBytesMax + 1, 'a')));
}

}  // namespace
}  // namespace grapevine::protocol

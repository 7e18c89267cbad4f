#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"

namespace grapevine::protocol {

/// Up to `wanted` different members at random, none of `except`; fewer where there are not more.
/// `members` holds no member twice. Work: in proportion to what is wanted, unless that is about
/// half of all.
inline std::vector<MemberId> pick_members(Random& random, std::span<const MemberId> members,
                                          std::size_t wanted, std::span<const MemberId> except) {
    const auto is_excepted = [&](MemberId member) {
        return std::ranges::find(except, member) != except.end();
    };
    std::vector<MemberId> picked;
    if (members.size() <= 2 * (wanted + except.size())) {
        std::ranges::remove_copy_if(members, std::back_inserter(picked), is_excepted);
        random.shuffle(std::span(picked));
        if (picked.size() > wanted) picked.resize(wanted);
        return picked;
    }
    // More than twice as many as are wanted or excepted: each try hits with a probability above one
    // half.
    while (picked.size() < wanted) {
        const MemberId member = members[random.below(members.size())];
        if (is_excepted(member) || std::ranges::find(picked, member) != picked.end()) continue;
        picked.push_back(member);
    }
    return picked;
}

}  // namespace grapevine::protocol

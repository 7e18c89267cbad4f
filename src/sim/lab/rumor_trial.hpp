#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "protocol/rumor/mongering.hpp"
#include "protocol/rumor/spreader.hpp"
#include "sim/lab/linked_trial.hpp"

namespace grapevine::sim::lab {

/// A section on its way. Of news, announcements and wishes only the rumors matter: what a rumor
/// says, nobody reads.
struct RumorItem {
    enum class What : std::uint8_t { news, repair, announce, wish, section };
    What what = What::news;
    std::uint32_t rumor = 0;
    std::uint8_t hops = 0;
    std::vector<std::uint32_t> rumors{};
    std::shared_ptr<const wire::Section> section{};
};
using RumorPacket = std::vector<RumorItem>;

/// Rumors among members that have nothing but the machine that spreads events: protocol::Mongering
/// in any variant, or protocol::Tree. Nothing repairs what it leaves out (in a daemon the repair of
/// `Events` does), so the residue can be seen; only what a tree announces is asked for, at once,
/// since that is a part of it.
///
/// What is shown is the newest rumor; it has ended when nobody tells any rumor and none is under
/// way.
class RumorTrial final : public LinkedTrial<RumorPacket> {
public:
    explicit RumorTrial(const Settings& settings);

    [[nodiscard]] bool has_ended() const override;
    [[nodiscard]] std::vector<Point> points(Moment now) const override;
    [[nodiscard]] std::vector<Point> summary() const override;

protected:
    void added(HostIndex member) override;
    void born(HostIndex member) override;
    void killed(HostIndex member) override { look_at(member); }
    void joined(HostIndex member, HostIndex who) override;
    void left(HostIndex member, HostIndex who) override;
    void tell_rumor(HostIndex member) override;
    void wake(HostIndex member) override;
    void arrive(HostIndex from, HostIndex to, RumorPacket& packet) override;
    void landed(const RumorPacket& packet) override;

private:
    using Spreader = protocol::Spreader;
    using Rounds = protocol::Mongering::Rounds;
    using RumorIndex = std::uint32_t;
    using Item = RumorItem;
    using What = RumorItem::What;

    struct Rumor {
        protocol::EventKey key;
        Moment began{};
        std::vector<std::uint8_t> hops;  ///< By member; kUnaware.
        std::size_t known = 0;           ///< By how many.
        Moment last_learned{};
        Duration learned_after{};  ///< Sum over those who know.
    };
    struct Member {
        RosterPeers peers;
        std::unique_ptr<Spreader> spreader{};
        const protocol::Mongering* mongering = nullptr;  ///< The same; null if it is a tree.
        std::uint64_t sequence = 0;                      ///< Of its stream, in this life.
    };
    static constexpr std::uint8_t kUnaware = 255;

    [[nodiscard]] Moment round_after(Moment moment) const;
    void take(HostIndex from, HostIndex to, const Item& item);
    void take_announcement(HostIndex from, HostIndex to, const Item& item);
    void take_news(HostIndex from, HostIndex to, const Item& item);
    void learn(HostIndex from, HostIndex member, RumorIndex rumor, std::uint8_t hops);
    void drain(HostIndex member);
    [[nodiscard]] Item item_of(HostIndex member, Spreader::Action& action) const;
    void post(HostIndex from, HostIndex to, RumorPacket packet);
    [[nodiscard]] std::size_t bytes_of(const Item& item) const;
    [[nodiscard]] static bool is_news(const Item& item);
    [[nodiscard]] static Errand errand_of(const RumorPacket& packet);
    void look_at(HostIndex member);

    protocol::ProtocolConfig config_;
    Rounds rounds_;
    std::vector<std::unique_ptr<Member>> members_;
    std::vector<bool> is_hot_;
    std::size_t hot_count_ = 0;
    std::vector<Rumor> rumors_;
    std::map<protocol::EventKey, RumorIndex> rumor_of_;
    std::uint64_t news_under_way_ = 0;
    std::uint64_t packets_under_way_ = 0;
    std::uint64_t copies_sent_ = 0;
    std::uint64_t duplicates_ = 0;
};

}  // namespace grapevine::sim::lab

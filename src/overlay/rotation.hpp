#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "crypto/key_ring.hpp"
#include "overlay/ring_plan.hpp"
#include "protocol/node.hpp"
#include "storage/overlay_image.hpp"
#include "wire/messages.hpp"

namespace grapevine::overlay {

/// Which keys of an overlay are valid, and the way from one to the next without a pause.
///
/// The problem: whoever seals with a key that another member does not hold yet, or no longer, has
/// cut it off. The idea: three stages, each a notice that names the whole ring (protocol/
/// notices.hpp), and each begun only when every member has confirmed the one before in its own
/// record of keys:
///
///     install: [old, new]   all hold the new key, nobody seals with it
///     use:     [new, old]   all seal with the new key, the old one still opens
///     remove:  [new]        the old one is gone
///
/// So two members at neighbouring stages always have a key in common that both seal and open with.
/// A member that is cut off confirms nothing and the rotation waits for it, by the old key, which
/// is not removed before; so do those that are dead and not forgotten. Whom the user does not want
/// to wait for is forgotten, or named (`without`).
///
/// Source: the staged rotation of memberlist's key ring; its stages are commands that an operator
/// repeats on every node and queries with a timeout. Deviation: confirmed by gossiped state.
///
/// Who drives: the member that was asked; it keeps that on disk, and whom it waits for, because
/// after a restart it knows nobody. The stages have fixed contents, so
/// if it is gone, any other member that is asked goes on where it stopped, and two that drive at
/// once make the same steps.
///
/// Newcomers know the old key only, and may come between the last confirmation and the last stage.
/// So keys that a stage takes away linger while somebody whom we believe alive has not confirmed,
/// for kLinger at most: they open, and never seal unless that one was heard under them.
///
/// What the user has configured stands until the first notice; from then on the notices rule, and
/// are kept on disk. A key that is configured later and that no rotation has taken away is held to
/// be a later one, learned by hand by one who missed a whole rotation: it opens, so that the
/// overlay can be heard with it, and its notice then replaces all.
///
/// It sends nothing and signs nothing: the overlay around it does. Bounds: kKeysMax keys,
/// kRetiredKeysMax fingerprints of old ones.
class Rotation {
public:
    static constexpr Duration kLinger = std::chrono::seconds(30);

    /// What one member has done about the present stage.
    enum class Step : std::uint8_t {
        done,     ///< It has confirmed it.
        behind,   ///< It has confirmed an earlier one.
        unknown,  ///< It has confirmed nothing since it came.
        waived,   ///< It is not waited for.
    };
    struct Standing {
        MemberId id;
        /// Until the next input of the node. None: not heard of since our restart.
        const protocol::Member* member = nullptr;
        std::optional<KeyState> state;
        Step step = Step::unknown;
    };

    /// `configured`: the user's, the first to seal with. `image` and `notice`: as restored.
    Rotation(std::vector<crypto::OverlayKey> configured, storage::RotationImage image,
             const wire::Notice* notice);

    /// What is valid; the first seals.
    [[nodiscard]] const std::vector<crypto::OverlayKey>& ring() const { return ring_; }
    /// What was configured and is not valid, because a rotation has come further.
    [[nodiscard]] std::vector<KeyId> overruled() const;
    [[nodiscard]] const std::optional<RingPlan>& plan() const { return plan_; }
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
    /// For our own record; empty while there was no rotation.
    [[nodiscard]] std::string own_state() const;

    void configure(std::vector<crypto::OverlayKey> configured);
    /// The notice of rotation that is held; malformed ones are not obeyed.
    Result<void> obey(Instant now, const wire::Notice& notice);

    /// The plan of the first stage of a rotation to `secret`; refused (conflict) while another is
    /// under way, and (over_limit) if the ring is full. The plan that is under way, if `secret` is
    /// absent or its target: to be gone on with.
    Outcome<RingPlan> begin(const std::optional<crypto::Secret<32>>& secret,
                            const crypto::Secret<32>& fresh) const;
    /// Whether every stage of the plan has been begun; then the next rotation may begin.
    [[nodiscard]] bool is_over() const;

    /// We make the steps from now on. `pending`: the notices of this stage and those that follow,
    /// signed.
    void drive(Instant now, const protocol::Node& node, std::vector<wire::Notice> pending,
               std::vector<MemberId> without);
    [[nodiscard]] bool is_driving() const { return image_.is_driving; }
    [[nodiscard]] const std::vector<MemberId>& without() const { return image_.without; }

    /// `member` has been forgotten: nobody waits for it any more.
    void forget(MemberId member);

    /// Everybody but ourselves who is not gone for good: the living, the suspect and the dead that
    /// have not been forgotten.
    [[nodiscard]] std::vector<Standing> standings(const protocol::Node& node) const;
    [[nodiscard]] static std::optional<KeyState> state_of(const protocol::Node& node,
                                                          MemberId member);

    /// The notice of the next stage, if we drive and everybody has confirmed the present one; also
    /// lets go of what lingers. To be called at `deadline`.
    [[nodiscard]] std::optional<wire::Notice> look(Instant now, const protocol::Node& node);
    [[nodiscard]] Instant deadline() const { return next_look_; }

    /// What must survive, if it has changed since the last call.
    [[nodiscard]] std::optional<storage::RotationImage> take_changes();
    /// Whether the ring has changed since the last call.
    [[nodiscard]] bool take_ring_change();

private:
    Result<void> take_plan(const wire::Notice& notice);
    void rebuild();
    void retire(const crypto::OverlayKey& key);
    void stop_driving();
    void follow_members(const protocol::Node& node);
    [[nodiscard]] Standing standing_of(MemberId id, const protocol::Member* member,
                                       const protocol::Node& node) const;
    void let_go(Instant now, const protocol::Node& node);
    [[nodiscard]] bool is_confirmed_by_all(const protocol::Node& node) const;
    [[nodiscard]] bool do_the_living_use_it(const protocol::Node& node) const;
    [[nodiscard]] bool is_retired(const crypto::OverlayKey& key) const;
    [[nodiscard]] KeyId free_id() const;

    std::vector<crypto::OverlayKey> configured_;
    std::optional<RingPlan> plan_;
    std::uint64_t epoch_ = 0;
    std::uint64_t digest_ = 0;
    std::vector<crypto::OverlayKey> lingering_;
    Instant linger_until_ = kNever;
    std::vector<crypto::OverlayKey> ring_;
    storage::RotationImage image_;
    Instant next_look_ = kNever;
    bool has_image_changed_ = false;
    bool has_ring_changed_ = false;
};

}  // namespace grapevine::overlay

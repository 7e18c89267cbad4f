#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/http.hpp"
#include "api/outlet.hpp"
#include "api/stream.hpp"
#include "control/control.hpp"

namespace grapevine::api {

/// One aggregate as server-sent events: its value at once, and again whenever it has changed.
///
///     id: <revision>
///     event: value, ended
///     data: <JSON>          one line
///
/// A value replaces the one before it, so nothing is kept for a slow reader: it gets the newest
/// when it has read what it has. A heartbeat is a comment.
class AggregateStream final : public Stream {
public:
    AggregateStream(control::Control& control, std::shared_ptr<control::Aggregates> aggregates,
                    std::string overlay, std::string token_id, std::string name,
                    std::shared_ptr<StreamSink> sink);

    /// Once, after construction.
    void start();

    void advance() override;
    void end(std::string_view reason) override;

private:
    void pump() override;
    void write(std::string chunk);

    control::Control& control_;
    std::shared_ptr<control::Aggregates> aggregates_;
    std::string name_;
    Outlet<StreamSink> outlet_;
    std::shared_ptr<void> change_handle_;
    std::uint64_t sent_revision_ = 0;
    bool has_sent_ = false;     ///< A value.
    bool has_written_ = false;  ///< Since the last heartbeat was due.
    bool is_ended_ = false;
};

}  // namespace grapevine::api

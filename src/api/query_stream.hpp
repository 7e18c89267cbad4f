#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/http.hpp"
#include "api/outlet.hpp"
#include "api/stream.hpp"
#include "control/control.hpp"

namespace grapevine::api {

/// A stream of server-sent events that others fill: answers to a query, or the queries that an
/// application serves.
///
///     event: <kind>         answer and end; or serving and query; ended
///     data: <JSON>          one line
///
/// It has no cursors, because nothing of it can be had twice. A comment is sent every 15 seconds in
/// which nothing else is. What keeps it filled is given up when the reader is gone.
class QueryStream final : public Stream {
public:
    QueryStream(control::Control& control, std::string overlay, std::string token_id,
                std::shared_ptr<StreamSink> sink);

    /// Once, after construction: hears the sink from now on.
    void start();

    /// Held until the end: whoever fills the stream ends with it.
    void hold(std::shared_ptr<void> source);

    void tell(std::string_view kind, std::string_view json);
    /// The last word has been told.
    void finish();

    /// Told and not yet taken by the reader.
    [[nodiscard]] std::size_t unsent_bytes() const { return outlet_.unsent_bytes(); }

    void advance() override;
    void end(std::string_view reason) override;

private:
    void pump() override;
    void write(std::string chunk);
    void close();

    control::Control& control_;
    Outlet<StreamSink> outlet_;
    std::shared_ptr<void> source_;
    bool has_written_ = false;
    bool is_ended_ = false;
};

}  // namespace grapevine::api

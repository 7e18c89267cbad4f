#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "control/gossiperl.hpp"
#include "daemon/settings_json.hpp"

// What is said to InfluxDB, in its three dialects.
namespace grapevine::daemon {

/// What was counted of one series of one overlay, up to `at`.
struct InfluxPoint {
    std::string overlay;
    control::gossiperl::Series series;
    WallTime at;
};

struct InfluxRequest {
    std::string url;            ///< Holds passwords: never for a log.
    std::string authorization;  ///< Value of the header; empty: none.
    std::string body;
};

/// Asks for the database of an overlay; one that exists already is fine (409 in v08). An empty URL:
/// nothing is to be made, because buckets of v2 are made by people.
///
///     v08  POST /db?u=U&p=P                  {"name":"OVERLAY"}
///     v1   POST /query?u=U&p=P&q=CREATE DATABASE "DATABASE"
[[nodiscard]] InfluxRequest influx_creation(const InfluxSettings& settings,
                                            std::string_view overlay);

/// Writes `points`, all of one overlay.
///
///     v08  POST /db/OVERLAY/series?u=U&p=P   [{"points":[[1,SIZE]],"name":"digest-in",
///                                              "columns":["count","size"]}]
///     v1   POST /write?db=DATABASE&precision=ms&u=U&p=P          lines
///     v2   POST /api/v2/write?org=O&bucket=B&precision=ms        lines; Authorization: Token T
///
/// A line is `digest-in,overlay=OVERLAY count=1i,size=330i UNIX_MS`. A series without sizes has no
/// size. In v08 points of one series stand together, and the server stamps them; so did the
/// original's. Names are chosen by others: control characters and backslashes, with which they
/// could end a line, are written as "_".
[[nodiscard]] InfluxRequest influx_write(const InfluxSettings& settings,
                                         std::span<const InfluxPoint> points);

/// "host:port", for logs.
[[nodiscard]] std::string influx_place(const InfluxSettings& settings);

}  // namespace grapevine::daemon

#include "daemon/influx_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cassert>
#include <fmt/core.h>
#include <map>
#include <utility>

#include "api/text.hpp"

namespace grapevine::daemon {
namespace {

namespace json = boost::json;
using api::percent_encode;
using Dialect = InfluxSettings::Dialect;

std::string base_url(const InfluxSettings& settings) {
    return fmt::format("{}://{}", settings.is_https ? "https" : "http", influx_place(settings));
}

/// "u=U&p=P", or nothing if the server knows no users.
std::string login(const InfluxSettings& settings) {
    if (settings.username.empty()) return "";
    return fmt::format("u={}&p={}", percent_encode(settings.username),
                       percent_encode(settings.password));
}

const std::string& database_of(const InfluxSettings& settings, const std::string& overlay) {
    return settings.database.empty() ? overlay : settings.database;
}

/// A name in line protocol. Commas, blanks and equal signs are escaped; line protocol has no way to
/// write a line break or a backslash at the end.
std::string escape(std::string_view name) {
    std::string text;
    for (const char letter : api::to_utf8(name)) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < 0x20 || byte == 0x7f || letter == '\\') {
            text += '_';
            continue;
        }
        if (letter == ',' || letter == ' ' || letter == '=') text += '\\';
        text += letter;
    }
    return text;
}

std::string lines_of(std::span<const InfluxPoint> points) {
    std::string lines;
    for (const InfluxPoint& point : points) {
        lines += fmt::format("{},overlay={} count={}i", escape(point.series.name),
                             escape(point.overlay), point.series.packets);
        if (point.series.bytes) lines += fmt::format(",size={}i", *point.series.bytes);
        lines += fmt::format(" {}\n", point.at.unix_ms);
    }
    return lines;
}

std::string series_of(std::span<const InfluxPoint> points) {
    // By name, and whether there are sizes: the columns differ.
    std::map<std::pair<std::string, bool>, json::array> rows;
    for (const InfluxPoint& point : points) {
        json::array row;
        row.emplace_back(point.series.packets);
        if (point.series.bytes) row.emplace_back(*point.series.bytes);
        const bool has_size = point.series.bytes.has_value();
        rows[{api::to_utf8(point.series.name), has_size}].emplace_back(std::move(row));
    }
    json::array all;
    for (auto& [key, points_of_series] : rows) {
        json::object series;
        series["points"] = std::move(points_of_series);
        series["name"] = key.first;
        series["columns"] = key.second ? json::array{"count", "size"} : json::array{"count"};
        all.emplace_back(std::move(series));
    }
    return json::serialize(all);
}

}  // namespace

std::string influx_place(const InfluxSettings& settings) {
    const bool is_v6 = settings.host.find(':') != std::string::npos;
    return fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), settings.host, settings.port);
}

InfluxRequest influx_creation(const InfluxSettings& settings, std::string_view overlay) {
    InfluxRequest request;
    const std::string name(overlay);
    switch (settings.dialect) {
        case Dialect::v08: {
            json::object body;
            body["name"] = name;
            request.url = fmt::format("{}/db?{}", base_url(settings), login(settings));
            request.body = json::serialize(body);
            break;
        }
        case Dialect::v1: {
            std::string quoted;
            for (const char letter : database_of(settings, name)) {
                if (letter == '"' || letter == '\\') quoted += '\\';
                quoted += letter;
            }
            request.url = fmt::format("{}/query?{}&q={}", base_url(settings), login(settings),
                                      percent_encode("CREATE DATABASE \"" + quoted + "\""));
            break;
        }
        case Dialect::v2:
            break;
    }
    return request;
}

InfluxRequest influx_write(const InfluxSettings& settings, std::span<const InfluxPoint> points) {
    assert(!points.empty());
    const std::string& overlay = points.front().overlay;
    InfluxRequest request;
    switch (settings.dialect) {
        case Dialect::v08:
            request.url = fmt::format("{}/db/{}/series?{}", base_url(settings),
                                      percent_encode(overlay), login(settings));
            request.body = series_of(points);
            break;
        case Dialect::v1:
            request.url =
                fmt::format("{}/write?db={}&precision=ms&{}", base_url(settings),
                            percent_encode(database_of(settings, overlay)), login(settings));
            request.body = lines_of(points);
            break;
        case Dialect::v2:
            request.url =
                fmt::format("{}/api/v2/write?org={}&bucket={}&precision=ms", base_url(settings),
                            percent_encode(settings.org), percent_encode(settings.bucket));
            request.authorization = "Token " + settings.token;
            request.body = lines_of(points);
            break;
    }
    return request;
}

}  // namespace grapevine::daemon

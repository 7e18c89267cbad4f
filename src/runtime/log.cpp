#include "runtime/log.hpp"

#include <array>
#include <atomic>
#include <ctime>
#include <memory>
#include <mutex>

// The only file that includes spdlog: five seconds of compile time, paid once.
#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "runtime/json_text.hpp"

namespace grapevine::runtime::log {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames = {"debug", "info", "warn", "error", "off"};

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
        case Level::off:
            return spdlog::level::off;
    }
    return spdlog::level::off;
}

std::string_view name_of(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::debug:
            return "debug";
        case spdlog::level::info:
            return "info";
        case spdlog::level::warn:
            return "warn";
        default:
            return "error";
    }
}

std::string utc(spdlog::log_clock::time_point time) {
    const auto since_epoch =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
    const std::time_t seconds = static_cast<std::time_t>(since_epoch.count() / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    const std::size_t count = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    return fmt::format("{}.{:03}Z", std::string_view(text, count), since_epoch.count() % 1000);
}

std::string_view view(spdlog::string_view_t text) {
    return {text.data(), text.size()};
}

std::string without_line_breaks(std::string_view message) {
    std::string line;
    for (const char letter : message) {
        if (letter == '\n') {
            line += "\\n";
        } else if (static_cast<unsigned char>(letter) < 0x20 && letter != '\t') {
            line += fmt::format("\\x{:02x}", static_cast<unsigned>(letter));
        } else {
            line += letter;
        }
    }
    return line;
}

class LineFormatter final : public spdlog::formatter {
public:
    explicit LineFormatter(Format format) : format_(format) {}

    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        const std::string line =
            format_ == Format::json
                ? fmt::format(R"({{"time":"{}","level":"{}","area":{},"message":{}}})",
                              utc(message.time), name_of(message.level),
                              json_string(view(message.logger_name)),
                              json_string(view(message.payload)))
                : fmt::format("{} {:<5} {}: {}", utc(message.time), name_of(message.level),
                              view(message.logger_name),
                              without_line_breaks(view(message.payload)));
        out.append(line.data(), line.data() + line.size());
        out.push_back('\n');
    }
    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<LineFormatter>(format_);
    }

private:
    Format format_;
};

// Where lines of a test go.
class CallbackSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit CallbackSink(std::function<void(std::string_view)> callback)
        : callback_(std::move(callback)) {}

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        callback_(std::string_view(line.data(), line.size() - 1));
    }
    void flush_() override {}

private:
    std::function<void(std::string_view)> callback_;
};

struct Output {
    Output() { open(); }

    void open() {
        sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        sink->set_formatter(std::make_unique<LineFormatter>(format));
    }

    std::mutex mutex;
    std::shared_ptr<spdlog::sinks::sink> sink;
    Format format = Format::text;
};

// Never destroyed: threads and destructors may log until the very end of the process.
Output& output() {
    static Output& instance = *new Output;
    return instance;
}

std::atomic<Level> g_level = Level::info;

}  // namespace

std::optional<Level> parse_level(std::string_view text) {
    for (std::size_t index = 0; index < kLevelNames.size(); ++index) {
        if (text == kLevelNames[index]) return static_cast<Level>(index);
    }
    return std::nullopt;
}

std::optional<Format> parse_format(std::string_view text) {
    if (text == "text") return Format::text;
    if (text == "json") return Format::json;
    return std::nullopt;
}

void configure(Level level, Format format) {
    g_level = level;
    Output& out = output();
    const std::scoped_lock lock(out.mutex);
    out.format = format;
    out.sink->set_formatter(std::make_unique<LineFormatter>(format));
}

void redirect(std::function<void(std::string_view)> sink) {
    Output& out = output();
    const std::scoped_lock lock(out.mutex);
    if (!sink) return out.open();
    out.sink = std::make_shared<CallbackSink>(std::move(sink));
    out.sink->set_formatter(std::make_unique<LineFormatter>(out.format));
}

bool is_enabled(Level level) {
    return level >= g_level && level != Level::off;
}

void write(Level level, std::string_view area, std::string_view message) {
    if (!is_enabled(level)) return;
    Output& out = output();
    const std::scoped_lock lock(out.mutex);
    out.sink->log(spdlog::details::log_msg(spdlog::string_view_t(area.data(), area.size()),
                                           to_spdlog(level),
                                           spdlog::string_view_t(message.data(), message.size())));
}

}  // namespace grapevine::runtime::log

#include "runtime/store.hpp"

#include <array>
#include <cassert>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include "runtime/file_descriptor.hpp"
#include "runtime/files.hpp"
#include "runtime/system_refusal.hpp"

namespace grapevine::runtime {
namespace {

namespace fs = std::filesystem;

constexpr int kSchemaVersion = 1;
// Marks the file as ours for `file` and for people with a hex dump: "GRPV".
constexpr int kApplicationId = 0x47525056;
constexpr int kBusyTimeoutMs = 1000;

// locking_mode before journal_mode: so the index of the log is on the heap and not in a shared
// file. The log is folded back every 256 pages (1 MiB) and cut to that size.
constexpr const char* kSettings =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA cache_size=-256;"
    "PRAGMA mmap_size=0;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=256;"
    "PRAGMA journal_size_limit=1048576;";

constexpr const char* kSchema =
    "CREATE TABLE entries(bucket TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY(bucket, key)) WITHOUT ROWID;";

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinishStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

// Rewinds a statement at the end of its use, so that it holds no lock and no copy of a value.
struct Use {
    explicit Use(const Statement& statement_in) : statement(statement_in.get()) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    }

    void bind(int index, std::string_view text) const {
        sqlite3_bind_text64(statement, index, text.data() == nullptr ? "" : text.data(),
                            text.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    void bind(int index, const Bytes& bytes) const {
        // A null pointer would bind NULL; an empty value is not an absent one.
        static constexpr std::uint8_t kNothing = 0;
        sqlite3_bind_blob64(statement, index, bytes.empty() ? &kNothing : bytes.data(),
                            bytes.size(), SQLITE_STATIC);
    }
    [[nodiscard]] int step() const { return sqlite3_step(statement); }

    [[nodiscard]] Bytes blob(int column) const {
        const auto* first =
            static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
        return {first, first + sqlite3_column_bytes(statement, column)};
    }
    [[nodiscard]] std::string text(int column) const {
        const unsigned char* first = sqlite3_column_text(statement, column);
        return {reinterpret_cast<const char*>(first),
                static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
    }

    sqlite3_stmt* statement;
};

Refusal refuse_damaged(const fs::path& file, std::string_view reason) {
    return {Refusal::Code::internal,
            fmt::format("the state in {} is damaged: {}", file.string(), reason),
            "restore it from a copy, or move the file away to start anew without it", ""};
}

// What SQLite says, as a person needs it.
Refusal refuse(sqlite3* database, const fs::path& file) {
    const int code = sqlite3_errcode(database) & 0xff;
    const int error_number = sqlite3_system_errno(database);
    const bool is_disk_full = error_number == ENOSPC || error_number == EDQUOT;
    if (code == SQLITE_FULL || (code == SQLITE_IOERR && is_disk_full)) {
        return {Refusal::Code::unavailable,
                fmt::format("the disk that holds {} is full", file.string()),
                "free some space; no restart is needed", ""};
    }
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        return refuse_damaged(file, sqlite3_errmsg(database));
    }
    if (code == SQLITE_BUSY) {
        return {Refusal::Code::conflict,
                fmt::format("{} is locked by another program", file.string()),
                "close what reads it (an sqlite3 shell, a backup) and try again", ""};
    }
    if (error_number != 0) {
        return system_refusal(fmt::format("cannot use {}", file.string()), error_number);
    }
    if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN || code == SQLITE_PERM) {
        return {Refusal::Code::forbidden,
                fmt::format("cannot use {}: {}", file.string(), sqlite3_errmsg(database)),
                "check the owner and the mode, and as which user this runs", ""};
    }
    return {Refusal::Code::internal,
            fmt::format("cannot use {}: {}", file.string(), sqlite3_errmsg(database)), "", ""};
}

Outcome<FileDescriptor> lock_folder(const fs::path& folder) {
    const fs::path path = folder / "lock";
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.is_open()) {
        return std::unexpected(system_refusal(
            fmt::format("cannot write to the state folder {}", folder.string()), errno));
    }
    if (::flock(file.value(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return std::unexpected(
                system_refusal(fmt::format("cannot lock {}", path.string()), errno));
        }
        std::array<char, 16> owner{};
        const ssize_t count = ::pread(file.value(), owner.data(), owner.size(), 0);
        const std::string_view pid(owner.data(),
                                   static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        return std::unexpected(
            Refusal{Refusal::Code::conflict,
                    fmt::format("the state folder {} is in use by another process ({})",
                                folder.string(), pid.empty() ? "unknown" : pid),
                    "give this one a folder of its own, or stop the other", ""});
    }
    // Only for the message above: that it cannot be written does not weaken the lock.
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(file.value(), 0) == 0) {
        static_cast<void>(::pwrite(file.value(), pid.data(), pid.size(), 0));
    }
    return file;
}

// SQLite would make it readable for everybody; the log inherits the mode.
Outcome<void> make_private_file(const fs::path& file) {
    const FileDescriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (made.is_open()) return {};
    return std::unexpected(
        system_refusal(fmt::format("cannot use the state in {}", file.string()), errno));
}

}  // namespace

struct Store::State {
    Outcome<void> run(const char* sql) {
        if (sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
        return std::unexpected(refuse(database.get(), file));
    }

    Outcome<Statement> prepare(std::string_view sql) {
        sqlite3_stmt* made = nullptr;
        if (sqlite3_prepare_v3(database.get(), sql.data(), static_cast<int>(sql.size()),
                               SQLITE_PREPARE_PERSISTENT, &made, nullptr) != SQLITE_OK) {
            return std::unexpected(refuse(database.get(), file));
        }
        return Statement(made);
    }

    Outcome<void> connect(const StoreOptions& options) {
        sqlite3* opened = nullptr;
        const int code = sqlite3_open_v2(
            file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
            nullptr);
        database.reset(opened);
        if (code != SQLITE_OK) return std::unexpected(refuse(opened, file));
        // 48 KiB of small blocks per connection that our few statements do not need.
        sqlite3_db_config(opened, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 0, 0);
        sqlite3_busy_timeout(opened, kBusyTimeoutMs);
        GV_TRY_VOID(run(kSettings));
        return run(fmt::format("PRAGMA max_page_count={}", options.pages_max).c_str());
    }

    Outcome<int> read_number(std::string_view sql) {
        const Statement statement = GV_TRY(prepare(sql));
        const Use use(statement);
        if (use.step() != SQLITE_ROW) return std::unexpected(refuse(database.get(), file));
        return sqlite3_column_int(use.statement, 0);
    }

    Outcome<void> check_integrity() {
        const Statement statement = GV_TRY(prepare("PRAGMA quick_check(1)"));
        const Use use(statement);
        if (use.step() != SQLITE_ROW) return std::unexpected(refuse(database.get(), file));
        const std::string verdict = use.text(0);
        if (verdict == "ok") return {};
        return std::unexpected(refuse_damaged(file, verdict));
    }

    Outcome<void> prepare_schema() {
        const int version = GV_TRY(read_number("PRAGMA user_version"));
        if (version > kSchemaVersion) {
            return std::unexpected(Refusal{
                Refusal::Code::conflict,
                fmt::format("{} was written by a newer version (schema {}, this one knows {})",
                            file.string(), version, kSchemaVersion),
                "run that version or a later one", ""});
        }
        if (version == 0) {
            GV_TRY_VOID(run(fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version={};"
                                        "PRAGMA application_id={}; COMMIT;",
                                        kSchema, kSchemaVersion, kApplicationId)
                                .c_str()));
        }
        get = GV_TRY(prepare("SELECT value FROM entries WHERE bucket=?1 AND key=?2"));
        list = GV_TRY(prepare("SELECT key, value FROM entries WHERE bucket=?1 ORDER BY key"));
        put =
            GV_TRY(prepare("INSERT INTO entries VALUES(?1, ?2, ?3)"
                           " ON CONFLICT(bucket, key) DO UPDATE SET value=excluded.value"));
        erase = GV_TRY(prepare("DELETE FROM entries WHERE bucket=?1 AND key=?2"));
        clear = GV_TRY(prepare("DELETE FROM entries WHERE bucket=?1"));
        return {};
    }

    Outcome<void> choose(Durability durability) {
        if (durability == current) return {};
        GV_TRY_VOID(run(durability == Durability::flush ? "PRAGMA synchronous=FULL"
                                                        : "PRAGMA synchronous=NORMAL"));
        current = durability;
        return {};
    }

    Outcome<void> write(const StoreWrite& change) {
        const bool is_whole = change.key.empty() && !change.value;
        const Use use(change.value ? put : is_whole ? clear : erase);
        use.bind(1, change.bucket);
        if (!is_whole) use.bind(2, change.key);
        if (change.value) use.bind(3, *change.value);
        if (use.step() == SQLITE_DONE) return {};
        return std::unexpected(refuse(database.get(), file));
    }

    Outcome<void> write_all(std::span<const StoreWrite> writes) {
        GV_TRY_VOID(run("BEGIN IMMEDIATE"));
        for (const StoreWrite& change : writes) GV_TRY_VOID(write(change));
        return run("COMMIT");
    }

    // Some errors have rolled back already; a rollback that finds nothing to do is no error.
    void roll_back() {
        if (sqlite3_get_autocommit(database.get()) == 0) static_cast<void>(run("ROLLBACK"));
    }

    // The lock is released last, after the database is closed.
    fs::path file;
    FileDescriptor lock;
    Database database;
    Statement get;
    Statement list;
    Statement put;
    Statement erase;
    Statement clear;
    Durability current = Durability::flush;
};

Outcome<Store> Store::open(const fs::path& folder, StoreOptions options) {
    GV_TRY_VOID(make_private_directory(folder));
    auto state = std::make_unique<State>();
    state->file = folder / "state.db";
    state->lock = GV_TRY(lock_folder(folder));
    GV_TRY_VOID(make_private_file(state->file));
    GV_TRY_VOID(state->connect(options));
    GV_TRY_VOID(state->check_integrity());
    GV_TRY_VOID(state->prepare_schema());
    return Store(std::move(state));
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Outcome<std::optional<Bytes>> Store::get(std::string_view bucket, std::string_view key) const {
    const Use use(state_->get);
    use.bind(1, bucket);
    use.bind(2, key);
    const int code = use.step();
    if (code == SQLITE_ROW) return use.blob(0);
    if (code == SQLITE_DONE) return std::optional<Bytes>();
    return std::unexpected(refuse(state_->database.get(), state_->file));
}

Outcome<std::vector<StoreEntry>> Store::list(std::string_view bucket) const {
    const Use use(state_->list);
    use.bind(1, bucket);
    std::vector<StoreEntry> entries;
    for (;;) {
        const int code = use.step();
        if (code == SQLITE_DONE) return entries;
        if (code != SQLITE_ROW) {
            return std::unexpected(refuse(state_->database.get(), state_->file));
        }
        entries.push_back({use.text(0), use.blob(1)});
    }
}

Outcome<void> Store::apply(std::span<const StoreWrite> writes, Durability durability) {
    if (writes.empty()) return {};
    GV_TRY_VOID(state_->choose(durability));
    auto written = state_->write_all(writes);
    if (!written) state_->roll_back();
    assert(sqlite3_get_autocommit(state_->database.get()) != 0);
    return written;
}

}  // namespace grapevine::runtime

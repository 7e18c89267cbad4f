#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::testing {

/// One command of a transcript and what came out of it.
struct TranscriptBlock {
    std::string prose;     ///< Comment and blank lines above the command, verbatim.
    std::string command;   ///< One or more lines, without the last newline.
    std::string expected;  ///< Lines of output, each with its newline; empty for no output.
    int line = 0;          ///< Of the first command line, counted from 1.
};

struct Transcript {
    std::vector<TranscriptBlock> blocks;
    std::string epilogue;  ///< Comment and blank lines below the last block.
};

/// Reads the form that etcd and CockroachDB call "datadriven":
///
///     # Prose: lines that begin with '#', and blank lines, anywhere between blocks.
///     command line, one or more
///     ----
///     everything that came out, up to the next blank line
///
/// Output that holds a blank line itself stands between two lines `----` and two more, as in
/// `----`, `----`, lines, `----`, `----`. A command without dashes is refused: the error says
/// where. `error` is empty when the text is well formed.
Transcript parse_transcript(std::string_view text, std::string& error);

/// The text that `parse_transcript` reads. Printing what was parsed gives the same text, but for
/// blank lines, of which one stands between blocks.
std::string print_transcript(const Transcript& transcript);

/// What a machine says to one command block. Output without a last newline gets one.
using TranscriptHandler = std::function<std::string(std::string_view command_block)>;

/// Plays the file against the handler, block by block in order, and fails the running test for
/// every block that says something else: with file:line, a diff by lines, and how to replay. With
/// GV_REWRITE=1 in the environment the file is rewritten with what came out instead; read the
/// difference, because a rewritten transcript is a question. Returns how many blocks were played; a
/// file that is absent, ill formed or empty fails the test too.
int run_transcript(const std::filesystem::path& file, const TranscriptHandler& handler);

/// Plays every `*.txt` in the folder (given from the root of the sources, such as
/// "src/protocol/membership/testdata") whose name begins with `prefix`, sorted by name, each with a
/// fresh handler from `make_handler`. Fails when there is none.
void run_transcripts(const std::filesystem::path& folder, std::string_view prefix,
                     const std::function<TranscriptHandler()>& make_handler);

}  // namespace grapevine::testing

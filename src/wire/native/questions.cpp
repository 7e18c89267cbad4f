#include "wire/native/sections.hpp"

// FORMAT.md, sections 6.22 and 6.23.
namespace grapevine::wire::native {

void write_body(Writer& writer, const Question& question) {
    writer.integer(question.number);
    writer.integer(question.kind);
    writer.integer(question.parts);
    writer.bytes(question.body);
}

Result<Question> read_question(Reader& reader) {
    Question question;
    question.number = GV_TRY(reader.integer<std::uint64_t>("question.number"));
    question.kind = GV_TRY(reader.integer<std::uint8_t>("question.kind"));
    question.parts = GV_TRY(reader.integer<std::uint64_t>("question.parts"));
    const ByteView body = GV_TRY(reader.bytes(reader.remaining(), "question.body"));
    question.body.assign(body.begin(), body.end());
    return question;
}

void write_body(Writer& writer, const AnswerPart& part) {
    writer.integer(part.number);
    writer.varint(part.index);
    writer.varint(part.count);
    writer.bytes(part.body);
}

Result<AnswerPart> read_answer_part(Reader& reader) {
    AnswerPart part;
    part.number = GV_TRY(reader.integer<std::uint64_t>("answer_part.number"));
    part.index = static_cast<std::uint16_t>(
        GV_TRY(read_bounded(reader, kAnswerPartsMax - 1, "answer_part.index")));
    part.count = static_cast<std::uint16_t>(
        GV_TRY(read_bounded(reader, kAnswerPartsMax, "answer_part.count")));
    const ByteView body = GV_TRY(reader.bytes(reader.remaining(), "answer_part.body"));
    part.body.assign(body.begin(), body.end());
    return part;
}

}  // namespace grapevine::wire::native

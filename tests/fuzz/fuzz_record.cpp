#include <cstdlib>

#include "wire/native/codec.hpp"
#include "wire/size.hpp"

// The decoder of records never crashes, and what it accepts encodes to the same bytes, without
// which a signature would not survive being passed on.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    const auto parts = wire::native::split_record(input);
    const auto record = wire::native::decode_record(input);
    if (!record) return 0;
    const Bytes again = wire::native::encode_record(*record);
    if (again != Bytes(input.begin(), input.end())) std::abort();
    if (wire::encoded_size(*record) != size) std::abort();
    const Bytes signed_part = wire::native::encode_record_signed_part(*record);
    if (!parts || as_text(parts->signed_part) != as_text(signed_part)) std::abort();
    if (parts->signature != record->signature) std::abort();
    return 0;
}

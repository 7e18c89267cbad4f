#include "runtime/memory.hpp"

#include <cstdint>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace grapevine::runtime {
namespace {

/// Of one program or library: the segments that are executable and never written. The others hold
/// relocated addresses, which exist nowhere but in memory.
int release_code(dl_phdr_info* object, std::size_t, void* page_bytes) {
    const std::uintptr_t page = *static_cast<const std::uintptr_t*>(page_bytes);
    for (int index = 0; index < object->dlpi_phnum; ++index) {
        const auto& segment = object->dlpi_phdr[index];
        const bool is_code = segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 &&
                             (segment.p_flags & PF_W) == 0;
        if (!is_code) continue;
        const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
        const std::uintptr_t first = begin / page * page;
        // A refusal (locked pages, the kernel's own object) leaves the pages where they are:
        // nothing is lost.
        ::madvise(reinterpret_cast<void*>(first), begin + segment.p_memsz - first, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void release_startup_memory() {
    std::uintptr_t page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    ::dl_iterate_phdr(release_code, &page);
    ::malloc_trim(0);
}

}  // namespace grapevine::runtime

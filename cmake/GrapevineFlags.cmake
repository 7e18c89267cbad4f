# One interface target carries what every translation unit of ours is compiled with.
add_library(gv_flags INTERFACE)
target_include_directories(gv_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(gv_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Werror -fno-omit-frame-pointer
  # A designated initializer says what it sets; the rest has its default.
  -Wno-missing-field-initializers)
target_compile_definitions(gv_flags INTERFACE
  GRAPEVINE_VERSION="${PROJECT_VERSION}"
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  SPDLOG_FMT_EXTERNAL)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 destroys temporaries of awaited expressions twice; see docs/decisions.
  target_compile_options(gv_flags INTERFACE -fno-coroutines)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # std::stable_sort of libstdc++ 12 uses what it deprecates; g++ does not look there, clang does.
  target_compile_options(gv_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(GRAPEVINE_SANITIZE)
  target_compile_options(gv_flags INTERFACE
    -fsanitize=${GRAPEVINE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(gv_flags INTERFACE -fsanitize=${GRAPEVINE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The sanitizers' own code in every function confuses these two of g++ 12's analyses: they warn
    # about paths that do not exist. The plain build keeps them. And the thread sanitizer does not
    # understand the fences of Asio, which stand beside locks that it does understand.
    target_compile_options(gv_flags INTERFACE
      -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-tsan)
    # Checks at every access of a member, which double the time to compile. A null pointer ends the
    # process anyway, and the fuzz build (clang) checks them all.
    if(GRAPEVINE_SANITIZE MATCHES undefined)
      target_compile_options(gv_flags INTERFACE -fno-sanitize=null,alignment,object-size,vptr)
    endif()
  endif()
endif()
if(GRAPEVINE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "GRAPEVINE_FUZZ needs clang: cmake --preset clang")
  endif()
  # The libraries count their branches; only the fuzz targets bring libFuzzer's main().
  target_compile_options(gv_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(GRAPEVINE_MUTANTS)
  target_compile_definitions(gv_flags INTERFACE GRAPEVINE_MUTANTS=1)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

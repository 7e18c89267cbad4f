# grapevine_module(NAME [LINKS ...] [LABELS ...]): src/NAME/**.cpp becomes the library gv_NAME.
# Sources are found, not listed, so that adding a file needs no change here. A folder with headers
# only becomes an interface library. Tests beside the sources become programs:
#   src/NAME/**_test.cpp        -> test_NAME
#   src/NAME/**_heavy_test.cpp  -> test_NAME_heavy, label `heavy`: no sanitizer, too slow
# Every TEST() is one test of ctest, called NAME/Suite.claim, with the LABELS of the module:
#   threads  also run under the thread sanitizer
#   soak     runs more seeds, longer, when GRAPEVINE_SOAK=1 is in the environment
function(grapevine_module name)
  cmake_parse_arguments(ARG "" "" "LINKS;LABELS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(heavy_tests ${tests})
  list(FILTER tests EXCLUDE REGEX "_heavy_test\\.cpp$")
  list(FILTER heavy_tests INCLUDE REGEX "_heavy_test\\.cpp$")
  if(sources)
    add_library(gv_${name} STATIC ${sources})
    target_link_libraries(gv_${name} PUBLIC gv_flags ${ARG_LINKS})
  else()
    add_library(gv_${name} INTERFACE)
    target_link_libraries(gv_${name} INTERFACE gv_flags ${ARG_LINKS})
  endif()
  if(GRAPEVINE_TESTS)
    grapevine_test(test_${name} PREFIX ${name} SOURCES ${tests}
                   LINKS gv_${name} LABELS ${ARG_LABELS})
    if(NOT GRAPEVINE_SANITIZE)
      grapevine_test(test_${name}_heavy PREFIX ${name} SOURCES ${heavy_tests}
                     LINKS gv_${name} LABELS ${ARG_LABELS} heavy)
    endif()
  endif()
endfunction()

# grapevine_test(PROGRAM PREFIX P SOURCES ... LINKS ... [LABELS ...] [PROPERTIES ...]): one program
# of GoogleTest, each TEST() of which is a test of ctest called P/Suite.claim. Without sources there
# is no program.
function(grapevine_test program)
  cmake_parse_arguments(ARG "" "PREFIX" "SOURCES;LINKS;LABELS;PROPERTIES" ${ARGN})
  if(NOT ARG_SOURCES)
    return()
  endif()
  add_executable(${program} ${ARG_SOURCES})
  target_link_libraries(${program} PRIVATE ${ARG_LINKS} gv_test_support GTest::gtest_main)
  target_compile_definitions(${program} PRIVATE GRAPEVINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${program} TEST_PREFIX ${ARG_PREFIX}/ DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES)
  # Lists do not survive gtest_discover_tests, so labels and the like are set by a file that ctest
  # reads after it.
  set(properties_file ${CMAKE_CURRENT_BINARY_DIR}/${program}_properties.cmake)
  file(WRITE ${properties_file}
    "if(${program}_TESTS)\n  set_tests_properties(\${${program}_TESTS} PROPERTIES"
    " LABELS \"${ARG_LABELS}\" ${ARG_PROPERTIES})\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${properties_file})
  add_dependencies(gv_tests ${program})
  if("threads" IN_LIST ARG_LABELS)
    add_dependencies(gv_tests_threads ${program})
  endif()
endfunction()

# grapevine_thrift(LIBRARY IDL): what thrift-compiler makes of the structs of IDL, a file below
# src/, becomes part of LIBRARY, which alone can include it as "FOLDER/thrift/NAME_types.h", FOLDER
# being that of the IDL. The code is the generator's and not ours: it is compiled without warnings,
# into the build folder.
function(grapevine_thrift library idl)
  find_program(THRIFT_PROGRAM thrift)
  if(NOT THRIFT_PROGRAM)
    message(FATAL_ERROR "The Thrift compiler is missing (Debian: thrift-compiler): it makes the "
                        "structs of src/${idl} at build time.")
  endif()
  cmake_path(GET idl PARENT_PATH folder)
  cmake_path(GET idl STEM name)
  set(root ${CMAKE_BINARY_DIR}/generated)
  set(out ${root}/${folder}/thrift)
  file(MAKE_DIRECTORY ${out})
  add_custom_command(
    OUTPUT ${out}/${name}_types.cpp ${out}/${name}_types.h
    COMMAND ${THRIFT_PROGRAM} --gen cpp:no_skeleton,no_ostream_operators,moveable_types
            -out ${out} ${CMAKE_SOURCE_DIR}/src/${idl}
    DEPENDS ${CMAKE_SOURCE_DIR}/src/${idl}
    COMMENT "Thrift structs of ${idl}"
    VERBATIM)
  add_library(${library}_thrift OBJECT ${out}/${name}_types.cpp ${out}/${name}_types.h)
  target_link_libraries(${library}_thrift PRIVATE gv_flags PUBLIC PkgConfig::THRIFT)
  target_compile_options(${library}_thrift PRIVATE -w)
  target_include_directories(${library}_thrift SYSTEM INTERFACE ${root})
  if(GRAPEVINE_SANITIZE MATCHES undefined)
    # libthrift keeps whatever byte it reads in an enum before it looks at it; it does so inline, in
    # the code that includes it. Both options must come behind those of gv_flags.
    set_source_files_properties(${out}/${name}_types.cpp PROPERTIES
      COMPILE_OPTIONS -fno-sanitize=enum)
    target_compile_options(${library}_thrift INTERFACE -fno-sanitize=enum)
  endif()
  target_link_libraries(${library} PRIVATE ${library}_thrift)
endfunction()

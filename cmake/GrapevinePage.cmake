# The page in the browser, built from web/ by npm and put into the program: the library gv_page,
# which defines grapevine::daemon::page_assets(). Without GRAPEVINE_WEB there are none, and no npm
# is needed.
function(grapevine_page)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/page)
  file(MAKE_DIRECTORY ${folder})
  if(NOT GRAPEVINE_WEB)
    add_library(gv_page STATIC ${CMAKE_SOURCE_DIR}/cmake/no_page_assets.cpp)
    target_link_libraries(gv_page PUBLIC gv_api)
    return()
  endif()
  find_program(NPM npm)
  if(NOT NPM)
    message(FATAL_ERROR "npm is needed for the page: install it (./dev does), or configure with "
                        "-DGRAPEVINE_WEB=OFF")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*
       ${CMAKE_SOURCE_DIR}/web/public/* ${CMAKE_SOURCE_DIR}/examples/rumor/*)
  add_custom_command(
    OUTPUT ${folder}/page_assets.S ${folder}/page_assets.cpp
    COMMAND ${CMAKE_SOURCE_DIR}/tools/build_page.sh ${folder}
    DEPENDS ${sources} ${CMAKE_SOURCE_DIR}/tools/build_page.sh
            ${CMAKE_SOURCE_DIR}/tools/embed_page.mjs ${CMAKE_SOURCE_DIR}/web/index.html
            ${CMAKE_SOURCE_DIR}/web/package-lock.json ${CMAKE_SOURCE_DIR}/web/vite.config.ts
            ${CMAKE_SOURCE_DIR}/web/tsconfig.json
    COMMENT "Building the page" VERBATIM)
  add_library(gv_page STATIC ${folder}/page_assets.S ${folder}/page_assets.cpp)
  target_link_libraries(gv_page PUBLIC gv_api)
endfunction()

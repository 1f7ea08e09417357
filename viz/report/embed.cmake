# Makes OUT, a C file that holds the page's parts as strings (viz/report_page.h).
# usage: cmake -DOUT=FILE -DDIR=viz/report -DSCRIPTS="data.js,..." -P embed.cmake
function(as_array name)
  set(hex "")
  foreach(file ${ARGN})
    file(READ ${DIR}/${file} one HEX)
    string(APPEND hex ${one})
  endforeach()
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
  file(APPEND ${OUT}.tmp "const char ${name}[] = {\n${bytes}0};\n")
endfunction()

string(REPLACE "," ";" SCRIPTS "${SCRIPTS}")
file(WRITE ${OUT}.tmp "#include \"viz/report_page.h\"\n")
as_array(viz_report_html report.html)
as_array(viz_report_css report.css)
as_array(viz_report_js ${SCRIPTS})
file(RENAME ${OUT}.tmp ${OUT})

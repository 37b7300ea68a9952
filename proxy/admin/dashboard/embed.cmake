# Writes the dashboard's files as a C++ source: cmake -DFROM=FOLDER -DTO=FILE -P embed.cmake
# Bytes as numbers, since a string literal may not be as long as a library.
set(files "index.html" "dashboard.js" "dashboard.css" "uPlot.iife.min.js" "uPlot.min.css")
set(text "#include \"proxy/admin/dashboard_files.h\"\n\nnamespace proxy {\nnamespace {\n")
set(table "")
foreach(i RANGE 4)
  list(GET files ${i} name)
  string(REGEX REPLACE ".*\\." "" type "${name}")
  string(REPLACE "js" "javascript" type "${type}")
  file(READ "${FROM}/${name}" bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND text "constexpr unsigned char file_${i}[] = {${bytes}};\n")
  if(name STREQUAL "index.html")
    set(path "/")
  else()
    set(path "/${name}")
  endif()
  string(APPEND table "    {\"${path}\", \"text/${type}; charset=utf-8\", {reinterpret_cast<char const*>(file_${i}), sizeof file_${i}}},\n")
endforeach()
string(APPEND text "} // namespace\n\ndashboard_file const* find_dashboard_file(std::string_view path) noexcept {\n"
                   "  static dashboard_file const all[] = {\n${table}  };\n"
                   "  for (auto const& f : all)\n    if (f.path == path)\n      return &f;\n  return nullptr;\n}\n\n"
                   "} // namespace proxy\n")
file(WRITE "${TO}" "${text}")

// Debian's libfmt is built by GCC, which gives one of fmt's templates another symbol than Clang 14 looks for. What the
// header says is compiled elsewhere is compiled here, then.
#include <fmt/format.h>

#ifdef __clang__
template void fmt::detail::vformat_to<char>(fmt::detail::buffer<char>&, fmt::string_view,
                                            fmt::basic_format_args<FMT_BUFFER_CONTEXT(char)>, fmt::detail::locale_ref);
#endif

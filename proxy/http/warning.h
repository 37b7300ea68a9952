// The Warning field: what a client is to show to whoever runs it, beside an answer that is otherwise fine. RFC 9111
// dropped it; the OCI distribution specification (v1.1, "Warnings") keeps this one form, and clients print it.
#pragma once

#include <string>
#include <string_view>

namespace proxy {

// `299 - "text"`. What may not stand in the text (quotes, backslashes, anything but printable ASCII) is replaced, and
// the end of a long one is cut off: all warnings of an answer together must stay below 4096 bytes.
std::string warning_value(std::string_view text);

} // namespace proxy

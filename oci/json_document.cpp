#include "oci/json_document.h"

#include "oci/manifest.h"

#include <boost/json/parser.hpp>

#include <new>
#include <semaphore>

namespace oci {

namespace json = boost::json;

namespace {

constexpr std::size_t block_size = 16 * 1024;

std::counting_semaphore<2>& large_ones() {
    static std::counting_semaphore<2> both(2);
    return both;
}

} // namespace

json_document::turn::turn(std::size_t bytes) : is_large_(bytes > large_manifest_size) {
    if (is_large_)
        large_ones().acquire();
}

json_document::turn::~turn() {
    if (is_large_)
        large_ones().release();
}

json_document::json_document(std::string_view body) : turn_(body.size()), values_(block_size, &memory_) {
    json::parse_options options;
    options.max_depth = max_depth;
    json::parser parser(&memory_, options);
    parser.reset(&values_);
    try {
        parser.write(body, error_);
        if (!error_)
            value_ = parser.release();
    } catch (std::bad_alloc const&) { // the budget's only way to say no
        error_ = make_error_code(boost::system::errc::not_enough_memory);
    }
}

} // namespace oci

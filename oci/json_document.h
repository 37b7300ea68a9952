// One JSON document of a stranger's, read in bounded memory and gone with this object. Four megabytes of "1,1,1" would
// make a hundred and sixty of values, and every thread may be given some.
#pragma once

#include "oci/memory_budget.h"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string_view>

namespace oci {

class json_document {
public:
    static constexpr std::size_t max_depth = 32;
    // The largest that means something, 4 MiB of descriptors, takes less than half.
    static constexpr std::size_t max_memory = std::size_t{32} * 1024 * 1024;

    // Blocks while two others read or hold large ones (large_manifest_size). Any thread.
    explicit json_document(std::string_view body);
    json_document(json_document const&) = delete;

    // boost::json::error::too_deep; std::errc::not_enough_memory if it takes more; others: not JSON.
    boost::system::error_code error() const noexcept { return error_; }
    // Null if it could not be read, or is something else.
    boost::json::object const* object() const noexcept { return error_ ? nullptr : value_.if_object(); }

private:
    class turn {
    public:
        explicit turn(std::size_t bytes);
        ~turn();
        turn(turn const&) = delete;

    private:
        bool is_large_;
    };

    turn turn_;
    memory_budget memory_{max_memory};
    boost::json::monotonic_resource values_;
    boost::system::error_code error_;
    boost::json::value value_ = boost::json::value(boost::json::storage_ptr(&values_));
};

} // namespace oci

// Memory for reading one JSON document, and no more than so much: four megabytes of "1,1,1" would make a hundred and
// sixty of values. Not thread-safe; what is allocated from it must be gone before it is.
#pragma once

#include <boost/json/memory_resource.hpp>

#include <cstddef>
#include <new>

namespace oci {

class memory_budget final : public boost::json::memory_resource {
public:
    explicit memory_budget(std::size_t bytes) noexcept : left_(bytes) {}

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override { // std::bad_alloc if the budget is spent
        if (bytes > left_)
            throw std::bad_alloc();
        void* const p = ::operator new(bytes, std::align_val_t(alignment));
        left_ -= bytes;
        return p;
    }
    void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override {
        left_ += bytes;
        ::operator delete(p, std::align_val_t(alignment));
    }
    bool do_is_equal(boost::json::memory_resource const& other) const noexcept override { return this == &other; }

    std::size_t left_;
};

} // namespace oci

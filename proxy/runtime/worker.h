// One core's share of the server: an io_context, the thread that runs it, and what lives on that thread alone.
#pragma once

#include "proxy/runtime/net.h"

#include <cstddef>

namespace proxy {

class worker {
public:
    explicit worker(std::size_t index) : index_(index), context_(1) {}
    worker(worker const&) = delete;
    worker& operator=(worker const&) = delete;

    std::size_t index() const noexcept { return index_; } // 0 … threads-1: the slot of per-thread data
    net::io_context& context() noexcept { return context_; }
    proxy::executor executor() noexcept { return context_.get_executor(); }

private:
    std::size_t index_;
    net::io_context context_;
};

} // namespace proxy

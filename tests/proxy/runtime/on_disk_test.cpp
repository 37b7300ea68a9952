#include "proxy/runtime/on_disk.h"
#include "tests/catch.h"

#include <future>

TEST_CASE("the pool tells how many jobs wait for a thread, not those that run") {
    proxy::disk_pool pool(1);
    CHECK(pool.waiting() == 0);
    std::promise<void> began, go;
    pool.run([&] {
        began.set_value();
        go.get_future().wait();
    });
    began.get_future().wait();
    CHECK(pool.waiting() == 0);
    pool.run([] {});
    pool.run([] {});
    CHECK(pool.waiting() == 2);
    go.set_value();
    pool.join();
    CHECK(pool.waiting() == 0);
}

TEST_CASE("large documents keep nobody from the disk") {
    proxy::disk_pool pool(1);
    std::promise<void> go;
    auto const open = go.get_future().share();
    for (int i = 0; i < 8; ++i)
        pool.for_document(oci::large_manifest_size + 1).run([open] { open.wait(); });
    std::promise<void> done;
    pool.for_document(oci::large_manifest_size).run([&] { done.set_value(); });
    done.get_future().wait();
    go.set_value();
    pool.join();
    CHECK(pool.for_document(oci::large_manifest_size + 1).waiting() == 0);
}

// What OpenSSL reads of a client's socket: whole records, one at a time (RFC 8446 §5.1).
//
// OpenSSL takes a buffer of 16 KiB for each record that has begun, and begins with the next one while it is at it. A
// client that sends the first bytes of one and no more would cost so much for as long as it likes. So what has come of
// a record waits in the kernel, where it takes its own size, until all of it is there; and a record ends what OpenSSL
// is given. The kernel could decipher what comes in with TLS 1.2, as it enciphers what goes out: not behind this.
#pragma once

#include "proxy/runtime/net.h"

#include <openssl/bio.h>

#include <cstddef>

namespace proxy {

// On the socket's thread. Must outlive the BIO, and the socket this.
class record_gate {
public:
    explicit record_gate(tcp_socket& socket) : socket_(socket) {}
    record_gate(record_gate const&) = delete;

    // For SSL_set_bio, which owns it then; null without memory. Reads of it ask to be tried again where a record ends.
    BIO* make_source();

    // Until OpenSSL can read: a whole record, what is no record, or the end. False: the socket is closed.
    task<bool> wait();
    // The same after OpenSSL has asked to be tried again.
    task<bool> wait_for_more() { return is_open_ ? wait_readable() : wait(); }

    // Records are no longer told apart: what OpenSSL has read may have been less than one.
    bool is_open() const noexcept { return is_open_; }

private:
    static BIO_METHOD const* method();
    static int read(BIO* b, char* to, int size);
    static long control(BIO* b, int what, long, void*);
    task<bool> wait_readable();
    void open() noexcept;
    int missing();
    void set_low_water(int bytes);

    tcp_socket& socket_;
    std::size_t open_for_ = 0; // bytes that may be read
    std::size_t here_ = 0;     // bytes that were there when we looked last
    int low_water_ = 1;        // the socket counts as readable from so many bytes on
    bool has_ended_ = false;   // the client sends no more
    bool is_open_ = false;     // for whatever comes
};

} // namespace proxy

// Catch2, whichever version the distribution has: v2 on Debian 12, v3 on newer.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

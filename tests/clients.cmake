# Real registries in front, real clients behind: one bash file a behaviour, its name the test's. A client that is
# not installed, or that this machine does not let run, is reported as skipped (exit code 77), with the reason.
file(GLOB client_tests CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/clients clients/*_*)
foreach(name ${client_tests})
  add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/clients/${name})
  set_tests_properties(${name} PROPERTIES
    LABELS clients TIMEOUT 1200 SKIP_RETURN_CODE 77
    ENVIRONMENT "LAYERD=$<TARGET_FILE:layerd>;SCREENSHOTS=${CMAKE_BINARY_DIR}/screenshots")
endforeach()
# They move gigabytes or open thousands of connections, and starve whoever runs beside them.
set_tests_properties(herd_costs_one_get herd_half_of_which_hangs_up floods_are_survived PROPERTIES RUN_SERIAL ON)

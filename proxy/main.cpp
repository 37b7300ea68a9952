#include "proxy/cli/command_line.h"

int main(int argc, char** argv) {
    return proxy::run_command_line(argc, argv);
}
